//! Takes `upkeep.requested.v1`, the wake of a depot task; one is begun in every period.
//! Reads which packs and trees something refers to.
//! Writes which packs go, what moved out of those that are mostly of no use; removes objects.
//! Emits nothing.

use async_trait::async_trait;
use contracts::{Failure, Lane, Outgoing, TaskId, messages::UpkeepRequested};
use depot::Depot;
use jiff::Timestamp;
use runtime::config::Config;
use store::{
    Tx,
    tasks::{self, NewTask, Task, TaskFilter, TaskState},
};
use upkeep::{Keeper, Rules};
use worker::{Commit, Job, Periodic, Running};

use crate::context::Context;

/// The kind of its tasks. The store knows it too: what this work marks, it relies on itself the least.
const KIND: &str = "depot";

pub(crate) struct Upkeep {
    depot: Depot,
    rules: Rules,
}

impl Upkeep {
    pub(crate) fn new(context: &Context, config: &Config) -> Self {
        let rules = Rules { grace: config.depot.grace(), dead_percent: config.depot.dead_percent };
        Self { depot: context.depot.clone(), rules }
    }
}

/// Begins the upkeep of each period, unless the one before is still under way.
pub(crate) fn periodic(config: &Config) -> Periodic {
    Periodic { name: "depot-upkeep", every: config.depot.upkeep_every(), begin }
}

fn begin(tx: &mut Tx, now: Timestamp) -> Result<Vec<Outgoing>, Failure> {
    for state in [TaskState::Created, TaskState::Running] {
        let filter = TaskFilter { state: Some(state), kind: Some(KIND.to_owned()), ..TaskFilter::default() };
        if !tasks::list(tx, &filter, None, 1)?.is_empty() {
            return Ok(Vec::new());
        }
    }
    let id = TaskId::new();
    let wake = Outgoing::in_lane(&UpkeepRequested { task: id }, Lane::Normal);
    let task = NewTask { id, kind: KIND, subject: id.0, label: "upkeep of the depot", wake: &wake };
    tasks::create(tx, task, now)?;
    Ok(vec![wake])
}

#[async_trait]
impl Job for Upkeep {
    type Message = UpkeepRequested;
    const KIND: &'static str = KIND;

    async fn run(&self, running: &Running) -> Result<Commit, Failure> {
        let engine = running.engine();
        let keeper = Keeper {
            store: engine.store.clone(),
            depot: self.depot.clone(),
            clock: engine.clock.clone(),
            faults: engine.faults.clone(),
            rules: self.rules,
            cancel: running.cancel.clone(),
        };
        let told = |_: &'static str, done, total| running.advance(done, total);
        // First what compaction empties, so that this collection marks it.
        let compacted = keeper.compact(&told).await?;
        let collected = keeper.collect(&told).await?;
        tracing::info!(?compacted, ?collected, "depot looked after");
        Ok(Commit::save(|_| Ok(Vec::new())))
    }

    fn failed(&self, _: &Task, _: &Failure) -> Commit {
        // What it had done is done; the next period goes on from there.
        Commit::save(|_| Ok(Vec::new()))
    }
}
