//! `stocktake validate`: what fails and why, for people and for programs.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt as _,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use testkit::{Receiver, Reply};

use crate::support::{exit_code, stocktake};

const GOOD: &[u8] = include_bytes!("../../../../crates/analysis/tests/it/samples/progressive.jpg");

fn validate(folder: &Path, arguments: &[&str]) -> Output {
    let mut command: Command = stocktake(&folder.join("data"));
    command.arg("validate").args(arguments).current_dir(folder).output().unwrap()
}

/// A folder with a good picture, a copy of it, one that is cut off, one of another kind, and a program.
fn files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("files");
    fs::create_dir_all(below.join("more")).unwrap();
    fs::write(below.join("good.jpg"), GOOD).unwrap();
    fs::write(below.join("more/copy.jpg"), GOOD).unwrap();
    fs::write(below.join("cut.jpg"), [&GOOD[..700], b"\xff\xd9"].concat()).unwrap();
    fs::write(below.join("lies.jpg"), b"\x89PNG\r\n\x1a\nand nothing more").unwrap();
    fs::write(below.join("program.py"), "x = 1\n").unwrap();
    folder
}

fn found<'a>(report: &'a Value, name: &str) -> &'a Value {
    let files = report["files"].as_array().unwrap();
    files.iter().find(|file| file["name"].as_str().unwrap().ends_with(name)).unwrap()
}

#[test]
fn what_fails_is_told_with_its_reason_and_the_exit_code() {
    let folder = files();
    let output = validate(folder.path(), &["files", "files/nowhere.jpg", "--format", "json"]);
    assert_eq!(exit_code(&output), 1, "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["checked"], &report["failed"]), (&6.into(), &3.into()), "{report:#}");
    assert_eq!(found(&report, "good.jpg")["state"], "complete");
    let copy = found(&report, "copy.jpg");
    let text = copy["warnings"]["duplicate"][0].as_str().unwrap();
    assert!(copy["state"] == "complete" && text.contains("good.jpg"), "{copy}");
    let cut = found(&report, "cut.jpg")["errors"]["decodes"][0].as_str().unwrap();
    assert!(cut.contains("cannot be decoded to its end"), "{cut}");
    let lies = found(&report, "lies.jpg")["errors"]["asset"][0].as_str().unwrap();
    assert_eq!(lies, "Assets must be a JPEG, the provided image is a PNG");
    let nowhere = &found(&report, "nowhere.jpg")["errors"]["onStart"][0];
    assert_eq!(nowhere, "Asset path is not reachable.");
    assert_eq!(found(&report, "program.py")["kind"], "source");
    let table = validate(folder.path(), &["files/lies.jpg"]);
    let text = String::from_utf8_lossy(&table.stdout);
    assert!(text.contains("lies.jpg") && text.contains("1 checked: 0 fit, 1 failed"), "{text}");
}

#[test]
fn what_is_fit_succeeds_and_a_report_has_a_line_for_each() {
    let folder = files();
    let report = folder.path().join("report.csv");
    let arguments = ["files/good.jpg", "files/more", "--kind", "image", "--report", "report.csv"];
    let output = validate(folder.path(), &arguments);
    assert_eq!(exit_code(&output), 0, "{}", String::from_utf8_lossy(&output.stdout));
    let text = fs::read_to_string(&report).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[1].contains("good.jpg,image,complete") && lines[2].contains("warning,duplicate"), "{text}");
    let wrong = validate(folder.path(), &["files", "--report", "report.pdf"]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains(".json or .csv"));
    // The checks are configuration here, too.
    let wider = ["files/lies.jpg", "--set", "assets.image=image,format allowed=png"];
    assert_eq!(exit_code(&validate(folder.path(), &wider)), 0);
}

#[test]
fn no_name_and_no_folder_stops_the_others() {
    let folder = files();
    let below = folder.path().join("files");
    let strange = below.join(OsStr::from_bytes(b"na\xffme.jpg"));
    fs::write(&strange, GOOD).unwrap();
    fs::write(below.join("\x1b[31mred.jpg"), "no picture").unwrap();
    let output = validate(folder.path(), &["files", "--kind", "image", "--format", "json"]);
    assert_eq!(exit_code(&output), 1, "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["checked"], 7, "{report:#}");
    assert_eq!(found(&report, r"na\xffme.jpg")["state"], "complete");
    // Named on the command line, too; and a terminal is given no orders.
    let mut command = stocktake(&folder.path().join("data"));
    let output = command.args(["validate", "--kind", "image"]).arg(&strange).arg(&below).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(exit_code(&output) == 1 && text.contains("8 checked: 4 fit, 4 failed"), "{text}");
    assert!(text.contains(r"\u{1b}[31mred.jpg") && !text.contains('\x1b'), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn urls_are_fetched() {
    let folder = files();
    let server = Receiver::new(|_, hit| Reply::Status(if hit.path == "/there" { 200 } else { 404 })).await;
    let (there, gone) = (server.url("/there"), server.url("/gone"));
    let output = validate(folder.path(), &[&there, &gone, "--kind", "image", "--format", "json"]);
    assert_eq!(exit_code(&output), 1);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found(&report, "/there")["errors"]["asset"][0], "Asset is not an image.");
    let gone = found(&report, "/gone");
    assert_eq!(gone["errors"]["onStart"][0], "Asset path is not reachable.");
    assert!(gone["warnings"]["reachable"][0].as_str().unwrap().contains("404"), "{gone}");
}
