//! Long jobs: what they are, how they stand, and who may work on them.
//!
//! A worker claims a task and gets a fence, a number that rises with every claim. Every transaction of
//! its job begins with [`guard`], which refuses an old fence: a worker that was only slow cannot write
//! after another one took over. Tasks are locked first, before rows of any other table.

mod claim;
mod create;
mod ending;
mod lookup;
mod row;
mod state;
mod wake;

use contracts::{Failure, Lane, TaskId};
use jiff::Timestamp;
use uuid::Uuid;

pub use claim::{Claim, Heartbeat, claim, guard, guarded, heartbeat};
pub use create::{NewTask, create};
pub use ending::{Cancel, TaskEnd, finish, request_cancel, rerun, retry_later};
pub use lookup::{TaskFilter, count_open, count_open_of, get, latest_of, list};
pub use state::TaskState;
pub use wake::{owed, release_all};

/// A long job.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// What is done: `index`, `process`, `audit`.
    pub kind: String,
    /// The entity that it is done to: a source, a revision, a snapshot.
    pub subject: Uuid,
    /// What people see as its subject.
    pub label: String,
    /// The lane that its wake messages travel in.
    pub lane: Lane,
    /// How it stands.
    pub state: TaskState,
    /// How often it has been claimed since it was created or run again.
    pub attempt: u32,
    /// The number of the newest claim.
    pub fence: i64,
    /// Who claimed it last and may still work on it.
    pub owner: Option<String>,
    /// When the claim ends unless a heartbeat renews it.
    pub lease_until: Option<Timestamp>,
    /// It is not tried again before this.
    pub not_before: Option<Timestamp>,
    /// How much is done, in the job's own unit.
    pub progress_done: u64,
    /// How much there is; 0 while that is not known.
    pub progress_total: u64,
    /// Whether somebody has asked that it stop.
    pub cancel_requested: bool,
    /// Why it failed, at last or the last time it was tried.
    pub failure: Option<Failure>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was claimed for the first time since it was created or run again.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}
