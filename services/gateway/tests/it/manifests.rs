//! Snapshots whose nodes are listed: uploaded as a manifest, as JSON, or said on the bus.

use contracts::{Envelope, route};
use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::{GitFixture, Stack, on_each_stack};

use crate::{
    client::{Answer, send},
    world::World,
};

/// Names that have gone wrong elsewhere.
const ODD: [&str; 6] =
    ["=cmd|'' !A0", "+1", "comma, \"quote\".md", "naïve/文件/😀.rs", "two\nlines", "plain.rs"];

/// A world that holds the contents of a repository, and its nodes as the API lists them.
async fn holding(stack: &Stack) -> (GitFixture, World, Vec<Value>) {
    let repository = GitFixture::new();
    for (at, name) in ODD.iter().enumerate() {
        repository.write(name, format!("fn f{at}() {{ if true {{}} }}\n"));
    }
    repository.commit("first");
    let world = World::working(stack).await;
    let path = world.audited("theirs", &[repository.url()]).await;
    let nodes = world.client.all(&format!("{path}/nodes"), 100).await;
    assert_eq!(nodes.len(), ODD.len());
    (repository, world, nodes)
}

/// A stock of this name, by its path.
async fn stock(world: &World, name: &str, policy: &Value) -> String {
    let made = world.client.post("/stocks", &json!({ "name": name, "policy": policy })).await.expect(201);
    format!("/stocks/{}", made["id"].as_str().unwrap())
}

async fn upload(world: &World, stock: &str, query: &str, kind: &str, body: &str) -> Answer {
    let request = world.client.request("POST", &format!("/api/v1{stock}/snapshots{query}"));
    send(request.header("Content-Type", kind).body(body.to_owned())).await
}

fn csv(rows: &[(&str, String, String)]) -> String {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["path", "digest", "size"]).unwrap();
    for (path, digest, size) in rows {
        table.write_record([path, digest.as_str(), size]).unwrap();
    }
    String::from_utf8(table.into_inner().unwrap()).unwrap()
}

fn rows(nodes: &[Value]) -> Vec<(&str, String, String)> {
    let row = |node: &'_ Value| (node["oid"].as_str().unwrap().to_owned(), node["size"].to_string());
    ODD.iter().zip(nodes).map(|(name, node)| (*name, row(node).0, row(node).1)).collect()
}

#[tokio::test]
async fn a_manifest_goes_its_way_to_a_committed_stock() {
    on_each_stack(async |stack| {
        let (_repository, world, nodes) = holding(stack).await;
        let client = &world.client;
        let ours = self::stock(&world, "ours", &json!({ "commit": "itself" })).await;
        let query = "?repository=https://example.org/data";
        let begun = upload(&world, &ours, query, "text/csv", &csv(&rows(&nodes))).await;
        assert!(begun.headers["location"].to_str().unwrap().starts_with("/api/v1/snapshots/"));
        let begun = begun.expect(202);
        assert_eq!(begun["origin"], "manifest");
        let path = format!("/snapshots/{}", begun["id"].as_str().unwrap());
        let done = world.until_state(&path, "committed").await;
        assert_eq!((&done["audit"]["new"], &done["stock_version"]), (&ODD.len().into(), &1.into()));
        let held = client.all(&format!("{ours}/entries"), 10).await;
        assert_eq!(held[0]["url"], "https://example.org/data");
        // A name that tells another language has the content looked at by other analyzers.
        let mut more = rows(&nodes);
        more[5].0 = "plain.py";
        more.push((
            "copy.rs",
            nodes[0]["swhid"].as_str().map_or_else(|| more[0].1.clone(), str::to_owned),
            String::new(),
        ));
        let body: String = more
            .iter()
            .map(|(path, digest, _)| {
                let row = json!({ "repository": "https://example.org/data", "path": path, "digest": digest,
                    "mode": if *path == "+1" { "100755" } else { "100644" } });
                format!("{row}\n")
            })
            .collect();
        let begun = upload(&world, &ours, "?wait=true", "application/x-ndjson", &body).await.expect(202);
        let path = format!("/snapshots/{}", begun["id"].as_str().unwrap());
        let audited = world.until_state(&path, "audited").await;
        let audit = &audited["audit"];
        let counts =
            ["new", "moved", "attributes", "removed", "unchanged"].map(|kind| audit[kind].as_u64().unwrap());
        assert_eq!(counts, [1, 1, 1, 0, 4], "{audited:#}");
        let changes =
            client.all(&format!("/audits/{}/changes?kind=moved", audit["id"].as_str().unwrap()), 9).await;
        assert_eq!(
            (&changes[0]["path"], &changes[0]["after"]["language"]),
            (&"plain.py".into(), &"Python".into())
        );
        client.post(&format!("{path}/commit"), &json!({})).await.expect(202);
        world.until_state(&path, "committed").await;
        world.stop().await;
    })
    .await;
}

#[tokio::test]
async fn what_a_manifest_may_not_say_is_told_and_nothing_is_made() {
    on_each_stack(async |stack| {
        let (_repository, world, nodes) = holding(stack).await;
        let ours = self::stock(&world, "ours", &json!({})).await;
        let query = "?repository=https://example.org/data";
        let good = rows(&nodes);
        let changed = |at: usize, row: (&'static str, String, String)| {
            let mut rows = good.clone();
            rows[at] = row;
            csv(&rows)
        };
        let (digest, size) = (good[0].1.clone(), good[0].2.clone());
        let sha256 = format!("sha256:{}", "ab".repeat(32));
        for (body, says) in [
            (changed(1, ("=cmd|'' !A0", digest.clone(), size.clone())), "twice"),
            (changed(1, ("b", "0".repeat(40), String::new())), "1 contents are not held: b (0000"),
            (changed(1, ("b", sha256, String::new())), "not held: b (sha256:ab"),
            (changed(1, ("b", digest.clone(), "1".to_owned())), "1 bytes; what is held has"),
            (changed(1, ("../b", digest.clone(), size.clone())), "no path"),
            (changed(1, ("b", "main".to_owned(), size.clone())), "no digest"),
            ("path\nx\n".to_owned(), "line 2"),
            ("path,digest\n".to_owned(), "no rows"),
        ] {
            let refused =
                upload(&world, &ours, query, "text/csv", &body).await.problem(400, "invalid-request");
            assert!(refused["detail"].as_str().unwrap().contains(says), "{says}: {refused}");
        }
        let body = csv(&good);
        upload(&world, &ours, "", "text/csv", &body).await.problem(400, "invalid-request");
        upload(&world, &ours, query, "text/plain", &body).await.problem(415, "unsupported-media-type");
        let nowhere = format!("/stocks/{}", uuid::Uuid::now_v7());
        upload(&world, &nowhere, query, "text/csv", &body).await.problem(404, "not-found");
        let id = ours.rsplit('/').next().unwrap();
        assert!(world.client.all(&format!("/snapshots?stock={id}"), 10).await.is_empty());
        world.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_list_of_nodes_on_the_bus_or_as_json_goes_the_same_way() {
    on_each_stack(async |stack| {
        let (repository, world, nodes) = holding(stack).await;
        let client = &world.client;
        let listed: Vec<Value> = rows(&nodes)
            .into_iter()
            .map(|(path, digest, size)| json!({ "path": path, "digest": digest, "size": size.parse::<u64>().unwrap() }))
            .collect();
        // With a repository beside it that is visited.
        let message = json!({ "stock": "said", "repositories": [
            { "url": "https://example.org/data", "nodes": listed }, { "url": repository.url() }] });
        let bare = Envelope::from_bare(route::SNAPSHOT_REQUESTED, message.to_string().into_bytes(), Timestamp::now());
        stack.bus.publish(&[bare]).await.unwrap();
        let made = world.until("/stocks", |page| page["items"].as_array().unwrap().iter().any(|one| one["name"] == "said" && one["version"] == 1)).await;
        let said = made["items"].as_array().unwrap().iter().find(|one| one["name"] == "said").unwrap();
        let held = client.all(&format!("/stocks/{}/entries", said["id"].as_str().unwrap()), 10).await;
        assert_eq!(held.len(), 2);
        let page = client.get(&format!("/snapshots?stock={}", said["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(page["items"][0]["origin"], "message");

        let manifest = json!({ "stock": "written", "repositories": [
            { "url": "https://example.org/data", "nodes": [listed[0], listed[1]] }] });
        let begun = client.post("/snapshots", &manifest).await.expect(202);
        let path = format!("/snapshots/{}", begun["id"].as_str().unwrap());
        let done = world.until_state(&path, "committed").await;
        assert_eq!(done["audit"]["new"], 2);
        let both = json!({ "repositories": [
            { "url": "https://example.org/a", "commit": "0".repeat(40), "nodes": [listed[0]] }] });
        let refused = client.post("/snapshots", &both).await.problem(400, "invalid-request");
        assert_eq!(refused["at"], "repositories[0].nodes");
        // What cannot be made of a message waits for a person, with the reason.
        let wrong = json!({ "repositories": [{ "url": "https://example.org/a",
            "nodes": [{ "path": "a", "digest": "0".repeat(40) }] }] });
        let bare = Envelope::from_bare(route::SNAPSHOT_REQUESTED, wrong.to_string().into_bytes(), Timestamp::now());
        stack.bus.publish(&[bare]).await.unwrap();
        let kept = world.until("/set-aside", |page| !page["items"].as_array().unwrap().is_empty()).await;
        assert!(kept["items"][0]["error"]["reason"].as_str().unwrap().contains("not held: a"), "{kept}");
        world.stop().await;
    })
    .await;
}

#[tokio::test]
async fn what_the_depot_cannot_give_is_a_finding_of_who_should_have_looked() {
    on_each_stack(async |stack| {
        let (_repository, world, nodes) = holding(stack).await;
        let client = &world.client;
        let policy = json!({ "checks": [{ "check": "secrets", "level": "block" }] });
        let ours = self::stock(&world, "ours", &policy).await;
        remove_packs(&stack.directory().join("depot"));
        let query = "?repository=https://example.org/data";
        // Under the names that they have: then nobody but the auditor wants to read them.
        let same: Vec<_> = nodes
            .iter()
            .map(|node| {
                (node["path"].as_str().unwrap(), node["oid"].as_str().unwrap().to_owned(), String::new())
            })
            .collect();
        let begun = upload(&world, &ours, query, "text/csv", &csv(&same)).await.expect(202);
        let path = format!("/snapshots/{}", begun["id"].as_str().unwrap());
        let audited = world.until_state(&path, "audited").await;
        assert_eq!(audited["audit"]["findings"]["block"], ODD.len(), "{audited:#}");
        let audit = audited["audit"]["id"].as_str().unwrap();
        let found = client.all(&format!("/audits/{audit}/findings"), 100).await;
        for finding in &found {
            assert_eq!((&finding["check"], &finding["code"]), (&"secrets".into(), &"unreadable".into()));
            assert!(finding["message"].as_str().unwrap().contains("is not in the depot"), "{finding}");
        }
        client.post(&format!("{path}/commit"), &json!({})).await.problem(409, "conflict");
        world.stop().await;
    })
    .await;
}

fn remove_packs(folder: &std::path::Path) {
    let mut removed = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                std::fs::remove_file(entry.path()).unwrap();
                removed += 1;
            }
        }
    }
    assert!(removed > 0);
}
