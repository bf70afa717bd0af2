//! From a source to a committed snapshot, and everything that can be read on the way.

use serde_json::{Value, json};
use testkit::{GitFixture, on_each_stack};

use crate::{client::send, world::World};

fn repository() -> GitFixture {
    let repository = GitFixture::new();
    repository
        .write("src/main.rs", "// a comment\nfn main() {}\n")
        .write("Makefile", "all:\n\ttrue\n")
        .write("copy.txt", "fn main() {}\n")
        .write(b"odd\xff \"name\".rs", "fn odd() {}\n")
        .symlink("link", "src/main.rs")
        .commit("first");
    repository
}

#[tokio::test]
async fn a_source_becomes_a_committed_snapshot() {
    on_each_stack(async |stack| {
        let repository = repository();
        let world = World::working(stack).await;
        let client = &world.client;
        let source = world.source("ours", &[repository.url()]).await;
        let snapshot = world.run(&source).await;
        let path = format!("/snapshots/{snapshot}");
        let audited = world.until_state(&path, "audited").await;
        assert_eq!(audited["progress"]["repositories"], 1);
        assert_eq!(audited["progress"]["nodes"], 5);
        assert_eq!(audited["audit"]["state"], "finished");
        assert_eq!(audited["audit"]["new"], 5);
        assert_eq!(audited["source"], source.as_str());

        let stocks = client.get("/stocks").await.expect(200);
        let stock = stocks["items"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(stocks["items"][0]["version"], 0);
        client.post(&format!("{path}/commit"), &json!({})).await.expect(202);
        let committed = world.until_state(&path, "committed").await;
        assert_eq!(committed["stock_version"], 1);

        let entries = client.get(&format!("/stocks/{stock}/entries")).await.expect(200);
        assert_eq!(entries["items"][0]["commit"], repository.head());
        assert_eq!(entries["items"][0]["since"], 1);
        let before = client.get(&format!("/stocks/{stock}/entries?version=0")).await.expect(200);
        assert_eq!(before["items"], json!([]));
        client.get(&format!("/stocks/{stock}/entries?version=2")).await.problem(400, "invalid-request");
        assert_eq!(client.get(&format!("/stocks/{stock}")).await.expect(200)["version"], 1);

        let parts = client.get(&format!("{path}/repositories?state=analyzed")).await.expect(200);
        let id = parts["items"][0]["repository"].as_str().unwrap();
        let one = client.get(&format!("/repositories/{id}")).await.expect(200);
        assert_eq!(one["last_visit"]["commit"], repository.head());
        let tasks = client.all("/tasks?state=finished", 2).await;
        let kinds: Vec<&Value> = tasks.iter().map(|task| &task["kind"]).collect();
        assert_eq!(kinds, ["audit", "process", "index"]);

        let again = client.post(&format!("{path}/commit"), &json!({})).await.problem(409, "conflict");
        assert!(again["detail"].as_str().unwrap().contains("committed already"), "{again}");
        client.post(&format!("{path}/abort"), &json!({})).await.problem(409, "conflict");
        let page = send(client.request("GET", "/")).await;
        assert!(page.status == 200 && page.text.contains("committed"), "{}", page.text);
        world.stop().await;
    })
    .await;
}

#[tokio::test]
async fn nodes_have_what_git_and_the_analyzers_say() {
    on_each_stack(async |stack| {
        let repository = repository();
        let world = World::working(stack).await;
        let path = world.audited("ours", &[repository.url()]).await;
        let nodes = world.client.all(&format!("{path}/nodes"), 2).await;
        let expected = repository.ls_tree();
        assert_eq!(nodes.len(), expected.len());
        for (node, entry) in nodes.iter().zip(&expected) {
            assert_eq!(node["mode"], format!("{:06o}", entry.mode));
            assert_eq!(node["oid"], entry.oid);
            assert_eq!(node["swhid"], format!("swh:1:cnt:{}", entry.oid));
            assert_eq!(node["size"].as_u64(), entry.size);
            assert_eq!(node["content"], "stored");
            match std::str::from_utf8(&entry.path) {
                Ok(text) => assert!(node["path"] == text && node["path_base64"].is_null(), "{node}"),
                Err(_) => {
                    assert_eq!(node["path"], r#""odd\377 \"name\".rs""#);
                    assert_eq!(node["path_base64"], "b2Rk/yAibmFtZSIucnM=");
                }
            }
        }
        let of = |path: &str| nodes.iter().find(|node| node["path"] == path).unwrap();
        let metrics = &of("src/main.rs")["metrics"];
        assert_eq!(metrics["language"]["result"]["language"], "Rust");
        assert_eq!(metrics["lines"]["result"]["code"], 1);
        assert_eq!(metrics["lines"]["result"]["comments"], 1);
        // The same bytes are something else under another name.
        assert_ne!(of("copy.txt")["metrics"]["language"]["result"]["language"], "Rust");

        let few = world.client.all(&format!("{path}/nodes?metrics=lines"), 10).await;
        assert!(
            few.iter().all(|node| node["metrics"].as_object().unwrap().keys().all(|name| name == "lines"))
        );
        assert_eq!(few[0]["metrics"]["lines"], nodes[0]["metrics"]["lines"]);
        let none = world.client.all(&format!("{path}/nodes?metrics="), 10).await;
        assert!(none.len() == nodes.len() && none.iter().all(|node| node["metrics"] == json!({})));
        let wrong = world
            .client
            .get(&format!("{path}/nodes?metrics=lines,liens"))
            .await
            .problem(400, "invalid-request");
        assert!(
            wrong["at"] == "metrics" && wrong["detail"].as_str().unwrap().contains("language"),
            "{wrong}"
        );

        let lines = world.client.get(&format!("{path}/nodes?format=ndjson")).await;
        assert_eq!(lines.headers["content-type"], "application/x-ndjson");
        assert_eq!(ndjson(&lines.text), nodes);
        let request = world.client.request("GET", &format!("/api/v1{path}/nodes"));
        let accepted = send(request.header("Accept", "application/x-ndjson;q=1, */*;q=0.1")).await;
        assert_eq!(ndjson(&accepted.text), nodes);
        world.stop().await;
    })
    .await;
}

/// The items of a stream, without what each says of how to go on behind it.
fn ndjson(text: &str) -> Vec<Value> {
    let item = |line: &str| {
        let mut item: Value = serde_json::from_str(line).unwrap();
        assert!(item.as_object_mut().unwrap().remove("cursor").unwrap().is_string());
        item
    };
    text.lines().map(item).collect()
}

#[tokio::test]
async fn streams_and_pages_go_through_many_repositories() {
    on_each_stack(async |stack| {
        let many: Vec<GitFixture> = (0..3).map(|_| GitFixture::new()).collect();
        for (at, repository) in many.iter().enumerate() {
            for file in 0..900 {
                repository.write(format!("{}/{file:04}", file % 7), format!("{at} {file}\n"));
            }
            repository.commit("first");
        }
        let empty = GitFixture::new();
        let mut urls: Vec<String> = many.iter().map(GitFixture::url).collect();
        urls.insert(1, empty.url());
        let world = World::working(stack).await;
        let path = world.audited("many", &urls).await;
        let stream = ndjson(&world.client.get(&format!("{path}/nodes?format=ndjson")).await.text);
        assert_eq!(stream.len(), 2_700);
        // One that breaks off is gone on with behind its last whole line.
        let text = world.client.get(&format!("{path}/nodes?format=ndjson")).await.text;
        let last: Value = serde_json::from_str(text.lines().nth(1_234).unwrap()).unwrap();
        let cursor = last["cursor"].as_str().unwrap();
        let rest = world.client.get(&format!("{path}/nodes?format=ndjson&cursor={cursor}")).await;
        assert_eq!(ndjson(&rest.text), stream[1_235..]);
        let pages = world.client.all(&format!("{path}/nodes"), 100).await;
        assert_eq!(pages, stream);
        // A page that ends with a repository is followed by the next repository's.
        let exact = world.client.all(&format!("{path}/nodes"), 900).await;
        assert_eq!(exact, stream);
        let repository = stream[1_000]["repository"].as_str().unwrap();
        let one = world.client.all(&format!("{path}/nodes?repository={repository}"), 1_000).await;
        assert!(one.len() == 900 && one.iter().all(|node| node["repository"] == repository));
        let behind = world.client.get(&format!("{path}/nodes?limit=1000")).await.expect(200);
        let next = behind["next"].as_str().unwrap();
        let rest = world.client.get(&format!("{path}/nodes?format=ndjson&cursor={next}")).await;
        assert_eq!(ndjson(&rest.text), stream[1_000..]);
        world.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_repair_is_asked_for_and_found_again() {
    on_each_stack(async |stack| {
        let repository = repository();
        let world = World::working(stack).await;
        world.audited("ours", &[repository.url()]).await;
        let wanted = json!({ "action": "reanalyze", "subject": format!("url:{}", repository.url()), "reason": "why not" });
        let asked = world.client.post("/repairs", &wanted).await;
        let location = asked.headers["location"].to_str().unwrap().to_owned();
        asked.expect(202);
        let found = location.strip_prefix("/api/v1").unwrap();
        let page = world.until(found, |page| page["items"][0]["state"] == "done").await;
        let repair = &page["items"][0];
        assert_eq!((&repair["action"], &repair["reason"]), (&json!("reanalyze"), &json!("why not")));
        let one = world.client.get(&format!("/repairs/{}", repair["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(&one, repair);
        assert_eq!(world.client.get("/repairs?state=failed").await.expect(200)["items"], json!([]));
        world.stop().await;
    })
    .await;
}
