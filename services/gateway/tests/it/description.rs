//! The description: complete, in step with the routes, and the one that is published.

use std::{fs, path::Path};

use serde_json::Value;
use testkit::Stack;

use crate::{client::send, world::World};

const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

fn document() -> Value {
    serde_json::from_str(&gateway::openapi()).unwrap()
}

/// Every operation: its path, its method and itself.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let found = paths.iter().flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |method| Some((path.as_str(), *method, item.get(*method)?)))
    });
    found.collect()
}

#[test]
fn everything_is_described() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let operations = operations(&document);
    assert!(operations.len() >= 30, "{}", operations.len());
    for (path, method, operation) in operations {
        let place = format!("{method} {path}");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{place}");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{place}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(
                response["description"].as_str().is_some_and(|text| !text.is_empty()),
                "{place} {status}"
            );
            if status.starts_with(['4', '5']) {
                let body = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(body, "#/components/schemas/Problem", "{place} {status}");
            }
        }
        // Whatever has pages can be streamed.
        let is_list = operation["parameters"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["name"] == "cursor"));
        let content = &operation["responses"]["200"]["content"];
        assert_eq!(is_list, content["application/x-ndjson"].is_object(), "{place}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(
                parameter["description"].as_str().is_some_and(|text| !text.is_empty()),
                "{place} {parameter}"
            );
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let text = document.to_string();
    let references = text.split("\"$ref\":\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let ids: Vec<&Value> = operations(&document).iter().map(|(_, _, one)| &one["operationId"]).collect();
    for (at, id) in ids.iter().enumerate() {
        assert!(!ids[..at].contains(id), "{id} is there twice");
    }
}

#[tokio::test]
async fn the_routes_that_are_described_are_served_and_the_description_is_too() {
    let stack = Stack::embedded().await;
    let world = World::new(&stack).await;
    let document = document();
    for (path, method, _) in operations(&document) {
        let path = path.replace("{id}", "01890a5d-ac96-774b-bcce-b302099a8057");
        let mut answer = world.client.request(&method.to_uppercase(), &path).send().await.unwrap();
        let status = answer.status().as_u16();
        // Nothing is there and no body was sent: a handler has said so, and not the router.
        let text = if path.ends_with("/events") {
            String::new()
        } else {
            let mut text = Vec::new();
            while let Some(part) = answer.chunk().await.unwrap() {
                text.extend_from_slice(&part);
            }
            String::from_utf8(text).unwrap()
        };
        assert!(
            matches!(status, 200 | 400 | 404) && !text.contains("nothing is at"),
            "{method} {path}: {status} {text}"
        );
    }
    let served = send(world.client.request("GET", "/api/v1/openapi.json")).await.expect(200);
    assert_eq!(served, document);
    let page = send(world.client.request("GET", "/docs")).await;
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    for (path, _, _) in operations(&document) {
        assert!(page.text.contains(path), "{path}");
    }
    for link in page.text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        match link.strip_prefix('#') {
            Some(anchor) => assert!(page.text.contains(&format!("id=\"{anchor}\"")), "{link}"),
            None => assert_ne!(send(world.client.request("GET", link)).await.status, 404, "{link}"),
        }
    }
    let told = send(world.client.request("GET", "/metrics")).await;
    assert!(told.text.contains("route=\"/api/v1/tasks/{id}\",status=\"404\""), "{}", told.text);
    world.stop().await;
    stack.remove().await;
}

/// What the examples of two submissions name is not reachable from here, which is told as a wrong request.
const UNREACHABLE: [&str; 2] = ["/api/v1/assets/{id}", "/assets/image"];

#[tokio::test]
async fn every_example_of_a_body_is_understood() {
    let stack = Stack::embedded().await;
    let world = World::new(&stack).await;
    let document = document();
    let mut sent = 0;
    for (path, method, operation) in operations(&document) {
        let Some(body) = operation.pointer("/requestBody/content/application~1json") else { continue };
        let example = body.get("example").unwrap_or_else(|| panic!("{method} {path} has no example"));
        let at = path
            .replace("{forge}", "github")
            .replace("/assets/{id}", "/assets/image")
            .replace("{id}", "01890a5d-ac96-774b-bcce-b302099a8057");
        let request = world.client.request(&method.to_uppercase(), &at);
        let answer = send(request.header("Content-Type", "application/json").body(example.to_string())).await;
        let understood =
            answer.status != 400 || (UNREACHABLE.contains(&path) && !answer.text.contains("unknown"));
        assert!(
            understood && answer.status != 415 && answer.status < 500,
            "{method} {path}: {}",
            answer.text
        );
        sent += 1;
    }
    assert!(sent >= 18, "{sent}");
    world.stop().await;
    stack.remove().await;
}

#[test]
fn the_published_description_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/openapi.json");
    if updating() {
        fs::write(&path, gateway::openapi()).unwrap();
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == gateway::openapi(),
        "proto/openapi.json is not up to date; run STOCKTAKE_UPDATE=1 cargo test -p gateway published"
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the tests says by the environment that the file is to be written"
)]
fn updating() -> bool {
    std::env::var("STOCKTAKE_UPDATE").is_ok_and(|value| value == "1")
}
