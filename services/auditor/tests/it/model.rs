//! Whatever people do in whatever order, a stock holds what a naive model of it holds.

use contracts::{
    SnapshotId, StockId,
    policy::{Removed, StockPolicy},
};
use proptest::prelude::*;
use store::{
    changes::{ChangeKind, ChangeRow, Source},
    snapshots::{self, SnapshotState},
    stocks,
};
use testkit::Stack;

use crate::world::{Files, Repositories, World};

#[derive(Clone, Debug)]
enum Step {
    /// Repositories are visited and the snapshot is audited.
    Snapshot(Repositories),
    /// One of the snapshots so far is audited again.
    Audit(prop::sample::Index),
    /// A person asks for the commit of one of them.
    Commit(prop::sample::Index),
    /// One of them is aborted.
    Abort(prop::sample::Index),
}

fn names() -> impl Strategy<Value = Vec<u8>> {
    let odd =
        ["=sum(A1)", "+a", "-b", "@c", "a,b", "\"q\"", "new\nline", "\u{5e9}\u{5dc}", "d/e", "d/f", "d/g/h"];
    prop_oneof![
        prop::sample::select(odd.map(|name| name.as_bytes().to_vec()).to_vec()),
        Just(b"not\xffutf8".to_vec()),
    ]
}

fn files() -> impl Strategy<Value = Files> {
    let mode = prop_oneof![4 => Just(0o100_644_u32), 1 => Just(0o100_755_u32)];
    prop::collection::btree_map(names(), (mode, 0_u8..4), 0..8)
}

fn step() -> impl Strategy<Value = Step> {
    let url = prop::sample::select(vec!["https://a", "https://b", "https://c"]).prop_map(str::to_owned);
    prop_oneof![
        3 => prop::collection::btree_map(url, files(), 1..3).prop_map(Step::Snapshot),
        1 => any::<prop::sample::Index>().prop_map(Step::Audit),
        4 => any::<prop::sample::Index>().prop_map(Step::Commit),
        1 => any::<prop::sample::Index>().prop_map(Step::Abort),
    ]
}

/// What is known of a snapshot.
struct Made {
    id: SnapshotId,
    of: Repositories,
    audited: i64,
    ended: bool,
}

struct Model {
    stock: StockId,
    keep: bool,
    version: i64,
    held: Repositories,
    made: Vec<Made>,
}

/// `old` with the changes made.
fn apply(old: &Repositories, rows: &[ChangeRow]) -> Repositories {
    let mut new = old.clone();
    for row in rows {
        let files = new.entry(row.url.clone()).or_default();
        if let Some(old_path) = &row.old_path {
            assert!(files.remove(old_path).is_some(), "{row:?} moves nothing");
        }
        match &row.after {
            Some(after) => {
                let was = files.insert(row.path.clone(), (after.mode, after.oid.as_bytes()[0]));
                let is_new = matches!(row.kind, ChangeKind::New | ChangeKind::Moved);
                assert_eq!(was.is_none(), is_new, "{row:?}");
            }
            None => assert!(files.remove(&row.path).is_some(), "{row:?} removes nothing"),
        }
    }
    new
}

/// Repositories without files stand in a stock like any other, but no change tells of them.
fn with_files(of: &Repositories) -> Repositories {
    of.iter()
        .filter(|(_, files)| !files.is_empty())
        .map(|(url, files)| (url.clone(), files.clone()))
        .collect()
}

impl Model {
    fn commit(&mut self, at: usize) {
        for (url, files) in &self.made[at].of {
            let held = self.held.entry(url.clone()).or_default();
            if self.keep {
                held.extend(files.clone());
            } else {
                held.clone_from(files);
            }
        }
        self.version += 1;
        self.made[at].ended = true;
    }

    async fn take(&mut self, world: &World<'_>, step: &Step) {
        let pick = |at: &prop::sample::Index| (!self.made.is_empty()).then(|| at.index(self.made.len()));
        match step {
            Step::Snapshot(of) => {
                let id = world.audited(self.stock, of).await;
                self.made.push(Made { id, of: of.clone(), audited: self.version, ended: false });
            }
            Step::Audit(at) => {
                let Some(at) = pick(at) else { return };
                let again = world.audit_again(self.made[at].id).await;
                assert_eq!(again.is_ok(), !self.made[at].ended, "{again:?}");
                if again.is_ok() {
                    world.run_to_the_end().await;
                    self.made[at].audited = self.version;
                }
            }
            Step::Commit(at) => {
                let Some(at) = pick(at) else { return };
                let may = !self.made[at].ended && self.made[at].audited == self.version;
                let before = self.held.clone();
                let snapshot = world.commit(self.made[at].id).await;
                if may {
                    self.commit(at);
                    assert_eq!(snapshot.stock_version, Some(self.version));
                    self.assert_differences(world, at, &before).await;
                }
            }
            Step::Abort(at) => {
                let Some(at) = pick(at) else { return };
                let (id, now) = (self.made[at].id, jiff::Timestamp::now());
                let from = [SnapshotState::Audited];
                world.write(move |tx| snapshots::set_state(tx, id, &from, SnapshotState::Aborted, now)).await;
                self.made[at].ended = true;
            }
        }
    }

    /// Old + what the audit said = new; and so for the difference of the versions.
    async fn assert_differences(&self, world: &World<'_>, at: usize, before: &Repositories) {
        let audit = world.newest_audit(self.made[at].id).await;
        let of_audit = world.changes(Source::Audit(audit.id)).await;
        assert_eq!(of_audit.len() as u64, audit.counts.changes(), "{audit:?}");
        let after = with_files(&self.held);
        assert_eq!(with_files(&apply(before, &of_audit)), after);
        let (stock, to) = (self.stock, self.version);
        let of_versions = world.changes(Source::Versions { stock, from: to - 1, to }).await;
        assert_eq!(with_files(&apply(before, &of_versions)), after);
        let back = world.changes(Source::Versions { stock, from: to, to: to - 1 }).await;
        assert_eq!(with_files(&apply(&self.held, &back)), with_files(before));
    }
}

async fn follow(stack: &Stack, number: usize, keep: bool, steps: &[Step]) {
    let world = World::new(stack);
    let name: &'static str = Box::leak(format!("model {number}").into_boxed_str());
    let stock = world.stock(name).await;
    if keep {
        let policy = StockPolicy { removed: Removed::Keep, ..StockPolicy::default() };
        world.write(move |tx| stocks::set_policy(tx, stock, &policy)).await;
    }
    let mut model = Model { stock, keep, version: 0, held: Repositories::new(), made: Vec::new() };
    for step in steps {
        model.take(&world, step).await;
        assert_eq!(world.held(stock, None).await, model.held, "after {step:?}");
    }
}

fn hold(stack: impl AsyncFn() -> Option<Stack>, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let Some(stack) = runtime.block_on(stack()) else { return };
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 64,
        ..ProptestConfig::default()
    };
    let number = std::cell::Cell::new(0);
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let steps = (any::<bool>(), prop::collection::vec(step(), 4..14));
    let held = runner.run(&steps, |(keep, steps)| {
        number.set(number.get() + 1);
        runtime.block_on(follow(&stack, number.get(), keep, &steps));
        Ok(())
    });
    runtime.block_on(stack.remove());
    held.unwrap();
}

#[test]
fn a_stock_on_one_machine_holds_what_the_model_holds() {
    hold(async || Some(Stack::embedded().await), 12);
}

#[test]
fn a_stock_on_servers_holds_what_the_model_holds() {
    hold(async || Stack::servers().await, 3);
}
