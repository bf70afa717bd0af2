//! Webhooks, managed over HTTP.

use image::ImageFormat;
use serde_json::json;
use store::webhooks::destinations;
use testkit::{Receiver, Reply, on_each_stack};

use super::support::{hits, picture};
use crate::{client::send, world::World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_made_told_rotated_replayed_and_removed() {
    on_each_stack(async |stack| {
        let world = World::working(stack).await;
        let receiver = Receiver::new(|_, _| Reply::Status(200)).await;
        let new =
            json!({ "url": receiver.url("/"), "events": ["asset.*"], "filters": { "state": ["complete"] } });
        let made = world.client.post("/webhooks", &new).await.expect(201);
        let secret = made["secret"].as_str().unwrap().to_owned();
        assert!(secret.starts_with("whsec_"));
        let path = format!("/webhooks/{}", made["webhook"]["id"].as_str().unwrap());
        picture(stack, "good.jpg", 3, 2, ImageFormat::Jpeg);
        picture(stack, "bad.jpg", 3, 2, ImageFormat::Png);
        for name in ["bad.jpg", "good.jpg"] {
            world.client.post("/assets/image", &json!({ "location": name })).await.expect(202);
        }
        let told = hits(&receiver, 1).await;
        let timestamp = told[0].header("webhook-timestamp").parse().unwrap();
        let signature =
            egress::sign::Key::read(&secret).unwrap().sign(&told[0].id(), timestamp, &told[0].body);
        assert_eq!(told[0].header("webhook-signature"), signature);
        let is_told = |list: &serde_json::Value| list["items"][0]["state"] == "delivered";
        let list = world
            .until(
                &format!("/webhook-deliveries?webhook={}", made["webhook"]["id"].as_str().unwrap()),
                is_told,
            )
            .await;
        let delivery = format!("/webhook-deliveries/{}", list["items"][0]["id"].as_str().unwrap());
        let detail = world.client.get(&delivery).await.expect(200);
        assert_eq!((&detail["attempts"][0]["status"], &detail["body"]), (&json!(200), &json!(told[0].body)));
        let rotated = world
            .client
            .post(&format!("{path}/rotate"), &json!({ "scheme": "asymmetric" }))
            .await
            .expect(200);
        assert!(rotated["secret"].as_str().unwrap().starts_with("whpk_"));
        assert_eq!(rotated["webhook"]["keys"], 2);
        world.client.post(&format!("{delivery}/replay"), &json!({})).await.expect(202);
        let told = hits(&receiver, 2).await;
        assert_eq!(told[0].id(), told[1].id());
        assert_eq!(told[1].header("webhook-signature").split(' ').count(), 2);
        let since = json!({ "since": "2020-01-01T00:00:00Z", "all": true });
        world.until(&delivery, |detail| detail["delivery"]["state"] == "delivered").await;
        let replayed = world.client.post(&format!("{path}/replay"), &since).await.expect(202);
        assert_eq!(replayed["deliveries"], 1);
        hits(&receiver, 3).await;
        let state = format!("{path}/state");
        for wanted in ["paused", "active"] {
            let changed = world.client.body("PUT", &state, &json!({ "state": wanted })).await.expect(200);
            assert_eq!(changed["state"], wanted);
        }
        world.client.body("PUT", &state, &json!({ "state": "off" })).await.problem(400, "invalid-request");
        let paused = json!({ "url": receiver.url("/"), "events": ["*"], "state": "paused" });
        assert_eq!(world.client.body("PUT", &path, &paused).await.expect(200)["state"], "paused");
        assert_eq!(world.client.body("DELETE", &path, &json!({})).await.status, 204);
        world.client.get(&path).await.problem(404, "not-found");
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_show_webhooks_what_they_were_told_and_each_try() {
    on_each_stack(async |stack| {
        let world = World::working(stack).await;
        let receiver = Receiver::new(|_, _| Reply::With(500, "x-why", "not now".to_owned())).await;
        let filters = json!({ "kind": ["<b>", "image"] });
        let new = json!({ "name": "a <hook>", "url": receiver.url("/"), "events": ["asset.*"], "filters": filters });
        let made = world.client.post("/webhooks", &new).await.expect(201);
        let id = made["webhook"]["id"].as_str().unwrap().to_owned();
        picture(stack, "good.jpg", 3, 2, ImageFormat::Jpeg);
        world.client.post("/assets/image", &json!({ "location": "good.jpg" })).await.expect(202);
        let list = world
            .until(&format!("/webhook-deliveries?webhook={id}"), |list| list["items"][0]["tries"] == 1)
            .await;
        let page = async |path: &str| {
            let answer = send(world.client.request("GET", path)).await;
            assert_eq!((answer.status, &answer.headers["content-type"]), (200, &"text/html; charset=utf-8".parse().unwrap()));
            answer.text
        };
        let all = page("/webhooks").await;
        for part in ["a &lt;hook&gt;", "kind = &lt;b&gt;, image", &format!("/webhooks/{id}/rotate"), "asset.complete"] {
            assert!(all.contains(part), "{part} in {all}");
        }
        assert!(!all.contains(made["secret"].as_str().unwrap()) && !all.contains("<b>"));
        let delivery = list["items"][0]["id"].as_str().unwrap();
        let one = page(&format!("/webhooks/{id}")).await;
        assert!(one.contains(&format!("/webhook-deliveries/{delivery}")), "{one}");
        // The form that changes it begins with what it is.
        let form = format!("data-api=\"PUT /api/v1/webhooks/{id}\"");
        for part in [form.as_str(), "value=\"a &lt;hook&gt;\"", "value=\"asset.*\"", "kind = &lt;b&gt;, image\n"] {
            assert!(one.contains(part), "{part} in {one}");
        }
        let given_up = page(&format!("/webhooks/{id}?state=failed")).await;
        assert!(!given_up.contains(delivery) && given_up.contains("Nothing yet."), "{given_up}");
        assert_eq!(send(world.client.request("GET", &format!("/webhooks/{id}?state=lost"))).await.status, 400);
        let tries = page(&format!("/webhook-deliveries/{delivery}")).await;
        for part in ["<td class=\"number\">500</td>", "<code>well</code>", "&quot;asset.complete&quot;"] {
            assert!(tries.contains(part), "{part} in {tries}");
        }
        for path in ["/webhooks/", "/webhook-deliveries/"] {
            let nowhere = format!("{path}{}", "0190a0a0-0000-7000-8000-000000000000");
            assert_eq!(send(world.client.request("GET", &nowhere)).await.status, 404);
        }
        world.stop().await;
    })
    .await;
}

/// Where a receiver is, as if it had failed for days.
async fn switched_off(world: &World, url: &str) -> String {
    let origin = url.trim_end_matches('/').to_owned();
    let write = move |tx: &mut store::Tx| -> Result<_, contracts::Failure> {
        let now = jiff::Timestamp::now();
        let ids = destinations::ensure(tx, &[&origin], now)?;
        destinations::switch_off(tx, ids[&origin], now)?;
        Ok(ids[&origin])
    };
    world.engine.store.write(write).await.unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destination_that_was_switched_off_is_shown_and_switched_on() {
    on_each_stack(async |stack| {
        let world = World::working(stack).await;
        let receiver = Receiver::new(|_, _| Reply::Status(200)).await;
        let id = switched_off(&world, &receiver.url("/")).await;
        let list = world.client.all("/webhook-destinations?failing=true", 10).await;
        assert_eq!((&list[0]["id"], &list[0]["state"]), (&json!(id), &json!("switched_off")));
        let page = send(world.client.request("GET", "/webhooks")).await.text;
        assert!(page.contains(&format!("/webhook-destinations/{id}/switch-on")), "{page}");
        // Hooks of assets have no webhook that could be made active again: the destination itself is.
        picture(stack, "good.jpg", 3, 2, ImageFormat::Jpeg);
        let asset = json!({ "location": "good.jpg", "on_success": receiver.url("/") });
        world.client.post("/assets/image", &asset).await.expect(202);
        let given_up = world.until("/webhook-deliveries", |list| list["items"][0]["state"] == "failed").await;
        assert!(given_up["items"][0]["reason"].as_str().unwrap().contains("is switched off"), "{given_up}");
        let on = format!("/webhook-destinations/{id}/switch-on");
        assert_eq!(world.client.post(&on, &json!({})).await.expect(200)["state"], "well");
        assert!(world.client.all("/webhook-destinations?failing=true", 10).await.is_empty());
        assert_eq!(world.client.all("/webhook-destinations", 10).await.len(), 1);
        let again = format!("/webhook-deliveries/{}/replay", given_up["items"][0]["id"].as_str().unwrap());
        world.client.post(&again, &json!({})).await.expect(202);
        hits(&receiver, 1).await;
        // A webhook that is made there lifts it, too.
        switched_off(&world, &receiver.url("/")).await;
        let new = json!({ "url": receiver.url("/new"), "events": ["*"] });
        world.client.post("/webhooks", &new).await.expect(201);
        assert!(world.client.all("/webhook-destinations?failing=true", 10).await.is_empty());
        let nowhere = "/webhook-destinations/0190a0a0-0000-7000-8000-000000000000/switch-on";
        world.client.post(nowhere, &json!({})).await.problem(404, "not-found");
        world.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_that_make_no_sense_are_refused() {
    on_each_stack(async |stack| {
        let world = World::new(stack).await;
        let at = async |body: serde_json::Value| {
            let problem = world.client.post("/webhooks", &body).await.problem(400, "invalid-request");
            problem["at"].as_str().unwrap_or_default().to_owned()
        };
        assert_eq!(at(json!({ "url": "http://10.1.2.3/", "events": ["*"] })).await, "url");
        assert_eq!(at(json!({ "url": "http://u:p@example.org/", "events": ["*"] })).await, "url");
        assert_eq!(at(json!({ "url": "https://example.org/", "events": [] })).await, "events");
        assert_eq!(
            at(json!({ "url": "https://example.org/", "events": ["*", "moon.rise"] })).await,
            "events[1]"
        );
        assert_eq!(
            at(json!({ "url": "https://example.org/", "events": ["*"], "filters": { "a": [] } })).await,
            "filters"
        );
        world.stop().await;
    })
    .await;
}
