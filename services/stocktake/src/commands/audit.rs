//! `stocktake audit`: what audits found, their reports, and who decided otherwise.

mod elsewhere;

use std::{path::PathBuf, process::ExitCode};

use clap::{ArgGroup, Subcommand};
use contracts::{AuditId, ErrorKind, Failure, policy::Level};
use jiff::Timestamp;
use serde_json::Value;
use store::{
    Store, audits,
    changes::Source,
    findings::{self, FindingFilter},
    tasks,
};
use worker::process;

use super::{
    listing::{self, Column},
    reporting::{self, ReportFormat, SectionName},
    snapshot::Which,
    work,
};
use crate::{
    cli::Global,
    output::{self, TableFormat},
    remote::Remote,
};

const AUDITS: &[Column] = &[
    ("Audit", "/id"),
    ("State", "/state"),
    ("Begun", "/created_at"),
    ("Against version", "/stock_version"),
    ("New", "/new"),
    ("Modified", "/modified"),
    ("Removed", "/removed"),
    ("Moved", "/moved"),
    ("Unchanged", "/unchanged"),
    ("Blocking", "/findings/block"),
];
const NO_AUDITS: &str = "it was never audited";

const FINDINGS: &[Column] = &[
    ("Id", "/id"),
    ("Level", "/level"),
    ("Check", "/check"),
    ("Repository", "/url"),
    ("Path", "/path"),
    ("Line", "/line"),
    ("What", "/message"),
    ("Overridden by", "/override/person"),
];
const NO_FINDINGS: &str = "the checks found nothing";

#[derive(Subcommand)]
#[command(
    after_help = "SNAPSHOT is an id, or `latest`; its newest audit is meant unless --audit names another.\n\n\
Examples:\n  \
    stocktake audit report latest --format xlsx --output audit.xlsx\n  \
    stocktake audit report latest --format csv --section new\n  \
    stocktake audit findings latest --level block\n  \
    stocktake audit cancel latest\n  \
    stocktake audit override latest --check licence --person ann --reason \"for tests only\""
)]
pub(crate) enum Command {
    /// Show the audits of a snapshot, newest first
    List {
        /// Which snapshot: its id, or `latest`
        snapshot: Which,
        /// How they are printed
        #[arg(long, value_enum, default_value_t)]
        format: TableFormat,
    },
    /// Write the report of an audit
    Report {
        /// Which snapshot: its id, or `latest`
        snapshot: Which,
        /// The id of another audit than the newest
        #[arg(long)]
        audit: Option<AuditId>,
        /// How it is written
        #[arg(long, value_enum)]
        format: ReportFormat,
        /// Only this section; not for html
        #[arg(long, value_enum)]
        section: Option<SectionName>,
        /// A file to write it to; it is there when it is complete
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Ask the newest audit of a snapshot to stop
    Cancel {
        /// Which snapshot: its id, or `latest`
        snapshot: Which,
    },
    /// Show what the checks found
    Findings {
        /// Which snapshot: its id, or `latest`
        snapshot: Which,
        /// The id of another audit than the newest
        #[arg(long)]
        audit: Option<AuditId>,
        /// Only those of this level
        #[arg(long, value_enum)]
        level: Option<LevelName>,
        /// Only those of this check
        #[arg(long)]
        check: Option<String>,
        /// How many
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// How they are printed
        #[arg(long, value_enum, default_value_t)]
        format: TableFormat,
    },
    /// Let findings pass that forbid the commit; who does so and why is recorded
    #[command(group(ArgGroup::new("which").required(true).multiple(true).args(["findings", "check", "all"])))]
    Override {
        /// Which snapshot: its id, or `latest`
        snapshot: Which,
        /// The findings' numbers, as `findings` shows them
        #[arg(long, value_delimiter = ',', value_name = "ID")]
        findings: Vec<i64>,
        /// Every one of this check
        #[arg(long)]
        check: Option<String>,
        /// Every one there is
        #[arg(long)]
        all: bool,
        /// Who decides
        #[arg(long)]
        person: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LevelName {
    Info,
    Warn,
    Block,
}

impl From<LevelName> for Level {
    fn from(name: LevelName) -> Self {
        match name {
            LevelName::Info => Self::Info,
            LevelName::Warn => Self::Warn,
            LevelName::Block => Self::Block,
        }
    }
}

pub(crate) fn run(global: &Global, command: &Command) -> Result<ExitCode, Failure> {
    if let Some(remote) = Remote::of(global)? {
        process::block_on(elsewhere::run(&remote, command))?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Command::Cancel { snapshot } = command {
        return cancel(global, *snapshot);
    }
    work::looking(global, async |store| {
        match command {
            Command::Cancel { .. } => Ok(()),
            Command::List { snapshot, format } => list(store, *snapshot, *format).await,
            Command::Report { snapshot, audit, format, section, output } => {
                let id = find(store, *snapshot, *audit).await?;
                let section = section.map(Into::into);
                reporting::report(store, Source::Audit(id), (*format).into(), section, output.as_ref()).await
            }
            Command::Findings { snapshot, audit, level, check, limit, format } => {
                let id = find(store, *snapshot, *audit).await?;
                let filter = FindingFilter {
                    level: level.map(Into::into),
                    check: check.clone(),
                    ..FindingFilter::default()
                };
                found(store, id, filter, (*limit, *format)).await
            }
            Command::Override { snapshot, findings, check, person, reason, .. } => {
                let id = find(store, *snapshot, None).await?;
                let filter =
                    FindingFilter { ids: findings.clone(), check: check.clone(), ..FindingFilter::default() };
                let_pass(store, id, filter, (reason.clone(), person.clone())).await
            }
        }?;
        Ok(ExitCode::SUCCESS)
    })
}

/// One that nobody has begun is over then; whoever makes it stops at its next step.
fn cancel(global: &Global, snapshot: Which) -> Result<ExitCode, Failure> {
    let asked = work::working(global, async move |engine| {
        let (id, now) = (snapshot.find(&engine.store).await?, engine.clock.now());
        let submitted = engine.submit("stocktake", move |tx| {
            let outgoing = store::cancel::audit(tx, id, now)?;
            Ok((audits::latest_of_snapshot(tx, id)?, outgoing))
        });
        submitted.await
    })?;
    if let Some(audit) = asked.flatten() {
        tell_cancelled(&audit.id.to_string(), audit.finished_at.is_some(), audit.state.as_str())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn tell_cancelled(audit: &str, is_over: bool, state: &str) -> Result<(), Failure> {
    let text = if is_over { "is" } else { "was asked to stop; it is" };
    output::line(format_args!("audit {audit} {text} {state}"))
}

/// The audit that is meant: the one that is named, or the newest of the snapshot.
async fn find(store: &Store, snapshot: Which, audit: Option<AuditId>) -> Result<AuditId, Failure> {
    let snapshot = snapshot.find(store).await?;
    let audit = store
        .read(move |tx| match audit {
            Some(id) => Ok(audits::get(tx, id)?.filter(|audit| audit.snapshot == snapshot)),
            None => audits::latest_of_snapshot(tx, snapshot),
        })
        .await?;
    Ok(audit.ok_or_else(|| missing(&snapshot.to_string()))?.id)
}

fn missing(snapshot: &str) -> Failure {
    let text = format!(
        "snapshot {snapshot} has no such audit; `stocktake audit list {snapshot}` shows those it has"
    );
    Failure::new(ErrorKind::NotFound, text)
}

async fn list(store: &Store, snapshot: Which, format: TableFormat) -> Result<(), Failure> {
    let snapshot = snapshot.find(store).await?;
    let rows: Vec<Value> = store
        .read(move |tx| {
            let rows = audits::of_snapshot(tx, snapshot, None, 1_000)?;
            let shown =
                |audit: audits::Audit| Ok(gateway::shown::audit(audit.clone(), tasks::get(tx, audit.task)?));
            rows.into_iter().map(shown).collect()
        })
        .await?;
    listing::list(format, &rows, AUDITS, NO_AUDITS)
}

async fn found(
    store: &Store,
    audit: AuditId,
    filter: FindingFilter,
    (limit, format): (u32, TableFormat),
) -> Result<(), Failure> {
    let rows = store.read(move |tx| findings::of_audit(tx, audit, &filter, None, limit)).await?;
    let rows: Vec<Value> = rows.into_iter().map(gateway::shown::finding).collect();
    listing::list(format, &rows, FINDINGS, NO_FINDINGS)
}

async fn let_pass(
    store: &Store,
    audit: AuditId,
    filter: FindingFilter,
    (reason, person): (String, String),
) -> Result<(), Failure> {
    let now = Timestamp::now();
    let (passed, open) = store
        .write(move |tx| {
            let passed = findings::override_many(tx, audit, &filter, (&reason, &person), now)?;
            Ok::<_, Failure>((passed, findings::count_open_blocking(tx, audit)?))
        })
        .await?;
    tell_passed(passed, open)
}

fn tell_passed(passed: u64, open: u64) -> Result<(), Failure> {
    output::line(format_args!("{passed} findings forbid the commit no more; {open} still do"))
}
