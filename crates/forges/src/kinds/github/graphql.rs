//! What is asked of GitHub in GraphQL: whole records of many repositories in one call.

use contracts::{ErrorKind, Failure};
use serde_json::{Value, json};

use super::{owner_and_name, records};
use crate::{
    exchange::{Answer, Auth, Method, Page, Refused, Request},
    record,
};

const FRAGMENT: &str = "fragment R on Repository { databaseId nameWithOwner url description stargazerCount \
    forkCount isArchived isFork isPrivate diskUsage createdAt pushedAt defaultBranchRef { name } \
    primaryLanguage { name } licenseInfo { spdxId } repositoryTopics(first: 20) { nodes { topic { name } } } \
    parent { nameWithOwner } }";

/// A query; GitHub Enterprise has it beside the REST API, not below it.
pub(super) fn request(base: &str, query: Value) -> Request {
    let url = match base.strip_suffix("/api/v3") {
        Some(server) => format!("{server}/api/graphql"),
        None => format!("{base}/graphql"),
    };
    let request = Request::json(url, Auth::Bearer, "graphql");
    Request { method: Method::Post(query.to_string()), conditional: false, ..request }
}

/// Repositories by OWNER/NAME. Names go in as variables: whatever they are, they are no part of the query.
pub(super) fn by_name(names: &[&str]) -> Value {
    let (mut variables, mut declared, mut wanted) = (json!({}), String::new(), String::new());
    for (at, name) in names.iter().enumerate() {
        let (owner, name) = owner_and_name(name).unwrap_or_default();
        declared.push_str(&format!("$o{at}: String!, $n{at}: String!, "));
        wanted.push_str(&format!("r{at}: repository(owner: $o{at}, name: $n{at}) {{ ...R }} "));
        variables[format!("o{at}")] = json!(owner);
        variables[format!("n{at}")] = json!(name);
    }
    let declared = declared.trim_end_matches(", ");
    json!({ "query": format!("query({declared}) {{ {wanted}}} {FRAGMENT}"), "variables": variables })
}

/// Repositories by node ids.
pub(super) fn by_node(ids: &[String]) -> Value {
    let query = format!("query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ...R }} }} {FRAGMENT}");
    json!({ "query": query, "variables": { "ids": ids } })
}

/// The answer's data. Some repositories may be missing in it, which is told in `errors`.
fn data(answer: &Answer) -> Result<Value, Failure> {
    let mut document = answer.json()?;
    let errors = document["errors"].as_array().cloned().unwrap_or_default();
    if let Some(limited) = errors.iter().find(|error| error["type"] == "RATE_LIMITED") {
        let text = record::text(limited, "/message").unwrap_or_default();
        return Err(Failure::new(
            ErrorKind::RateLimited,
            format!("GitHub's GraphQL budget is used up: {text}"),
        ));
    }
    match document["data"].take() {
        data @ Value::Object(_) => Ok(data),
        _ => {
            let text = errors.first().and_then(|error| record::text(error, "/message")).unwrap_or_default();
            Err(Failure::new(ErrorKind::Unavailable, format!("GitHub's GraphQL answer has no data: {text}")))
        }
    }
}

pub(super) fn read_names(answer: &Answer, names: &[&str], forge: &str) -> Result<Page, Failure> {
    let data = data(answer)?;
    let mut page = Page::default();
    for (at, name) in names.iter().enumerate() {
        match &data[format!("r{at}")] {
            Value::Null => page.gone.push(format!("https://{forge}/{name}.git")),
            item => match records::of_graphql(item, forge) {
                Ok(record) => page.found.push(record),
                Err(reason) => page.refused.push(Refused::new(*name, reason)),
            },
        }
    }
    Ok(page)
}

/// What vanished between the listing and this query is missing here; the next pass misses it too.
pub(super) fn read_nodes(answer: &Answer, forge: &str) -> Result<Page, Failure> {
    let data = data(answer)?;
    let there: Vec<Value> =
        super::items(&data, "/nodes")?.iter().filter(|item| !item.is_null()).cloned().collect();
    let (found, refused) = record::each(&there, |item| records::of_graphql(item, forge));
    Ok(Page { found, refused, ..Page::default() })
}
