//! `github`: github.com or a GitHub Enterprise server.

mod graphql;
mod records;
mod search;

use contracts::Failure;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, Known, Look, gone, items, resume, unreadable};
use crate::{
    exchange::{Answer, Auth, Page, Request, Step, With},
    params::{Accepts, Parameter, Params, host_of, invalid, quoted},
    record,
};

pub(super) struct GitHub;

const API: &str = "https://api.github.com";
/// The ways of finding, of which a source has exactly one.
const WAYS: &[&str] = &["search", "all", "org", "user", "names"];
/// How many names one GraphQL query asks for: one call and one point of the budget.
const NAMES: usize = 50;

/// Where a source that is no search is.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Cursor {
    /// `all`: behind this id. `org`, `user`: pages before this one are done. `names`: names that are done.
    at: u64,
    /// `all` with a token: the page whose facts are asked for next, by node ids.
    nodes: Vec<String>,
    /// `all` with a token: where it goes on behind that page.
    then: Option<u64>,
}

impl Kind for GitHub {
    fn name(&self) -> &'static str {
        "github"
    }

    fn about(&self) -> &'static str {
        "Repositories of github.com or a GitHub Enterprise server: what a search finds, split so that no part has \
         more results than GitHub shows; all public ones by id; those of an organisation or a user; or a list of \
         names. With a token, names and all public ones are asked for in one GraphQL query per page."
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &[
            Parameter::optional(
                "url",
                Accepts::Url,
                "the address of the API, https://api.github.com if not said; of an Enterprise server https://HOST/api/v3",
            ),
            Parameter::optional("search", Accepts::Flag, "true: what a search by the parameters below finds"),
            Parameter::optional(
                "all",
                Accepts::Flag,
                "true: all public repositories, in the order of their ids",
            ),
            Parameter::optional("org", Accepts::Text, "the repositories of this organisation"),
            Parameter::optional("user", Accepts::Text, "the repositories of this user"),
            Parameter::optional("names", Accepts::Texts, "these repositories, each OWNER/NAME"),
            Parameter::optional(
                "min_stars",
                Accepts::Number(0, 1_000_000_000),
                "search: at least so many stars, 100 if not said",
            ),
            Parameter::optional(
                "max_stars",
                Accepts::Number(0, 1_000_000_000),
                "search: at most so many stars",
            ),
            Parameter::optional(
                "min_forks",
                Accepts::Number(0, 1_000_000_000),
                "search: at least so many forks",
            ),
            Parameter::optional("language", Accepts::Text, "search: in this language"),
            Parameter::optional("topic", Accepts::Text, "search: with this topic"),
            Parameter::optional(
                "query",
                Accepts::Text,
                "search: further words of GitHub's search language, for instance archived:false",
            ),
            Parameter::optional(
                "forks",
                Accepts::OneOf(&["no", "too", "only"]),
                "search: whether forks are found; no if not said",
            ),
        ];
        ALL
    }

    fn check(&self, params: &Value) -> Result<(), Failure> {
        let given = Params(params);
        given.exactly_one(WAYS)?;
        for name in ["search", "all"] {
            if given.flag(name) == Some(false) {
                return Err(invalid(format!("{name} is false; leave it out, or set it to true")));
            }
        }
        if let Some(name) = given.texts("names").into_iter().find(|name| owner_and_name(name).is_none()) {
            return Err(invalid(format!("names has {name:?}; each has to be OWNER/NAME")));
        }
        for name in ["org", "user"] {
            if given.text(name).is_some_and(|owner| !is_name(owner)) {
                return Err(invalid(format!(
                    "{name} has to be a name of GitHub: letters, digits and hyphens"
                )));
            }
        }
        let (least, most) = (given.number("min_stars"), given.number("max_stars"));
        if let (Some(least), Some(most)) = (least, most)
            && least > most
        {
            return Err(invalid(format!("max_stars is {most}; it has to be at least min_stars, {least}")));
        }
        Ok(())
    }

    fn forge(&self, params: &Value) -> Option<String> {
        Some(host_of(Params(params).base(API)))
    }

    /// What a search does not show any more has perhaps lost a star.
    fn is_complete(&self, params: &Value) -> bool {
        Params(params).flag("search").is_none()
    }

    fn step(&self, params: &Value, cursor: Option<&Value>, with: With) -> Result<Step, Failure> {
        let given = Params(params);
        if given.flag("search").is_some() {
            return Ok(Step::Call(Box::new(search::request(given, cursor))));
        }
        let (base, at) = (given.base(API), resume::<Cursor>(cursor));
        let call = |path: String| Ok(Step::Call(Box::new(rest(format!("{base}{path}")))));
        let page = at.at + 1;
        if given.flag("all").is_some() {
            if !at.nodes.is_empty() {
                return Ok(Step::Call(Box::new(graphql::request(base, graphql::by_node(&at.nodes)))));
            }
            return call(format!("/repositories?since={}", at.at));
        }
        if let Some(org) = given.text("org") {
            return call(format!(
                "/orgs/{}/repos?type=all&sort=created&direction=asc&per_page=100&page={page}",
                quoted(org)
            ));
        }
        if let Some(user) = given.text("user") {
            return call(format!(
                "/users/{}/repos?type=owner&sort=created&direction=asc&per_page=100&page={page}",
                quoted(user)
            ));
        }
        let names = part(given, at.at, if with.token { NAMES } else { 1 });
        if names.is_empty() {
            return Ok(Step::Page(Page::default()));
        }
        if with.token {
            return Ok(Step::Call(Box::new(graphql::request(base, graphql::by_name(&names)))));
        }
        let name = names.first().copied().unwrap_or_default();
        let request = rest(format!("{base}/repos/{name}"));
        Ok(Step::Call(Box::new(Request { understands: &[403, 404, 451], ..request })))
    }

    fn read(
        &self,
        params: &Value,
        cursor: Option<&Value>,
        answer: &Answer,
        with: With,
    ) -> Result<Page, Failure> {
        let given = Params(params);
        let forge = self.pages(params);
        if given.flag("search").is_some() {
            return search::read(given, cursor, answer, &forge);
        }
        let at = resume::<Cursor>(cursor);
        if given.flag("all").is_some() {
            return read_all(at, answer, with, &forge);
        }
        if given.text("org").or(given.text("user")).is_some() {
            let document = answer.json()?;
            let (found, refused) = record::each(items(&document, "")?, |item| records::of_rest(item, &forge));
            let goes_on = answer.links_to_next() && !(found.is_empty() && refused.is_empty());
            let next = goes_on.then(|| json!(Cursor { at: at.at + 1, ..Cursor::default() }));
            return Ok(Page { found, refused, next, ..Page::default() });
        }
        let names = part(given, at.at, if with.token { NAMES } else { 1 });
        let done = at.at + names.len() as u64;
        let mut page = if with.token {
            graphql::read_names(answer, &names, &forge)?
        } else {
            read_name(answer, names.first().copied().unwrap_or_default(), &forge)?
        };
        let goes_on = (done as usize) < given.texts("names").len();
        page.next = goes_on.then(|| json!(Cursor { at: done, ..Cursor::default() }));
        Ok(page)
    }

    fn look(&self, params: &Value, known: Known<'_>) -> Option<Request> {
        let id = known.id.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()))?;
        let request = rest(format!("{}/repositories/{id}", Params(params).base(API)));
        Some(Request { understands: &[403, 404, 410, 451], ..request })
    }

    fn read_look(&self, params: &Value, answer: &Answer) -> Result<Look, Failure> {
        if let Some(gone) = gone(answer) {
            return Ok(gone);
        }
        let record = records::of_rest(&answer.json()?, &self.pages(params));
        record.map(|record| Look::There(Box::new(record))).map_err(|reason| unreadable(&reason))
    }
}

impl GitHub {
    /// The host of the pages and of clone URLs.
    fn pages(&self, params: &Value) -> String {
        let host = host_of(Params(params).base(API));
        host.strip_prefix("api.").map_or_else(|| host.clone(), str::to_owned)
    }
}

fn rest(url: String) -> Request {
    Request { accept: "application/vnd.github+json", ..Request::json(url, Auth::Bearer, "core") }
}

/// The names that a page asks for.
fn part(params: Params<'_>, done: u64, most: usize) -> Vec<&str> {
    let done = usize::try_from(done).unwrap_or(usize::MAX);
    params.texts("names").into_iter().skip(done).take(most).collect()
}

fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !text.is_empty() && text.len() <= 100 && text.bytes().all(fits) && text != "." && text != ".."
}

fn owner_and_name(text: &str) -> Option<(&str, &str)> {
    text.split_once('/').filter(|(owner, name)| is_name(owner) && is_name(name))
}

/// `all` in two steps with a token: the listing has ids and names, GraphQL adds what it leaves out.
fn read_all(at: Cursor, answer: &Answer, with: With, forge: &str) -> Result<Page, Failure> {
    if !at.nodes.is_empty() {
        let page = graphql::read_nodes(answer, forge)?;
        let next = at.then.map(|then| json!(Cursor { at: then, ..Cursor::default() }));
        return Ok(Page { next, ..page });
    }
    let document = answer.json()?;
    let list = items(&document, "")?;
    let Some(last) = list.iter().filter_map(|item| item["id"].as_u64()).max().filter(|last| *last > at.at)
    else {
        return Ok(Page::default());
    };
    let nodes: Vec<String> = list.iter().filter_map(|item| record::text(item, "/node_id")).collect();
    if with.token && nodes.len() == list.len() {
        let next = Cursor { at: at.at, nodes, then: Some(last) };
        return Ok(Page { next: Some(json!(next)), ..Page::default() });
    }
    let (found, refused) = record::each(list, |item| records::of_rest(item, forge));
    Ok(Page {
        found,
        refused,
        next: Some(json!(Cursor { at: last, ..Cursor::default() })),
        ..Page::default()
    })
}

fn read_name(answer: &Answer, name: &str, forge: &str) -> Result<Page, Failure> {
    let mut page = Page::default();
    if gone(answer).is_some() {
        page.gone.push(format!("https://{forge}/{name}.git"));
        return Ok(page);
    }
    let document = answer.json()?;
    (page.found, page.refused) =
        record::each(std::slice::from_ref(&document), |item| records::of_rest(item, forge));
    Ok(page)
}

#[cfg(test)]
mod tests;
