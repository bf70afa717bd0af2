//! How long a report of very many changes takes, against openpyxl's write-only mode.
//!
//! Both write the same made-up rows, which each makes for itself: ten columns, one sheet. Ours writes the other
//! sheets and formats of a report, too; the workbook is what is compared.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, Result};
use clap::Args;

use super::{
    Built,
    figures::{Row, Size, aim, table},
    machine,
    process::run as measured,
};
use crate::workspace::Root;

/// How much quicker a workbook is to be written.
const WANTED: f64 = 7.0;
/// The most memory that a report is to take, in millions of bytes.
const MEMORY: f64 = 200.0;

/// Writes the rows of `audit_report` with openpyxl; without a file it only makes them.
const PEER: &str = r#"
import sys
rows, path = int(sys.argv[1]), sys.argv[2]
languages = ["Rust", "Python", "C", "Go", "TypeScript", "Markdown", "JSON", "Java"]
mask = 0xffffffffffffffff
def made():
    for n in range(rows):
        digest = "".join("%016x" % (((n + k) * 0x9e3779b97f4a7c15) & mask) for k in (8, 9, 10))[:40]
        yield ("https://example.org/group/project%d" % (n // 10000),
               "src/part%d/module%d/file%d.rs" % (n % 97, n % 1013, n), "100644", digest, n * 7 % 50021,
               languages[n % 8], n % 997, n % 797, n % 211, "MIT" if n % 3 == 0 else None)
if path == "-":
    for row in made():
        pass
else:
    from openpyxl import Workbook
    book = Workbook(write_only=True)
    sheet = book.create_sheet("New")
    sheet.append("repository path mode digest size language lines code complexity licences".split())
    for row in made():
        sheet.append(row)
    book.save(path)
"#;

/// What `bench reports` takes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Rows of the report
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Rounds, of which the quickest counts
    #[arg(long, default_value_t = 2)]
    rounds: u32,
    /// A Python with openpyxl; without one only ours is measured
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    #[command(flatten)]
    built: Built,
}

pub(super) fn run(root: &Root, arguments: &Arguments) -> Result<()> {
    let words = ["--package", "reports", "--example", "audit_report"];
    let program = arguments.built.example(root, &words, "audit_report")?;
    let directory = tempfile::tempdir().context("there is no temporary folder")?;
    let rows = arguments.rows.to_string();
    let mut ours: Vec<Row> = ["xlsx", "csv", "jsonl", "html"].map(Row::new).into();
    let (mut peer, mut making) = (Row::new("openpyxl, write-only"), Row::new("its rows alone"));
    for round in 1..=arguments.rounds {
        println!("round {round} of {}, load {}", arguments.rounds, machine::load());
        for row in &mut ours {
            let file = directory.path().join(format!("report.{}", row.name));
            let mut command = Command::new(&program);
            command.args([&row.name, &rows]).arg(&file);
            row.runs.push(measured(&mut command, directory.path())?);
        }
        let Some(python) = &arguments.python else { continue };
        let file = directory.path().join("peer.xlsx").display().to_string();
        for (row, path) in [(&mut peer, file.as_str()), (&mut making, "-")] {
            let mut command = Command::new(python);
            command.args(["-c", PEER, &rows, path]);
            row.runs.push(measured(&mut command, directory.path())?);
        }
    }
    let size = Size { files: arguments.rows, bytes: 0 };
    let mut all: Vec<&Row> = ours.iter().collect();
    all.extend([&peer, &making]);
    println!("\n{}", table(&all, size));
    let most = ours.iter().map(Row::peak).max().unwrap_or_default();
    println!("{}", aim("peak memory", most as f64 / 1e6, MEMORY, false, "MB"));
    if let (Some(xlsx), false) = (ours.first(), peer.runs.is_empty()) {
        // Processor time: what else the machine does changes it far less than the time on the clock.
        let (theirs, alone) = (peer.cpu(), making.cpu());
        println!("{}", aim("workbook, openpyxl against ours", theirs / xlsx.cpu(), WANTED, true, "times"));
        let without = (theirs - alone) / xlsx.cpu();
        println!("{}", aim("the same without the making of its rows", without, WANTED, true, "times"));
    }
    Ok(())
}
