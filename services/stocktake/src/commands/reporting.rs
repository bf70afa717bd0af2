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
    changes::{Options, Reader, Source},
};

use crate::{output, remote::Remote};

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

impl ChangeFormat {
    /// The format of the report; none for lines.
    const fn report(self) -> Option<Format> {
        match self {
            Self::Table => None,
            Self::Xlsx => Some(Format::Xlsx),
            Self::Csv => Some(Format::Csv),
            Self::Jsonl => Some(Format::Jsonl),
            Self::Html => Some(Format::Html),
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
    match format.report() {
        None => lines(store, source).await,
        Some(format) => report(store, source, format, None, output).await,
    }
}

/// As [`changes`], of what `path` names at a gateway elsewhere, with the parameters `asked`.
pub(crate) async fn changes_elsewhere(
    remote: &Remote,
    path: &str,
    asked: &[String],
    format: ChangeFormat,
    output: Option<&PathBuf>,
) -> Result<(), Failure> {
    let asked: String = asked.iter().map(|one| format!("&{one}")).collect();
    if let Some(format) = format.report() {
        return report_elsewhere(remote, &format!("{path}/report"), &asked, (format, None), output).await;
    }
    let mut count = 0_u64;
    let path = format!("{path}/changes?format=ndjson{asked}");
    remote
        .lines(&path, |text| {
            let row: Value = serde_json::from_str(text).map_err(|error| {
                Failure::new(ErrorKind::Internal, format!("a change that is not understood: {error}"))
            })?;
            count += 1;
            output::line(line(&row))
        })
        .await?;
    tell(count);
    Ok(())
}

/// Writes a report to a file, which is there when it is complete and not before; or to standard output.
pub(crate) async fn report(
    store: &Store,
    source: Source,
    format: Format,
    section: Option<Section>,
    path: Option<&PathBuf>,
) -> Result<(), Failure> {
    let mut out = Target::open(format, section, path)?;
    let mut writing = store.read(move |tx| Writing::begin(tx, source, format, section)).await?;
    loop {
        let (piece, rest) = store.read(move |tx| Ok((writing.next(tx)?, writing))).await?;
        let Some(piece) = piece else { return out.finish() };
        out.write(&piece)?;
        writing = rest;
    }
}

/// As [`report`], of what `path` names at a gateway elsewhere; `asked` are further parameters, each after a `&`.
pub(crate) async fn report_elsewhere(
    remote: &Remote,
    path: &str,
    asked: &str,
    (format, section): (Format, Option<Section>),
    output: Option<&PathBuf>,
) -> Result<(), Failure> {
    let mut out = Target::open(format, section, output)?;
    let section = section.map(|section| format!("&section={}", section.as_str())).unwrap_or_default();
    remote.bytes(&format!("{path}?format={format}{section}{asked}"), |piece| out.write(piece)).await?;
    out.finish()
}

/// Where a report goes.
enum Target<'a> {
    Output,
    /// Standard output, whose reader has had enough.
    Nobody,
    File(tempfile::NamedTempFile, &'a Path),
}

impl<'a> Target<'a> {
    fn open(format: Format, section: Option<Section>, path: Option<&'a PathBuf>) -> Result<Self, Failure> {
        if format == Format::Html && section.is_some() {
            let text = "a page has no sections; leave --section out, or use csv";
            return Err(Failure::new(ErrorKind::Invalid, text));
        }
        let Some(path) = path else {
            if format == Format::Xlsx && std::io::stdout().is_terminal() {
                let text = "a workbook is nothing for a terminal; name a file with --output";
                return Err(Failure::new(ErrorKind::Invalid, text));
            }
            return Ok(Self::Output);
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
        Ok(Self::File(file.map_err(|error| unwritten(path, &error))?, path))
    }

    fn write(&mut self, piece: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Output => match std::io::stdout().lock().write_all(piece) {
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => *self = Self::Nobody,
                written => written.map_err(|error| unwritten(Path::new("standard output"), &error))?,
            },
            Self::Nobody => {}
            Self::File(file, path) => file.write_all(piece).map_err(|error| unwritten(path, &error))?,
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Output => {
                let flushed = std::io::stdout().lock().flush();
                flushed.map_err(|error| unwritten(Path::new("standard output"), &error))
            }
            Self::Nobody => Ok(()),
            Self::File(file, path) => {
                file.as_file().sync_all().map_err(|error| unwritten(path, &error))?;
                file.persist(path).map_err(|error| unwritten(path, &error.error))?;
                output::note(format_args!("written to {}", path.display()));
                Ok(())
            }
        }
    }
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(ErrorKind::Unavailable, format!("{} cannot be written: {error}", path.display()))
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
            tell(count);
            return Ok(());
        }
        count += page.len() as u64;
        output::with(|out| {
            page.into_iter().try_for_each(|row| writeln!(out, "{}", line(&gateway::shown::change(row))))
        })?;
        reader = rest;
    }
}

fn tell(count: u64) {
    output::note(match count {
        0 => "nothing differs".to_owned(),
        count => format!("{} changes", reports::count(count)),
    });
}

/// `modified    https://example.org/a/src/main.rs  1.20 kB → 1.31 kB`.
fn line(row: &Value) -> String {
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
