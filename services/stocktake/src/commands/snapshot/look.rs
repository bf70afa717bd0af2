//! Looking at snapshots.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use contracts::{ErrorKind, Failure, SnapshotId};
use serde_json::Value;
use store::{
    audits,
    changes::Source,
    snapshots::{self, SnapshotFilter, SnapshotState},
};

use super::{Which, stock_named};
use crate::{
    cli::Global,
    commands::{
        listing::{self, Column},
        reporting::{self, ChangeFormat},
        work,
    },
    output::TableFormat,
};

/// What is told of a snapshot.
pub(super) const SNAPSHOT: &[Column] = &[
    ("Snapshot", "/id"),
    ("Stock", "/stock"),
    ("State", "/state"),
    ("Made by", "/origin"),
    ("Begun", "/created_at"),
    ("Commits by itself", "/auto_commit"),
    ("Repositories", "/progress/repositories"),
    ("of them failed", "/progress/failed"),
    ("Files", "/progress/nodes"),
    ("Bytes", "/progress/bytes"),
    ("Audit", "/audit/id"),
    ("Audit is", "/audit/state"),
    ("against version", "/audit/stock_version"),
    ("New", "/audit/new"),
    ("Modified", "/audit/modified"),
    ("Removed", "/audit/removed"),
    ("Moved", "/audit/moved"),
    ("Attributes", "/audit/attributes"),
    ("Kept", "/audit/kept"),
    ("Unchanged", "/audit/unchanged"),
    ("Findings that block", "/audit/findings/block"),
    ("Warnings", "/audit/findings/warn"),
    ("Remarks", "/audit/findings/info"),
    ("Audit failed", "/audit/error/reason"),
    ("Stock's version", "/stock_version"),
    ("Lacks", "/lacks"),
];

pub(super) const SNAPSHOTS: &[Column] = &[
    ("Snapshot", "/id"),
    ("State", "/state"),
    ("Made by", "/origin"),
    ("Begun", "/created_at"),
    ("Stock", "/stock"),
    ("Version", "/stock_version"),
];
pub(super) const NO_SNAPSHOTS: &str = "there is no such snapshot";

#[derive(Args)]
pub(crate) struct List {
    /// Only those for the stock of this name
    #[arg(long)]
    pub(super) stock: Option<String>,
    /// Only those in this state: indexing, processing, ready, auditing, audited, committed or aborted
    #[arg(long)]
    pub(super) state: Option<String>,
    /// How many
    #[arg(long, default_value_t = 20)]
    pub(super) limit: u32,
    /// How they are printed
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: TableFormat,
}

pub(super) fn list(global: &Global, arguments: &List) -> Result<ExitCode, Failure> {
    let state = arguments.state.as_deref().map(state_named).transpose()?;
    work::looking(global, async |store| {
        let stock = match &arguments.stock {
            Some(name) => Some(stock_named(store, name).await?),
            None => None,
        };
        let (filter, limit) = (SnapshotFilter { stock, source: None, state }, arguments.limit);
        let rows = store.read(move |tx| snapshots::list(tx, &filter, None, limit)).await?;
        let rows: Vec<Value> = rows.into_iter().map(gateway::shown::snapshot).collect();
        listing::list(arguments.format, &rows, SNAPSHOTS, NO_SNAPSHOTS)?;
        Ok(ExitCode::SUCCESS)
    })
}

pub(super) fn state_named(name: &str) -> Result<SnapshotState, Failure> {
    SnapshotState::ALL.iter().copied().find(|state| state.as_str() == name).ok_or_else(|| {
        let known: Vec<&str> = SnapshotState::ALL.iter().map(|state| state.as_str()).collect();
        Failure::new(ErrorKind::Invalid, format!("--state {name}: known are {}", known.join(", ")))
    })
}

pub(super) fn show(global: &Global, snapshot: Which, format: TableFormat) -> Result<ExitCode, Failure> {
    work::looking(global, async |store| {
        let id = snapshot.find(store).await?;
        let shown = store.read(move |tx| gateway::shown::snapshot_detail(tx, id)).await?;
        listing::one(format, &shown.unwrap_or_default(), SNAPSHOT)?;
        Ok(ExitCode::SUCCESS)
    })
}

pub(super) fn diff(
    global: &Global,
    snapshot: Which,
    from: Option<SnapshotId>,
    (format, output): (ChangeFormat, Option<&PathBuf>),
) -> Result<ExitCode, Failure> {
    work::looking(global, async |store| {
        let to = snapshot.find(store).await?;
        let source = match from {
            Some(from) => Source::Snapshots { from, to },
            None => {
                let audit = store.read(move |tx| audits::latest_of_snapshot(tx, to)).await?;
                Source::Audit(audit.ok_or_else(|| never_audited(&to.to_string()))?.id)
            }
        };
        reporting::changes(store, source, format, output).await?;
        Ok(ExitCode::SUCCESS)
    })
}

pub(super) fn never_audited(snapshot: &str) -> Failure {
    let text =
        format!("snapshot {snapshot} was never audited; `stocktake snapshot audit {snapshot}` does so");
    Failure::new(ErrorKind::NotFound, text)
}
