//! A snapshot of the nodes that a manifest lists.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use contracts::{ErrorKind, Failure};
use gateway::manifest::{self, Form};
use store::{
    Tx,
    audits::{self, AuditState},
    snapshots::{self, Analyzing, DEFAULT_STOCK, Origin, SnapshotState},
};

use super::steps::{INTERRUPTED, state, told};
use crate::{
    cli::Global,
    commands::work,
    output::{self, TableFormat},
};

#[derive(Args)]
#[command(
    after_help = "A manifest in CSV has a line of names, and then a node a line; in NDJSON an object a line. \
Names: repository, path, digest, size, mode. A digest is a git blob id, a SWHID (swh:1:cnt:…), or sha256: and the \
SHA-256 of the bytes; size and mode may be left out, and so may the repository when --repository names one."
)]
pub(crate) struct Create {
    /// The manifest: a file that ends in .csv or .ndjson, or `-` with --form
    manifest: PathBuf,
    /// The stock that it is meant for; it is made when it is not there
    #[arg(long, default_value = DEFAULT_STOCK)]
    pub(super) stock: String,
    /// The repository of rows that name none, by its clone URL
    #[arg(long, value_name = "URL")]
    pub(super) repository: Option<String>,
    /// Let it wait for a person once it is audited, whatever the stock's policy
    #[arg(long)]
    pub(super) wait: bool,
    /// How the manifest is written, when its name does not tell
    #[arg(long, value_enum)]
    form: Option<FormName>,
    /// How what came of it is printed
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: TableFormat,
    /// No progress on standard error
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// How a manifest is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FormName {
    Csv,
    Ndjson,
}

impl From<FormName> for Form {
    fn from(name: FormName) -> Self {
        match name {
            FormName::Csv => Self::Csv,
            FormName::Ndjson => Self::Ndjson,
        }
    }
}

impl Create {
    /// How the manifest is written, and what is written.
    pub(super) fn manifest(&self) -> Result<(Form, Vec<u8>), Failure> {
        let form = match self.form {
            Some(form) => form.into(),
            None => by_name(&self.manifest)?,
        };
        Ok((form, read(&self.manifest)?))
    }
}

/// Ends well when the snapshot is committed, or audited and waits for a person.
pub(super) fn create(global: &Global, arguments: &Create) -> Result<ExitCode, Failure> {
    let (form, text) = arguments.manifest()?;
    let listed = manifest::read(&text, form, arguments.repository.as_deref())?;
    let (stock, by) = (arguments.stock.clone(), (Origin::Manifest, arguments.wait));
    let analyzing = Analyzing { hint: analysis::hint, analyzers: analysis::versions() };
    let make =
        move |tx: &mut Tx, now| Ok(snapshots::from_manifest(tx, &stock, &listed, by, &analyzing, now)?);
    let over = move |tx: &mut Tx, id| match state(tx, id)? {
        SnapshotState::Committed => Ok(Some(true)),
        SnapshotState::Aborted => Ok(Some(false)),
        SnapshotState::Audited => {
            let waits = snapshots::get(tx, id)?.is_some_and(|snapshot| !snapshot.auto_commit);
            Ok(waits.then_some(true))
        }
        SnapshotState::Auditing => {
            let audit = audits::latest_of_snapshot(tx, id)?;
            let failed =
                audit.is_some_and(|audit| audit.finished_at.is_some() && audit.state != AuditState::Finished);
            Ok(failed.then_some(false))
        }
        _ => Ok(None),
    };
    let Some((id, went_well)) = work::making(global, arguments.quiet, make, over)? else {
        output::note(
            "stopped waiting; `stocktake snapshot list` shows whether it was made and how far it is",
        );
        return Ok(ExitCode::from(INTERRUPTED));
    };
    told(global, arguments.format, id, Some(went_well))
}

fn by_name(path: &Path) -> Result<Form, Failure> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => Ok(Form::Csv),
        Some("ndjson" | "jsonl") => Ok(Form::Ndjson),
        _ => {
            let text =
                format!("{} does not tell how it is written; say --form csv or ndjson", path.display());
            Err(Failure::new(ErrorKind::Invalid, text))
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let wrong = |error: std::io::Error| {
        Failure::new(ErrorKind::Invalid, format!("{} cannot be read: {error}", path.display()))
    };
    if path == Path::new("-") {
        let mut text = Vec::new();
        std::io::stdin().lock().read_to_end(&mut text).map_err(wrong)?;
        return Ok(text);
    }
    std::fs::read(path).map_err(wrong)
}
