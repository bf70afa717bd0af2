//! What readers of the format make of a report.

use std::{collections::BTreeMap, io::Cursor};

use calamine::{Data, Reader, Xlsx};
use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;
use crate::xlsx::is_formula;

/// Names that have gone wrong elsewhere.
const NAMES: [&str; 16] = [
    "src/main.rs",
    "a,b;c.txt",
    "say \"hi\".md",
    "two\nlines",
    "carriage\rreturn",
    "=cmd|'/C calc'!A0",
    "+1",
    "-2",
    "@SUM(A1)",
    "\ttab",
    "'apostrophe",
    " =behind a blank",
    "naïve/文件/שלום/😀.rs",
    "<b>&amp;</b>",
    "_x0041_",
    "trailing ",
];

fn state(size: u64) -> State<'static> {
    State {
        mode: 0o100_644,
        digest: &[0xab; 20],
        size,
        language: Some("Rust"),
        lines: Some(size / 8),
        code: Some(size / 10),
        complexity: Some(7),
        licences: &[],
    }
}

fn facts() -> Facts {
    let mut facts = Facts { title: "Audit of <a> & \"b\"".to_owned(), ..Facts::default() };
    facts.text("stock", "=default").number("stock_version", 3);
    facts.counts = Counts { new: 16, modified: 1, removed: 1, moved: 1, attributes: 1, ..Counts::default() };
    facts.counts.findings = Some([0, 0, 2]);
    facts.counts.overridden = 1;
    facts
}

fn report(format: Format, only: Option<Section>) -> Vec<u8> {
    let mut report = Report::begin(format, only, &facts(), Vec::new()).unwrap();
    let repository = "https://example.org/a";
    for (name, size) in NAMES.iter().zip(1..) {
        let after = Some(state(size * 100));
        let change = Change { repository, path: name.as_bytes(), after, ..Change::default() };
        report.change(Section::New, &change).unwrap();
    }
    let licences = ["Apache-2.0".to_owned(), "MIT".to_owned()];
    let before = State { licences: &licences, ..state(100) };
    let after = State { mode: 0o100_755, licences: &licences[1..], ..state(200) };
    let change = Change {
        repository,
        path: b"odd\xff.bin",
        before: Some(before),
        after: Some(after),
        ..Change::default()
    };
    report.change(Section::Modified, &change).unwrap();
    let gone = Change { repository, path: b"gone", before: Some(State::default()), ..Change::default() };
    report.change(Section::Removed, &gone).unwrap();
    let moved = Change {
        path: b"new",
        old_path: Some(b"=old"),
        before: Some(before),
        after: Some(before),
        ..change.clone()
    };
    report.change(Section::Moved, &moved).unwrap();
    let moded = Change { path: b"run", after: Some(State { mode: 0o100_755, ..before }), ..change };
    report.change(Section::Attributes, &moded).unwrap();
    let mut finding = Finding {
        id: 1,
        level: Level::Block,
        check: "licence",
        code: "denied",
        repository,
        path: b"src/main.rs",
        line: Some(3),
        message: "-GPL, \"denied\"",
        pass: None,
    };
    report.finding(&finding).unwrap();
    finding.id = 2;
    finding.line = None;
    finding.pass = Some(Override { person: "ann", reason: "=agreed", at: "2026-01-02T03:04:05Z" });
    report.finding(&finding).unwrap();
    report.finish().unwrap()
}

fn text(format: Format, only: Option<Section>) -> String {
    String::from_utf8(report(format, only)).unwrap()
}

/// What a reader of CSV makes of the report: section by section, its head and rows.
fn tables(text: &str) -> BTreeMap<String, Vec<Vec<String>>> {
    let mut reader =
        ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut tables: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    let mut title = String::new();
    for record in reader.records() {
        let cells: Vec<String> = record.unwrap().iter().map(|cell| bare(cell).to_owned()).collect();
        if let [one] = cells.as_slice() {
            title.clone_from(one);
            tables.insert(title.clone(), Vec::new());
        } else {
            tables.get_mut(&title).unwrap().push(cells);
        }
    }
    tables
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    for format in Format::ALL {
        assert_eq!(report(format, None), report(format, None), "{format}");
    }
}

#[test]
fn csv_has_a_table_for_each_section() {
    let text = text(Format::Csv, None);
    assert!(text.starts_with("New\nrepository,path,mode,digest,size,language,lines,code,"), "{text}");
    assert!(text.contains("\n\nModified\nrepository,path,changed,mode_before,mode_after,"), "{text}");
    let tables = tables(&text);
    let titles: Vec<&str> = Section::ALL.iter().map(|section| section.title()).collect();
    assert!(titles.iter().all(|title| tables.contains_key(*title)), "{tables:?}");
    let names: Vec<&str> = tables["New"][1..].iter().map(|row| row[1].as_str()).collect();
    assert_eq!(names, NAMES);
    assert_eq!(
        tables["Modified"][1][1..5],
        ["\"odd\\377.bin\"", "mode size lines code licences", "100644", "100755"]
    );
    assert_eq!(tables["Moved"][1][1..3], ["new", "=old"]);
    assert_eq!(tables["Findings"][2][8..], ["ann", "=agreed", "2026-01-02T03:04:05Z"]);
    assert_eq!(tables["Summary"][1], ["stock", "=default"]);
    for line in text.lines() {
        assert!(!line.starts_with(['=', '+', '-', '@', '\t']), "{line}");
    }

    let empty = Report::begin(Format::Csv, None, &Facts::default(), Vec::new()).unwrap().finish().unwrap();
    let empty = String::from_utf8(empty).unwrap();
    assert!(empty.contains("Removed\nrepository,path,mode,"), "heads without rows: {empty}");
}

#[test]
fn one_section_is_a_plain_table() {
    let new = text(Format::Csv, Some(Section::New));
    assert!(new.starts_with("repository,path,mode,"), "{new}");
    assert!(!new.contains("odd") && !new.contains("denied"), "{new}");
    let findings = text(Format::Csv, Some(Section::Findings));
    assert!(findings.starts_with("id,level,check,code,") && findings.lines().count() == 3, "{findings}");
    assert_eq!(text(Format::Csv, Some(Section::Summary)).lines().next(), Some("name,value"));
    let lines = text(Format::Jsonl, Some(Section::Removed));
    assert_eq!(lines.lines().count(), 1);
}

#[test]
fn a_workbook_says_the_same_cell_by_cell() {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(report(Format::Xlsx, None))).unwrap();
    let titles = ["Summary", "New", "Modified", "Removed", "Moved", "Attributes", "Findings", "Columns"];
    assert_eq!(book.sheet_names(), titles);
    let tables = tables(&text(Format::Csv, None));
    for section in Section::ALL {
        let range = book.worksheet_range(section.title()).unwrap();
        let shown = |cell: &Data| match cell {
            Data::Float(number) => number.to_string(),
            Data::Empty => String::new(),
            // calamine makes a line feed of both.
            other => other.to_string().replace("\r\n", "\n"),
        };
        let rows: Vec<Vec<String>> = range.rows().map(|row| row.iter().map(shown).collect()).collect();
        let wanted = &tables[section.title()];
        assert_eq!(rows.len(), wanted.len(), "{section}");
        for (row, wanted) in rows.iter().zip(wanted) {
            assert_eq!(row[..wanted.len()], wanted[..], "{section}");
        }
        assert_eq!(rows[0].last().unwrap(), "loss");
    }
}

#[test]
fn json_lines_have_everything_as_it_is() {
    let lines: Vec<Json> =
        text(Format::Jsonl, None).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["section"], "summary");
    assert_eq!((&lines[0]["stock"], &lines[0]["new"]), (&"=default".into(), &16.into()));
    let of =
        |section: &str| -> Vec<&Json> { lines.iter().filter(|line| line["section"] == section).collect() };
    let names: Vec<&str> = of("new").iter().map(|line| line["path"].as_str().unwrap()).collect();
    assert_eq!(names, NAMES);
    let modified = of("modified")[0];
    assert_eq!(modified["path_base64"], "b2Rk/y5iaW4=");
    assert_eq!(modified["changed"], serde_json::json!(["mode", "size", "lines", "code", "licences"]));
    assert_eq!(&modified["after"]["licences"], &serde_json::json!(["MIT"]));
    assert_eq!(of("removed")[0]["after"], Json::Null);
    assert_eq!(of("moved")[0]["old_path"], "=old");
    assert_eq!(of("findings")[1]["override"]["reason"], "=agreed");
    assert_eq!(of("findings")[1]["line"], Json::Null);
}

#[test]
fn a_page_runs_nothing_and_needs_nothing() {
    let page = text(Format::Html, None);
    assert!(page.contains("<title>Audit of &lt;a&gt; &amp; &quot;b&quot;</title>"), "{page}");
    assert!(page.contains("class=\"treemap\"") && page.contains("Before and after"));
    assert!(
        page.contains("&lt;b&gt;&amp;amp;&lt;/b&gt;") && !page.contains("<b>&amp;</b>"),
        "names are text"
    );
    let outside = ["<script", "href=", "src=", "http-equiv", "url(", "@import", "onload"];
    for sign in outside {
        assert!(!page.contains(sign), "{sign}");
    }
}

#[test]
fn a_page_without_changes_is_a_page() {
    let empty = Report::begin(Format::Html, None, &Facts::default(), Vec::new()).unwrap().finish().unwrap();
    assert!(String::from_utf8(empty).unwrap().ends_with("</main></body></html>\n"));
}

#[test]
fn rows_in_the_wrong_place_are_refused() {
    let mut report = Report::begin(Format::Csv, None, &Facts::default(), Vec::new()).unwrap();
    report.change(Section::Removed, &Change::default()).unwrap();
    assert!(report.change(Section::New, &Change::default()).is_err());
    assert!(report.change(Section::Findings, &Change::default()).is_err());
}

#[test]
fn names_of_formats_and_sections_are_told() {
    assert_eq!("csv".parse(), Ok(Format::Csv));
    let wrong = "pdf".parse::<Format>().unwrap_err().to_string();
    assert!(wrong.contains("xlsx, csv, jsonl, html"), "{wrong}");
    assert_eq!("moved".parse(), Ok(Section::Moved));
    assert!("all".parse::<Section>().unwrap_err().to_string().contains("attributes"));
}

proptest! {
    /// Whatever a cell is, no program takes it for a formula, and its text can be had back.
    #[test]
    fn a_cell_of_csv_is_no_formula_and_comes_back(cell in "[=+@\t\r'\" a-]{0,6}|\\PC{0,12}") {
        let change = Change { repository: &cell, path: b"p", ..Change::default() };
        let mut report = Report::begin(Format::Csv, Some(Section::New), &Facts::default(), Vec::new()).unwrap();
        report.change(Section::New, &change).unwrap();
        let bytes = report.finish().unwrap();
        let mut reader = ::csv::ReaderBuilder::new().from_reader(bytes.as_slice());
        let row = reader.records().next().unwrap().unwrap();
        prop_assert!(!is_formula(&row[0]));
        prop_assert_eq!(bare(&row[0]), cell.as_str());
    }
}

/// `STOCKTAKE_UPDATE=1` writes it anew.
#[test]
fn every_column_is_documented() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reports.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once("<!-- columns -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /columns -->\n").unwrap();
    let wanted = format!("{before}<!-- columns -->\n\n{}<!-- /columns -->\n{after}", reference());
    if std::env::var_os("STOCKTAKE_UPDATE").is_some() {
        std::fs::write(path, wanted).unwrap();
    } else {
        assert!(page == wanted, "docs/reports.md is out of date: STOCKTAKE_UPDATE=1 cargo test -p reports");
    }
}
