//! Processes that die at random points, one after the other, and what is left when all is done: what calm ones would
//! have left, nothing in the scratch folder, and no pack that no row speaks of once the upkeep has been there.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use contracts::Lane;
use runtime::faults::POINTS;
use store::{digest, revisions::NewRevisions};
use testkit::{GitFixture, Stack};

use crate::{
    collected::sweep_orphans,
    support::{PATIENCE, Visits, daemon},
};

/// Schedules in the test command; `STOCKTAKE_TEST_KILLS=200` runs as many, `=120..200` those from one to the other.
const SCHEDULES: u64 = 6;
/// Points at which a process that only visits can die.
const WHERE: [&str; 4] = ["visit.", "job.", "outbox.", "sweep."];

#[expect(clippy::disallowed_methods, reason = "tests are told of their surroundings by the environment")]
fn schedules() -> Range<u64> {
    let asked = std::env::var("STOCKTAKE_TEST_KILLS").unwrap_or_else(|_| SCHEDULES.to_string());
    let (from, to) = asked.split_once("..").unwrap_or(("0", &asked));
    from.parse().unwrap()..to.parse().unwrap()
}

/// Numbers that are the same every time, so that a schedule that finds something can be run again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

fn start(visits: &Visits<'_>, data: &Path, abort_at: &str) -> Child {
    let stack = visits.stack;
    Command::new(env!("CARGO_BIN_EXE_repo-processor"))
        .env("STOCKTAKE__DATA__DIR", data)
        .env("STOCKTAKE__STORE__URL", &stack.store_url)
        .env("STOCKTAKE__STORE__POOL", "3")
        .env("STOCKTAKE__BUS__URL", &stack.bus_url)
        .env("STOCKTAKE__BUS__PREFIX", &stack.bus_prefix)
        .env("STOCKTAKE__DEPOT__URL", &stack.depot_url)
        .env("STOCKTAKE__ADMIN__BIND", "127.0.0.1:0")
        .env("STOCKTAKE__FETCH__ALLOW_PRIVATE_ADDRESSES", "true")
        .env("STOCKTAKE__WORKER__LEASE_SECONDS", "3")
        .env("STOCKTAKE__WORKER__SWEEP_SECONDS", "1")
        .env("STOCKTAKE__WORKER__JOBS", "2")
        .env("STOCKTAKE__LOG__LEVEL", "error")
        .env("STOCKTAKE__FAULTS__ABORT_AT", abort_at)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A process that is always there, though it dies at the planned points.
struct Phoenix<'a> {
    visits: &'a Visits<'a>,
    data: &'a Path,
    child: Child,
    /// Where it dies.
    at: String,
    /// Where it dies next, once it has died before.
    plan: Vec<String>,
    died_at: Vec<String>,
}

impl Phoenix<'_> {
    fn rise(&mut self) {
        use std::os::unix::process::ExitStatusExt as _;
        if let Some(status) = self.child.try_wait().unwrap() {
            assert!(status.signal().is_some(), "it ended by itself: {status}");
            let next = self.plan.pop().unwrap_or_default();
            self.child = start(self.visits, self.data, &next);
            self.died_at.push(std::mem::replace(&mut self.at, next));
        }
    }
}

impl Drop for Phoenix<'_> {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn state(stack: &Stack) -> BTreeMap<&'static str, String> {
    stack.store.read(digest::of_parts).await.unwrap().into_iter().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_processes_die_the_end_is_that_of_calm_ones() {
    let Some(stack) = Stack::servers().await else { return };
    let calm_stack = Stack::embedded().await;
    let (mut visits, mut calm) = (Visits::new(&stack), Visits::new(&calm_stack));
    (visits.history, calm.history) = (true, true);
    let points: Vec<&str> =
        POINTS.iter().copied().filter(|point| WHERE.iter().any(|start| point.starts_with(start))).collect();
    let repository = GitFixture::odd();
    repository.git(&["config", "uploadpack.allowFilter", "true"]);
    let served = daemon(repository.path().parent().unwrap());
    let url = format!("{served}/{}", repository.path().file_name().unwrap().to_str().unwrap());
    let data = tempfile::tempdir().unwrap();
    let (mut deaths, mut died_at) = (0, BTreeSet::new());
    for schedule in schedules() {
        let mut dice = Dice(schedule.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed);
        // Something small or something large, so that there is one pack or there are several.
        let large = dice.roll(3) == 0;
        let size = if large { 6_000_000 } else { 400 };
        let mut noise = Dice(schedule + 1);
        let bytes: Vec<u8> =
            std::iter::repeat_with(|| u8::try_from(noise.roll(256)).unwrap()).take(size).collect();
        for (number, part) in bytes.chunks(1_500_000).enumerate() {
            repository.write(format!("noise/{schedule}/{number}.bin"), part);
        }
        repository.write("changing.py", format!("at = {schedule}\n")).commit("next");
        let force = dice.roll(4) == 0;
        let new = NewRevisions { force, ..NewRevisions::default() };
        calm.visit_as(&url, new, Lane::Normal).await;

        let mut plan: Vec<String> = (0..=dice.roll(3))
            .map(|_| format!("{}:{}", points[dice.roll(points.len())], 1 + dice.roll(3)))
            .collect();
        let first = plan.pop().unwrap();
        let child = start(&visits, data.path(), &first);
        let mut process = Phoenix {
            visits: &visits,
            data: data.path(),
            child,
            at: first.clone(),
            plan,
            died_at: Vec::new(),
        };
        visits.begin(&url, new, Lane::Normal).await;
        let begun = Instant::now();
        let scratch = data.path().join("scratch");
        let is_clear = || std::fs::read_dir(&scratch).is_ok_and(|mut entries| entries.next().is_none());
        while visits.open().await != (0, 0) || !is_clear() {
            process.rise();
            assert!(begun.elapsed() < PATIENCE, "schedule {schedule} with {first} does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        deaths += process.died_at.len();
        println!("schedule {schedule}: died at {:?}", process.died_at);
        died_at.extend(process.died_at.iter().map(|at| at.split(':').next().unwrap().to_owned()));
        drop(process);
        assert_eq!(state(&stack).await, state(&calm_stack).await, "schedule {schedule} with {first}");
    }
    println!("schedules {:?}: {deaths} deaths at {died_at:?}", schedules());
    assert!(deaths > 0, "nobody ever died");
    let orphans = sweep_orphans(&stack).await;
    println!("{orphans} packs of no row were collected");
    assert_eq!(state(&stack).await, state(&calm_stack).await, "what is of use stays");
    calm_stack.remove().await;
    stack.remove().await;
}
