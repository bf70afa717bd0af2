//! `gitea`: a Gitea or Forgejo server, Codeberg for instance.

use contracts::Failure;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, Known, Look, gone, items, resume, unreadable};
use crate::{
    Facts, Record,
    exchange::{Answer, Auth, Page, Request, Step, With},
    params::{Accepts, Parameter, Params, host_of, invalid, quoted},
    record::{self, flag, id, number, prose, text, texts, time},
};

pub(super) struct Gitea;

/// As many as servers give unless their administrators say otherwise.
const PAGE: u64 = 50;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Cursor {
    /// Pages that are done.
    pages: u64,
    /// Repositories of these pages.
    seen: u64,
}

impl Kind for Gitea {
    fn name(&self) -> &'static str {
        "gitea"
    }

    fn about(&self) -> &'static str {
        "Repositories of a Gitea or Forgejo server, for instance codeberg.org: all that it shows, in the order of \
         their ids, or those of an organisation or a user."
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &[
            Parameter::required(
                "url",
                Accepts::Url,
                "the address of the server, for instance https://codeberg.org",
            ),
            Parameter::optional("org", Accepts::Text, "only the repositories of this organisation"),
            Parameter::optional("user", Accepts::Text, "only the repositories of this user"),
            Parameter::optional("query", Accepts::Text, "only those whose name or description has this word"),
            Parameter::optional("topic", Accepts::Text, "only those with this topic"),
        ];
        ALL
    }

    fn check(&self, params: &Value) -> Result<(), Failure> {
        let given = ["org", "user", "query", "topic"].into_iter().filter(|name| params.get(*name).is_some());
        let given: Vec<&str> = given.collect();
        if given.len() > 1 {
            return Err(invalid(format!(
                "{} are given; one of them at the most is possible",
                given.join(" and ")
            )));
        }
        Ok(())
    }

    fn forge(&self, params: &Value) -> Option<String> {
        Some(host_of(Params(params).base("")))
    }

    fn is_complete(&self, params: &Value) -> bool {
        params.get("query").is_none() && params.get("topic").is_none()
    }

    fn step(&self, params: &Value, cursor: Option<&Value>, _: With) -> Result<Step, Failure> {
        let (params, page) = (Params(params), resume::<Cursor>(cursor).pages + 1);
        let api = format!("{}/api/v1", params.base(""));
        let url = if let Some(org) = params.text("org") {
            format!("{api}/orgs/{}/repos?page={page}&limit={PAGE}", quoted(org))
        } else if let Some(user) = params.text("user") {
            format!("{api}/users/{}/repos?page={page}&limit={PAGE}", quoted(user))
        } else {
            let words = match (params.text("query"), params.text("topic")) {
                (Some(query), _) => format!("&q={}", quoted(query)),
                (_, Some(topic)) => format!("&q={}&topic=true", quoted(topic)),
                _ => String::new(),
            };
            format!("{api}/repos/search?sort=id&order=asc&page={page}&limit={PAGE}{words}")
        };
        Ok(Step::Call(Box::new(Request::json(url, Auth::Token, "api"))))
    }

    fn read(
        &self,
        params: &Value,
        cursor: Option<&Value>,
        answer: &Answer,
        _: With,
    ) -> Result<Page, Failure> {
        let mut at = resume::<Cursor>(cursor);
        let document = answer.json()?;
        // A search answers with an object around the list, everything else with the list.
        let list = items(&document, if document.is_array() { "" } else { "/data" })?;
        let forge = host_of(Params(params).base(""));
        let (found, refused) = record::each(list, |item| of(item, &forge));
        at.pages += 1;
        at.seen += list.len() as u64;
        // A server may give fewer than asked for: its own figures say whether there are more.
        let total = answer.header("x-total-count").and_then(|total| total.parse::<u64>().ok());
        let more = answer.links_to_next() || total.map_or(list.len() as u64 >= PAGE, |total| at.seen < total);
        let next = (!list.is_empty() && more).then(|| json!(at));
        Ok(Page { found, refused, next, ..Page::default() })
    }

    fn look(&self, params: &Value, known: Known<'_>) -> Option<Request> {
        let id = known.id.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()))?;
        let url = format!("{}/api/v1/repositories/{id}", Params(params).base(""));
        Some(Request { understands: &[403, 404, 410, 451], ..Request::json(url, Auth::Token, "api") })
    }

    fn read_look(&self, params: &Value, answer: &Answer) -> Result<Look, Failure> {
        if let Some(gone) = gone(answer) {
            return Ok(gone);
        }
        let record = of(&answer.json()?, &host_of(Params(params).base("")));
        record.map(|record| Look::There(Box::new(record))).map_err(|reason| unreadable(&reason))
    }
}

fn of(item: &Value, forge: &str) -> Result<Record, String> {
    let url = text(item, "/clone_url").ok_or("clone_url is missing")?;
    let id = id(item, "/id").ok_or("id is missing")?;
    let facts = Facts {
        description: prose(item, "/description"),
        page: text(item, "/html_url"),
        default_branch: text(item, "/default_branch"),
        stars: number(item, "/stars_count"),
        forks: number(item, "/forks_count"),
        language: text(item, "/language"),
        topics: texts(item, "/topics"),
        licence: texts(item, "/licenses").first().cloned(),
        archived: flag(item, "/archived"),
        fork: flag(item, "/fork"),
        private: flag(item, "/private"),
        bytes: number(item, "/size").map(|kib| kib.saturating_mul(1024)),
        created_at: time(item, "/created_at"),
        pushed_at: time(item, "/updated_at"),
        parent: text(item, "/parent/full_name"),
    };
    let name = text(item, "/full_name");
    Ok(Record { url, name, forge: forge.to_owned(), id: Some(id), facts, raw: Some(item.clone()) })
}
