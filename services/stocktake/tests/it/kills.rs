//! Whole processes that die at once, and are started again.

use runtime::faults::POINTS;
use testkit::{GitFixture, Stack};

use crate::{
    fleet::{Fleet, killed},
    support::{World, digest_of, exit_code, stocktake, unfinished},
};

/// Points that a scan which finds nothing left over never comes to.
const NOT_IN_ONE_SCAN: &[&str] = &["outbox.after_claim"];

/// The points that a run comes to. The upkeep of the depot, assets and webhooks have suites of their own:
/// `upkeep/tests/it/faults.rs`, and `asset_kills.rs`.
fn points() -> impl Iterator<Item = &'static &'static str> {
    let elsewhere = ["depot.", "assets.", "webhook."];
    POINTS.iter().filter(move |point| !elsewhere.iter().any(|start| point.starts_with(start)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_that_is_killed_anywhere_goes_on_with_the_same_command() {
    let repository = GitFixture::tidy(20);
    let there = repository.path().to_str().unwrap();
    let calm = tempfile::tempdir().unwrap();
    assert_eq!(exit_code(&stocktake(calm.path()).args(["scan", "--history", there]).output().unwrap()), 0);
    let expected = digest_of(calm.path()).await;
    for point in points().filter(|point| !NOT_IN_ONE_SCAN.contains(point)) {
        let data = tempfile::tempdir().unwrap();
        let mut scan = stocktake(data.path());
        scan.env("STOCKTAKE__FAULTS__ABORT_AT", format!("{point}:1")).args(["scan", "--history", there]);
        let died = scan.output().unwrap();
        // A point that comes after everything a scan waits for is not always passed before it ends.
        let may_end = ["outbox.after_delete", "worker.after_ack", "job.after_finish", "sweep.after_commit"];
        let said = String::from_utf8_lossy(&died.stderr);
        assert!(killed(died.status) || may_end.contains(point), "{point}: {:?} {said}", died.status);
        if killed(died.status) {
            let again = stocktake(data.path()).args(["scan", "--history", there]).output().unwrap();
            assert_eq!(exit_code(&again), 0, "{point}: {}", String::from_utf8_lossy(&again.stderr));
        }
        assert_eq!(digest_of(data.path()).await, expected, "{point}");
    }
}

/// The services that a run passes through, each in a process of its own.
const SERVICES: &[&str] = &["indexer", "repo-processor", "analyzer", "auditor", "courier"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_that_are_killed_one_after_the_other_end_where_they_would_have() {
    let Some(stack) = Stack::servers().await else { return };
    let data = tempfile::tempdir().unwrap();
    let repository = GitFixture::tidy(10);
    let calm = Stack::embedded().await;
    let (calm_world, world) = (World::new(&calm), World::new(&stack));
    let mut fleet = Fleet::new(&stack, data.path());
    let mut all_dead = std::collections::BTreeSet::new();
    // Every service is armed with the same point; who comes to it dies and is started again.
    for point in points() {
        repository.write("changing.py", format!("at = '{point}'\n")).commit(point);
        calm_world.scan("fleet", &[repository.url()]).await;
        fleet.end();
        for service in SERVICES {
            fleet.start(service, &format!("{point}:1"));
        }
        world.begin("fleet", &[repository.url()], true).await;
        for service in fleet.until_done(point.starts_with("sweep."), unfinished).await {
            all_dead.insert((service, *point));
        }
        assert_eq!(world.digest().await, calm_world.digest().await, "{point}");
    }
    drop(fleet);
    for service in SERVICES {
        assert!(all_dead.iter().any(|(dead, _)| dead == service), "{service} was never killed");
    }
    for point in points().filter(|point| !NOT_IN_ONE_SCAN.contains(point)) {
        assert!(all_dead.iter().any(|(_, at)| at == point), "nobody came to {point}");
    }
    calm.remove().await;
    stack.remove().await;
}
