//! The forms a report can take.

use std::{fmt, io, str::FromStr};

use crate::{ScanReport, csv, table};

/// A form of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people at a terminal.
    #[default]
    Table,
    /// One JSON object, for programs.
    Json,
    /// Records for spreadsheets and scripts, in sections.
    Csv,
}

impl Format {
    /// Every form by its name.
    pub const ALL: [(&str, Self); 3] = [("table", Self::Table), ("json", Self::Json), ("csv", Self::Csv)];
}

/// There is no such form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFormat(String);

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<_> = Format::ALL.iter().map(|(name, _)| *name).collect();
        write!(f, "unknown format `{}`; known are {}", self.0, known.join(", "))
    }
}

impl std::error::Error for UnknownFormat {}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found.map(|(_, format)| *format).ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

/// How a table is laid out; the other forms do not look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The columns of the terminal; longer cells are wrapped. None for as wide as needed.
    pub width: Option<u16>,
    /// Whether headings are set off with terminal codes.
    pub color: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self { width: Some(100), color: false }
    }
}

/// Writes `report` in `format`, with a newline at the end.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render(
    report: &ScanReport,
    format: Format,
    layout: Layout,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let report = report.clone().sorted();
    match format {
        Format::Table => table::write(&report, layout, out),
        Format::Csv => csv::write(&report, out),
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &report)?;
            out.write_all(b"\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Analyzer, AuditCounts, Function, Language, Licence, Repository, Stage, Status, Totals};

    fn sample() -> ScanReport {
        let language = |name: &str, files, code| Language {
            language: name.to_owned(),
            files,
            bytes: 30 * code,
            code,
            comments: code / 10,
            blanks: code / 8,
            ..Language::default()
        };
        let repository = |url: &str, status, reason: Option<&str>| Repository {
            url: url.to_owned(),
            commit: (status == Status::Analyzed).then(|| "3f2a9c1b0d".repeat(4)),
            tree: (status == Status::Analyzed).then(|| "77".repeat(20)),
            nodes: if status == Status::Analyzed { 1322 } else { 0 },
            bytes: if status == Status::Analyzed { 9_876_543 } else { 0 },
            status,
            reason: reason.map(str::to_owned),
            history: None,
        };
        let mut report = ScanReport {
            snapshot: "01890a5d-ac96-774b-bcce-b302099a8057".to_owned(),
            stock: "main".to_owned(),
            committed: true,
            data: "/home/ada/.local/share/stocktake".to_owned(),
            repositories: vec![
                repository("https://git.example/b.git", Status::Failed, Some("no route to host")),
                repository("https://git.example/a.git", Status::Analyzed, None),
            ],
            totals: Totals {
                nodes: 1322,
                contents: 1300,
                bytes: 9_876_543,
                analyzed: 1200,
                reused: 99,
                failed: 1,
            },
            languages: vec![language("C", 22, 4_000), language("=Q", 1, 10), language("Rust", 1299, 250_000)],
            audit: Some(AuditCounts { new: 1300, modified: 20, removed: 0, unchanged: 2 }),
            stages: vec![
                Stage { stage: "fetch".to_owned(), seconds: 0.5 },
                Stage { stage: "analyze".to_owned(), seconds: 1.25 },
            ],
            seconds: 2.0,
            notes: vec!["uncommitted files are not included".to_owned()],
            next: vec!["stocktake up".to_owned(), "stocktake doctor".to_owned()],
            ..ScanReport::default()
        };
        report.add_failure("example/-x.js", "=1+1 is no program\x1b[2J");
        report
    }

    fn rendered(report: &ScanReport, format: Format, layout: Layout) -> String {
        let mut out = Vec::new();
        render(report, format, layout, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_table() {
        let expected = "\
Stock main, snapshot 01890a5d-ac96-774b-bcce-b302099a8057 (committed)

Language  Files     Size     Code  Comments  Blanks
───────────────────────────────────────────────────
Rust      1,299  7.50 MB  250,000    25,000  31,250
C            22   120 kB    4,000       400     500
=Q            1    300 B       10         1       1
───────────────────────────────────────────────────
Total     1,322  7.62 MB  254,010    25,401  31,751

Repository                 Commit      Files     Size  Outcome
───────────────────────────────────────────────────────────────────────────────
https://git.example/a.git  3f2a9c1b0d  1,322  9.88 MB  analyzed
https://git.example/b.git  -               -        -  failed: no route to host

Not analyzed: 1 file
  example/-x.js: =1+1 is no program\\u{1b}[2J

Against the stock  1,300 new, 20 modified, 0 removed, 2 unchanged
Contents           1,300 distinct: 1,200 analyzed, 99 reused, 1 failed
Time               2.00 s for 1,322 files and 9.88 MB: 661 files/s, 4.94 MB/s
Stages             fetch 0.50 s, analyze 1.25 s
Data               /home/ada/.local/share/stocktake
Note               uncommitted files are not included
Next               stocktake up
                   stocktake doctor
";
        assert_eq!(rendered(&sample(), Format::Table, Layout::default()), expected);
    }

    #[test]
    fn a_narrow_table_wraps_and_keeps_its_numbers() {
        let narrow = rendered(&sample(), Format::Table, Layout { width: Some(60), color: false });
        let table = narrow.lines().filter(|line| !line.starts_with("Stock") && !line.starts_with("  "));
        assert!(table.clone().all(|line| line.chars().count() <= 60), "{narrow}");
        assert!(narrow.contains("250,000    25,000  31,250"), "{narrow}");
    }

    #[test]
    fn color_sets_off_headings_only() {
        let plain = rendered(&sample(), Format::Table, Layout::default());
        let colored = rendered(&sample(), Format::Table, Layout { color: true, ..Layout::default() });
        assert_eq!(colored.replace("\x1b[1m", "").replace("\x1b[0m", ""), plain);
        assert_eq!(colored.matches("\x1b[1m").count(), 4);
    }

    #[test]
    fn many_failures_are_counted_not_kept() {
        let mut report = sample();
        (0..1000).for_each(|number| report.add_failure(format!("file {number}"), "no reason"));
        assert_eq!((report.failures.len(), report.failures_omitted), (ScanReport::MAX_FAILURES, 901));
        let table = rendered(&report, Format::Table, Layout::default());
        assert!(table.contains("and 991 more"), "{table}");
    }

    #[test]
    fn the_csv() {
        let expected = "\
section,language,files,bytes,code,comments,blanks,functions,mean_complexity,worst_complexity
language,Rust,1299,7500000,250000,25000,31250,0,0.000,0
language,C,22,120000,4000,400,500,0,0.000,0
language,'=Q,1,300,10,1,1,0,0.000,0
section,url,commit,tree,nodes,bytes,status,reason
repository,https://git.example/a.git,3f2a9c1b0d3f2a9c1b0d3f2a9c1b0d3f2a9c1b0d,\
7777777777777777777777777777777777777777,1322,9876543,analyzed,
repository,https://git.example/b.git,,,0,0,failed,no route to host
section,path,reason
failure,example/-x.js,'=1+1 is no program\x1b[2J
section,stage,seconds
stage,fetch,0.500
stage,analyze,1.250
section,name,value
summary,snapshot,01890a5d-ac96-774b-bcce-b302099a8057
summary,stock,main
summary,committed,true
summary,data,/home/ada/.local/share/stocktake
summary,nodes,1322
summary,contents,1300
summary,bytes,9876543
summary,analyzed,1200
summary,reused,99
summary,failed,1
summary,failures,1
summary,seconds,2.000
summary,audit_new,1300
summary,audit_modified,20
summary,audit_removed,0
summary,audit_unchanged,2
";
        assert_eq!(rendered(&sample(), Format::Csv, Layout::default()), expected);
    }

    #[test]
    fn the_json_has_every_field_and_reads_back() {
        let text = rendered(&sample(), Format::Json, Layout::default());
        let again: ScanReport = serde_json::from_str(&text).unwrap();
        assert_eq!(again, sample().sorted());
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        for (pointer, expected) in [
            ("/snapshot", serde_json::json!("01890a5d-ac96-774b-bcce-b302099a8057")),
            ("/repositories/0/commit", serde_json::json!("3f2a9c1b0d".repeat(4))),
            ("/repositories/1/status", serde_json::json!("failed")),
            ("/repositories/1/reason", serde_json::json!("no route to host")),
            ("/totals/reused", serde_json::json!(99)),
            ("/languages/0/language", serde_json::json!("Rust")),
            ("/audit/modified", serde_json::json!(20)),
            ("/stages/1", serde_json::json!({"stage": "analyze", "seconds": 1.25})),
        ] {
            assert_eq!(json.pointer(pointer), Some(&expected), "{pointer}");
        }
    }

    #[test]
    fn an_empty_report_renders_in_every_form() {
        for (_, format) in Format::ALL {
            assert!(rendered(&ScanReport::default(), format, Layout::default()).ends_with('\n'));
        }
    }

    #[test]
    fn an_unknown_format_is_answered_with_the_known_ones() {
        let error = "xml".parse::<Format>().unwrap_err();
        assert_eq!(error.to_string(), "unknown format `xml`; known are table, json, csv");
    }

    #[test]
    fn a_mix_of_versions_is_named_and_one_version_is_not() {
        let of = |analyzer: &str, version, files| Analyzer { analyzer: analyzer.to_owned(), version, files };
        let mut report = sample();
        report.analyzers = vec![of("lines", 1, 1322), of("functions", 2, 1310), of("functions", 1, 12)];
        let wide = Layout { width: None, color: false };
        let note = "Note               results of several versions are mixed: functions 1 (12 files) and 2 (1,310 files)\n";
        assert!(rendered(&report, Format::Table, wide).contains(note));
        let section = "section,analyzer,version,files\nanalyzer,functions,1,12\nanalyzer,functions,2,1310\nanalyzer,lines,1,1322\n";
        assert!(rendered(&report, Format::Csv, wide).contains(section));
        let json: serde_json::Value = serde_json::from_str(&rendered(&report, Format::Json, wide)).unwrap();
        assert_eq!(
            json["analyzers"][0],
            serde_json::json!({"analyzer": "functions", "version": 1, "files": 12})
        );
        report.analyzers.truncate(2);
        assert!(!rendered(&report, Format::Table, wide).contains("mixed"));
    }

    #[test]
    fn functions_and_licences_are_shown_when_there_are_some() {
        let mut report = sample();
        report.languages[0] = Language {
            functions: 10,
            mean_complexity: 2.5,
            worst_complexity: 31,
            ..report.languages[0].clone()
        };
        let path = "https://git.example/a.git/src/a.rs".to_owned();
        let function = |name: &str, complexity| Function {
            path: path.clone(),
            line: 7,
            name: name.to_owned(),
            complexity,
            nloc: 40,
        };
        report.complex_functions = vec![function("small", 3), function("large", 31)];
        report.licences = vec![Licence { licence: "MIT".to_owned(), files: 12 }];
        let mut out = Vec::new();
        render(&report, Format::Table, Layout { width: None, color: false }, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("Worst CC") && text.contains("2.5"), "{text}");
        assert!(text.find("large").unwrap() < text.find("small").unwrap(), "{text}");
        assert!(text.contains("Licences found, with files: MIT (12)"), "{text}");
    }
}
