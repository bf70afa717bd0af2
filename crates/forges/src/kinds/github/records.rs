//! GitHub's records, of the REST API and of GraphQL.

use serde_json::Value;

use crate::{
    Facts, Record,
    record::{flag, id, number, prose, text, texts, time},
};

/// A repository as REST answers have it. Listings leave much out; what is absent stays absent.
pub(super) fn of_rest(item: &Value, forge: &str) -> Result<Record, String> {
    let name = text(item, "/full_name").ok_or("full_name is missing")?;
    let url = text(item, "/clone_url").unwrap_or_else(|| format!("https://{forge}/{name}.git"));
    let id = id(item, "/id").ok_or("id is missing")?;
    let facts = Facts {
        description: prose(item, "/description"),
        page: text(item, "/html_url"),
        default_branch: text(item, "/default_branch"),
        stars: number(item, "/stargazers_count"),
        forks: number(item, "/forks_count"),
        language: text(item, "/language"),
        topics: texts(item, "/topics"),
        licence: text(item, "/license/spdx_id").filter(|licence| licence != "NOASSERTION"),
        archived: flag(item, "/archived"),
        fork: flag(item, "/fork"),
        private: flag(item, "/private"),
        bytes: number(item, "/size").map(|kib| kib.saturating_mul(1024)),
        created_at: time(item, "/created_at"),
        pushed_at: time(item, "/pushed_at"),
        parent: text(item, "/parent/full_name"),
    };
    Ok(Record {
        url,
        name: Some(name),
        forge: forge.to_owned(),
        id: Some(id),
        facts,
        raw: Some(item.clone()),
    })
}

/// A repository as the fragment of [`super::graphql`] asks for it.
pub(super) fn of_graphql(item: &Value, forge: &str) -> Result<Record, String> {
    let name = text(item, "/nameWithOwner").ok_or("nameWithOwner is missing")?;
    let id = id(item, "/databaseId").ok_or("databaseId is missing")?;
    let nodes = item.pointer("/repositoryTopics/nodes").and_then(Value::as_array).into_iter().flatten();
    let facts = Facts {
        description: prose(item, "/description"),
        page: text(item, "/url"),
        default_branch: text(item, "/defaultBranchRef/name"),
        stars: number(item, "/stargazerCount"),
        forks: number(item, "/forkCount"),
        language: text(item, "/primaryLanguage/name"),
        topics: nodes.filter_map(|node| text(node, "/topic/name")).collect(),
        licence: text(item, "/licenseInfo/spdxId").filter(|licence| licence != "NOASSERTION"),
        archived: flag(item, "/isArchived"),
        fork: flag(item, "/isFork"),
        private: flag(item, "/isPrivate"),
        bytes: number(item, "/diskUsage").map(|kib| kib.saturating_mul(1024)),
        created_at: time(item, "/createdAt"),
        pushed_at: time(item, "/pushedAt"),
        parent: text(item, "/parent/nameWithOwner"),
    };
    let url = format!("https://{forge}/{name}.git");
    Ok(Record {
        url,
        name: Some(name),
        forge: forge.to_owned(),
        id: Some(id),
        facts,
        raw: Some(item.clone()),
    })
}
