//! Repositories, and one with its visits.

use actix_web::{
    HttpResponse,
    web::{Path, Query},
};
use contracts::RepositoryId;
use serde::Deserialize;
use store::{repositories, revisions};
use uuid::Uuid;

use super::{
    Text, html, in_query, page,
    parts::{bytes, link, number, state, table, text, time},
};
use crate::{context::Shared, error::Problem};

/// Rows of a page.
const ROWS: u32 = 200;

#[derive(Deserialize)]
pub(super) struct Asked {
    /// The URL behind which the page begins.
    after: Option<String>,
}

pub(super) async fn list(context: Shared, asked: Query<Asked>) -> Result<HttpResponse, Problem> {
    let after = asked.into_inner().after;
    let found = context.engine.store.read(move |tx| repositories::list(tx, after.as_deref(), ROWS)).await?;
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|one| {
            vec![
                link(format_args!("/repositories/{}", one.id), &one.url),
                text(&one.name),
                one.last.map(|last| time(last.at)).unwrap_or_default(),
            ]
        })
        .collect();
    let mut body = String::from("<h1>Repositories</h1>\n");
    body.push_str(&table(&["URL", "name", "last visit"], &rows, "None yet."));
    if let Some(last) = found.last().filter(|_| found.len() == ROWS as usize) {
        let next = format!("/repositories?after={}", in_query(&last.url));
        body.push_str(&format!("<p>{}</p>\n", link(next, "More")));
    }
    Ok(html(page("Stocktake: repositories", &body)))
}

pub(super) async fn show(context: Shared, id: Path<Uuid>) -> Result<HttpResponse, Problem> {
    let id = RepositoryId(*id);
    let found = context
        .engine
        .store
        .read(move |tx| {
            let Some(repository) = repositories::get(tx, id)? else { return Ok(None) };
            Ok(Some((repository, revisions::of_repository(tx, id, None, ROWS)?)))
        })
        .await?;
    let (repository, visits) = found.ok_or_else(|| Problem::no_such("repository", id))?;
    let rows: Vec<Vec<String>> = visits
        .iter()
        .map(|visit| {
            let commit = visit.commit.map(|commit| commit.to_string()).unwrap_or_default();
            let trouble = visit.failure.as_ref().map(|failure| text(&failure.reason)).unwrap_or_default();
            vec![
                time(visit.created_at),
                link(format_args!("/snapshots/{}", visit.snapshot), "snapshot"),
                state(visit.state.as_str()),
                format!("<code>{}</code>", Text(commit)),
                number(visit.nodes),
                bytes(visit.bytes),
                trouble,
            ]
        })
        .collect();
    let heads = ["visited", "for", "state", "commit", "#files", "#size", "what went wrong"];
    let body = format!(
        "<h1>{}</h1>\n<p><code>{}</code></p>\n<h2>Visits</h2>\n{}",
        Text(&repository.name),
        Text(&repository.url),
        table(&heads, &rows, "None yet.")
    );
    Ok(html(page("Stocktake: repository", &body)))
}
