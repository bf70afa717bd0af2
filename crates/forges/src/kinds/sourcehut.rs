//! `sourcehut`: git.sr.ht, by user. Its API is GraphQL and wants a token.

use contracts::{ErrorKind, Failure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, items, resume};
use crate::{
    Facts, Record,
    exchange::{Answer, Auth, Method, Page, Refused, Request, Step, With},
    params::{Accepts, Parameter, Params, host_of},
    record::{self, id, prose, text, time},
};

pub(super) struct SourceHut;

const SERVER: &str = "https://git.sr.ht";
const QUERY: &str = "query($user: String!, $cursor: Cursor) { user(username: $user) { repositories(cursor: $cursor) { \
    results { id created updated name description visibility owner { canonicalName } HEAD { name } } cursor } } }";

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct At {
    user: usize,
    cursor: Option<String>,
}

impl Kind for SourceHut {
    fn name(&self) -> &'static str {
        "sourcehut"
    }

    fn about(&self) -> &'static str {
        "The repositories of users of git.sr.ht or of a SourceHut server. SourceHut lists nobody else's, and wants a \
         token for each question."
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &[
            Parameter::required("users", Accepts::Texts, "the users, with or without ~"),
            Parameter::optional(
                "url",
                Accepts::Url,
                "the address of the git service, https://git.sr.ht if not said",
            ),
        ];
        ALL
    }

    fn check(&self, _: &Value) -> Result<(), Failure> {
        Ok(())
    }

    fn forge(&self, params: &Value) -> Option<String> {
        Some(host_of(Params(params).base(SERVER)))
    }

    fn is_complete(&self, _: &Value) -> bool {
        true
    }

    fn step(&self, params: &Value, cursor: Option<&Value>, with: With) -> Result<Step, Failure> {
        let (params, at) = (Params(params), resume::<At>(cursor));
        let base = params.base(SERVER);
        if !with.token {
            let text = format!(
                "{base} wants a token for each question; give one for {} in forges.tokens",
                host_of(base)
            );
            return Err(Failure::new(ErrorKind::Forbidden, text));
        }
        let Some(user) = params.texts("users").get(at.user).copied() else {
            return Ok(Step::Page(Page::default()));
        };
        let variables = json!({ "user": user.trim_start_matches('~'), "cursor": at.cursor });
        let body = json!({ "query": QUERY, "variables": variables }).to_string();
        let request = Request::json(format!("{base}/query"), Auth::Bearer, "graphql");
        Ok(Step::Call(Box::new(Request { method: Method::Post(body), conditional: false, ..request })))
    }

    fn read(
        &self,
        params: &Value,
        cursor: Option<&Value>,
        answer: &Answer,
        _: With,
    ) -> Result<Page, Failure> {
        let (given, at) = (Params(params), resume::<At>(cursor));
        let users = given.texts("users");
        let document = answer.json()?;
        let mut page = Page::default();
        let mut onward = None;
        if document.pointer("/data/user").is_some_and(Value::is_object) {
            let base = given.base(SERVER);
            let list = items(&document, "/data/user/repositories/results")?;
            (page.found, page.refused) = record::each(list, |item| of(item, base));
            onward = text(&document, "/data/user/repositories/cursor");
        } else {
            let reason =
                text(&document, "/errors/0/message").unwrap_or_else(|| "there is no such user".to_owned());
            page.refused.push(Refused::new(users.get(at.user).copied().unwrap_or_default(), reason));
        }
        let next = match onward {
            Some(cursor) => At { user: at.user, cursor: Some(cursor) },
            None => At { user: at.user + 1, cursor: None },
        };
        page.next = (next.user < users.len()).then(|| json!(next));
        Ok(page)
    }
}

fn of(item: &Value, base: &str) -> Result<Record, String> {
    let name = text(item, "/name").ok_or("name is missing")?;
    let owner = text(item, "/owner/canonicalName").ok_or("owner is missing")?;
    let facts = Facts {
        description: prose(item, "/description"),
        page: Some(format!("{base}/{owner}/{name}")),
        default_branch: text(item, "/HEAD/name")
            .map(|name| name.trim_start_matches("refs/heads/").to_owned()),
        private: text(item, "/visibility").map(|visibility| visibility.eq_ignore_ascii_case("private")),
        created_at: time(item, "/created"),
        pushed_at: time(item, "/updated"),
        ..Facts::default()
    };
    Ok(Record {
        url: format!("{base}/{owner}/{name}"),
        name: Some(format!("{owner}/{name}")),
        forge: host_of(base),
        id: id(item, "/id"),
        facts,
        raw: Some(item.clone()),
    })
}
