//! An analyzer gets a new version: what the old one found stays readable until the new one has been there,
//! and everything is analysed again without anybody asking. And what failed is kept as what it is.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::{
    Failure, Outgoing,
    messages::{BatchStored, RevisionAnalyzed, SnapshotReady},
};
use runtime::faults::Faults;
use store::{
    StoreError, Tx, back_fills,
    batches::{self, Batch, BatchEnd},
    metrics::{self, Metric, Outcome},
    revisions, snapshots,
};
use testkit::{GitFixture, Stack, on_each_stack};
use worker::{Commit, Handler, Meta, Service, harness::Ended};

use crate::support::{World, unfinished};

/// What is newer now.
const RAISED: &str = "functions";
const FOUND_THEN: &str = r#"{"functions":[],"totals":{"functions":1,"complexity":77,"max_complexity":77}}"#;

fn todays(analyzer: &str) -> i32 {
    let versions = analysis::versions();
    versions.iter().find(|(id, _)| *id == analyzer).map(|(_, version)| *version).unwrap()
}

/// The analyzer service as it was before the version was raised.
struct AsItWas;

#[async_trait]
impl Handler for AsItWas {
    type Message = BatchStored;

    async fn handle(&self, message: BatchStored, meta: &Meta) -> Result<Commit, Failure> {
        let now = meta.now;
        Ok(Commit::save(move |tx| {
            let Some(batch) = batches::get(tx, message.batch)? else { return Ok(Vec::new()) };
            metrics::insert_many(tx, &found_then(&batch))?;
            match batches::finish(tx, batch.id, batch.contents, 0, now)? {
                BatchEnd::LastOfRevision { revision, snapshot } => {
                    let mut outgoing = vec![Outgoing::new(&RevisionAnalyzed { revision, snapshot })];
                    if snapshots::ready_if_done(tx, snapshot, now)? {
                        outgoing.push(Outgoing::new(&SnapshotReady { snapshot }));
                    }
                    Ok(outgoing)
                }
                _ => Ok(Vec::new()),
            }
        }))
    }
}

fn found_then(batch: &Batch) -> Vec<Metric> {
    let each = |(content, hint): &(i64, String)| {
        let (content, hint) = (*content, hint.clone());
        analysis::versions().into_iter().map(move |(analyzer, version)| {
            let (version, result) =
                if analyzer == RAISED { (version - 1, FOUND_THEN) } else { (version, "{}") };
            let outcome = Outcome::Ok(result.to_owned());
            Metric { content, hint: hint.clone().into(), analyzer: analyzer.into(), version, outcome }
        })
    };
    batch.items.iter().flat_map(each).collect()
}

/// The version and result of the raised analyzer for each file of the newest revision.
async fn results(stack: &Stack, url: &str) -> Vec<(i32, Outcome)> {
    let (url, versions) = (url.to_owned(), analysis::versions());
    stack
        .store
        .read(move |tx| {
            let repository = store::repositories::by_url(tx, &url)?.unwrap();
            let tree = revisions::of_repository(tx, repository.id, None, 1)?[0].tree.unwrap();
            let mut found = Vec::new();
            metrics::for_each_of_tree(tx, tree, &versions, |_, metrics| {
                assert_eq!(metrics.len(), versions.len(), "one result of each analyzer, old or new");
                let raised = metrics.iter().filter(|metric| metric.analyzer == RAISED);
                found.extend(raised.map(|metric| (metric.version, metric.outcome.clone())));
                Ok::<_, StoreError>(())
            })?;
            Ok(found)
        })
        .await
        .unwrap()
}

/// A scan by what was there before the version was raised.
async fn scanned_then(world: &World<'_>, url: &str) {
    world.begin("stock", &[url.to_owned()], true).await;
    let old = Arc::new(|| Service::new("analyzer").heavy().handler(AsItWas));
    assert_eq!(world.run_with(old, unfinished).await, Ended::Idle);
    let found = results(world.stack, url).await;
    assert_eq!(found.len(), 6);
    let then = (todays(RAISED) - 1, Outcome::Ok(FOUND_THEN.to_owned()));
    assert!(found.iter().all(|one| *one == then), "the old result is readable: {found:?}");
}

fn back_filled(tx: &mut Tx) -> Result<String, StoreError> {
    let over = back_fills::is_over(tx, &analysis::fingerprint())? && batches::open_of_nobody(tx)? == 0;
    Ok(if over { String::new() } else { "the back-fill is not over".to_owned() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_raised_version_is_back_filled_and_the_old_result_is_there_until_then() {
    on_each_stack(async |stack| {
        let (world, repository) = (World::new(stack), GitFixture::tidy(6));
        scanned_then(&world, &repository.url()).await;
        assert_eq!(world.run_until(Faults::none(), back_filled).await, Ended::Idle);
        for (version, outcome) in results(stack, &repository.url()).await {
            assert_eq!(version, todays(RAISED));
            assert_ne!(outcome, Outcome::Ok(FOUND_THEN.to_owned()));
        }
        // It was the raised one that ran, and no other.
        let contents = stack.store.read(|tx| metrics::pairs(tx, 0, 100)).await.unwrap();
        let (first, _) = contents[0].clone();
        let all = stack.store.read(move |tx| metrics::of_content(tx, first)).await.unwrap();
        assert_eq!(all.len(), analysis::versions().len() + 1, "the old result is kept beside the new one");
        let others = all.iter().filter(|metric| metric.analyzer != RAISED);
        assert!(others.clone().all(|metric| metric.outcome == Outcome::Ok("{}".to_owned())), "{all:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visit_of_what_has_not_changed_brings_a_raised_version() {
    on_each_stack(async |stack| {
        let (world, repository) = (World::new(stack), GitFixture::tidy(6));
        scanned_then(&world, &repository.url()).await;
        world.scan("stock", &[repository.url()]).await;
        for (version, outcome) in results(stack, &repository.url()).await {
            assert_eq!(version, todays(RAISED));
            assert_ne!(outcome, Outcome::Ok(FOUND_THEN.to_owned()));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_analysed_is_kept_with_its_reason_and_never_as_zeros() {
    on_each_stack(async |stack| {
        let mut world = World::new(stack);
        world.config.analysis.max_bytes = 1_000;
        let repository = GitFixture::new();
        repository.write("binary.rs", b"fn f() {}\0");
        repository.write("broken.rs", b"\xff\xfef\0n\0\x00\xd8");
        repository.write("large.rs", "fn f() {}\n".repeat(200));
        repository.write("sound.rs", "fn f() {}\n");
        repository.commit("one of each");
        world.scan("stock", &[repository.url()]).await;
        let (url, versions) = (repository.url(), analysis::versions());
        let told = stack
            .store
            .read(move |tx| {
                let known = store::repositories::by_url(tx, &url)?.unwrap();
                let revision = revisions::of_repository(tx, known.id, None, 1)?.remove(0);
                let mut told = Vec::new();
                metrics::for_each_of_tree(tx, revision.tree.unwrap(), &versions, |row, metrics| {
                    let path = String::from_utf8_lossy(&row.node.path).into_owned();
                    for metric in metrics.iter().filter(|of| ["functions", "lines"].contains(&&*of.analyzer))
                    {
                        told.push((path.clone(), metric.analyzer.to_string(), metric.outcome.clone()));
                    }
                    Ok::<_, StoreError>(())
                })?;
                Ok((told, revision.analyzed, revision.failed))
            })
            .await
            .unwrap();
        let (told, analyzed, failed) = told;
        assert_eq!((analyzed, failed), (3, 1), "what is skipped is no failure, and what failed is no result");
        let reason = |path: &str, analyzer: &str| {
            let found = told.iter().find(|(of, by, _)| of == path && by == analyzer);
            match &found.unwrap().2 {
                Outcome::Ok(json) => panic!("{path}: {json}"),
                Outcome::Failed(reason) => format!("failed: {reason}"),
                Outcome::Skipped(reason) => format!("skipped: {reason}"),
            }
        };
        for analyzer in ["functions", "lines"] {
            assert_eq!(reason("binary.rs", analyzer), "skipped: binary");
            assert_eq!(reason("broken.rs", analyzer), "failed: not valid utf-16le at byte 6");
            assert_eq!(reason("large.rs", analyzer), "skipped: 2000 bytes is over the limit of 1000");
        }
        let sound = told.iter().filter(|(path, ..)| path == "sound.rs");
        assert!(sound.clone().count() == 2 && sound.clone().all(|(.., of)| matches!(of, Outcome::Ok(_))));
    })
    .await;
}
