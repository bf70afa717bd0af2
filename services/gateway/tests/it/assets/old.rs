//! The paths, payloads and answers that programs have always known.

use image::ImageFormat;
use serde_json::{Value, json};
use testkit::{Receiver, Reply, on_each_stack};

use super::support::{hits, picture};
use crate::{
    client::{Answer, send},
    world::World,
};

async fn post(world: &World, body: &Value) -> Answer {
    let request = world.client.request("POST", "/assets/image/");
    send(request.header("Content-Type", "application/json").body(body.to_string())).await
}

async fn get(world: &World, path: &str) -> Answer {
    send(world.client.request("GET", path)).await
}

fn submission(path: &str, hooks: &Value) -> Value {
    json!({ "assetPath": { "location": "local", "path": path }, "notifications": hooks })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_picture_is_complete_and_its_hooks_are_told() {
    on_each_stack(async |stack| {
        let world = World::working(stack).await;
        let receiver = Receiver::new(|_, _| Reply::Status(200)).await;
        let path = picture(stack, "good.png", 20, 10, ImageFormat::Jpeg);
        let hooks = json!({
            "onStart": receiver.url("/start"), "onSuccess": receiver.url("/success"), "onFailure": receiver.url("/failure"),
        });
        let taken = post(&world, &submission(path.to_str().unwrap(), &hooks)).await.expect(202);
        let id = taken["id"].as_str().unwrap().to_owned();
        assert_eq!(taken, json!({ "id": id, "state": "queued" }));
        let mut told = hits(&receiver, 2).await;
        told.sort_by(|one, next| one.path.cmp(&next.path));
        let told: Vec<(&str, Value)> =
            told.iter().map(|hit| (hit.path.as_str(), serde_json::from_str(&hit.body).unwrap())).collect();
        assert_eq!(
            told,
            [
                ("/start", json!({ "id": id, "state": "in_progress" })),
                ("/success", json!({ "id": id, "state": "complete" })),
            ]
        );
        assert_eq!(get(&world, &format!("/assets/{id}/")).await.expect(200), json!({ "id": id, "state": "complete" }));
        let list = get(&world, "/assets/").await.expect(200);
        assert_eq!(list, json!([{ "id": id, "state": "complete", "errors": null }]));
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_is_wrong_is_kept_and_told() {
    on_each_stack(async |stack| {
        let world = World::working(stack).await;
        let receiver = Receiver::new(|_, _| Reply::Status(200)).await;
        picture(stack, "large.jpg", 1001, 3, ImageFormat::Png);
        let hooks =
            json!({ "onStart": "nonsense", "onSuccess": null, "onFailure": receiver.url("/failure") });
        let taken = post(&world, &submission("large.jpg", &hooks)).await.expect(202);
        let told = hits(&receiver, 1).await;
        let body: Value = serde_json::from_str(&told[0].body).unwrap();
        let errors = json!({
            "asset": [
                "Assets must be a JPEG, the provided image is a PNG",
                "Asset dimensions must be smaller than 1000x1000px, the provided image is 1001x3px.",
            ],
            "onStart": ["`nonsense`is not a valid URL"],
        });
        assert_eq!(body, json!({ "id": taken["id"], "state": "failed", "errors": errors }));
        let path = format!("/assets/{}/", taken["id"].as_str().unwrap());
        assert_eq!(get(&world, &path).await.expect(200)["errors"], errors);
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_refused_and_what_is_unknown_is_not_found() {
    on_each_stack(async |stack| {
        let world = World::new(stack).await;
        let refused = post(&world, &json!({ "notifications": {} })).await.expect(400);
        assert_eq!(refused, json!({ "assetPath": ["This field is required."] }));
        for path in ["missing.jpg", ".", "/etc/passwd", "../../../../etc/passwd"] {
            let refused = post(&world, &submission(path, &json!({}))).await.expect(400);
            assert_eq!(
                refused,
                json!({ "assetPath": { "path": ["Asset path is not reachable."] } }),
                "{path}"
            );
        }
        for path in ["/assets/018f6e1c-0000-7000-8000-000000000000/", "/assets/nonsense/"] {
            get(&world, path).await.expect(404);
        }
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_echo_says_again_what_it_was_told() {
    on_each_stack(async |stack| {
        let world = World::new(stack).await;
        let request = |body: &str| {
            let request = world.client.request("POST", "/echo/post/");
            send(request.header("Content-Type", "application/json").body(body.to_owned()))
        };
        let body = json!({ "id": "x", "state": "failed", "errors": { "asset": ["é", null, 1.5] } });
        assert_eq!(request(&body.to_string()).await.expect(200), body);
        let broken = request("{").await.problem(400, "invalid-request");
        assert_eq!(broken["at"], "body");
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_comes_in_pages() {
    on_each_stack(async |stack| {
        let world = World::new(stack).await;
        picture(stack, "a.jpg", 2, 2, ImageFormat::Jpeg);
        for _ in 0..5 {
            post(&world, &submission("a.jpg", &json!({}))).await.expect(202);
        }
        let (mut seen, mut next) = (Vec::new(), Some("/assets/?limit=2".to_owned()));
        while let Some(path) = next.take() {
            let answer = get(&world, &path).await;
            let link = answer.headers.get("link").map(|link| link.to_str().unwrap().to_owned());
            next = link.map(|link| link.trim_start_matches('<').split('>').next().unwrap().to_owned());
            let page = answer.expect(200);
            seen.extend(page.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        }
        assert_eq!(seen.len(), 5);
        assert!(seen.is_sorted());
        world.stop().await;
    })
    .await;
}
