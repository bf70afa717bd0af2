//! `bitbucket`: bitbucket.org, by workspace. It lists the repositories of everybody no longer.

use contracts::Failure;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, Known, Look, gone, items, resume, unreadable};
use crate::{
    Facts, Record,
    exchange::{Answer, Auth, Page, Request, Step, With},
    params::{Accepts, Parameter, Params, host_of, quoted},
    record::{self, flag, number, prose, text, time},
};

pub(super) struct Bitbucket;

const API: &str = "https://api.bitbucket.org";

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Cursor {
    workspace: usize,
    /// Pages of it that are done.
    pages: u64,
}

impl Kind for Bitbucket {
    fn name(&self) -> &'static str {
        "bitbucket"
    }

    fn about(&self) -> &'static str {
        "The repositories of workspaces of bitbucket.org. Bitbucket has no list of everybody's repositories any more."
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &[
            Parameter::required("workspaces", Accepts::Texts, "the workspaces"),
            Parameter::optional(
                "query",
                Accepts::Text,
                "a condition in Bitbucket's filter language, for instance language=\"rust\"",
            ),
            Parameter::optional(
                "url",
                Accepts::Url,
                "the address of the API, https://api.bitbucket.org if not said",
            ),
        ];
        ALL
    }

    fn check(&self, _: &Value) -> Result<(), Failure> {
        Ok(())
    }

    fn forge(&self, params: &Value) -> Option<String> {
        Some(host_of(Params(params).base(API)))
    }

    fn is_complete(&self, params: &Value) -> bool {
        params.get("query").is_none()
    }

    fn step(&self, params: &Value, cursor: Option<&Value>, _: With) -> Result<Step, Failure> {
        let (params, at) = (Params(params), resume::<Cursor>(cursor));
        let Some(workspace) = params.texts("workspaces").get(at.workspace).copied() else {
            return Ok(Step::Page(Page::default()));
        };
        let mut url = format!(
            "{}/2.0/repositories/{}?pagelen=100&sort=created_on&page={}",
            params.base(API),
            quoted(workspace),
            at.pages + 1
        );
        if let Some(query) = params.text("query") {
            url.push_str(&format!("&q={}", quoted(query)));
        }
        Ok(Step::Call(Box::new(Request::json(url, Auth::Bearer, "api"))))
    }

    fn read(
        &self,
        params: &Value,
        cursor: Option<&Value>,
        answer: &Answer,
        _: With,
    ) -> Result<Page, Failure> {
        let (given, mut at) = (Params(params), resume::<Cursor>(cursor));
        let document = answer.json()?;
        let list = items(&document, "/values")?;
        let forge = pages(given);
        let (mine, others): (Vec<Value>, Vec<Value>) =
            list.iter().cloned().partition(|item| item["scm"].as_str().is_none_or(|scm| scm == "git"));
        drop(others); // Mercurial, long gone, is none of ours.
        let (found, refused) = record::each(&mine, |item| of(item, &forge));
        // Where `next` leads is not followed: it is a URL that an answer chose.
        if text(&document, "/next").is_some() && !list.is_empty() {
            at.pages += 1;
        } else {
            at = Cursor { workspace: at.workspace + 1, pages: 0 };
        }
        let next = (at.workspace < given.texts("workspaces").len()).then(|| json!(at));
        Ok(Page { found, refused, next, ..Page::default() })
    }

    fn look(&self, params: &Value, known: Known<'_>) -> Option<Request> {
        // {workspace uuid}/{repository uuid}
        let (workspace, repository) = known.id?.split_once('/')?;
        let base = Params(params).base(API);
        let url = format!("{base}/2.0/repositories/{}/{}", quoted(workspace), quoted(repository));
        Some(Request { understands: &[403, 404, 410, 451], ..Request::json(url, Auth::Bearer, "api") })
    }

    fn read_look(&self, params: &Value, answer: &Answer) -> Result<Look, Failure> {
        if let Some(gone) = gone(answer) {
            return Ok(gone);
        }
        let record = of(&answer.json()?, &pages(Params(params)));
        record.map(|record| Look::There(Box::new(record))).map_err(|reason| unreadable(&reason))
    }
}

fn pages(params: Params<'_>) -> String {
    let host = host_of(params.base(API));
    host.strip_prefix("api.").map_or_else(|| host.clone(), str::to_owned)
}

fn of(item: &Value, forge: &str) -> Result<Record, String> {
    let name = text(item, "/full_name").ok_or("full_name is missing")?;
    let links = item.pointer("/links/clone").and_then(Value::as_array).into_iter().flatten();
    let url = links
        .filter(|link| link["name"] == "https" || link["name"] == "http")
        .find_map(|link| text(link, "/href"))
        .map_or_else(|| format!("https://{forge}/{name}.git"), |url| without_user(&url));
    let id = match (text(item, "/workspace/uuid").or_else(|| text(item, "/owner/uuid")), text(item, "/uuid"))
    {
        (Some(workspace), Some(repository)) => Some(format!("{workspace}/{repository}")),
        _ => None,
    };
    let facts = Facts {
        description: prose(item, "/description"),
        page: text(item, "/links/html/href"),
        default_branch: text(item, "/mainbranch/name"),
        stars: None,
        forks: None,
        language: text(item, "/language"),
        topics: Vec::new(),
        licence: None,
        archived: None,
        fork: Some(item.get("parent").is_some_and(|parent| !parent.is_null())),
        private: flag(item, "/is_private"),
        bytes: number(item, "/size"),
        created_at: time(item, "/created_on"),
        pushed_at: time(item, "/updated_on"),
        parent: text(item, "/parent/full_name"),
    };
    Ok(Record { url, name: Some(name), forge: forge.to_owned(), id, facts, raw: Some(item.clone()) })
}

/// Clone URLs that are given to somebody with a token name that somebody.
fn without_user(url: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(url) else { return url.to_owned() };
    match parsed.set_username("") {
        Ok(()) => parsed.into(),
        Err(()) => url.to_owned(),
    }
}
