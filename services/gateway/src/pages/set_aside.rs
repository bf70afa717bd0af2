//! Messages that could not be handled, and what a person may do with them.

use actix_web::HttpResponse;
use store::set_aside::{self, SetAsideFilter};

use super::{
    Text, html, page,
    parts::{button, number, table, text, time},
};
use crate::{context::Shared, error::Problem};

/// Rows that are shown.
const ROWS: i64 = 200;
/// Bytes of a body that are shown.
const SHOWN: usize = 2_000;

pub(super) async fn show(context: Shared) -> Result<HttpResponse, Problem> {
    let read = |tx: &mut store::Tx| set_aside::list(tx, &SetAsideFilter::default(), None, ROWS);
    let found = context.engine.store.read(read).await?;
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|one| {
            let path = format!("/api/v1/set-aside/{}", one.id);
            let shown = one.body.get(..SHOWN).unwrap_or(&one.body);
            let sure = "Throw this message away, for good?";
            vec![
                format!(
                    "<details><summary><code>{}</code></summary><div><pre><code>{}</code></pre></div></details>",
                    Text(&one.routing_key),
                    Text(String::from_utf8_lossy(shown))
                ),
                text(&one.service),
                text(&one.failure.reason),
                number(one.tries),
                time(one.last_at),
                format!(
                    "{}{}",
                    button(&format!("POST {path}/replay"), "Replay", None),
                    button(&format!("DELETE {path}"), "Drop", Some(sure))
                ),
            ]
        })
        .collect();
    let heads = ["message", "service", "what went wrong", "#tries", "last", ""];
    let body = table(&heads, &rows, "Nothing is set aside: every message was handled.");
    Ok(html(page(
        "Stocktake: set aside",
        &format!("<h1>Set aside</h1>\n<div id=\"live\" data-live>{body}</div>\n"),
    )))
}
