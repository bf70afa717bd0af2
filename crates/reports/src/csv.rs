//! A report as CSV (RFC 4180, comma, UTF-8).
//!
//! The first cell of every record names its section; the first record of a section has `section` there and the
//! names of its columns behind. Sections, in this order; one without records is left out but for `language`:
//!
//! | section | columns |
//! |---|---|
//! | `language` | `language, files, bytes, code, comments, blanks, functions, mean_complexity, worst_complexity` |
//! | `function` | `path, line, name, complexity, nloc`: the most complex ones |
//! | `licence` | `licence, files` |
//! | `analyzer` | `analyzer, version, files`: which versions the figures come from |
//! | `repository` | `url, commit, tree, nodes, bytes, status, reason` |
//! | `history` | `url, commits, is_cut, merges, features, fixes, configs, unclassified, classifiable, mean_chars, mean_words, mean_fog, failure` |
//! | `failure` | `path, reason` |
//! | `stage` | `stage, seconds` |
//! | `summary` | `name, value`: snapshot, stock, committed, data, the totals, `audit_new` and so on, seconds, the number of failures |
//!
//! So `grep ^language,` is the table of languages. A text cell that a spreadsheet would run as a formula has an
//! apostrophe in front.

use std::{borrow::Cow, io};

use csv::WriterBuilder;

use crate::ScanReport;

/// Collects records; text goes through [`text`], numbers as they are.
struct Sections<W: io::Write>(csv::Writer<W>);

impl<W: io::Write> Sections<W> {
    fn head(&mut self, columns: &[&str]) -> io::Result<()> {
        Ok(self.0.write_record(std::iter::once("section").chain(columns.iter().copied()))?)
    }

    fn record(&mut self, section: &str, cells: &[Cow<'_, str>]) -> io::Result<()> {
        Ok(self.0.write_record(std::iter::once(section).chain(cells.iter().map(|cell| &**cell)))?)
    }
}

pub(crate) fn write(report: &ScanReport, out: &mut dyn io::Write) -> io::Result<()> {
    let mut csv = Sections(WriterBuilder::new().flexible(true).from_writer(out));
    csv.head(&[
        "language",
        "files",
        "bytes",
        "code",
        "comments",
        "blanks",
        "functions",
        "mean_complexity",
        "worst_complexity",
    ])?;
    for of in &report.languages {
        let numbers = [of.files, of.bytes, of.code, of.comments, of.blanks, of.functions].map(number);
        let complexity = [seconds(of.mean_complexity), of.worst_complexity.to_string().into()];
        csv.record("language", &[&[text(&of.language)], numbers.as_slice(), &complexity].concat())?;
    }
    functions_and_licences(report, &mut csv)?;
    if !report.repositories.is_empty() {
        csv.head(&["url", "commit", "tree", "nodes", "bytes", "status", "reason"])?;
    }
    for of in &report.repositories {
        let maybe =
            |value: &'_ Option<String>| text(value.as_deref().unwrap_or_default()).into_owned().into();
        let (nodes, bytes) = (number(of.nodes), number(of.bytes));
        let status = of.status.as_str().into();
        let cells =
            [text(&of.url), maybe(&of.commit), maybe(&of.tree), nodes, bytes, status, maybe(&of.reason)];
        csv.record("repository", &cells)?;
    }
    histories(report, &mut csv)?;
    if !report.failures.is_empty() {
        csv.head(&["path", "reason"])?;
    }
    for of in &report.failures {
        csv.record("failure", &[text(&of.path), text(&of.reason)])?;
    }
    if !report.stages.is_empty() {
        csv.head(&["stage", "seconds"])?;
    }
    for of in &report.stages {
        csv.record("stage", &[text(&of.stage), seconds(of.seconds)])?;
    }
    summary(report, &mut csv)?;
    csv.0.flush()
}

fn histories<W: io::Write>(report: &ScanReport, csv: &mut Sections<W>) -> io::Result<()> {
    let mut is_first = true;
    for (url, of) in report.repositories.iter().filter_map(|of| Some((&of.url, of.history.as_ref()?))) {
        if std::mem::take(&mut is_first) {
            csv.head(&[
                "url",
                "commits",
                "is_cut",
                "merges",
                "features",
                "fixes",
                "configs",
                "unclassified",
                "classifiable",
                "mean_chars",
                "mean_words",
                "mean_fog",
                "failure",
            ])?;
        }
        let counts = [of.merges, of.features, of.fixes, of.configs, of.unclassified].map(number);
        let means = [of.classifiable, of.mean_chars, of.mean_words, of.mean_fog].map(seconds);
        let head = [text(url), number(of.commits), of.is_cut.to_string().into()];
        let failure = [text(of.failure.as_deref().unwrap_or_default())];
        csv.record("history", &[head.as_slice(), &counts, &means, &failure].concat())?;
    }
    Ok(())
}

fn functions_and_licences<W: io::Write>(report: &ScanReport, csv: &mut Sections<W>) -> io::Result<()> {
    if !report.complex_functions.is_empty() {
        csv.head(&["path", "line", "name", "complexity", "nloc"])?;
    }
    for of in &report.complex_functions {
        let (complexity, nloc) = (of.complexity.to_string().into(), of.nloc.to_string().into());
        csv.record(
            "function",
            &[text(&of.path), of.line.to_string().into(), text(&of.name), complexity, nloc],
        )?;
    }
    if !report.licences.is_empty() {
        csv.head(&["licence", "files"])?;
    }
    for of in &report.licences {
        csv.record("licence", &[text(&of.licence), number(of.files)])?;
    }
    if !report.analyzers.is_empty() {
        csv.head(&["analyzer", "version", "files"])?;
    }
    for of in &report.analyzers {
        csv.record("analyzer", &[text(&of.analyzer), of.version.to_string().into(), number(of.files)])?;
    }
    Ok(())
}

fn summary<W: io::Write>(report: &ScanReport, csv: &mut Sections<W>) -> io::Result<()> {
    let mut rows = vec![
        ("snapshot", text(&report.snapshot)),
        ("stock", text(&report.stock)),
        ("committed", report.committed.to_string().into()),
        ("data", text(&report.data)),
        ("nodes", number(report.totals.nodes)),
        ("contents", number(report.totals.contents)),
        ("bytes", number(report.totals.bytes)),
        ("analyzed", number(report.totals.analyzed)),
        ("reused", number(report.totals.reused)),
        ("failed", number(report.totals.failed)),
        ("failures", number(report.failures_total())),
        ("seconds", seconds(report.seconds)),
    ];
    if let Some(audit) = &report.audit {
        rows.extend([
            ("audit_new", number(audit.new)),
            ("audit_modified", number(audit.modified)),
            ("audit_removed", number(audit.removed)),
            ("audit_unchanged", number(audit.unchanged)),
        ]);
    }
    csv.head(&["name", "value"])?;
    rows.into_iter().try_for_each(|(name, value)| csv.record("summary", &[name.into(), value]))
}

fn number(number: u64) -> Cow<'static, str> {
    number.to_string().into()
}

fn seconds(seconds: f64) -> Cow<'static, str> {
    format!("{seconds:.3}").into()
}

/// A cell that no spreadsheet takes for a formula.
fn text(cell: &str) -> Cow<'_, str> {
    let formula =
        |first| matches!(first, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    // Some programs drop blanks in front before they look.
    match cell.starts_with(formula) || cell.trim_start().starts_with(formula) {
        true => format!("'{cell}").into(),
        false => cell.into(),
    }
}
