//! Stocks, and what one holds.

use actix_web::{HttpResponse, web::Path};
use contracts::StockId;
use store::{
    snapshots::{self, SnapshotFilter},
    stocks,
};
use uuid::Uuid;

use super::{
    Text, html, page,
    parts::{link, number, state, table, text, time},
};
use crate::{context::Shared, error::Problem};

/// Rows of each table.
const ROWS: u32 = 500;

pub(super) async fn list(context: Shared) -> Result<HttpResponse, Problem> {
    let found = context.engine.store.read(|tx| stocks::list(tx, None, ROWS)).await?;
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|stock| {
            vec![
                link(format_args!("/stocks/{}", stock.id), &stock.name),
                number(stock.version.unsigned_abs()),
                time(stock.created_at),
            ]
        })
        .collect();
    let body = table(&["name", "#version", "since"], &rows, "None yet: the first run of a source makes one.");
    Ok(html(page("Stocktake: stocks", &format!("<h1>Stocks</h1>\n{body}"))))
}

pub(super) async fn show(context: Shared, id: Path<Uuid>) -> Result<HttpResponse, Problem> {
    let id = StockId(*id);
    let found = context
        .engine
        .store
        .read(move |tx| {
            let Some(stock) = stocks::get(tx, id)? else { return Ok(None) };
            let filter = SnapshotFilter { stock: Some(id), ..SnapshotFilter::default() };
            let newest = snapshots::list(tx, &filter, None, 20)?;
            Ok(Some((stock, stocks::entries_at(tx, id, None, None, ROWS)?, newest)))
        })
        .await?;
    let (stock, entries, newest) = found.ok_or_else(|| Problem::no_such("stock", id))?;
    let held: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            let commit = entry.commit.map(|commit| commit.to_string()).unwrap_or_default();
            vec![
                link(format_args!("/repositories/{}", entry.repository), &entry.url),
                format!("<code>{}</code>", Text(commit)),
                number(entry.since.unsigned_abs()),
            ]
        })
        .collect();
    let snapshots: Vec<Vec<String>> = newest
        .iter()
        .map(|one| {
            vec![
                link(
                    format_args!("/snapshots/{}", one.id),
                    text(one.created_at.strftime("%Y-%m-%d %H:%M:%S")),
                ),
                state(one.state.as_str()),
                one.stock_version.map(|version| number(version.unsigned_abs())).unwrap_or_default(),
            ]
        })
        .collect();
    let body = format!(
        "<h1>Stock {}</h1>\n<p>Version {}</p>\n<h2>Newest snapshots</h2>\n{}<h2>What it holds</h2>\n{}",
        Text(&stock.name),
        stock.version,
        table(&["begun", "state", "#version"], &snapshots, "None yet."),
        table(&["repository", "commit", "#since version"], &held, "Nothing yet: commit a snapshot.")
    );
    Ok(html(page("Stocktake: stock", &body)))
}
