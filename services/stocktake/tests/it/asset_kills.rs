//! Analyzer and courier, each a process of its own, die at once wherever assets and their hooks pass.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use contracts::{Envelope, Failure, Outgoing, messages::AssetsSubmitted};
use runtime::faults::{Faults, POINTS};
use store::{
    StoreError, Tx,
    assets::{self, AssetFilter, AssetState, NewAsset, Provider},
    outbox,
    webhooks::deliveries,
};
use testkit::{Receiver, Reply, Stack};

use crate::{fleet::Fleet, support::World};

const SERVICES: &[&str] = &["analyzer", "courier"];
/// Assets of one round, and of one message.
const ROUND: usize = 7;
const TOGETHER: usize = 3;

/// The points that assets and webhooks come to, without those that only long jobs and other work come to.
fn points() -> Vec<&'static str> {
    let ours = ["worker.", "outbox.", "sweep.", "assets.", "webhook."];
    let is_ours = |point: &&str| ours.iter().any(|start| point.starts_with(start));
    POINTS.iter().copied().filter(is_ours).collect()
}

/// A picture that is fit and one that is not.
fn pictures(folder: &Path) {
    fs::write(
        folder.join("good"),
        include_bytes!("../../../../crates/analysis/tests/it/samples/progressive.jpg"),
    )
    .unwrap();
    fs::write(folder.join("bad"), b"\x89PNG\r\n\x1a\n and nothing more").unwrap();
}

async fn submit(stack: &Stack, receiver: &Receiver, round: &str) {
    let url = |what: &str, index: usize| Some(receiver.url(&format!("/{round}/{index}/{what}")));
    let new: Vec<NewAsset> = (0..ROUND)
        .map(|index| NewAsset {
            kind: "image".to_owned(),
            provider: Provider::Local,
            path: if index % 2 == 0 { "good" } else { "bad" }.to_owned(),
            on_start: url("start", index),
            on_success: url("success", index),
            on_failure: url("failure", index),
        })
        .collect();
    let engine = World::new(stack).engine(Faults::none());
    let now = engine.clock.now();
    let write = move |tx: &mut Tx| -> Result<Vec<Outgoing>, Failure> {
        let (submission, _) = assets::submit(tx, None, b"", new.len(), now)?;
        let ids = assets::insert_many(tx, submission.id, &new, now)?;
        let groups = ids.chunks(TOGETHER);
        Ok(groups.map(|ids| Outgoing::new(&AssetsSubmitted { assets: ids.to_vec() })).collect())
    };
    if round == "outbox.after_claim" {
        // Nobody comes to it unless something was left over: it is written, and nobody has published it.
        let left_over = engine.store.write(move |tx| {
            let messages = write(tx)?;
            let sealed: Vec<Envelope> =
                messages.iter().map(|message| Envelope::seal(message, "test", None)).collect();
            outbox::push(tx, &sealed, None, now).map(drop).map_err(Failure::from)
        });
        left_over.await.unwrap();
    } else {
        engine.submit("test", move |tx| Ok(((), write(tx)?))).await.unwrap();
    }
}

fn unfinished(tx: &mut Tx) -> Result<String, StoreError> {
    let (assets, webhooks) = (assets::count_open(tx)?, deliveries::count_pending(tx)?);
    Ok(if assets + webhooks == 0 { String::new() } else { format!("{assets} assets, {webhooks} webhooks") })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hook_is_told_with_one_id_and_every_asset_ends_right_whoever_is_killed() {
    let Some(stack) = Stack::servers().await else { return };
    let data = tempfile::tempdir().unwrap();
    pictures(data.path());
    let receiver = Receiver::new(|_, _| Reply::Status(200)).await;
    let mut fleet = Fleet::new(&stack, data.path());
    let mut dead = BTreeSet::new();
    for point in points() {
        fleet.end();
        for service in SERVICES {
            fleet.start(service, &format!("{point}:1"));
        }
        submit(&stack, &receiver, point).await;
        for service in fleet.until_done(point.starts_with("sweep."), unfinished).await {
            dead.insert((service, point));
        }
    }
    drop(fleet);
    for point in points() {
        assert!(dead.iter().any(|(_, at)| *at == point), "nobody came to {point}: {dead:?}");
    }
    for service in SERVICES {
        assert!(dead.iter().any(|(name, _)| name == service), "{service} was never killed");
    }
    let all = stack.store.read(|tx| assets::list(tx, &AssetFilter::default(), None, 10_000)).await.unwrap();
    assert_eq!(all.len(), points().len() * ROUND);
    for asset in &all {
        let wanted = if asset.path == "good" { AssetState::Complete } else { AssetState::Failed };
        assert_eq!(asset.state, wanted, "{asset:?}");
    }
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for hit in receiver.hits() {
        ids.entry(hit.path.clone()).or_default().insert(hit.id());
    }
    assert!(ids.values().all(|ids| ids.len() == 1), "one id each: {ids:?}");
    assert_eq!(ids.len(), all.len() * 2, "each is told of its start and of its end");
    for path in ids.keys() {
        let good = path.split('/').nth(2).unwrap().parse::<usize>().unwrap() % 2 == 0;
        assert!(!path.ends_with(if good { "/failure" } else { "/success" }), "{path}");
    }
    stack.remove().await;
}
