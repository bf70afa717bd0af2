//! The scratch folder: what crashes left in it, and whether there is room.

use std::time::Duration;

use async_trait::async_trait;
use contracts::{ErrorKind, Failure, TaskId};
use jiff::Timestamp;
use store::tasks::{self, TaskState};
use worker::{Running, Tidy};

use crate::context::Context;

/// How often somebody looks whether there is room again.
const LOOK: Duration = Duration::from_secs(1);
/// Waits until there is room for one more fetch. New visits wait rather than fail; those under way go on.
pub(crate) async fn room(context: &Context, running: &Running) -> Result<(), Failure> {
    let mut waits = false;
    loop {
        let fetcher = context.fetcher.clone();
        let has_room = tokio::task::spawn_blocking(move || fetcher.has_room()).await;
        if has_room.map_err(|panic| Failure::new(ErrorKind::Internal, panic))? {
            return Ok(());
        }
        if !waits {
            tracing::info!(task = %running.task.id, "scratch space is full; waiting for room");
            waits = true;
        }
        tidy(context, running.now()).await?;
        running.check_cancelled()?;
        tokio::select! {
            () = running.cancel.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Removes what a fetch has in the scratch folder. What cannot be removed now is tried with the next search.
pub(crate) async fn discard(context: &Context, name: &str) {
    let (fetcher, folder) = (context.fetcher.clone(), name.to_owned());
    let discarded = tokio::task::spawn_blocking(move || fetcher.discard(&folder)).await;
    match discarded {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(name, %error, "scratch folder stays behind for now"),
        Err(panic) => tracing::warn!(name, %panic, "scratch folder stays behind for now"),
    }
}

/// Removes what fetches left that died, with every search for what is owed.
pub(crate) struct Leftovers(pub(crate) Context);

#[async_trait]
impl Tidy for Leftovers {
    async fn tidy(&self, now: Timestamp) -> Result<(), Failure> {
        tidy(&self.0, now).await
    }
}

/// Removes what belongs to no task that somebody works on.
async fn tidy(context: &Context, now: Timestamp) -> Result<(), Failure> {
    let fetcher = context.fetcher.clone();
    let listed = tokio::task::spawn_blocking(move || fetcher.leftovers()).await;
    let names = listed
        .map_err(|panic| Failure::new(ErrorKind::Internal, panic))?
        .map_err(|error| Failure::new(error.kind(), error))?;
    for name in names {
        let task: Option<TaskId> = name.parse().ok();
        let Some(task) = task else { continue };
        let found = context.store.read(move |tx| tasks::get(tx, task)).await.map_err(Failure::from)?;
        let is_worked_on = found.is_some_and(|task| {
            task.state == TaskState::Running && task.lease_until.is_some_and(|until| until > now)
        });
        if is_worked_on {
            continue;
        }
        tracing::info!(%task, "removing the scratch folder of a fetch that died");
        discard(context, &name).await;
    }
    Ok(())
}
