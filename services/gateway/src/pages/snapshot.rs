//! One snapshot with its audit, and what a person may do with it.

use actix_web::{HttpResponse, web::Path};
use contracts::SnapshotId;
use store::{
    audits::{self, AuditState},
    revisions,
    snapshots::{self, SnapshotState},
    stocks,
};
use uuid::Uuid;

use super::{
    Text, html, page,
    parts::{button, bytes, link, number, progress, state, table, text, time},
    treemap::{self, Area},
};
use crate::{context::Shared, error::Problem};

/// Repositories that are shown.
const ROWS: u32 = 500;

pub(super) async fn show(context: Shared, id: Path<Uuid>) -> Result<HttpResponse, Problem> {
    let id = SnapshotId(*id);
    let found = context
        .engine
        .store
        .read(move |tx| {
            let Some(snapshot) = snapshots::get(tx, id)? else { return Ok(None) };
            let come = snapshots::progress(tx, id)?;
            let audit = audits::latest_of_snapshot(tx, id)?;
            let parts = revisions::of_snapshot(tx, id, None, None, ROWS)?;
            let stock = stocks::get(tx, snapshot.stock)?.map(|stock| stock.name).unwrap_or_default();
            Ok(Some((snapshot, come, audit, parts, stock)))
        })
        .await?;
    let (snapshot, come, audit, parts, stock) = found.ok_or_else(|| Problem::no_such("snapshot", id))?;
    let mut body = format!(
        "<h1>Snapshot <small>{}</small></h1>\n<p>{} begun {}, for the stock {}{}</p>\n",
        Text(id),
        state(snapshot.state.as_str()),
        time(snapshot.created_at),
        link(format_args!("/stocks/{}", snapshot.stock), stock),
        snapshot.stock_version.map(|version| format!(", version {version}")).unwrap_or_default(),
    );
    let is_open = snapshot.ended_at.is_none();
    let can_commit = snapshot.state == SnapshotState::Audited;
    body.push_str("<p>");
    if can_commit {
        body.push_str(&button(&format!("POST /api/v1/snapshots/{id}/commit"), "Commit to the stock", None));
    }
    if is_open {
        let sure = "Abort this snapshot? What it found will not enter the stock.";
        body.push_str(&button(&format!("POST /api/v1/snapshots/{id}/abort"), "Abort", Some(sure)));
    }
    body.push_str("</p>\n<h2>How far it has come</h2>\n");
    let ended = come.analyzed + come.failed;
    body.push_str(&format!(
        "<p>{} repositories, {} failed; {} files, {}; contents analysed: {}</p>\n",
        progress(ended, come.revisions),
        number(come.failed),
        number(come.nodes),
        bytes(come.bytes),
        progress(come.contents_analyzed + come.contents_failed, come.contents_to_analyze),
    ));
    body.push_str("<h2>Audit</h2>\n");
    match &audit {
        None => body.push_str("<p class=\"soft\">Not yet: every repository has to be done first.</p>\n"),
        Some(audit) => {
            body.push_str(&format!(
                "<p>{} against version {} of the stock</p>\n",
                state(audit.state.as_str()),
                audit.stock_version
            ));
            if audit.state == AuditState::Finished {
                let counts = &audit.counts;
                let rows = [
                    ("new", counts.new),
                    ("modified", counts.modified),
                    ("removed", counts.removed),
                    ("unchanged", counts.unchanged),
                ];
                let cells = rows.map(|(name, count)| vec![state(name), number(count)]);
                body.push_str(&table(&["files", "#count"], &cells, ""));
                body.push_str(&bar(&rows));
            }
        }
    }
    body.push_str("<h2>Repositories</h2>\n");
    let areas = parts.iter().map(|part| Area {
        name: part.url.clone(),
        size: part.bytes,
        class: if part.failure.is_some() { "failed" } else { "stored" },
    });
    body.push_str(&treemap::draw(areas.collect(), "The repositories by the bytes of their files"));
    let rows: Vec<Vec<String>> = parts
        .iter()
        .map(|part| {
            let commit = part.commit.map(|commit| commit.to_string().chars().take(12).collect::<String>());
            let trouble = part.failure.as_ref().map(|failure| text(&failure.reason)).unwrap_or_default();
            vec![
                link(format_args!("/repositories/{}", part.repository), &part.url),
                state(part.state.as_str()),
                format!("<code>{}</code>", Text(commit.unwrap_or_default())),
                number(part.nodes),
                bytes(part.bytes),
                number(part.failed),
                trouble,
            ]
        })
        .collect();
    let heads = ["repository", "state", "commit", "#files", "#size", "#not analysed", "what went wrong"];
    body.push_str(&table(&heads, &rows, "None yet."));
    if rows.len() == ROWS as usize {
        body.push_str(&format!(
            "<p>The first {ROWS}; the rest: {}</p>\n",
            link(format_args!("/api/v1/snapshots/{id}/repositories"), "API")
        ));
    }
    Ok(html(page("Stocktake: snapshot", &format!("<div id=\"live\" data-live>\n{body}</div>\n"))))
}

/// The parts of a whole beside each other.
fn bar(parts: &[(&str, u64)]) -> String {
    let total: u64 = parts.iter().map(|(_, count)| count).sum();
    if total == 0 {
        return String::new();
    }
    let mut svg = String::from(
        "<svg class=\"bar\" viewBox=\"0 0 960 18\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"The same as a bar\">",
    );
    let mut at = 0.0;
    for (name, count) in parts {
        let width = *count as f64 / total as f64 * 960.0;
        svg.push_str(&format!(
            "<rect class=\"{name}\" x=\"{at:.1}\" y=\"0\" width=\"{width:.1}\" height=\"18\"><title>{name}: {}</title></rect>",
            number(*count)
        ));
        at += width;
    }
    svg.push_str("</svg>\n");
    svg
}
