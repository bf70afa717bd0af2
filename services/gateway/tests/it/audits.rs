//! Audits over HTTP: begun, watched, cancelled, downloaded in every format, and what stands at the gate.

use std::{collections::BTreeSet, io::Cursor};

use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};
use testkit::{GitFixture, on_each_stack};
use uuid::Uuid;

use crate::{client::send, world::World};

/// Names that have gone wrong elsewhere.
const ODD: [&str; 9] = [
    "+1",
    "-2.txt",
    "=cmd|'' !A0",
    "@SUM(A1)",
    "comma, semicolon; \"quote\".md",
    "naïve/文件/שלום/😀.rs",
    "plain.rs",
    "two\nlines",
    "'apostrophe",
];

fn odd() -> GitFixture {
    let repository = GitFixture::new();
    for (at, name) in ODD.iter().enumerate() {
        repository.write(name, format!("fn f{at}() {{}}\n"));
    }
    repository.write(b"odd\xff.rs", "fn odd() {}\n").commit("first");
    repository
}

/// The stock of the snapshot at `path`, and where its audits are.
async fn places(world: &World, path: &str) -> (String, String) {
    let snapshot = world.client.get(path).await.expect(200);
    let stock = snapshot["stock"].as_str().unwrap().to_owned();
    (stock.clone(), format!("/stocks/{stock}{path}"))
}

fn paths<'a>(changes: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    changes.into_iter().map(|change| change["path"].as_str().unwrap().to_owned()).collect()
}

fn wanted() -> BTreeSet<String> {
    ODD.into_iter().map(str::to_owned).chain([r#""odd\377.rs""#.to_owned()]).collect()
}

#[tokio::test]
async fn a_report_says_in_every_format_what_the_store_holds() {
    on_each_stack(async |stack| {
        let (repository, world) = (odd(), World::working(stack).await);
        let path = world.audited("=ours", &[repository.url()]).await;
        let (_, here) = places(&world, &path).await;
        let audit = world.client.get(&here).await.expect(200)["audit"].clone();
        assert_eq!((&audit["state"], &audit["new"]), (&"finished".into(), &10.into()));
        assert_eq!(audit["progress"], json!({ "done": 10, "total": 10 }));
        let audit = format!("/audits/{}", audit["id"].as_str().unwrap());
        assert_eq!(world.client.get(&audit).await.expect(200)["new"], 10);
        let changes = world.client.all(&format!("{audit}/changes"), 3).await;
        assert_eq!(paths(&changes), wanted());
        assert!(changes.iter().all(|change| change["kind"] == "new" && change["before"].is_null()));
        let rust = changes.iter().find(|change| change["path"] == "plain.rs").unwrap();
        assert_eq!((&rust["after"]["language"], &rust["after"]["mode"]), (&"Rust".into(), &"100644".into()));

        let csv = world.client.get(&format!("{here}/audit?format=csv&section=new")).await;
        assert!(csv.headers["content-type"].to_str().unwrap().starts_with("text/csv"));
        assert!(csv.headers["content-disposition"].to_str().unwrap().ends_with("-new.csv\""));
        let mut reader = csv::Reader::from_reader(csv.text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let names = rows.iter().map(|row| reports::audit::bare(&row[1]).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(names, wanted());
        assert!(rows.iter().all(|row| !row[1].starts_with(['=', '+', '-', '@', '\t'])));
        let whole = world.client.get(&format!("{here}/audit?format=csv")).await.text;
        assert!(whole.starts_with("New\nrepository,path,") && whole.contains("\n\nModified\n"), "{whole}");
        assert!(whole.contains("stock,'=ours\n"), "a stock's name is no formula, either: {whole}");

        let lines = world.client.get(&format!("{here}/audit?format=jsonl")).await.text;
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(
            (lines.len(), &lines[0]["section"], &lines[0]["new"]),
            (11, &"summary".into(), &10.into())
        );
        assert_eq!(paths(&lines[1..]), wanted());

        let page = world.client.get(&format!("{audit}/report?format=html")).await;
        assert!(page.headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
        assert!(page.text.contains("<svg class=\"treemap\"") && !page.text.contains("<script"));
        world
            .client
            .get(&format!("{audit}/report?format=html&section=new"))
            .await
            .problem(400, "invalid-request");
        let wrong =
            world.client.get(&format!("{here}/audit?format=pdf")).await.problem(400, "invalid-request");
        assert!(wrong["at"] == "format" && wrong["detail"].as_str().unwrap().contains("xlsx"), "{wrong}");

        let request = world.client.request("GET", &format!("/api/v1{here}/audit?format=xlsx"));
        let (first, tag) = bytes(request).await;
        let request = world.client.request("GET", &format!("/api/v1{audit}/report?format=xlsx"));
        assert_eq!(bytes(request).await, (first.clone(), tag.clone()), "the same audit, the same bytes");
        let request = world.client.request("GET", &format!("/api/v1{here}/audit?format=xlsx"));
        assert_eq!(send(request.header("If-None-Match", tag)).await.status, 304);
        as_the_store_has_it(first, &changes);
        world.stop().await;
    })
    .await;
}

async fn bytes(request: reqwest::RequestBuilder) -> (Vec<u8>, String) {
    let response = request.send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    let tag = response.headers()["etag"].to_str().unwrap().to_owned();
    (response.bytes().await.unwrap().to_vec(), tag)
}

/// The workbook's new nodes, cell by cell.
fn as_the_store_has_it(workbook: Vec<u8>, changes: &[Value]) {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(workbook)).unwrap();
    let titles = ["Summary", "New", "Modified", "Removed", "Moved", "Attributes", "Findings", "Columns"];
    assert_eq!(book.sheet_names(), titles);
    let sheet = book.worksheet_range("New").unwrap();
    assert_eq!(sheet.rows().len(), changes.len() + 1);
    let text = |value: &Value| value.as_str().map_or(Data::Empty, |text| Data::String(text.to_owned()));
    let number = |value: &Value| value.as_f64().map_or(Data::Empty, Data::Float);
    for (row, change) in sheet.rows().skip(1).zip(changes) {
        let after = &change["after"];
        let expected = [
            text(&change["url"]),
            text(&change["path"]),
            text(&after["mode"]),
            text(&after["oid"]),
            number(&after["size"]),
            text(&after["language"]),
            number(&after["lines"]),
            number(&after["code"]),
            number(&after["complexity"]),
        ];
        assert_eq!(row[..expected.len()], expected);
    }
}

#[tokio::test]
async fn an_audit_is_begun_again_and_the_newest_counts() {
    on_each_stack(async |stack| {
        let (repository, world) = (odd(), World::working(stack).await);
        let path = world.audited("ours", &[repository.url()]).await;
        let (stock, here) = places(&world, &path).await;
        let begun = world.client.post(&format!("{here}/audit"), &json!({})).await;
        let location = begun.headers["location"].to_str().unwrap().to_owned();
        let task = begun.expect(202);
        let fields: BTreeSet<&str> = task.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            fields,
            BTreeSet::from(["id", "snapshotId", "triggerBlobPath", "outputBlobPath", "status"])
        );
        assert!(["Created", "Running", "Finished"].contains(&task["status"].as_str().unwrap()), "{task}");
        assert_eq!(location, format!("/api/v1/audits/{}", task["id"].as_str().unwrap()));
        let again = world.until_state(&path, "audited").await;
        assert_eq!(again["audit"]["id"], task["id"]);
        let history = world.client.all(&format!("{here}/audits"), 1).await;
        assert_eq!(history.len(), 2, "every audit stays");
        assert_eq!(history[0]["id"], task["id"]);
        assert_eq!(history[0]["report_digest"], history[1]["report_digest"]);

        let gone = world.client.post(&format!("/stocks/{stock}/diff"), &json!({})).await;
        assert!(gone.headers["link"].to_str().unwrap().contains("successor-version"));
        let gone = gone.problem(410, "gone");
        assert!(gone["detail"].as_str().unwrap().contains("/audit"), "{gone}");
        let stranger = Uuid::now_v7();
        for wrong in [format!("/stocks/{stranger}{path}"), format!("/stocks/{stock}/snapshots/{stranger}")] {
            world.client.post(&format!("{wrong}/audit"), &json!({})).await.problem(404, "not-found");
            world.client.get(&format!("{wrong}/audit")).await.problem(404, "not-found");
            world.client.get(&wrong).await.problem(404, "not-found");
        }
        world.client.get(&format!("/audits/{stranger}/report")).await.problem(404, "not-found");

        world.client.post(&format!("{path}/commit"), &json!({})).await.expect(202);
        world.until_state(&path, "committed").await;
        let late = world.client.post(&format!("{here}/audit"), &json!({})).await.problem(409, "conflict");
        assert!(late["detail"].as_str().unwrap().contains("committed"), "{late}");
        world.stop().await;
    })
    .await;
}

#[tokio::test]
async fn before_an_audit_has_ended_there_is_no_report_and_it_can_be_cancelled() {
    on_each_stack(async |stack| {
        let repository = odd();
        let mut world = World::new(stack).await;
        // Everything but the auditor: a snapshot becomes ready, and nobody audits it.
        world.start(&[indexer::service, repo_processor::service, analyzer::service]);
        let source = world.source("ours", &[repository.url()]).await;
        let path = format!("/snapshots/{}", world.run(&source).await);
        let ready = world.until_state(&path, "ready").await;
        assert_eq!(ready["audit"], Value::Null);
        assert!(ready["lacks"][0].as_str().unwrap().contains("audit"), "{ready}");
        let (_, here) = places(&world, &path).await;
        world.client.get(&format!("{here}/audit")).await.problem(404, "not-found");
        let begun = world.client.post(&format!("{here}/audit"), &json!({})).await.expect(202);
        assert_eq!((&begun["status"], &begun["outputBlobPath"]), (&"Created".into(), &Value::Null));
        world.client.get(&format!("{here}/audit")).await.problem(409, "conflict");
        world.client.post(&format!("{here}/audit"), &json!({})).await.problem(409, "conflict");
        world.client.post(&format!("{path}/commit"), &json!({})).await.problem(409, "conflict");
        for _ in 0..2 {
            let cancelled = world.client.post(&format!("{here}/audit/cancel"), &json!({})).await.expect(202);
            assert_eq!(cancelled["status"], "Cancelled");
        }
        world.client.get(&format!("{here}/audit")).await.problem(409, "conflict");
        let again = world.client.post(&format!("{here}/audit"), &json!({})).await.expect(202);
        assert_ne!(again["id"], begun["id"]);
        world.start(&[auditor::service]);
        world.until_state(&path, "audited").await;
        world.client.post(&format!("{path}/abort"), &json!({})).await.expect(200);
        world.client.post(&format!("{here}/audit"), &json!({})).await.problem(409, "conflict");
        world.stop().await;
    })
    .await;
}

#[tokio::test]
async fn findings_forbid_a_commit_until_a_person_lets_them_pass() {
    on_each_stack(async |stack| {
        let (repository, world) = (odd(), World::working(stack).await);
        let client = &world.client;
        let policy = json!({ "commit": "hand", "checks": [
            { "check": "size", "level": "block", "params": { "max_bytes": 10 } }] });
        let wrong = json!({ "name": "ours", "policy": { "checks": [{ "check": "no such" }] } });
        let refused = client.post("/stocks", &wrong).await.problem(400, "invalid-request");
        let known = client.get("/checks").await.expect(200);
        let first = known[0]["check"].as_str().unwrap();
        assert!(refused["detail"].as_str().unwrap().contains(first), "{refused}");
        let made = client.post("/stocks", &json!({ "name": "ours", "policy": policy })).await.expect(201);
        assert_eq!(made["policy"]["checks"][0]["params"]["max_bytes"], 10);
        assert_eq!(
            client.post("/stocks", &json!({ "name": "ours" })).await.expect(200)["policy"],
            made["policy"]
        );

        let path = world.audited("ours", &[repository.url()]).await;
        let (stock, _) = places(&world, &path).await;
        let snapshot = client.get(&path).await.expect(200);
        let blocking = snapshot["audit"]["findings"]["block"].as_u64().unwrap();
        assert!(blocking > 1, "{snapshot:#}");
        assert!(snapshot["lacks"][0].as_str().unwrap().contains("findings forbid it"), "{snapshot:#}");
        client.post(&format!("{path}/commit"), &json!({})).await.problem(409, "conflict");
        let audit = format!("/audits/{}", snapshot["audit"]["id"].as_str().unwrap());
        let found = client.all(&format!("{audit}/findings?level=block&check=size"), 2).await;
        assert_eq!(found.len() as u64, blocking);
        assert!(client.all(&format!("{audit}/findings?level=info"), 2).await.is_empty());
        client.get(&format!("{audit}/findings?level=loud")).await.problem(400, "invalid-request");
        let lines = client.get(&format!("{audit}/findings?format=ndjson")).await.text;
        assert_eq!(lines.lines().count() as u64, blocking);

        let overrides = format!("{audit}/overrides");
        for wrong in [
            json!({ "person": "ann", "reason": " ", "all": true }),
            json!({ "person": "ann", "reason": "because" }),
            json!({ "reason": "because", "all": true }),
        ] {
            client.post(&overrides, &wrong).await.problem(400, "invalid-request");
        }
        let one = json!({ "person": "ann", "reason": "=seen, \"agreed\"", "findings": [found[0]["id"]] });
        let passed = client.post(&overrides, &one).await.expect(200);
        assert_eq!(passed, json!({ "overridden": 1, "open": blocking - 1 }));
        client.post(&format!("{path}/commit"), &json!({})).await.problem(409, "conflict");
        let rest = json!({ "person": "ben", "reason": "for tests", "all": true });
        assert_eq!(client.post(&overrides, &rest).await.expect(200)["open"], 0);
        let passed = client.all(&format!("{audit}/findings?overridden=true"), 100).await;
        assert_eq!(passed.len() as u64, blocking);
        assert_eq!(passed[0]["override"]["person"], "ann", "the earlier decision stays");
        let report = client.get(&format!("{audit}/report?format=csv&section=findings")).await.text;
        assert!(report.contains("\"'=seen, \"\"agreed\"\"\""), "{report}");

        client.post(&format!("{path}/commit"), &json!({})).await.expect(202);
        world.until_state(&path, "committed").await;
        let versions = client.all(&format!("/stocks/{stock}/versions"), 10).await;
        assert_eq!(versions.len(), 1);
        assert_eq!(versions[0]["audit"], snapshot["audit"]["id"]);
        assert_eq!(versions[0]["report_digest"], snapshot["audit"]["report_digest"]);
        let changed =
            client.body("PUT", &format!("/stocks/{stock}/policy"), &json!({ "removed": "keep" })).await;
        let changed = changed.expect(200);
        assert_eq!(
            (&changed["policy"]["removed"], &changed["policy"]["commit"]),
            (&"keep".into(), &"itself".into())
        );
        client
            .body("PUT", &format!("/stocks/{stock}/policy"), &json!({ "remove": 1 }))
            .await
            .problem(400, "invalid-request");
        world.stop().await;
    })
    .await;
}

#[tokio::test]
async fn versions_and_snapshots_are_compared() {
    on_each_stack(async |stack| {
        let (repository, world) = (odd(), World::working(stack).await);
        let client = &world.client;
        let source = world.source("ours", &[repository.url()]).await;
        let run = async || {
            let path = format!("/snapshots/{}", world.run(&source).await);
            world.until_state(&path, "audited").await;
            client.post(&format!("{path}/commit"), &json!({})).await.expect(202);
            world.until_state(&path, "committed").await;
            path
        };
        let first = run().await;
        repository.git(&["mv", "plain.rs", "renamed.rs"]);
        repository.write("+1", "fn other() {}\n").remove("@SUM(A1)").write("fresh.rs", "fn fresh() {}\n");
        repository.write_executable("-2.txt", "fn f1() {}\n").commit("second");
        let second = run().await;
        let (stock, _) = places(&world, &second).await;
        let summary = |changes: &[Value]| -> Vec<(String, String)> {
            let text = |change: &Value, name: &str| change[name].as_str().unwrap().to_owned();
            changes.iter().map(|change| (text(change, "kind"), text(change, "path"))).collect()
        };
        let expected: Vec<(String, String)> = [
            ("modified", "+1"),
            ("attributes", "-2.txt"),
            ("removed", "@SUM(A1)"),
            ("new", "fresh.rs"),
            ("moved", "renamed.rs"),
        ]
        .map(|(kind, path)| (kind.to_owned(), path.to_owned()))
        .to_vec();
        let changes = client.all(&format!("/stocks/{stock}/changes?from=1&to=2"), 2).await;
        assert_eq!(summary(&changes), expected);
        assert_eq!(changes[4]["old_path"], "plain.rs");
        assert_eq!(
            client.all(&format!("/stocks/{stock}/changes"), 100).await,
            changes,
            "by default the newest"
        );
        let old = first.rsplit('/').next().unwrap();
        assert_eq!(summary(&client.all(&format!("{second}/changes?from={old}"), 2).await), expected);
        let back = client.all(&format!("/stocks/{stock}/changes?from=2&to=1&kind=moved"), 2).await;
        assert_eq!(back[0]["old_path"], "renamed.rs");
        let all = client.all(&format!("/stocks/{stock}/changes?from=0&to=2"), 100).await;
        assert_eq!(all.len(), 10);
        client.get(&format!("/stocks/{stock}/changes?to=9")).await.problem(404, "not-found");
        client.get(&format!("/stocks/{stock}/changes?kind=odd")).await.problem(400, "invalid-request");

        let lines = client.get(&format!("/stocks/{stock}/report?from=1&to=2&format=jsonl")).await.text;
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((lines.len(), &lines[0]["moved"]), (6, &1.into()));
        let csv = client.get(&format!("{second}/report?from={old}&format=csv&section=moved")).await.text;
        assert!(csv.lines().count() == 2 && csv.contains("renamed.rs,plain.rs"), "{csv}");
        world.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_manifest_becomes_a_snapshot_and_what_failed_is_visited_again() {
    on_each_stack(async |stack| {
        let (repository, world) = (odd(), World::working(stack).await);
        let client = &world.client;
        client.post("/stocks", &json!({ "name": "ours", "policy": { "failed": "ask" } })).await.expect(201);
        let late = tempfile_path(stack);
        let manifest = json!({ "stock": "ours", "wait": true, "repositories": [
            { "url": repository.url() }, { "url": format!("file://{late}") }] });
        let begun = client.post("/snapshots", &manifest).await.expect(202);
        assert_eq!(begun["origin"], "manifest");
        let path = format!("/snapshots/{}", begun["id"].as_str().unwrap());
        let audited = world.until_state(&path, "audited").await;
        assert_eq!((&audited["progress"]["failed"], &audited["audit"]["new"]), (&1.into(), &10.into()));
        let refused = client.post(&format!("{path}/commit"), &json!({})).await.problem(409, "conflict");
        assert!(refused["detail"].as_str().unwrap().contains("failed"), "{refused}");
        std::fs::create_dir_all(&late).unwrap();
        std::fs::write(format!("{late}/late.rs"), "fn late() {}\n").unwrap();
        client.post(&format!("{path}/retry"), &json!({})).await.expect(202);
        let whole =
            world.until(&path, |value| value["state"] == "audited" && value["audit"]["new"] == 11).await;
        assert_eq!(whole["progress"]["failed"], 0);
        client.post(&format!("{path}/retry"), &json!({})).await.problem(409, "conflict");
        client.post(&format!("{path}/commit"), &json!({ "without_failed": true })).await.expect(202);
        world.until_state(&path, "committed").await;
        for (wrong, at) in [
            (json!({ "repositories": [] }), "repositories"),
            (json!({ "repositories": [{ "url": "ext::sh -c id" }] }), "repositories[0].url"),
            (
                json!({ "repositories": [{ "url": "https://example.org/a", "commit": "xyz" }] }),
                "repositories[0].commit",
            ),
        ] {
            assert_eq!(client.post("/snapshots", &wrong).await.problem(400, "invalid-request")["at"], at);
        }
        world.stop().await;
    })
    .await;
}

fn tempfile_path(stack: &testkit::Stack) -> String {
    stack.directory().join("late").to_str().unwrap().to_owned()
}
