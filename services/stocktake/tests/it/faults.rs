//! The law of faults: wherever it stops, what goes on ends where an undisturbed run ends.

use std::collections::{BTreeMap, BTreeSet};

use runtime::faults::{Faults, POINTS};
use testkit::{GitFixture, Stack};
use worker::harness::Ended;

use crate::support::{World, unfinished};

/// Points that a run in this process cannot be stopped at, with the reason.
const ELSEWHERE: &[(&str, &str)] = &[
    ("commit.before_entries", "inside of a transaction, where only a whole process can die: see kills.rs"),
    ("assets.after_begin", "no repository is an asset: see the tests of assets"),
    ("assets.after_examine", "no repository is an asset: see the tests of assets"),
    ("webhook.after_claim", "no scan tells a webhook: see the courier's tests"),
    ("webhook.before_send", "no scan tells a webhook: see the courier's tests"),
    ("webhook.after_send", "no scan tells a webhook: see the courier's tests"),
    ("webhook.before_record", "no scan tells a webhook: see the courier's tests"),
    ("webhook.after_record", "no scan tells a webhook: see the courier's tests"),
];

/// Points that are passed only by who finds something left over: what has to happen before.
const AFTER_A_FAULT: &[(&str, &str)] = &[("outbox.after_claim", "outbox.after_publish")];

/// At which passing of a point a run is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Passing {
    First,
    Middle,
    Last,
}

impl Passing {
    fn of(self, count: u32) -> u32 {
        match self {
            Self::First => 1,
            Self::Middle => count.div_ceil(2).max(1),
            Self::Last => count.max(1),
        }
    }
}

/// Two repositories, one of which changes with every step.
struct Upstream {
    lively: GitFixture,
    quiet: GitFixture,
}

impl Upstream {
    fn new() -> Self {
        let upstream = Self { lively: GitFixture::tidy(8), quiet: GitFixture::new() };
        upstream.quiet.write_sources(500, 4).commit("quiet");
        upstream
    }

    fn change(&self, step: usize) {
        self.lively.write_sources(1_000 + step * 2, 2);
        self.lively.write("changing.rs", format!("const STEP: usize = {step};\n")).commit("a step");
    }

    fn urls(&self) -> Vec<String> {
        vec![self.lively.url(), self.quiet.url()]
    }
}

/// Runs the same steps twice: undisturbed in one store, and stopped at one point after the other in another.
/// After each step both have to know the same.
async fn hold_the_law(
    disturbed: &Stack,
    passings: &[Passing],
    points: &[&'static str],
) -> BTreeSet<&'static str> {
    let (upstream, calm) = (Upstream::new(), Stack::embedded().await);
    let (calm_world, mut world) = (World::new(&calm), World::new(disturbed));
    let mut seen = BTreeSet::new();
    let mut step = 0;
    for &point in points {
        let mut tried = BTreeSet::new();
        for &passing in passings {
            upstream.change(step);
            step += 1;
            let counts = run_undisturbed(&calm_world, &upstream).await;
            seen.extend(counts.keys().copied());
            let at = passing.of(counts.get(point).copied().unwrap_or(0));
            // The step is taken in any case, so that both stores know the same commits.
            let first_time = tried.insert(at);
            let stopped = stop_and_go_on(&mut world, &upstream, point, at, &mut seen).await;
            let must_stop = first_time && passing == Passing::First;
            assert!(stopped || !must_stop, "{}: no run comes to {point}", disturbed.name);
            let (expected, found) = (calm_world.digest().await, world.digest().await);
            assert_eq!(found, expected, "{}: stopped at {point}:{at} ({passing:?})", disturbed.name);
        }
    }
    calm.remove().await;
    seen
}

async fn run_undisturbed(world: &World<'_>, upstream: &Upstream) -> BTreeMap<&'static str, u32> {
    let faults = Faults::count();
    world.begin("law", &upstream.urls(), true).await;
    assert_eq!(world.run(faults.clone()).await, Ended::Idle);
    faults.passed()
}

async fn stop_and_go_on(
    world: &mut World<'_>,
    upstream: &Upstream,
    point: &'static str,
    at: u32,
    seen: &mut BTreeSet<&'static str>,
) -> bool {
    world.begin("law", &upstream.urls(), true).await;
    if let Some((_, before)) = AFTER_A_FAULT.iter().find(|(after, _)| *after == point) {
        assert_eq!(world.run(Faults::stop_at(before, 1).unwrap()).await, Ended::Stopped);
        world.restart().await;
    }
    let faults = Faults::stop_at(point, at).unwrap();
    let stopped = if point.starts_with("sweep.") && at == 1 {
        // Sweeps come with time: a run that is faster waits for the first one.
        world.run_until(faults, |_| Ok("a sweep is to come".to_owned())).await
    } else {
        world.run(faults).await
    };
    world.restart().await;
    let faults = Faults::count();
    assert_eq!(world.run_until(faults.clone(), unfinished).await, Ended::Idle);
    seen.extend(faults.passed().keys().copied());
    stopped == Ended::Stopped
}

fn stoppable() -> Vec<&'static str> {
    // The upkeep of the depot has a suite of its own, `upkeep/tests/it/faults.rs`.
    let ours = POINTS.iter().copied().filter(|point| !point.starts_with("depot."));
    ours.filter(|point| ELSEWHERE.iter().all(|(elsewhere, _)| elsewhere != point)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_in_one_process_that_is_stopped_anywhere_ends_where_it_would_have() {
    let stack = Stack::embedded().await;
    let points = stoppable();
    let seen = hold_the_law(&stack, &[Passing::First, Passing::Middle, Passing::Last], &points).await;
    stack.remove().await;
    // A point that nothing passes protects nothing.
    assert_eq!(seen, points.into_iter().collect::<BTreeSet<_>>());
}

async fn on_servers(half: usize) {
    let Some(stack) = Stack::servers().await else { return };
    let points: Vec<_> = stoppable().into_iter().skip(half).step_by(2).collect();
    hold_the_law(&stack, &[Passing::First, Passing::Last], &points).await;
    stack.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_on_servers_that_is_stopped_anywhere_ends_where_it_would_have() {
    on_servers(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_on_servers_that_is_stopped_anywhere_else_ends_where_it_would_have() {
    on_servers(1).await;
}
