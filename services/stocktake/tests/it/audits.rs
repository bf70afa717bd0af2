//! `stocktake stock`, `snapshot` and `audit`, as a person and a program use them.

use std::{collections::BTreeSet, path::Path, process::Output};

use calamine::{Reader, Xlsx};
use runtime::faults::Faults;
use serde_json::Value;
use testkit::{GitFixture, on_each_stack};
use worker::harness::Ended;

use crate::support::{World, exit_code, stocktake};

const ODD: [&str; 8] = [
    "+1",
    "-2.txt",
    "=cmd|'' !A0",
    "@SUM(A1)",
    "comma, \"quote\".md",
    "naïve/文件/שלום/😀.rs",
    "plain.rs",
    "two\nlines",
];

fn odd() -> GitFixture {
    let repository = GitFixture::new();
    for (at, name) in ODD.iter().enumerate() {
        repository.write(name, format!("fn f{at}() {{}}\n"));
    }
    repository.commit("first");
    repository
}

fn run(data: &Path, arguments: &[&str]) -> Output {
    stocktake(data).args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(exit_code(output), 0, "{said}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&text(output)).unwrap()
}

fn names(csv: &str) -> BTreeSet<String> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    reader.records().map(|row| reports::audit::bare(&row.unwrap()[1]).to_owned()).collect()
}

fn wanted() -> BTreeSet<String> {
    ODD.into_iter().map(str::to_owned).collect()
}

#[test]
fn a_snapshot_is_looked_at_audited_reported_and_committed() {
    let (data, repository) = (tempfile::tempdir().unwrap(), odd());
    let here = data.path();
    assert!(text(&run(here, &["stock", "list"])).contains("there is no stock yet"));
    assert_eq!(exit_code(&run(here, &["snapshot", "show", "latest"])), 1);
    let scan = ["scan", repository.path().to_str().unwrap(), "--no-commit", "--stock", "ours", "--quiet"];
    text(&run(here, &scan));

    let listed = json(&run(here, &["snapshot", "list", "--stock", "ours", "--format", "json"]));
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["state"]), (1, &"audited".into()));
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    let shown = text(&run(here, &["snapshot", "show", "latest"]));
    assert!(shown.contains(&id) && shown.contains("audited") && shown.contains("New"), "{shown}");
    let lines = text(&run(here, &["snapshot", "diff", "latest"]));
    assert_eq!(lines.lines().filter(|line| line.starts_with("new ")).count(), ODD.len(), "{lines}");
    assert!(lines.contains("two\\nlines"), "a name cannot break its line: {lines}");

    let audited = json(&run(here, &["snapshot", "audit", &id, "--format", "json", "--quiet"]));
    assert_eq!(
        (&audited["audit"]["state"], &audited["audit"]["new"]),
        (&"finished".into(), &ODD.len().into())
    );
    let audits = json(&run(here, &["audit", "list", "latest", "--format", "json"]));
    assert_eq!(audits.as_array().unwrap().len(), 2);

    assert_eq!(
        names(&text(&run(here, &["audit", "report", &id, "--format", "csv", "--section", "new"]))),
        wanted()
    );
    let lines = text(&run(here, &["audit", "report", "latest", "--format", "jsonl"]));
    assert_eq!(lines.lines().count(), ODD.len() + 1);
    let file = here.join("audit.xlsx");
    text(&run(here, &["audit", "report", "latest", "--format", "xlsx", "--output", file.to_str().unwrap()]));
    let mut book: Xlsx<_> = calamine::open_workbook(&file).unwrap();
    let sheet = book.worksheet_range("New").unwrap();
    let found: BTreeSet<String> = sheet.rows().skip(1).map(|row| row[1].to_string()).collect();
    assert_eq!(found, wanted());
    assert!(text(&run(here, &["audit", "report", "latest", "--format", "html"])).contains("<svg"));

    text(&run(here, &["snapshot", "commit", "latest", "--quiet"]));
    let again = run(here, &["snapshot", "commit", "latest", "--quiet"]);
    assert_eq!(exit_code(&again), 1);
    assert!(String::from_utf8_lossy(&again.stderr).contains("committed already"));
    assert_eq!(exit_code(&run(here, &["snapshot", "abort", "latest"])), 1);
    let stock = json(&run(here, &["stock", "show", "ours", "--format", "json"]));
    assert_eq!(stock["version"], 1);
    let versions = json(&run(here, &["stock", "versions", "ours", "--format", "json"]));
    assert_eq!(versions[0]["snapshot"], id.as_str());
    assert!(text(&run(here, &["stock", "entries", "ours"])).contains(&repository.url()));
    let changed = text(&run(here, &["stock", "diff", "ours", "--format", "csv"]));
    assert!(changed.starts_with("New\n"), "{changed}");
}

#[test]
fn findings_are_shown_and_let_pass_and_wrong_use_is_told() {
    let (data, repository) = (tempfile::tempdir().unwrap(), odd());
    let here = data.path();
    let policy = here.join("policy.json");
    std::fs::write(&policy, r#"{"checks":[{"check":"size","level":"block","params":{"max_bytes":5}}]}"#)
        .unwrap();
    text(&run(here, &["stock", "create", "ours", "--policy", policy.to_str().unwrap()]));
    assert_eq!(exit_code(&run(here, &["stock", "create", "ours"])), 1);
    let scan = ["scan", repository.path().to_str().unwrap(), "--no-commit", "--stock", "ours", "--quiet"];
    text(&run(here, &scan));
    let findings = json(&run(here, &["audit", "findings", "latest", "--level", "block", "--format", "json"]));
    assert_eq!(findings.as_array().unwrap().len(), ODD.len());
    assert_eq!(
        exit_code(&run(here, &["snapshot", "audit", "latest", "--quiet"])),
        1,
        "findings forbid the commit"
    );
    let refused = run(here, &["snapshot", "commit", "latest", "--quiet"]);
    assert_eq!(exit_code(&refused), 1);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("findings forbid it"));
    let pass = ["audit", "override", "latest", "--check", "size", "--person", "ann", "--reason", "for tests"];
    assert!(text(&run(here, &pass)).contains("8 findings forbid the commit no more; 0 still do"));
    text(&run(here, &["snapshot", "commit", "latest", "--quiet"]));

    std::fs::write(&policy, r#"{"checks":[{"check":"no such"}]}"#).unwrap();
    for wrong in [
        &["stock", "policy", "ours", "--file", policy.to_str().unwrap()][..],
        &["snapshot", "show", "newest"],
        &["snapshot", "list", "--state", "done"],
        &["audit", "report", "latest", "--format", "pdf"],
        &["audit", "report", "latest", "--format", "html", "--section", "new"],
        &["audit", "override", "latest", "--person", "ann", "--reason", "all of them?"],
    ] {
        assert_eq!(exit_code(&run(here, wrong)), 2, "{wrong:?}");
    }
}

#[test]
fn a_manifest_is_made_a_snapshot_and_committed_and_an_audit_cancelled() {
    let (data, repository) = (tempfile::tempdir().unwrap(), odd());
    let here = data.path();
    text(&run(here, &["scan", repository.path().to_str().unwrap(), "--stock", "theirs", "--quiet"]));
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["path", "digest"]).unwrap();
    for name in ODD {
        let id = repository.git(&["hash-object", "--", name]);
        table.write_record([name, id.trim()]).unwrap();
    }
    let manifest = here.join("nodes.csv");
    std::fs::write(&manifest, table.into_inner().unwrap()).unwrap();
    let file = manifest.to_str().unwrap();
    let create = [
        "snapshot",
        "create",
        file,
        "--stock",
        "ours",
        "--repository",
        "https://example.org/data",
        "--quiet",
    ];
    let made = json(&run(here, &[&create[..], &["--format", "json"]].concat()));
    assert_eq!((&made["state"], &made["origin"]), (&"committed".into(), &"manifest".into()));
    assert_eq!(made["audit"]["new"], ODD.len());
    let waiting = json(&run(here, &[&create[..], &["--wait", "--format", "json"]].concat()));
    assert_eq!((&waiting["state"], &waiting["audit"]["unchanged"]), (&"audited".into(), &ODD.len().into()));

    let late = run(here, &["audit", "cancel", "latest"]);
    assert_eq!(exit_code(&late), 1);
    assert!(String::from_utf8_lossy(&late.stderr).contains("ended before"));

    for (name, wrong) in
        [("a.csv", "path,digest\na,0000000000000000000000000000000000000000\n"), ("b.csv", ""), ("c.txt", "")]
    {
        let file = here.join(name);
        std::fs::write(&file, wrong).unwrap();
        let create =
            ["snapshot", "create", file.to_str().unwrap(), "--repository", "https://example.org/data"];
        assert_eq!(exit_code(&run(here, &create)), 2, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_that_waits_is_cancelled_from_a_terminal() {
    on_each_stack(async |stack| {
        let (world, repository) = (World::new(stack), odd());
        let id = world.begin("ours", &[repository.url()], false).await;
        assert_eq!(world.run(Faults::none()).await, Ended::Idle);
        let now = jiff::Timestamp::now();
        let planned = stack.store.write(move |tx| store::audits::plan(tx, id, now)).await;
        let planned: Result<_, store::StoreError> = planned;
        planned.unwrap();
        // On servers this process only asks. On one machine it would do the work itself.
        if !stack.is_shared() {
            return;
        }
        let here = stack.directory().join("elsewhere");
        let (store, bus) = (format!("store.url={}", stack.store_url), format!("bus.url={}", stack.bus_url));
        let prefix = format!("bus.prefix={}", stack.bus_prefix);
        let cancel = ["--set", &store, "--set", &bus, "--set", &prefix, "audit", "cancel", "latest"];
        for _ in 0..2 {
            assert!(text(&run(&here, &cancel)).contains("is cancelled"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_are_read_from_either_store() {
    on_each_stack(async |stack| {
        let (world, repository) = (World::new(stack), odd());
        world.begin("ours", &[repository.url()], true).await;
        assert_eq!(world.run(Faults::none()).await, Ended::Idle);
        let store = format!("store.url={}", stack.store_url);
        let here = stack.directory().join("elsewhere");
        let csv = ["--set", &store, "audit", "report", "latest", "--format", "csv", "--section", "new"];
        assert_eq!(names(&text(&run(&here, &csv))), wanted());
        let diff = ["--set", &store, "stock", "diff", "ours", "--from", "0", "--format", "jsonl"];
        let lines = text(&run(&here, &diff));
        assert_eq!(lines.lines().count(), ODD.len() + 1);
        let shown = json(&run(&here, &["--set", &store, "snapshot", "show", "latest", "--format", "json"]));
        assert_eq!(shown["state"], "committed");
    })
    .await;
}
