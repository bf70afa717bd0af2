//! The paths below `/api/v1`.

use futures_util::{StreamExt as _, stream};
use image::ImageFormat;
use serde_json::{Value, json};
use store::api_keys::Scope;
use testkit::{Receiver, Reply, on_each_stack};

use super::support::{hits, picture};
use crate::{
    client::{Answer, send},
    world::{SERVICES, World},
};

async fn post(
    world: &World,
    kind: &str,
    content: &str,
    key: Option<&str>,
    body: impl Into<reqwest::Body>,
) -> Answer {
    let mut request = world.client.request("POST", &format!("/api/v1/assets/{kind}"));
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    send(request.header("Content-Type", content).body(body)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_by_its_location_or_by_its_bytes() {
    on_each_stack(async |stack| {
        let world = World::working(stack).await;
        let path = picture(stack, "one.jpg", 30, 20, ImageFormat::Jpeg);
        let body = json!({ "location": "one.jpg" }).to_string();
        let taken = post(&world, "image", "application/json", None, body).await.expect(202);
        let href = taken["href"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
        let asset = world.until_state(&href, "complete").await;
        assert_eq!((&asset["errors"], &asset["provider"]), (&json!({}), &json!("local")));
        assert_eq!(asset["sha256"].as_str().unwrap().len(), 64);
        // The same bytes, brought with the request: known by now, which is a warning.
        let bytes = std::fs::read(path).unwrap();
        let taken = post(&world, "image", "image/jpeg", None, bytes).await.expect(202);
        let href = taken["href"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
        let other = world.until_state(&href, "complete").await;
        let text = format!("Asset has the same bytes as asset {}.", asset["id"].as_str().unwrap());
        assert_eq!(other["warnings"]["duplicate"], json!([text]));
        let taken =
            post(&world, "source", "text/x-python", None, "x = 'AKIAQZ7RXK3PVLM4WBT2'\n").await.expect(202);
        let href = taken["href"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
        let source = world.until_state(&href, "failed").await;
        assert_eq!(source["errors"]["secrets"], json!(["Asset has an access key of AWS in line 1."]));
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_and_each_is_told() {
    on_each_stack(async |stack| {
        let world = World::working(stack).await;
        let receiver = Receiver::new(|_, _| Reply::Status(200)).await;
        picture(stack, "good.jpg", 30, 20, ImageFormat::Jpeg);
        picture(stack, "bad.jpg", 30, 20, ImageFormat::Png);
        let line = |index: usize| {
            let name = if index.is_multiple_of(3) { "bad.jpg" } else { "good.jpg" };
            json!({
                "location": name, "on_start": receiver.url(&format!("/s/{index}")),
                "on_success": receiver.url(&format!("/e/{index}")), "on_failure": receiver.url(&format!("/f/{index}")),
            })
            .to_string()
        };
        let manifest = (0..300).map(line).collect::<Vec<_>>().join("\n");
        let taken = post(&world, "image", "application/x-ndjson", Some("k"), manifest.clone()).await.expect(202);
        assert_eq!(taken["assets"], 300);
        // The same request again is the same request; another one with its key is none.
        let again = post(&world, "image", "application/x-ndjson", Some("k"), manifest).await.expect(202);
        assert_eq!(again["submission"], taken["submission"]);
        post(&world, "image", "application/x-ndjson", Some("k"), line(1)).await.problem(409, "conflict");
        // What others choose as their keys is no business of ours.
        let request = world.client.with(Some(&world.key(&[Scope::Submit]).await));
        let request = request.request("POST", "/api/v1/assets/image").header("Idempotency-Key", "k");
        let other = json!({ "location": "good.jpg" }).to_string();
        let other = send(request.header("Content-Type", "application/json").body(other)).await.expect(202);
        assert_ne!(other["submission"], taken["submission"]);
        let told = hits(&receiver, 600).await;
        let paths: std::collections::BTreeSet<&str> = told.iter().map(|hit| hit.path.as_str()).collect();
        assert_eq!((told.len(), paths.len()), (600, 600));
        let of = format!("/assets?submission={}", taken["submission"].as_str().unwrap());
        let failed = world.client.all(&format!("{of}&state=failed"), 70).await;
        let complete = world.client.all(&format!("{of}&state=complete"), 70).await;
        assert_eq!((failed.len(), complete.len()), (100, 200));
        let csv = format!("location,on_success\ngood.jpg,{}\n\"good.jpg\",\n", receiver.url("/csv"));
        let taken = post(&world, "image", "text/csv", None, csv).await.expect(202);
        assert_eq!(taken["assets"], 2);
        hits(&receiver, 601).await;
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_is_left_out_when_they_fill_the_memory_that_they_may() {
    on_each_stack(async |stack| {
        std::fs::create_dir_all(stack.directory().join("assets")).unwrap();
        let largest = std::fs::metadata(picture(stack, "a.jpg", 60, 40, ImageFormat::Jpeg)).unwrap().len();
        // Three fill it.
        let mut world = World::with(stack, |config| config.assets.max_bytes = largest + 1).await;
        world.start(SERVICES);
        let manifest = "{\"location\": \"a.jpg\"}\n".repeat(150);
        let taken = post(&world, "image", "application/x-ndjson", None, manifest).await.expect(202);
        let of = format!("/assets?submission={}&limit=1", taken["submission"].as_str().unwrap());
        world.until(&format!("{of}&state=queued"), |list| list["items"] == json!([])).await;
        world.until(&format!("{of}&state=in_progress"), |list| list["items"] == json!([])).await;
        let of = of.replace("&limit=1", "");
        let all = world.client.all(&format!("{of}&state=complete"), 100).await;
        // They come in two messages, which do not see each other; within each only the first is new.
        let new = all.iter().filter(|one| one["warnings"] == json!({})).count();
        assert!(all.len() == 150 && (1..=2).contains(&new), "{new} of {}", all.len());
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_between_its_submission_and_its_checks_has_failed() {
    on_each_stack(async |stack| {
        let mut world = World::new(stack).await;
        let receiver = Receiver::new(|_, _| Reply::Status(200)).await;
        let path = picture(stack, "here.jpg", 30, 20, ImageFormat::Jpeg);
        let body = json!({ "location": "here.jpg", "on_failure": receiver.url("/f") });
        let taken = world.client.post("/assets/image", &body).await.expect(202);
        std::fs::remove_file(path).unwrap();
        world.start(SERVICES);
        let href = taken["href"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
        let asset = world.until_state(&href, "failed").await;
        let errors = json!({ "onStart": ["Asset path is not reachable."] });
        assert_eq!((&asset["errors"], &asset["sha256"]), (&errors, &json!(null)));
        let told: Value = serde_json::from_str(&hits(&receiver, 1).await[0].body).unwrap();
        assert_eq!(told, json!({ "id": asset["id"], "state": "failed", "errors": errors }));
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_arrive_in_time_is_cut_off() {
    on_each_stack(async |stack| {
        let world = World::with(stack, |config| config.assets.fetch_seconds = 1).await;
        for content in ["image/jpeg", "text/csv"] {
            // A beginning, and then nothing.
            let body = stream::iter([Ok::<_, std::io::Error>("location")]).chain(stream::pending());
            let answer = post(&world, "image", content, None, reqwest::Body::wrap_stream(body)).await;
            assert!(answer.problem(408, "request-timeout")["detail"].as_str().unwrap().contains("1 second"));
        }
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_refused_with_its_place() {
    on_each_stack(async |stack| {
        let world = World::new(stack).await;
        picture(stack, "a.jpg", 2, 2, ImageFormat::Jpeg);
        let json = "application/json";
        let at = async |content: &str, body: Value| {
            let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            let problem = post(&world, "image", content, None, body).await.problem(400, "invalid-request");
            problem["at"].as_str().unwrap_or_default().to_owned()
        };
        assert_eq!(at(json, json!({ "location": 3 })).await, "location");
        assert_eq!(at(json, json!({ "location": "missing.jpg" })).await, "location");
        assert_eq!(at(json, json!({ "location": "ftp://x/y" })).await, "location");
        assert_eq!(at(json, json!({ "location": "http://user:secret@127.0.0.1/" })).await, "location");
        assert_eq!(at(json, json!({ "location": "http://10.0.0.1/x.jpg" })).await, "location");
        assert_eq!(at(json, json!({ "location": "a.jpg", "on_start": "x" })).await, "on_start");
        assert_eq!(at(json, json!({ "location": "a.jpg", "more": 1 })).await, "more");
        let lines = "{\"location\":\"a.jpg\"}\n{\"location\":\"a.jpg\",\"on_failure\":\"x\"}\n";
        assert_eq!(at("application/x-ndjson", json!(lines)).await, "line 2: on_failure");
        assert_eq!(at("text/csv", json!("location\ns3://bucket/a\n")).await, "line 2: location");
        assert_eq!(at("text/csv", json!("path\na.jpg\n")).await, "line 1");
        assert_eq!(at("text/csv", json!("location\n")).await, "body");
        assert_eq!(at("image/jpeg", json!("")).await, "body");
        post(&world, "video", json, None, "{}").await.problem(404, "not-found");
        for id in ["018f6e1c-0000-7000-8000-000000000000", "nonsense"] {
            world.client.get(&format!("/assets/{id}")).await.problem(404, "not-found");
        }
        assert!(world.client.all("/assets", 10).await.is_empty(), "nothing of what is refused is kept");
        world.stop().await;
    })
    .await;
}
