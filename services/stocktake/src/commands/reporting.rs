//! Reports written to a file or to standard output, and changes as lines.

use std::{
    io::{IsTerminal as _, Write},
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use contracts::{ErrorKind, Failure};
use gateway::reporting::Writing;
use reports::{
    audit::{Format, Section},
    printable,
};
use serde_json::Value;
use store::{
    Store,
    changes::{ChangeRow, Options, Reader, Source},
};

use crate::output;

/// Changes that are read at once.
const PAGE: usize = 1_000;

/// How changes are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ChangeFormat {
    /// A line each, for people
    #[default]
    Table,
    /// A workbook, a sheet for each section
    Xlsx,
    /// A table for each section
    Csv,
    /// A JSON object a line
    Jsonl,
    /// A page with pictures
    Html,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// A workbook, a sheet for each section
    Xlsx,
    /// A table for each section
    Csv,
    /// A JSON object a line
    Jsonl,
    /// A page with pictures
    Html,
}

impl From<ReportFormat> for Format {
    fn from(format: ReportFormat) -> Self {
        match format {
            ReportFormat::Xlsx => Self::Xlsx,
            ReportFormat::Csv => Self::Csv,
            ReportFormat::Jsonl => Self::Jsonl,
            ReportFormat::Html => Self::Html,
        }
    }
}

/// A section of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SectionName {
    New,
    Modified,
    Removed,
    Moved,
    Attributes,
    Findings,
    Summary,
}

impl From<SectionName> for Section {
    fn from(name: SectionName) -> Self {
        match name {
            SectionName::New => Self::New,
            SectionName::Modified => Self::Modified,
            SectionName::Removed => Self::Removed,
            SectionName::Moved => Self::Moved,
            SectionName::Attributes => Self::Attributes,
            SectionName::Findings => Self::Findings,
            SectionName::Summary => Self::Summary,
        }
    }
}

/// Prints changes: as lines, or as the report of that format.
pub(crate) async fn changes(
    store: &Store,
    source: Source,
    format: ChangeFormat,
    output: Option<&PathBuf>,
) -> Result<(), Failure> {
    let format = match format {
        ChangeFormat::Table => return lines(store, source).await,
        ChangeFormat::Xlsx => Format::Xlsx,
        ChangeFormat::Csv => Format::Csv,
        ChangeFormat::Jsonl => Format::Jsonl,
        ChangeFormat::Html => Format::Html,
    };
    report(store, source, format, None, output).await
}

/// Writes a report to a file, which is there when it is complete and not before; or to standard output.
pub(crate) async fn report(
    store: &Store,
    source: Source,
    format: Format,
    section: Option<Section>,
    path: Option<&PathBuf>,
) -> Result<(), Failure> {
    if format == Format::Html && section.is_some() {
        return Err(Failure::new(
            ErrorKind::Invalid,
            "a page has no sections; leave --section out, or use csv",
        ));
    }
    if format == Format::Xlsx && path.is_none() && std::io::stdout().is_terminal() {
        let text = "a workbook is nothing for a terminal; name a file with --output";
        return Err(Failure::new(ErrorKind::Invalid, text));
    }
    let writing = store.read(move |tx| Writing::begin(tx, source, format, section)).await?;
    let Some(path) = path else { return pieces(store, writing, &mut std::io::stdout().lock()).await };
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::new(ErrorKind::Unavailable, format!("{} cannot be written: {error}", path.display()))
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| wrong(&error))?;
    pieces(store, writing, &mut file).await?;
    file.as_file().sync_all().map_err(|error| wrong(&error))?;
    file.persist(path).map_err(|error| wrong(&error.error))?;
    output::note(format_args!("written to {}", path.display()));
    Ok(())
}

async fn pieces(store: &Store, writing: Writing, out: &mut impl Write) -> Result<(), Failure> {
    let mut writing = writing;
    loop {
        let (piece, rest) = store.read(move |tx| Ok((writing.next(tx)?, writing))).await?;
        let Some(piece) = piece else { break };
        match out.write_all(&piece) {
            // A reader that went away has had enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            written => written.map_err(unwritten)?,
        }
        writing = rest;
    }
    out.flush().map_err(unwritten)
}

fn unwritten(error: std::io::Error) -> Failure {
    Failure::new(ErrorKind::Unavailable, format!("the report cannot be written: {error}"))
}

async fn lines(store: &Store, source: Source) -> Result<(), Failure> {
    store.read(move |tx| source.check(tx)).await?;
    let options = Options {
        kinds: Vec::new(),
        repository: None,
        facts: false,
        hint: analysis::hint,
        analyzers: analysis::fingerprint(),
    };
    let (mut reader, mut count) = (Reader::open(source, options, None), 0_u64);
    loop {
        let (page, rest) = store.read(move |tx| Ok((reader.page(tx, PAGE)?, reader))).await?;
        if page.is_empty() {
            let text = if count == 0 {
                "nothing differs".to_owned()
            } else {
                format!("{} changes", reports::count(count))
            };
            output::note(text);
            return Ok(());
        }
        count += page.len() as u64;
        output::with(|out| page.iter().try_for_each(|row| writeln!(out, "{}", line(row))))?;
        reader = rest;
    }
}

/// `modified    https://example.org/a/src/main.rs  1.20 kB → 1.31 kB`.
fn line(row: &ChangeRow) -> String {
    let row = gateway::shown::change(row.clone());
    let text = |place: &str| row.pointer(place).and_then(Value::as_str).map(printable).unwrap_or_default();
    let size = |place: &str| row.pointer(place).and_then(Value::as_u64).map(reports::bytes);
    let name = match row.get("old_path") {
        Some(_) => format!("{} → {}", text("/old_path"), text("/path")),
        None => text("/path"),
    };
    let sizes = match (size("/before/size"), size("/after/size")) {
        (Some(before), Some(after)) if before != after => format!("{before} → {after}"),
        (_, Some(size)) | (Some(size), None) => size,
        (None, None) => String::new(),
    };
    format!("{:10}  {}/{name}  {sizes}", text("/kind"), text("/url"))
}
