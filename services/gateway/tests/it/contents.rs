//! Contents: by each of their names, with their bytes, ranged, under safe headers; and the pages.

use serde_json::json;
use testkit::{GitFixture, on_each_stack};

use crate::{client::send, world::World};

#[tokio::test]
async fn a_content_is_found_by_each_of_its_names_and_read_in_parts() {
    on_each_stack(async |stack| {
        let repository = GitFixture::new();
        let text = "// a comment\nfn main() { if true {} }\n";
        repository.write("src/main.rs", text).write("again.rs", text).commit("first");
        let world = World::working(stack).await;
        let client = &world.client;
        let path = world.audited("ours", &[repository.url()]).await;
        let nodes = client.all(&format!("{path}/nodes"), 10).await;
        let oid = nodes[0]["oid"].as_str().unwrap();
        let content = client.get(&format!("/contents/{oid}")).await.expect(200);
        assert_eq!((&content["size"], &content["state"]), (&json!(text.len()), &json!("stored")));
        let functions =
            content["metrics"].as_array().unwrap().iter().find(|one| one["analyzer"] == "functions").unwrap();
        assert!(functions["result"].to_string().contains("main"), "{functions}");
        let swhid = content["swhid"].as_str().unwrap();
        let sha256 = format!("sha256:{}", content["sha256"].as_str().unwrap());
        for name in [swhid, &sha256, &swhid.replace(':', "%3A")] {
            assert_eq!(client.get(&format!("/contents/{name}")).await.expect(200), content, "{name}");
        }
        let names = client.all(&format!("/contents/{oid}/names"), 1).await;
        let paths: Vec<&str> = names.iter().map(|one| one["path"].as_str().unwrap()).collect();
        assert_eq!(paths, ["again.rs", "src/main.rs"]);
        assert_eq!(names[0]["url"], repository.url());

        let bytes = format!("/api/v1/contents/{swhid}/bytes");
        let all = send(client.request("GET", &bytes)).await;
        assert_eq!((all.status, all.text.as_str()), (200, text));
        assert_eq!(all.headers["content-type"], "application/octet-stream");
        assert_eq!(all.headers["x-content-type-options"], "nosniff");
        assert!(all.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
        assert!(all.headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
        let tag = all.headers["etag"].clone();
        let part = send(client.request("GET", &bytes).header("Range", "bytes=3-5")).await;
        assert_eq!((part.status, part.text.as_str()), (206, text.get(3..=5).unwrap()));
        assert_eq!(part.headers["content-range"], format!("bytes 3-5/{}", text.len()));
        let outside = send(client.request("GET", &bytes).header("Range", "bytes=999-")).await;
        assert_eq!(outside.headers["content-range"], format!("bytes */{}", text.len()));
        outside.problem(416, "range-not-satisfiable");
        assert_eq!(send(client.request("GET", &bytes).header("If-None-Match", tag)).await.status, 304);
        client.get(&format!("/contents/{}", "0".repeat(40))).await.problem(404, "not-found");
        client.get("/contents/7").await.problem(400, "invalid-request");

        let repository_id = nodes[0]["repository"].as_str().unwrap();
        let visits = client.all(&format!("/repositories/{repository_id}/visits"), 10).await;
        assert_eq!(visits.len(), 1);
        assert_eq!(path, format!("/snapshots/{}", visits[0]["snapshot"].as_str().unwrap()));

        let snapshot = send(client.request("GET", &path)).await.text;
        for part in ["Commit to the stock", "<svg class=\"treemap\"", &repository.url(), "data-live"] {
            assert!(snapshot.contains(part), "{part}: {snapshot}");
        }
        let stock = client.get("/stocks").await.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
        for (page, part) in [
            ("/", "Newest snapshots".to_owned()),
            ("/sources", "A new source".to_owned()),
            ("/repositories", repository.url()),
            (&format!("/repositories/{repository_id}"), "Visits".to_owned()),
            ("/stocks", "ours".to_owned()),
            (&format!("/stocks/{stock}"), "audited".to_owned()),
            ("/set-aside", "every message was handled".to_owned()),
            ("/keys", "of a test".to_owned()),
            ("/script.js", "EventSource".to_owned()),
        ] {
            let page = send(client.request("GET", page)).await;
            assert!(page.status == 200 && page.text.contains(&part), "{part}: {}", page.text);
        }
        world.stop().await;
    })
    .await;
}
