//! Commands that work against a gateway say and do what they say and do on its machine.

use std::{fs, path::Path, process::Output};

use testkit::GitFixture;

use crate::{
    support::{exit_code, stocktake},
    up::Up,
};

fn text(output: &Output) -> String {
    assert_eq!(exit_code(output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Every command that only looks, with what it looks at.
const LOOKING: &[&[&str]] = &[
    &["source", "list"],
    &["source", "list", "--format", "json"],
    &["source", "show", "ours"],
    &["source", "show", "ours", "--format", "json"],
    &["stock", "list"],
    &["stock", "list", "--format", "json"],
    &["stock", "show", "default"],
    &["stock", "show", "default", "--format", "json"],
    &["stock", "policy", "default"],
    &["stock", "versions", "default"],
    &["stock", "versions", "default", "--format", "json"],
    &["stock", "entries", "default"],
    &["stock", "entries", "default", "--version", "1", "--format", "json"],
    &["stock", "diff", "default"],
    &["stock", "diff", "default", "--from", "0", "--to", "1", "--format", "csv"],
    &["snapshot", "list"],
    &["snapshot", "list", "--stock", "default", "--state", "committed", "--format", "json"],
    &["snapshot", "show", "latest"],
    &["snapshot", "show", "latest", "--format", "json"],
    &["snapshot", "diff", "latest"],
    &["snapshot", "diff", "latest", "--format", "jsonl"],
    &["audit", "list", "latest"],
    &["audit", "list", "latest", "--format", "json"],
    &["audit", "findings", "latest"],
    &["audit", "findings", "latest", "--level", "block", "--check", "size", "--format", "json"],
    &["audit", "report", "latest", "--format", "csv", "--section", "new"],
    &["audit", "report", "latest", "--format", "html"],
    &["admin", "webhook", "list"],
    &["admin", "webhook", "list", "--format", "json"],
    &["admin", "webhook", "events"],
    &["admin", "webhook", "destinations"],
    &["admin", "webhook", "destinations", "--format", "json"],
];

#[test]
fn what_is_shown_of_a_gateway_is_what_is_shown_of_its_data() {
    let (data, repository) = (tempfile::tempdir().unwrap(), GitFixture::new());
    repository.write("src/one.rs", "fn one() {}\n").write("=two, \"2\".txt", "2\n").commit("first");
    let here = |words: &[&str]| stocktake(data.path()).args(words).output().unwrap();
    let url = repository.url();
    // What a check finds lets the audit be finished, and forbids the commit.
    let policy = data.path().join("policy.json");
    fs::write(&policy, r#"{"checks": [{"check": "size", "level": "block", "params": {"max_bytes": 5}}]}"#)
        .unwrap();
    text(&here(&["source", "add", "ours", "--kind", "list", &format!("urls={url}"), "--every", "6h"]));
    text(&here(&["scan", &url, "--quiet"]));
    text(&here(&["admin", "webhook", "add", "https://example.org/hook", "--event", "asset.*"]));
    text(&here(&["stock", "policy", "default", "--file", policy.to_str().unwrap()]));
    repository.write("src/two.rs", "fn two() -> u8 { 2 }\n").commit("second");
    text(&here(&["scan", &url, "--quiet", "--no-commit", "--history"]));
    let other = GitFixture::new();
    other.write("file", "x").commit("first");
    text(&here(&["scan", &other.url(), "--quiet", "--stock", "other"]));
    text(&here(&["scan", &url, "--quiet", "--no-commit"]));

    let up = Up::start(data.path());
    let there =
        |words: &[&str]| stocktake(data.path()).args(["--server", &up.url]).args(words).output().unwrap();
    let same = |words: &[&str]| {
        let (ours, theirs) = (text(&here(words)), text(&there(words)));
        assert_eq!(ours, theirs, "{words:?}");
        ours
    };
    for words in LOOKING {
        same(words);
    }
    let commits = same(&["commits", &url]);
    assert!(commits.contains("second") && commits.contains("first"), "{commits}");
    assert!(!same(&["commits", &url, "--limit", "1"]).contains("first"));
    let commits: serde_json::Value =
        serde_json::from_str(&same(&["commits", &url, "--format", "json"])).unwrap();
    assert_eq!(
        (&commits["history"]["commits"], &commits["commits"][1]["subject"]),
        (&2.into(), &"first".into())
    );
    let found = same(&["audit", "findings", "latest"]);
    assert!(found.contains("src/two.rs") && found.contains("block"), "{found}");
    let changes = same(&["snapshot", "diff", "latest"]);
    assert!(changes.contains("new") && changes.contains("src/two.rs"), "{changes}");
    // A report that is written to a file is the same one.
    let [ours, theirs] =
        [(&here as &dyn Fn(&[&str]) -> Output, "a.xlsx"), (&there, "b.xlsx")].map(|(run, name)| {
            let path = data.path().join(name);
            text(&run(&[
                "audit",
                "report",
                "latest",
                "--format",
                "xlsx",
                "--output",
                path.to_str().unwrap(),
            ]));
            fs::read(path).unwrap()
        });
    assert!(ours == theirs && !ours.is_empty());
    for missing in [
        &["source", "show", "none"] as &[&str],
        &["commits", "https://example.org/none"],
        &["commits", &other.url()],
        &["stock", "show", "none"],
        &["snapshot", "show", "01a1fe5c-6049-76e3-b861-e467b43e1f50"],
        &["snapshot", "list", "--state", "none"],
        &["audit", "report", "latest", "--format", "csv", "--audit", "01a1fe5c-6049-76e3-b861-e467b43e1f50"],
    ] {
        let (ours, theirs) = (here(missing), there(missing));
        assert_eq!((ours.status, &ours.stderr), (theirs.status, &theirs.stderr), "{missing:?}");
        assert!(!ours.status.success(), "{missing:?}");
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_gateway_does_what_is_asked_of_it_from_elsewhere() {
    let (data, repository) = (tempfile::tempdir().unwrap(), GitFixture::new());
    repository.write("src/one.rs", "fn one() {}\n").commit("first");
    let url = repository.url();
    text(&stocktake(data.path()).args(["scan", &url, "--quiet", "--no-commit"]).output().unwrap());
    let up = Up::start(data.path());
    let there =
        |words: &[&str]| stocktake(data.path()).args(["--server", &up.url]).args(words).output().unwrap();

    let policy = write(
        data.path(),
        r#"{"checks": [{"check": "size", "level": "block", "params": {"max_bytes": 5}}]}"#,
    );
    assert!(text(&there(&["stock", "create", "vendored", "--policy", &policy])).contains("vendored"));
    assert!(said(&there(&["stock", "create", "vendored"])).contains("there is a stock"));
    text(&there(&["stock", "policy", "default", "--file", &policy]));
    // Audited under the new policy, the snapshot may not enter; let pass, it may.
    let audited = there(&["snapshot", "audit", "latest"]);
    assert_eq!(exit_code(&audited), 1, "{}", said(&audited));
    let refused = there(&["snapshot", "commit", "latest"]);
    assert!(exit_code(&refused) == 1 && !said(&refused).is_empty());
    let passed =
        there(&["audit", "override", "latest", "--all", "--person", "ann", "--reason", "small enough"]);
    assert!(text(&passed).starts_with("1 findings"), "{}", text(&passed));
    assert!(text(&there(&["snapshot", "commit", "latest"])).contains("committed"));

    let manifest = data.path().join("listed.csv");
    let blob = repository.git(&["rev-parse", "HEAD:src/one.rs"]);
    let listed = format!("repository,path,digest\nhttps://example.org/listed,one.rs,{}\n", blob.trim());
    fs::write(&manifest, listed).unwrap();
    let create = ["snapshot", "create", manifest.to_str().unwrap(), "--stock", "listed"];
    assert!(text(&there(&create)).contains("committed"));
    fs::write(&manifest, "path,digest\n").unwrap();
    assert_eq!(exit_code(&there(&create)), 2);
    let cancel = ["audit", "cancel", "latest"];
    let (ours, theirs) = (stocktake(data.path()).args(cancel).output().unwrap(), there(&cancel));
    assert_eq!((ours.status, ours.stdout), (theirs.status, theirs.stdout));

    let add = ["source", "add", "ours", "--kind", "list", "urls=https://example.org/a", "--every", "6h"];
    assert!(text(&there(&add)).contains("is added"));
    assert!(text(&there(&add)).contains("is changed"));
    assert!(said(&there(&["source", "add", "x", "--kind", "list", "nothing=1"])).contains("nothing"));
    assert!(text(&there(&["source", "pause", "ours"])).contains("paused"));
    assert!(said(&there(&["source", "run", "ours"])).contains("paused"));
    assert!(text(&there(&["source", "resume", "ours"])).contains("active"));
    assert!(text(&there(&["source", "run", "ours"])).contains("snapshot"));
    assert!(text(&there(&["snapshot", "abort", "latest"])).contains("is aborted"));
    assert!(text(&there(&["source", "remove", "ours"])).contains("is removed"));
    assert!(!text(&there(&["source", "list"])).contains("ours"));
}

#[test]
fn webhooks_are_looked_after_from_elsewhere() {
    let data = tempfile::tempdir().unwrap();
    let up = Up::start(data.path());
    let there = |words: &[&str]| {
        let words = [&["--server", &up.url, "admin", "webhook"], words].concat();
        stocktake(data.path()).args(words).output().unwrap()
    };
    let list = || -> serde_json::Value {
        serde_json::from_str(&text(&there(&["list", "--format", "json"]))).unwrap()
    };
    let added =
        text(&there(&["add", "https://example.org/hook", "--event", "task.*", "--filter", "kind=audit"]));
    assert!(added.contains("whsec_"), "{added}");
    let id = added.split(' ').next().unwrap();
    let one = || list().as_array().unwrap().iter().find(|one| one["id"] == id).cloned();
    text(&there(&["change", id, "--name", "ours"]));
    let changed = one().unwrap();
    assert_eq!((&changed["name"], &changed["events"][0]), (&"ours".into(), &"task.*".into()));
    assert_eq!(changed["filters"]["kind"][0], "audit", "what is not given stays as it is");
    text(&there(&["change", id, "--unfiltered"]));
    assert_eq!(one().unwrap()["filters"], serde_json::json!({}));
    text(&there(&["pause", id]));
    assert_eq!(one().unwrap()["state"], "paused");
    text(&there(&["resume", id]));
    assert!(text(&there(&["rotate", id, "--asymmetric"])).contains("whpk_"));
    assert_eq!((&one().unwrap()["state"], &one().unwrap()["keys"]), (&"active".into(), &2.into()));
    assert!(text(&there(&["deliveries", id])).contains("told nothing"));
    assert!(text(&there(&["replay", id, "--since", "2026-01-01T00:00:00Z"])).starts_with("0 on their way"));
    let nobody = "00000000-0000-0000-0000-000000000009";
    assert!(said(&there(&["tries", nobody])).contains("there is no delivery"));
    assert!(said(&there(&["replay", nobody])).contains("there is no delivery"));
    assert!(said(&there(&["switch-on", "https://example.com"])).contains("there is no destination"));
    assert!(said(&there(&["add", "http://10.0.0.1/"])).contains("10.0.0.1"));
    text(&there(&["remove", id]));
    assert_eq!(one(), None);
}

fn write(folder: &Path, policy: &str) -> String {
    let path = folder.join("policy.json");
    fs::write(&path, policy).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn what_works_on_one_machine_only_is_not_taken_for_elsewhere() {
    let data = tempfile::tempdir().unwrap();
    for words in [&["up"] as &[&str], &["depot", "stat"], &["doctor"], &["admin", "migrate"]] {
        let refused = stocktake(data.path())
            .args(["--server", "https://stocktake.example"])
            .args(words)
            .output()
            .unwrap();
        assert_eq!(exit_code(&refused), 2, "{words:?}");
        assert!(said(&refused).contains("leave --server https://stocktake.example out"), "{words:?}");
    }
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0);
}
