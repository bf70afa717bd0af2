//! Reports in the programs that people open them with: openpyxl and `LibreOffice`, where they are installed, find
//! in every cell of the workbook what the CSV has.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use reports::audit::bare;
use testkit::GitFixture;

use crate::support::{exit_code, stocktake};

/// Sheets, each a section of the CSV too.
const SECTIONS: [&str; 6] = ["New", "Modified", "Removed", "Moved", "Attributes", "Summary"];

type Rows = Vec<Vec<String>>;

/// Prints every cell of every sheet as JSON.
const CELLS: &str = r#"
import json, sys
from openpyxl import load_workbook
book = load_workbook(sys.argv[1], read_only=True)
text = lambda cell: "" if cell is None else str(cell)
print(json.dumps({sheet.title: [[text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)] for sheet in book}))
"#;

/// A Python with openpyxl: the one that `STOCKTAKE_TEST_PYTHON` names, or the machine's.
#[expect(clippy::disallowed_methods, reason = "tests are told of their surroundings by the environment")]
fn openpyxl(workbook: &Path) -> Option<BTreeMap<String, Rows>> {
    let python = std::env::var("STOCKTAKE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&python).args(["-c", "import openpyxl"]).output();
    if !has.is_ok_and(|has| has.status.success()) {
        println!("not run: {python} has no package openpyxl (STOCKTAKE_TEST_PYTHON names another)");
        return None;
    }
    let ran = Command::new(&python).args(["-c", CELLS]).arg(workbook).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Some(serde_json::from_slice(&ran.stdout).unwrap())
}

/// Every sheet as `LibreOffice` writes it out again.
fn libreoffice(workbook: &Path, folder: &Path) -> Option<BTreeMap<String, Rows>> {
    // Commas, quotes, UTF-8, from the first row; cells as they are shown; every sheet into a file of its own.
    let filter = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1";
    let ran = Command::new("soffice")
        .arg(format!("-env:UserInstallation=file://{}", folder.join("profile").display()))
        .args(["--headless", "--convert-to", filter, "--outdir"])
        .arg(folder)
        .arg(workbook)
        .output();
    let Ok(ran) = ran else {
        println!("not run: soffice, LibreOffice's program, is not installed");
        return None;
    };
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let sheet = |name: &str| {
        let text = std::fs::read_to_string(folder.join(format!("audit-{name}.csv"))).unwrap();
        (name.to_owned(), rows(&text))
    };
    Some(SECTIONS.into_iter().map(sheet).collect())
}

fn rows(text: &str) -> Rows {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// A workbook tells in a column of its own what it had to leave out, which here is nothing; and an empty cell at a
/// row's end need not be there.
fn as_in_csv(mut rows: Rows) -> Rows {
    let loss = rows.first().and_then(|header| header.iter().position(|name| name == "loss"));
    for row in &mut rows {
        if let Some(lost) = loss.filter(|loss| *loss < row.len()) {
            let lost = row.remove(lost);
            assert!(lost.is_empty() || lost == "loss", "{lost}");
        }
        while row.last().is_some_and(String::is_empty) {
            row.pop();
        }
    }
    rows
}

/// A report of everything that can change, as a workbook.
fn reported(here: &Path) -> PathBuf {
    let repository = GitFixture::new();
    for name in ["+1", "-2.txt", "=cmd|'' !A0", "@SUM(A1)", "comma, \"quote\".md", "goes.rs", "two\nlines"] {
        repository.write(name, format!("let name = {name:?};\n"));
    }
    repository.write("naïve/文件/שלום/😀.rs", "fn f() {}\n").write("run.sh", "true\n");
    repository.commit("first");
    let scan = ["scan", repository.path().to_str().unwrap(), "--quiet"];
    assert_eq!(exit_code(&stocktake(here).args(scan).output().unwrap()), 0);
    repository.write("@SUM(A1)", "fn g() {}\n").write("naïve/文件/שלום/😀.rs", "fn f(a: u8) {}\n");
    repository.remove("goes.rs").remove("+1").write("=1+1", "let name = \"+1\";\n").write("-new", "0\n");
    repository.commit("second");
    assert_eq!(exit_code(&stocktake(here).args(scan).arg("--no-commit").output().unwrap()), 0);
    let workbook = here.join("audit.xlsx");
    let report = ["audit", "report", "latest", "--format", "xlsx", "--output"];
    assert_eq!(exit_code(&stocktake(here).args(report).arg(&workbook).output().unwrap()), 0);
    workbook
}

#[test]
fn workbooks_say_in_every_cell_what_the_csv_says() {
    let data = tempfile::tempdir().unwrap();
    let workbook = reported(data.path());
    let section = |name: &str| {
        let report = ["audit", "report", "latest", "--format", "csv", "--section", &name.to_lowercase()];
        let output = stocktake(data.path()).args(report).output().unwrap();
        let rows = rows(&String::from_utf8(output.stdout).unwrap());
        let bare = |row: Vec<String>| row.iter().map(|cell| bare(cell).to_owned()).collect();
        (name.to_owned(), as_in_csv(rows.into_iter().map(bare).collect()))
    };
    let wanted: BTreeMap<String, Rows> = SECTIONS.into_iter().map(section).collect();
    for name in ["New", "Modified", "Removed", "Moved", "Summary"] {
        assert!(wanted[name].len() > 1, "{name} has nothing to compare");
    }
    let readers = [openpyxl(&workbook), libreoffice(&workbook, &data.path().join("sheets"))];
    for mut found in readers.into_iter().flatten() {
        for (name, wanted) in &wanted {
            assert_eq!(&as_in_csv(found.remove(name).unwrap()), wanted, "{name}");
        }
    }
}
