//! The sources, and a form for a new one.

use actix_web::HttpResponse;
use store::{
    snapshots::{self, SnapshotFilter},
    sources::{self, SourceState},
};

use super::{
    html, page,
    parts::{link, state, table, text},
};
use crate::{context::Shared, error::Problem};

/// Sources that are shown.
const ROWS: u32 = 500;

const FORM: &str = "<h2>A new source</h2>\n\
<form class=\"fields\" data-api=\"POST /api/v1/sources\">\n\
<p><label>Name<br><input name=\"name\" required maxlength=\"200\" autocomplete=\"off\"></label></p>\n\
<input type=\"hidden\" name=\"kind\" value=\"list\">\n\
<p><label>Clone URLs, one a line<br><textarea name=\"params.urls\" data-as=\"list\" rows=\"4\" required \
placeholder=\"https://github.com/BurntSushi/ripgrep\"></textarea></label></p>\n\
<p><label>Stock<br><input name=\"stock\" maxlength=\"200\" placeholder=\"default\" autocomplete=\"off\"></label></p>\n\
<p><button>Add</button></p>\n</form>\n";

pub(super) async fn show(context: Shared) -> Result<HttpResponse, Problem> {
    let found = context
        .engine
        .store
        .read(|tx| {
            let mut rows = Vec::new();
            for source in sources::list(tx, None, ROWS)? {
                let filter = SnapshotFilter { source: Some(source.id), ..SnapshotFilter::default() };
                let newest = snapshots::list(tx, &filter, None, 1)?.pop();
                rows.push((source, newest));
            }
            Ok(rows)
        })
        .await?;
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|(source, newest)| {
            let path = format!("/api/v1/sources/{}", source.id);
            let is_active = source.state == SourceState::Active;
            let newest = newest.as_ref().map(|snapshot| {
                let state = state(snapshot.state.as_str());
                format!("{} {state}", link(format_args!("/snapshots/{}", snapshot.id), "snapshot"))
            });
            let run = format!(
                "<form class=\"inline\" data-api=\"POST {path}/runs\" data-then=\"/snapshots/{{id}}\"><button>Run</button></form>"
            );
            let (turn, to) = if is_active { ("Pause", "paused") } else { ("Go on", "active") };
            let turn = format!(
                "<form class=\"inline\" data-api=\"PUT {path}/state\"><input type=\"hidden\" name=\"state\" \
                 value=\"{to}\"><button>{turn}</button></form>"
            );
            vec![
                text(&source.name),
                text(&source.kind),
                if is_active { state("active") } else { state("paused") },
                newest.unwrap_or_default(),
                if is_active { format!("{run}{turn}") } else { turn },
            ]
        })
        .collect();
    let mut body = String::from("<h1>Sources</h1>\n");
    body.push_str(&table(&["name", "kind", "state", "newest run", ""], &rows, "None yet."));
    Ok(html(page("Stocktake: sources", &format!("<div id=\"live\" data-live>{body}</div>\n{FORM}"))))
}
