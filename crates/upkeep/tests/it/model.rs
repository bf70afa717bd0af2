//! Random visits, aborts, commits, collections and compactions against a naive model of what is referred to.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, sample::Index, strategy::ValueTree as _};

use crate::world::{GRACE, Visit, World};

/// Numbers of contents are below this: few enough that visits share them.
const CONTENTS: u32 = 24;

#[derive(Clone, Debug)]
enum Op {
    /// A visit begins and looks what is known.
    Begin {
        repository: u32,
        from: u32,
        length: u32,
    },
    /// One of the visits under way goes a step on: puts its pack, says so, ends.
    Step(Index),
    /// One dies where it is, for good.
    Fail(Index),
    /// Another worker takes one over, which begins anew.
    TakeOver(Index),
    /// A snapshot whose visit has ended.
    Commit(Index),
    Abort(Index),
    Collect,
    CollectWithoutGrace,
    Compact,
    Later(u32),
}

fn op() -> impl Strategy<Value = Op> {
    let any = any::<Index>;
    prop_oneof![
        4 => (0..6u32, 0..CONTENTS, 1..10u32)
            .prop_map(|(repository, from, length)| Op::Begin { repository, from, length }),
        10 => any().prop_map(Op::Step),
        1 => any().prop_map(Op::Fail),
        1 => any().prop_map(Op::TakeOver),
        2 => any().prop_map(Op::Commit),
        2 => any().prop_map(Op::Abort),
        3 => Just(Op::Collect),
        2 => Just(Op::CollectWithoutGrace),
        2 => Just(Op::Compact),
        2 => (1..5u32).prop_map(Op::Later),
    ]
}

/// How far a visit is.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Looked,
    Put,
    Written,
}

/// What is referred to, as anyone would work it out by hand.
#[derive(Default)]
struct Model {
    under_way: Vec<(Visit, At)>,
    /// Ended, and neither committed nor aborted.
    ended: Vec<Visit>,
    committed: Vec<Visit>,
}

impl Model {
    fn live(&self) -> BTreeSet<u32> {
        let written = self.under_way.iter().filter(|(_, at)| *at == At::Written).map(|(visit, _)| visit);
        written.chain(&self.ended).chain(&self.committed).flat_map(|visit| visit.wanted.clone()).collect()
    }

    async fn apply(&mut self, world: &World, op: &Op) {
        match op {
            Op::Begin { repository, from, length } => {
                let wanted = (*from..from + length).map(|number| number % CONTENTS);
                let mut visit = world.begin(*repository, wanted).await;
                visit.look(world).await;
                self.under_way.push((visit, At::Looked));
            }
            Op::Step(which) if !self.under_way.is_empty() => {
                self.step(world, which.index(self.under_way.len())).await;
            }
            Op::Fail(which) if !self.under_way.is_empty() => {
                let (visit, _) = self.under_way.swap_remove(which.index(self.under_way.len()));
                visit.fail(world).await;
                world.abort(visit.snapshot).await;
            }
            Op::TakeOver(which) if !self.under_way.is_empty() => {
                let at = which.index(self.under_way.len());
                let (visit, at) = &mut self.under_way[at];
                visit.claim(world).await;
                visit.look(world).await;
                *at = At::Looked;
            }
            Op::Commit(which) if !self.ended.is_empty() => {
                let visit = self.ended.swap_remove(which.index(self.ended.len()));
                world.commit(&visit).await;
                self.committed.push(visit);
            }
            Op::Abort(which) if !self.ended.is_empty() => {
                let visit = self.ended.swap_remove(which.index(self.ended.len()));
                world.abort(visit.snapshot).await;
            }
            Op::Collect => drop(world.collect().await),
            Op::CollectWithoutGrace => {
                let mut keeper = world.keeper.clone();
                keeper.rules.grace = std::time::Duration::ZERO;
                keeper.collect(&|_, _, _| {}).await.unwrap();
            }
            Op::Compact => drop(world.keeper.compact(&|_, _, _| {}).await.unwrap()),
            Op::Later(hours) => world.clock.advance(GRACE * *hours),
            Op::Step(_) | Op::Fail(_) | Op::TakeOver(_) | Op::Commit(_) | Op::Abort(_) => {}
        }
    }

    async fn step(&mut self, world: &World, position: usize) {
        let (visit, at) = &mut self.under_way[position];
        match at {
            At::Looked => {
                visit.put(world).await;
                *at = At::Put;
            }
            At::Put => {
                visit.write(world).await.unwrap();
                *at = At::Written;
            }
            At::Written => {
                visit.end(world).await.unwrap();
                let (visit, _) = self.under_way.swap_remove(position);
                self.ended.push(visit);
            }
        }
    }
}

async fn run(world: &World, ops: &[Op]) {
    let mut model = Model::default();
    for op in ops {
        model.apply(world, op).await;
        world.prove(&model.live()).await;
    }
    // Everything ends; what was aborted goes, and with it whatever nothing refers to.
    while !model.under_way.is_empty() {
        model.step(world, 0).await;
    }
    for visit in std::mem::take(&mut model.ended) {
        world.abort(visit.snapshot).await;
    }
    world.collect_all().await;
    let dead_after = world.keeper.compact(&|_, _, _| {}).await.unwrap();
    world.collect_all().await;
    let live = model.live();
    world.prove(&live).await;
    assert_eq!(world.objects().await, world.rows().await, "an object without a row, or a row without one");
    let stat = world.keeper.stat(true, &|_, _, _| {}).await.unwrap();
    assert_eq!(stat.live_contents, live.len() as u64);
    assert_eq!(
        (stat.unreferenced, stat.worth_compacting, stat.strays),
        (0, 0, Some(0)),
        "{dead_after:?} {stat:?}"
    );
    let verified = world.keeper.verify(&[], &|_, _, _| {}, |damage| panic!("{damage:?}")).await.unwrap();
    assert_eq!(verified.packs, world.rows().await.len() as u64);
    // What is still known and not referred to lies in packs that are not worth writing anew.
    if live.is_empty() {
        assert!(world.known(CONTENTS).await.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_referred_to_is_kept_and_nothing_else(ops in vec(op(), 5..70)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::embedded().await;
            run(&world, &ops).await;
            world.remove().await;
        });
    }
}

/// The same on servers, where a transaction sees less of the others.
#[tokio::test]
async fn the_same_holds_on_servers() {
    let Some(stack) = testkit::Stack::servers().await else { return };
    let world = World::on(stack).await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let ops = vec(op(), 150).new_tree(&mut runner).unwrap().current();
    run(&world, &ops).await;
    world.remove().await;
}
