//! Looks after the depot: what is in it, whether it is intact, what may go, what is worth writing anew.
//!
//! All of it may run while anything else does, in any number of processes. The store decides what may go;
//! `store::packs` has the law, `docs/decisions/0010-what-may-be-thrown-away.md` the reasons. Whatever is done
//! here is done in small steps, each of which leaves store and depot in a state that the next run goes on
//! from.

mod collect;
mod compact;
mod figures;
mod stat;
mod verify;

use std::time::Duration;

use contracts::{ErrorKind, Failure};
use depot::{Depot, DepotError};
use jiff::{SignedDuration, Timestamp};
use runtime::{clock::Clock, faults::Faults};
use store::{Store, packs};
use tokio_util::sync::CancellationToken;

pub use collect::Collected;
pub use compact::Compacted;
pub use stat::{Stat, StateStat};
pub use verify::{Damage, Verified};

/// When something may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long something must have been of no use before it goes, and how long a pack that is to go may still
    /// be read by whoever has looked its contents up.
    pub grace: Duration,
    /// From which share of bytes that nothing refers to, in percent, a pack is written anew without them.
    pub dead_percent: u64,
}

/// Told of what is being done: the step, how much of it is done, and how much there is; 0 while unknown.
pub type Told<'a> = &'a (dyn Fn(&'static str, u64, u64) + Send + Sync);

/// Who looks after a depot.
#[derive(Clone)]
pub struct Keeper {
    /// What is referred to.
    pub store: Store,
    /// Where it lies.
    pub depot: Depot,
    /// The time.
    pub clock: Clock,
    /// Where a test may stop it.
    pub faults: Faults,
    /// When something may go.
    pub rules: Rules,
    /// Ends it between two steps.
    pub cancel: CancellationToken,
}

impl Keeper {
    /// The moment before which something must have been of no use, to go now.
    fn long_ago(&self) -> Timestamp {
        let grace = SignedDuration::try_from(self.rules.grace).unwrap_or(SignedDuration::MAX);
        self.clock.now().checked_sub(grace).unwrap_or(Timestamp::MIN)
    }

    /// Makes sure that this store is the only one that uses the depot.
    async fn own(&self) -> Result<(), Failure> {
        let ours = self.store.write(|tx| packs::owner(tx).map_err(Failure::from)).await?;
        let owner = self.depot.claim(ours).await.map_err(failure)?;
        if owner == ours {
            return Ok(());
        }
        let text = format!(
            "{:?} belongs to another store ({owner}, this one is {ours}), whose packs would be taken for garbage: \
             give each store its own depot.url, or remove the object `owner` when the other one is no more",
            self.depot
        );
        Err(Failure::new(ErrorKind::Forbidden, text))
    }

    /// Passes a named fault point, and stops when it was asked to.
    fn step(&self, point: &'static str) -> Result<(), Failure> {
        self.faults.at(point).map_err(|stopped| Failure::new(ErrorKind::Cancelled, stopped))?;
        if self.cancel.is_cancelled() {
            return Err(Failure::new(ErrorKind::Cancelled, "stopped on request"));
        }
        Ok(())
    }
}

fn failure(error: DepotError) -> Failure {
    Failure::new(error.kind(), error)
}

/// Runs what takes the processor for milliseconds away from the threads that serve everyone.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Failure::new(ErrorKind::Internal, format!("the upkeep panicked: {error}")))
}
