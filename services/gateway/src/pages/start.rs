//! `/`: what is going on.

use actix_web::HttpResponse;
use store::{
    set_aside,
    snapshots::{self, SnapshotFilter},
    tasks::{self, TaskFilter, TaskState},
};

use super::{
    html, page,
    parts::{button, link, number, progress, state, table, text},
};
use crate::{
    context::Shared,
    error::Problem,
    routes::{Snapshot, Task},
};

/// Rows of each table.
const ROWS: u32 = 10;

struct Now {
    running: Vec<Task>,
    snapshots: Vec<(Snapshot, String)>,
    open: u64,
    set_aside: u64,
}

pub(super) async fn show(context: Shared) -> Result<HttpResponse, Problem> {
    let now = context
        .engine
        .store
        .read(|tx| {
            let filter = TaskFilter { state: Some(TaskState::Running), ..TaskFilter::default() };
            let running = tasks::list(tx, &filter, None, ROWS.into())?.into_iter().map(Task::from).collect();
            let mut newest = Vec::new();
            for row in snapshots::list(tx, &SnapshotFilter::default(), None, ROWS)? {
                let come = snapshots::progress(tx, row.id)?;
                let text = format!(
                    "{} of {} repositories done, {} failed; {} files",
                    come.analyzed, come.revisions, come.failed, come.nodes
                );
                newest.push((Snapshot::from(row), text));
            }
            let (open, set_aside) = (tasks::count_open(tx)?, set_aside::len(tx)?);
            Ok(Now { running, snapshots: newest, open, set_aside })
        })
        .await?;
    let ready = context.admin.health.report().ready;
    Ok(html(page("Stocktake", &render(&now, ready))))
}

fn render(now: &Now, ready: bool) -> String {
    let health = if ready { "Everything answers." } else { "Something does not answer: see Health." };
    let running: Vec<Vec<String>> = now
        .running
        .iter()
        .map(|task| {
            let stop = format!("POST /api/v1/tasks/{}/cancel", task.id);
            vec![
                text(&task.kind),
                text(&task.label),
                progress(task.progress.done, task.progress.total.unwrap_or(0)),
                button(&stop, "Cancel", Some("Cancel this task?")),
            ]
        })
        .collect();
    let snapshots: Vec<Vec<String>> = now
        .snapshots
        .iter()
        .map(|(snapshot, come)| {
            let begun = snapshot.created_at.strftime("%Y-%m-%d %H:%M:%S");
            vec![
                link(format_args!("/snapshots/{}", snapshot.id), text(begun)),
                state(snapshot.state),
                text(come),
            ]
        })
        .collect();
    let none = format!("None yet. {}", link("/sources", "Make a source and run it."));
    format!(
        "<h1>Now</h1>\n<div id=\"live\" data-live>\n<p>{health} {} tasks are open, {} are set aside.</p>\n\
         <h2>Running</h2>\n{}<h2>Newest snapshots</h2>\n{}</div>\n",
        number(now.open),
        link("/set-aside", format_args!("{} messages", number(now.set_aside))),
        table(&["task", "of", "come so far", ""], &running, "Nothing at the moment."),
        table(&["begun", "state", "come so far"], &snapshots, &none),
    )
}
