//! Whole processes that die at once, and are started again.

use std::{
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use runtime::faults::POINTS;
use testkit::{GitFixture, Stack};

use crate::support::{PATIENCE, World, digest_of, exit_code, stocktake, unfinished, variable};

/// Points that a scan which finds nothing left over never comes to.
const NOT_IN_ONE_SCAN: &[&str] = &["outbox.after_claim"];

/// The points that a run comes to. The upkeep of the depot, assets and webhooks have suites of their own:
/// `upkeep/tests/it/faults.rs`, and the tests of analyzer and courier.
fn points() -> impl Iterator<Item = &'static &'static str> {
    let elsewhere = ["depot.", "assets.", "webhook."];
    POINTS.iter().filter(move |point| !elsewhere.iter().any(|start| point.starts_with(start)))
}

fn killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal().is_some()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_that_is_killed_anywhere_goes_on_with_the_same_command() {
    let repository = GitFixture::tidy(20);
    let there = repository.path().to_str().unwrap();
    let calm = tempfile::tempdir().unwrap();
    assert_eq!(exit_code(&stocktake(calm.path()).args(["scan", there]).output().unwrap()), 0);
    let expected = digest_of(calm.path()).await;
    for point in points().filter(|point| !NOT_IN_ONE_SCAN.contains(point)) {
        let data = tempfile::tempdir().unwrap();
        let mut scan = stocktake(data.path());
        scan.env("STOCKTAKE__FAULTS__ABORT_AT", format!("{point}:1")).args(["scan", there]);
        let died = scan.output().unwrap();
        // A point that comes after everything a scan waits for is not always passed before it ends.
        let may_end = ["outbox.after_delete", "worker.after_ack", "job.after_finish", "sweep.after_commit"];
        let said = String::from_utf8_lossy(&died.stderr);
        assert!(killed(died.status) || may_end.contains(point), "{point}: {:?} {said}", died.status);
        if killed(died.status) {
            let again = stocktake(data.path()).args(["scan", there]).output().unwrap();
            assert_eq!(exit_code(&again), 0, "{point}: {}", String::from_utf8_lossy(&again.stderr));
        }
        assert_eq!(digest_of(data.path()).await, expected, "{point}");
    }
}

/// The services that a run passes through, each in a process of its own.
const SERVICES: &[&str] = &["indexer", "repo-processor", "analyzer", "auditor", "courier"];

/// Processes over the servers of one stack.
struct Fleet<'a> {
    stack: &'a Stack,
    data: &'a Path,
    children: Vec<(&'static str, Child)>,
}

impl Fleet<'_> {
    fn start(&mut self, service: &'static str, abort_at: &str) {
        let mut command: Command = stocktake(self.data);
        let child = command
            .args(["serve", service])
            .env("STOCKTAKE__STORE__URL", &self.stack.store_url)
            .env("STOCKTAKE__STORE__POOL", "3")
            .env("STOCKTAKE__BUS__URL", &self.stack.bus_url)
            .env("STOCKTAKE__BUS__PREFIX", &self.stack.bus_prefix)
            .env("STOCKTAKE__DEPOT__URL", &self.stack.depot_url)
            .env("STOCKTAKE__ADMIN__BIND", "127.0.0.1:0")
            .env("STOCKTAKE__FETCH__ALLOW_LOCAL", "true")
            .env("STOCKTAKE__WORKER__LEASE_SECONDS", "3")
            .env("STOCKTAKE__WORKER__SWEEP_SECONDS", "1")
            .env("STOCKTAKE__LOG__LEVEL", "warn")
            .env("STOCKTAKE__FAULTS__ABORT_AT", abort_at)
            .stdout(Stdio::null())
            .stderr(if variable("STOCKTAKE_TEST_LOG").is_some() { Stdio::inherit() } else { Stdio::null() })
            .spawn()
            .unwrap();
        self.children.push((service, child));
    }

    /// Starts whoever has died again, without a fault. Returns who that was.
    fn restart_the_dead(&mut self) -> Vec<&'static str> {
        let mut dead = Vec::new();
        self.children.retain_mut(|(service, child)| match child.try_wait().unwrap() {
            Some(status) => {
                assert!(killed(status), "{service} ended by itself: {status}");
                dead.push(*service);
                false
            }
            None => true,
        });
        for service in &dead {
            self.start(service, "");
        }
        dead
    }

    /// Waits until nothing is left to do, and keeps everybody alive meanwhile. What comes with time may come
    /// after all is done: then somebody has to have died.
    async fn until_done(&mut self, somebody_dies: bool) -> Vec<&'static str> {
        let (begun, mut died) = (Instant::now(), Vec::new());
        loop {
            died.extend(self.restart_the_dead());
            let left = self
                .stack
                .store
                .read(|tx| {
                    let (outbox, tasks) = (store::outbox::len(tx)?, store::tasks::count_open(tx)?);
                    Ok((unfinished(tx)?, outbox, tasks))
                })
                .await
                .unwrap();
            if left == (String::new(), 0, 0) && !(somebody_dies && died.is_empty()) {
                return died;
            }
            assert!(begun.elapsed() < PATIENCE, "not done: {left:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Fleet<'_> {
    fn drop(&mut self) {
        for (_, child) in &mut self.children {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_that_are_killed_one_after_the_other_end_where_they_would_have() {
    let Some(stack) = Stack::servers().await else { return };
    let data = tempfile::tempdir().unwrap();
    let repository = GitFixture::tidy(10);
    let calm = Stack::embedded().await;
    let (calm_world, world) = (World::new(&calm), World::new(&stack));
    let mut fleet = Fleet { stack: &stack, data: data.path(), children: Vec::new() };
    let mut all_dead = std::collections::BTreeSet::new();
    // Every service is armed with the same point; who comes to it dies and is started again.
    for point in points() {
        repository.write("changing.py", format!("at = '{point}'\n")).commit(point);
        calm_world.scan("fleet", &[repository.url()]).await;
        fleet.children.iter_mut().for_each(|(_, child)| {
            drop(child.kill());
            drop(child.wait());
        });
        fleet.children.clear();
        for service in SERVICES {
            fleet.start(service, &format!("{point}:1"));
        }
        world.begin("fleet", &[repository.url()], true).await;
        for service in fleet.until_done(point.starts_with("sweep.")).await {
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
