//! `stocktake admin webhook`: who is told, what they were told, and each try of it, for people and for programs.

use std::{path::Path, process::Output};

use contracts::{Failure, WebhookId};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{
    Store, StoreOptions,
    webhooks::{
        deliveries::{self, Attempt, DeliveryFilter, Ended, NewDelivery, Tried},
        destinations,
    },
};

use crate::support::{exit_code, stocktake};

const ORIGIN: &str = "https://example.org:443";

fn webhook(data: &Path, words: &[&str]) -> Output {
    stocktake(data).args(["admin", "webhook"]).args(words).output().unwrap()
}

fn said(data: &Path, words: &[&str]) -> String {
    let output = webhook(data, words);
    assert_eq!(exit_code(&output), 0, "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn json_of(data: &Path, words: &[&str]) -> Value {
    serde_json::from_str(&said(data, &[words, &["--format", "json"]].concat())).unwrap()
}

fn refused(data: &Path, words: &[&str]) -> String {
    let output = webhook(data, words);
    assert_ne!(exit_code(&output), 0, "{words:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Makes one; its id.
fn add(data: &Path) -> String {
    let migrated = stocktake(data).args(["admin", "migrate"]).output().unwrap();
    assert_eq!(exit_code(&migrated), 0, "{}", String::from_utf8_lossy(&migrated.stderr));
    let told =
        said(data, &["add", "https://example.org/hook", "--event", "asset.*", "--filter", "kind=image"]);
    assert!(told.contains("whsec_"), "{told}");
    told.split(' ').next().unwrap().to_owned()
}

#[test]
fn a_webhook_is_changed_paused_resumed_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let id = add(data);
    let one = || json_of(data, &["list"]).as_array().unwrap().iter().find(|one| one["id"] == id).cloned();
    let is = |field: &str| one().unwrap()[field].clone();
    assert_eq!((is("events"), is("filters")), (json!(["asset.*"]), json!({ "kind": ["image"] })));
    said(
        data,
        &["change", &id, "--url", "https://example.org/other", "--event", "task.failed", "--name", "n"],
    );
    assert_eq!(
        (is("url"), is("events"), is("name"), is("filters")),
        (
            json!("https://example.org/other"),
            json!(["task.failed"]),
            json!("n"),
            json!({ "kind": ["image"] })
        )
    );
    said(data, &["change", &id, "--unfiltered"]);
    assert_eq!((is("filters"), is("events")), (json!({}), json!(["task.failed"])));
    said(data, &["pause", &id]);
    assert_eq!(is("state"), "paused");
    said(data, &["resume", &id]);
    assert_eq!(is("state"), "active");
    said(data, &["rotate", &id, "--asymmetric"]);
    assert_eq!(is("keys"), 2);
    assert!(refused(data, &["change", &id, "--event", "moon.rise"]).contains("snapshot.committed"));
    assert!(refused(data, &["change", &id, "--url", "http://10.0.0.1/"]).contains("10.0.0.1"));
    assert!(refused(data, &["change", &id, "--filter", "nonsense"]).contains("FIELD=VALUE"));
    assert_eq!(is("events"), json!(["task.failed"]), "what is refused changes nothing");
    assert!(
        refused(data, &["pause", "00000000-0000-0000-0000-000000000009"]).contains("there is no webhook")
    );
    assert!(said(data, &["events"]).contains("snapshot.committed"));
    said(data, &["remove", &id]);
    assert_eq!(one(), None);
}

/// What a courier would have left: one delivery that was tried once, and its destination switched off.
async fn tried(data: &Path, webhook: WebhookId) {
    let url = format!("sqlite://{}", data.join("stocktake.db").display());
    let store = Store::open(&url, StoreOptions::default()).unwrap();
    let write = move |tx: &mut store::Tx| -> Result<(), Failure> {
        let now = Timestamp::now();
        let new = NewDelivery {
            webhook,
            subject: None,
            event: "asset.failed".to_owned(),
            url: "https://example.org/hook".to_owned(),
            origin: ORIGIN.to_owned(),
            body: "{}".to_owned(),
        };
        let ids = deliveries::enqueue(tx, &[new], now)?;
        let delivery = deliveries::list(tx, &DeliveryFilter::default(), None, 1)?[0].id;
        let answer = "not now \x1b[2J".to_owned();
        let attempt = Attempt { at: now, micros: 1_500, status: Some(503), error: None, answer };
        let ended = Ended::Failed("it was tried often enough".to_owned());
        deliveries::record(tx, &[Tried { delivery, attempt, ended }], now)?;
        destinations::switch_off(tx, ids[0], now)?;
        Ok(())
    };
    store.write(write).await.unwrap();
}

#[tokio::test]
async fn each_try_is_shown_and_what_is_switched_off_can_be_switched_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let id = add(data);
    tried(data, id.parse().unwrap()).await;
    assert_eq!(json_of(data, &["deliveries", &id, "--state", "pending"]), json!([]));
    let told = json_of(data, &["deliveries", &id, "--state", "failed"]);
    assert_eq!((&told[0]["event"], &told[0]["tries"]), (&json!("asset.failed"), &json!(1)));
    assert!(refused(data, &["deliveries", &id, "--state", "lost"]).contains("pending, delivered, failed"));
    let delivery = told[0]["id"].as_str().unwrap();
    let tries = json_of(data, &["tries", delivery]);
    assert_eq!(
        (&tries["attempts"][0]["status"], &tries["attempts"][0]["milliseconds"]),
        (&json!(503), &json!(1.5))
    );
    assert!(tries["delivery"]["webhook_id"].as_str().unwrap().starts_with("msg_"));
    let shown = said(data, &["tries", delivery]);
    assert!(shown.contains(r"not now \u{1b}[2J") && shown.contains(" 1.5 "), "{shown}");
    assert!(
        refused(data, &["tries", "00000000-0000-0000-0000-000000000009"]).contains("there is no delivery")
    );

    let failing = json_of(data, &["destinations", "--failing"]);
    assert_eq!((&failing[0]["origin"], &failing[0]["state"]), (&json!(ORIGIN), &json!("switched_off")));
    assert!(refused(data, &["switch-on", "https://example.com"]).contains("there is no destination"));
    said(data, &["switch-on", "https://EXAMPLE.org/"]);
    assert_eq!(json_of(data, &["destinations", "--failing"]), json!([]));
    assert_eq!(json_of(data, &["destinations"])[0]["state"], "well");
    assert!(said(data, &["replay", delivery]).starts_with("1 on their way"));
    assert_eq!(json_of(data, &["deliveries", &id, "--state", "pending"])[0]["id"], delivery);
}
