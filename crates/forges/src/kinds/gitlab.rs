//! `gitlab`: gitlab.com or a server of one's own.

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

pub(super) struct GitLab;

const SERVER: &str = "https://gitlab.com";

/// Behind which id it goes on; with a group, which pages are done.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Cursor {
    at: u64,
}

impl Kind for GitLab {
    fn name(&self) -> &'static str {
        "gitlab"
    }

    fn about(&self) -> &'static str {
        "Projects of gitlab.com or of a GitLab server: all that are public, in the order of their ids (keyset \
         paging, so that nothing is missed however many there are), or those of a group or a user."
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &[
            Parameter::optional(
                "url",
                Accepts::Url,
                "the address of the server, https://gitlab.com if not said",
            ),
            Parameter::optional(
                "group",
                Accepts::Text,
                "only the projects of this group and the groups in it",
            ),
            Parameter::optional("user", Accepts::Text, "only the projects of this user"),
            Parameter::optional(
                "min_stars",
                Accepts::Number(0, 1_000_000_000),
                "at least so many stars; told by each project, so that calls are not saved",
            ),
            Parameter::optional(
                "min_forks",
                Accepts::Number(0, 1_000_000_000),
                "at least so many forks; as min_stars",
            ),
            Parameter::optional("topic", Accepts::Text, "only with this topic"),
            Parameter::optional("language", Accepts::Text, "only with this programming language"),
            Parameter::optional(
                "archived",
                Accepts::Flag,
                "only archived ones, or only others; both if not said",
            ),
        ];
        ALL
    }

    fn check(&self, params: &Value) -> Result<(), Failure> {
        let params = Params(params);
        if params.text("group").is_some() && params.text("user").is_some() {
            return Err(invalid("group and user are both given; one of them at the most is possible"));
        }
        Ok(())
    }

    fn forge(&self, params: &Value) -> Option<String> {
        Some(host_of(Params(params).base(SERVER)))
    }

    /// With a condition, what is missing may only not fulfil it any more.
    fn is_complete(&self, params: &Value) -> bool {
        let params = Params(params);
        ["topic", "language", "archived", "min_stars", "min_forks"]
            .iter()
            .all(|name| params.0.get(*name).is_none())
    }

    fn step(&self, params: &Value, cursor: Option<&Value>, _: With) -> Result<Step, Failure> {
        let (params, at) = (Params(params), resume::<Cursor>(cursor).at);
        let api = format!("{}/api/v4", params.base(SERVER));
        let mut url = match (params.text("group"), params.text("user")) {
            (Some(group), _) => format!(
                "{api}/groups/{}/projects?include_subgroups=true&page={}&per_page=100&order_by=id&sort=asc",
                quoted(group),
                at + 1
            ),
            (_, Some(user)) => {
                format!(
                    "{api}/users/{}/projects?pagination=keyset&per_page=100&order_by=id&sort=asc&id_after={at}",
                    quoted(user)
                )
            }
            _ => format!(
                "{api}/projects?pagination=keyset&per_page=100&order_by=id&sort=asc&visibility=public&id_after={at}"
            ),
        };
        if let Some(topic) = params.text("topic") {
            url.push_str(&format!("&topic={}", quoted(topic)));
        }
        if let Some(language) = params.text("language") {
            url.push_str(&format!("&with_programming_language={}", quoted(language)));
        }
        if let Some(archived) = params.flag("archived") {
            url.push_str(&format!("&archived={archived}"));
        }
        Ok(Step::Call(Box::new(Request::json(url, Auth::PrivateToken, "api"))))
    }

    fn read(
        &self,
        params: &Value,
        cursor: Option<&Value>,
        answer: &Answer,
        _: With,
    ) -> Result<Page, Failure> {
        let (given, at) = (Params(params), resume::<Cursor>(cursor).at);
        let document = answer.json()?;
        let list = items(&document, "")?;
        let forge = host_of(given.base(SERVER));
        let (mut found, refused) = record::each(list, |item| of(item, &forge));
        let enough =
            |has: Option<i64>, name: &str| given.number(name).is_none_or(|least| has.unwrap_or(0) >= least);
        found.retain(|one| enough(one.facts.stars, "min_stars") && enough(one.facts.forks, "min_forks"));
        let next = if given.text("group").is_some() {
            (!list.is_empty() && (answer.links_to_next() || has_next_page(answer))).then_some(at + 1)
        } else {
            // By the ids themselves: a proxy before the server may have lost the header `Link`.
            let last = list.iter().filter_map(|item| item["id"].as_u64()).max();
            last.filter(|last| *last > at && (answer.links_to_next() || list.len() >= 100))
        };
        Ok(Page { found, refused, next: next.map(|at| json!(Cursor { at })), ..Page::default() })
    }

    fn look(&self, params: &Value, known: Known<'_>) -> Option<Request> {
        let id = known.id.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()))?;
        let url = format!("{}/api/v4/projects/{id}", Params(params).base(SERVER));
        Some(Request { understands: &[403, 404, 410, 451], ..Request::json(url, Auth::PrivateToken, "api") })
    }

    fn read_look(&self, params: &Value, answer: &Answer) -> Result<Look, Failure> {
        if let Some(gone) = gone(answer) {
            return Ok(gone);
        }
        let record = of(&answer.json()?, &host_of(Params(params).base(SERVER)));
        record.map(|record| Look::There(Box::new(record))).map_err(|reason| unreadable(&reason))
    }
}

fn has_next_page(answer: &Answer) -> bool {
    answer.header("x-next-page").is_some_and(|page| !page.trim().is_empty())
}

fn of(item: &Value, forge: &str) -> Result<Record, String> {
    let url = text(item, "/http_url_to_repo").ok_or("http_url_to_repo is missing")?;
    let id = id(item, "/id").ok_or("id is missing")?;
    let name = text(item, "/path_with_namespace");
    let mut topics = texts(item, "/topics");
    if topics.is_empty() {
        topics = texts(item, "/tag_list");
    }
    let facts = Facts {
        description: prose(item, "/description"),
        page: text(item, "/web_url"),
        default_branch: text(item, "/default_branch"),
        stars: number(item, "/star_count"),
        forks: number(item, "/forks_count"),
        language: None,
        topics,
        licence: text(item, "/license/key"),
        archived: flag(item, "/archived"),
        fork: item.get("forked_from_project").map(|parent| !parent.is_null()),
        private: text(item, "/visibility").map(|visibility| visibility != "public"),
        bytes: number(item, "/statistics/repository_size"),
        created_at: time(item, "/created_at"),
        // Any activity counts, pushes among it: the last push is not later than this.
        pushed_at: time(item, "/last_activity_at"),
        parent: text(item, "/forked_from_project/path_with_namespace"),
    };
    Ok(Record { url, name, forge: forge.to_owned(), id: Some(id), facts, raw: Some(item.clone()) })
}
