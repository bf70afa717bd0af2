//! A scan begins: a source for these targets, a snapshot of it, and the message that starts the run. Or it
//! goes on: when the same command was interrupted, its snapshot is still open.

use contracts::{ErrorKind, Failure, Lane, Outgoing, SnapshotId, TaskId, messages::RunRequested};
use serde_json::json;
use store::{
    snapshots::{self, NewSnapshot, SnapshotState},
    sources::{self, NewSource, Settings},
    stocks,
    tasks::{self, NewTask},
};
use worker::Engine;

use super::{arguments::Arguments, target::Target};

/// A scan that is under way.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) snapshot: SnapshotId,
    pub(crate) stock_name: String,
    /// Whether an interrupted scan is continued.
    pub(crate) resumed: bool,
}

pub(crate) async fn begin(
    engine: &Engine,
    targets: &[Target],
    arguments: &Arguments,
) -> Result<Option<Run>, Failure> {
    let urls: Vec<String> = targets.iter().filter_map(|target| target.url.clone().ok()).collect();
    if urls.is_empty() {
        return Ok(None);
    }
    let (stock, auto_commit, now) = (arguments.stock.clone(), arguments.commits(), engine.clock.now());
    let settings = Settings { history: arguments.history, ..Settings::default() };
    if stock.trim().is_empty() {
        return Err(Failure::new(ErrorKind::Invalid, "--stock needs a name"));
    }
    engine
        .submit("stocktake", move |tx| {
            let stock = stocks::get_or_create(tx, &stock, now)?;
            let source = sources::upsert_by_name(
                tx,
                &NewSource {
                    kind: "list".to_owned(),
                    name: source_name(&stock.name, &urls),
                    params: json!({ "urls": urls }),
                    stock: stock.id,
                },
                now,
            )?;
            sources::configure(tx, source.id, &settings, now)?;
            let mut run = Run { snapshot: SnapshotId::new(), stock_name: stock.name.clone(), resumed: true };
            let open = snapshots::open_of_source(tx, source.id)?;
            // One that is audited and does not commit by itself waits for a person; this is another scan.
            let open = open.filter(|open| {
                open.auto_commit == auto_commit && (auto_commit || open.state != SnapshotState::Audited)
            });
            if let Some(open) = open {
                run.snapshot = open.id;
                return Ok((Some(run), Vec::new()));
            }
            let new = NewSnapshot { stock: stock.id, source: Some(source.id), auto_commit, repair: None };
            run.snapshot = snapshots::create(tx, &new, now)?.id;
            run.resumed = false;
            let task = TaskId::new();
            // A person waits for this one.
            let wake = Outgoing::in_lane(&RunRequested { task }, Lane::Urgent);
            let new = NewTask {
                id: task,
                kind: "index",
                subject: run.snapshot.0,
                label: &source.name,
                wake: &wake,
            };
            tasks::create(tx, new, now)?;
            Ok((Some(run), vec![wake]))
        })
        .await
}

/// The source of a scan is known by its stock and targets, so that the same command finds it again.
fn source_name(stock: &str, urls: &[String]) -> String {
    let mut sorted: Vec<&str> = urls.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    match sorted.as_slice() {
        [one] => format!("scan of {one} for {stock}"),
        many => {
            let digest = blake3::hash(many.join("\n").as_bytes()).to_hex();
            format!("scan of {} targets ({}) for {stock}", many.len(), digest.get(..12).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_targets_makes_no_other_source() {
        let urls = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(source_name("s", &urls(&["a", "b"])), source_name("s", &urls(&["b", "a"])));
        assert_ne!(source_name("s", &urls(&["a", "b"])), source_name("t", &urls(&["a", "b"])));
        assert_ne!(source_name("s", &urls(&["a", "b"])), source_name("s", &urls(&["a", "c"])));
    }
}
