//! The program as a person uses it: output, exit codes, interruption, two at once.

mod webhooks;

use std::{
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use serde_json::Value;
use testkit::GitFixture;

use crate::support::{digest_of, exit_code, stocktake};

fn scan(data: &Path, arguments: &[&str]) -> Output {
    stocktake(data).arg("scan").args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("{error}: {text}\n{}", String::from_utf8_lossy(&output.stderr));
    })
}

fn path(repository: &GitFixture) -> &str {
    repository.path().to_str().unwrap()
}

fn status_of<'a>(report: &'a Value, url: &str) -> &'a Value {
    let all = report["repositories"].as_array().unwrap();
    all.iter()
        .find(|one| one["url"].as_str().unwrap().contains(url))
        .unwrap_or_else(|| panic!("{url} in {report}"))
}

#[test]
fn a_scan_tells_programs_everything_and_a_second_one_has_nothing_to_do() {
    let (data, repository) = (tempfile::tempdir().unwrap(), GitFixture::tidy(9));
    let first = scan(data.path(), &[path(&repository), "--format", "json", "--stock", "work"]);
    assert_eq!(exit_code(&first), 0);
    let report = json(&first);
    assert!(report["snapshot"].as_str().is_some_and(|id| id.len() == 36));
    assert_eq!(report["stock"], "work");
    let one = &report["repositories"][0];
    assert_eq!(one["commit"], repository.head());
    assert_eq!(one["tree"], repository.tree());
    assert_eq!((&one["nodes"], &one["status"]), (&9.into(), &"analyzed".into()));
    assert!(one["bytes"].as_u64().unwrap() > 1_000 && one.get("reason").is_some());
    for (field, value) in [("nodes", 9), ("contents", 9), ("analyzed", 9), ("reused", 0), ("failed", 0)] {
        assert_eq!(report["totals"][field], value, "{field}");
    }
    let languages = report["languages"].as_array().unwrap();
    let rust = languages.iter().find(|one| one["language"] == "Rust").unwrap();
    assert_eq!(rust["files"], 3);
    for field in ["bytes", "code", "comments", "blanks"] {
        assert!(rust[field].as_u64().unwrap() > 0, "{field}");
    }
    assert_eq!(report["audit"], serde_json::json!({ "new": 9, "modified": 0, "removed": 0, "unchanged": 0 }));
    assert!(report["stages"].as_array().unwrap().iter().all(|one| one["seconds"].as_f64().is_some()));

    let second = json(&scan(data.path(), &[path(&repository), "--format", "json", "--stock", "work"]));
    assert_eq!(second["repositories"][0]["status"], "unchanged");
    assert_eq!((&second["totals"]["analyzed"], &second["totals"]["reused"]), (&0.into(), &9.into()));
    assert_eq!(second["audit"]["unchanged"], 9);
    let told = scan(data.path(), &[path(&repository), "--stock", "work"]);
    assert!(String::from_utf8_lossy(&told.stdout).contains("nothing was analysed"));
}

#[test]
fn csv_is_read_by_who_reads_csv() {
    let (data, repository) = (tempfile::tempdir().unwrap(), GitFixture::tidy(4));
    let output = scan(data.path(), &[path(&repository), "--format", "csv"]);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(output.stdout.as_slice());
    let rows: Vec<_> = reader.records().collect::<Result<_, _>>().unwrap();
    assert!(rows.iter().any(|row| row.iter().any(|field| field == "Rust")), "{rows:?}");
}

#[test]
fn each_kind_of_target_has_its_outcome() {
    let data = tempfile::tempdir().unwrap();
    let (good, unborn, emptied) = (GitFixture::tidy(2), GitFixture::new(), GitFixture::new());
    emptied.commit("nothing in it");
    let plain = tempfile::tempdir().unwrap();
    std::fs::write(plain.path().join("a.rs"), "fn a() {}\n").unwrap();
    let file = plain.path().join("a.rs");

    let output = scan(
        data.path(),
        &[
            path(&good),
            path(&unborn),
            path(&emptied),
            plain.path().to_str().unwrap(),
            file.to_str().unwrap(),
            "/no/such/place",
            "--format",
            "json",
        ],
    );
    assert_eq!(exit_code(&output), 3, "a target failed");
    let report = json(&output);
    assert_eq!(status_of(&report, path(&good))["status"], "analyzed");
    assert_eq!(status_of(&report, path(&unborn))["status"], "empty");
    assert_eq!(status_of(&report, path(&emptied))["status"], "empty");
    let directory = status_of(&report, plain.path().to_str().unwrap());
    assert!(
        report["repositories"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["status"] == "analyzed" && one["commit"].is_null() && one["nodes"] == 1),
        "a plain directory: {directory}"
    );
    for (named, reason) in [(file.to_str().unwrap(), "this is a file"), ("/no/such/place", "no such file")] {
        let found = status_of(&report, named);
        let all = report["repositories"].as_array().unwrap();
        let failed = all.iter().find(|one| one["url"] == named).unwrap_or(found);
        assert_eq!(failed["status"], "failed");
        assert!(failed["reason"].as_str().unwrap().contains(reason), "{failed}");
    }
    assert_eq!(report["audit"]["new"], 3, "the others are kept");

    let refused = scan(data.path(), &["ext::sh -c id", "--format", "json"]);
    assert_eq!(exit_code(&refused), 3);
}

/// Somebody waits: what cannot be reached is tried again a few times, aloud, and then given up with the reason.
#[test]
fn a_host_that_cannot_be_reached_is_given_up_with_the_reason() {
    let (data, good) = (tempfile::tempdir().unwrap(), GitFixture::tidy(2));
    // The lowest port: nobody listens there.
    let (closed, unknown) = ("https://127.0.0.1:1/nothing", "https://no-such-host.invalid/nothing");
    let output = scan(data.path(), &[closed, path(&good), unknown, "--format", "json"]);
    assert_eq!(exit_code(&output), 3);
    let report = json(&output);
    assert_eq!(status_of(&report, path(&good))["status"], "analyzed", "the others are kept");
    let told = String::from_utf8_lossy(&output.stderr);
    for (url, why) in [(closed, "refused"), (unknown, "no-such-host.invalid")] {
        let failed = status_of(&report, url);
        assert_eq!(failed["status"], "failed");
        let reason = failed["reason"].as_str().unwrap();
        assert!(reason.contains(why), "{reason}");
        for line in ["try 2 of 3 in", "try 3 of 3 in"] {
            assert!(told.lines().any(|told| told.contains(url) && told.contains(line)), "{line}: {told}");
        }
    }
}

#[test]
fn rules_wrong_use_and_looking_only() {
    let (data, repository) = (tempfile::tempdir().unwrap(), GitFixture::tidy(3));
    let there = path(&repository);
    let looked = scan(data.path(), &[there, "--no-commit", "--format", "json"]);
    assert_eq!((exit_code(&looked), &json(&looked)["audit"]["new"]), (0, &3.into()));
    // Nothing was committed: everything is new again.
    assert_eq!(exit_code(&scan(data.path(), &[there, "--fail-on", "new"])), 1);
    assert_eq!(exit_code(&scan(data.path(), &[there, "--fail-on", "new,modified,removed,failed"])), 0);
    repository.write("src/part0/file1.py", "changed = 1\n").commit("changed");
    assert_eq!(exit_code(&scan(data.path(), &[there, "--fail-on", "removed", "--fail-on", "modified"])), 1);
    repository.remove("src/part0/file1.py").commit("removed");
    assert_eq!(exit_code(&scan(data.path(), &[there, "--fail-on", "modified"])), 0);
    for wrong in
        [&["--format", "xml", "."][..], &[], &["--fail-on", "everything", "."], &[".", "--stock", " "]]
    {
        assert_eq!(exit_code(&scan(data.path(), wrong)), 2, "{wrong:?}");
    }
}

#[test]
fn a_second_scan_of_one_data_directory_is_refused_while_the_first_runs() {
    let (data, repository) = (tempfile::tempdir().unwrap(), GitFixture::tidy(2));
    // The lock of a living process, which is this one.
    std::fs::create_dir_all(data.path()).unwrap();
    let lock = std::fs::File::create(data.path().join("stocktake.lock")).unwrap();
    lock.lock().unwrap();
    let refused = scan(data.path(), &[path(&repository)]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(exit_code(&refused), 1, "{said}");
    assert!(said.contains("in use by another stocktake") && said.contains("--data"), "{said}");
    drop(lock);
    assert_eq!(exit_code(&scan(data.path(), &[path(&repository)])), 0);
}

#[tokio::test]
async fn a_scan_that_is_interrupted_goes_on_with_the_same_command() {
    let repository = GitFixture::tidy(300);
    let calm = tempfile::tempdir().unwrap();
    assert_eq!(exit_code(&scan(calm.path(), &[path(&repository)])), 0);
    // Where the machine is busy with other things, a scan may be over before anybody interrupts it.
    let mut interrupted = None;
    for _ in 0..50 {
        interrupted = interrupted_scan(&repository).await;
        if interrupted.is_some() {
            break;
        }
    }
    let data = interrupted.expect("no scan was interrupted");
    assert_eq!(exit_code(&scan(data.path(), &[path(&repository)])), 0);
    // An interrupted scan that had nothing left to do may have been followed by another one.
    let parts = |digest: Vec<(&'static str, String)>| {
        digest.into_iter().filter(|(part, _)| ["trees", "contents"].contains(part)).collect::<Vec<_>>()
    };
    assert_eq!(parts(digest_of(data.path()).await), parts(digest_of(calm.path()).await));
}

/// The data of a scan that was interrupted as soon as there was a database, or as soon as the first contents were
/// stored; none when both times it was over by then.
async fn interrupted_scan(repository: &GitFixture) -> Option<tempfile::TempDir> {
    let data = tempfile::tempdir().unwrap();
    let mut interrupted = 0;
    for sign in ["stocktake.db", "depot/packs"] {
        let mut child = stocktake(data.path())
            .args(["scan", path(repository)])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while !data.path().join(sign).exists() && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Before anybody listens for it, the signal ends the process by itself, or nothing where who started the
        // tests had it ignored.
        let ended = loop {
            drop(Command::new("kill").args(["-INT", &child.id().to_string()]).status());
            tokio::time::sleep(Duration::from_millis(5)).await;
            if let Some(ended) = child.try_wait().unwrap() {
                break ended;
            }
        };
        interrupted += u32::from(ended.code() == Some(130) || ended.signal() == Some(2));
    }
    (interrupted > 0).then_some(data)
}
