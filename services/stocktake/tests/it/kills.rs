//! Whole processes that die at once, and are started again.

use std::{collections::BTreeSet, fs, path::Path, time::Instant};

use runtime::faults::POINTS;
use testkit::{GitFixture, Stack};

use crate::{
    fleet::{Fleet, killed},
    support::{PATIENCE, World, digest_of, exit_code, stocktake, unfinished, variable},
};

/// Random schedules in the test command; `STOCKTAKE_TEST_KILLS=200` runs as many, `=120..200` those from one to the
/// other.
const SCHEDULES: &str = "3";

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
    let mut all_dead = BTreeSet::new();
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

/// Numbers that are the same every time, so that a schedule that finds something can be run again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// What a killed visit left is removed by whoever searches for what is owed.
async fn scratch_is_cleared(data: &Path) {
    let begun = Instant::now();
    let left = || fs::read_dir(data.join("scratch")).map_or(0, Iterator::count);
    while left() > 0 {
        assert!(begun.elapsed() < PATIENCE, "{} folders stay in the scratch folder", left());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_dies_wherever_and_together_with_whom_the_end_is_the_same() {
    let Some(stack) = Stack::servers().await else { return };
    let asked = variable("STOCKTAKE_TEST_KILLS").unwrap_or_else(|| SCHEDULES.to_owned());
    let (from, to) = asked.split_once("..").unwrap_or(("0", &asked));
    let schedules = from.parse::<u64>().unwrap()..to.parse().unwrap();
    let (data, repository) = (tempfile::tempdir().unwrap(), GitFixture::tidy(10));
    // One is read where it is, the other unpacked into the scratch folder.
    let archive = data.path().join("files.tar");
    let urls = [repository.url(), format!("file://{}", archive.display())];
    let calm = Stack::embedded().await;
    let (calm_world, world) = (World::new(&calm), World::new(&stack));
    let mut fleet = Fleet::new(&stack, data.path());
    let points: Vec<&str> = points().copied().collect();
    let mut all_dead = BTreeSet::new();
    for schedule in schedules.clone() {
        let mut dice = Dice(schedule.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xf1ee7);
        let first = usize::try_from(schedule).unwrap() * 10;
        repository.write_sources(1_000 + first, 1 + dice.roll(8)).commit("next");
        repository.git(&["archive", "-o", archive.to_str().unwrap(), "HEAD"]);
        calm_world.scan("fleet", &urls).await;
        let plans: Vec<(&str, String)> = SERVICES
            .iter()
            .map(|service| (*service, format!("{}:{}", points[dice.roll(points.len())], 1 + dice.roll(3))))
            .collect();
        fleet.end();
        for (service, plan) in &plans {
            fleet.start(service, plan);
        }
        world.begin("fleet", &urls, true).await;
        let died = fleet.until_done(false, unfinished).await;
        println!("schedule {schedule}: {plans:?}, of which died {died:?}");
        for (service, plan) in plans.iter().filter(|(service, _)| died.contains(service)) {
            all_dead.insert((*service, plan.split(':').next().unwrap().to_owned()));
        }
        scratch_is_cleared(data.path()).await;
        assert_eq!(world.digest().await, calm_world.digest().await, "schedule {schedule}: {plans:?}");
    }
    drop(fleet);
    println!("schedules {schedules:?}: died {all_dead:?}");
    assert!(!all_dead.is_empty(), "nobody ever died");
    calm.remove().await;
    stack.remove().await;
}
