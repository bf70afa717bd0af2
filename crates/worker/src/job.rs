//! Long work: it holds a lease on a task row, not a delivery.
//!
//! A wake message only says that a task waits. Whoever claims the task (a lease and a fence, in one
//! transaction) acknowledges the message at once and works; a heartbeat renews the lease. When the
//! worker dies the heartbeat stops, the lease runs out, and the sweep wakes the task again. Every
//! transaction of the job starts by checking its fence, so a worker that was only slow cannot write
//! after another took over.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use async_trait::async_trait;
use contracts::{
    Envelope, ErrorKind, Failure, Message, Outgoing, TaskId,
    messages::{AuditRequested, RunRequested, TaskDelayed, TaskEnded, UpkeepRequested, VisitRequested},
};
use store::{
    Tx, outbox,
    tasks::{self, Heartbeat, Task, TaskEnd},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    Commit, Engine, Progress, Retry, group, handler::decode, publisher::Publisher, retry::Verdict, telemetry,
};

/// A message that wakes a task.
pub trait Wake: Message {
    /// The task it wakes.
    fn task(&self) -> TaskId;
}

impl Wake for RunRequested {
    fn task(&self) -> TaskId {
        self.task
    }
}

impl Wake for VisitRequested {
    fn task(&self) -> TaskId {
        self.task
    }
}

impl Wake for UpkeepRequested {
    fn task(&self) -> TaskId {
        self.task
    }
}

impl Wake for AuditRequested {
    fn task(&self) -> TaskId {
        self.task
    }
}

/// Work that may take longer than a minute.
#[async_trait]
pub trait Job: Send + Sync + 'static {
    /// What wakes it.
    type Message: Wake;
    /// The kind of its tasks, as the store knows it.
    const KIND: &'static str;

    /// How failures are tried again.
    fn retry(&self) -> Retry {
        Retry::OUTSIDE
    }

    /// Does the work, committing what is finished on the way through [`Running::commit`]. What it
    /// returns is written in the transaction that ends the task.
    async fn run(&self, running: &Running) -> Result<Commit, Failure>;

    /// What is written with the end of a task that failed for good or was cancelled.
    fn failed(&self, task: &Task, failure: &Failure) -> Commit;
}

/// A job whose message type is erased.
#[async_trait]
pub(crate) trait AnyJob: Send + Sync {
    fn kind(&self) -> &'static str;
    fn task_kind(&self) -> &'static str;
    fn retry(&self) -> Retry;
    fn task(&self, envelope: &Envelope) -> Result<TaskId, Failure>;
    async fn run(&self, running: &Running) -> Result<Commit, Failure>;
    fn failed(&self, task: &Task, failure: &Failure) -> Commit;
}

#[async_trait]
impl<J: Job> AnyJob for J {
    fn kind(&self) -> &'static str {
        J::Message::KIND
    }

    fn task_kind(&self) -> &'static str {
        J::KIND
    }

    fn retry(&self) -> Retry {
        Job::retry(self)
    }

    fn task(&self, envelope: &Envelope) -> Result<TaskId, Failure> {
        decode::<J::Message>(envelope).map(|wake| wake.task())
    }

    async fn run(&self, running: &Running) -> Result<Commit, Failure> {
        Job::run(self, running).await
    }

    fn failed(&self, task: &Task, failure: &Failure) -> Commit {
        Job::failed(self, task, failure)
    }
}

/// A claimed task, while its job runs.
pub struct Running {
    /// The task as it was when claimed.
    pub task: Task,
    /// Cancelled when a person asks for it, when the lease is lost, or when the process stops.
    pub cancel: CancellationToken,
    /// Where progress is told.
    pub progress: Progress,
    engine: Engine,
    service: &'static str,
    fence: i64,
    wake: Envelope,
    traceparent: Option<String>,
    publisher: Publisher,
    cancel_requested: Arc<AtomicBool>,
    done: AtomicI64,
    total: AtomicI64,
}

impl Running {
    /// Writes `effects` in a transaction of their own, if this worker still holds the task, and
    /// publishes what they return.
    ///
    /// # Errors
    /// What `effects` fail with; [`ErrorKind::Conflict`] when another worker holds the task;
    /// [`ErrorKind::Cancelled`] when it was asked to stop.
    pub async fn commit<T: Send + 'static>(
        &self,
        mut effects: impl FnMut(&mut Tx) -> Result<(T, Vec<Outgoing>), Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (task, fence, service) = (self.task.id, self.fence, self.service);
        let (now, traceparent) = (self.engine.clock.now(), self.traceparent.clone());
        let claimed_until = now + self.engine.options.claim();
        let requested = self.cancel_requested.clone();
        self.engine.pass("job.before_commit")?;
        let (value, rows) = self
            .engine
            .write_patiently(&self.cancel, move |tx| {
                uncancelled(&tasks::guarded(tx, task, fence)?, &requested)?;
                let (value, outgoing) = effects(tx)?;
                let envelopes: Vec<Envelope> =
                    group::seal(service, &outgoing, traceparent.as_deref()).collect();
                let ids = outbox::push(tx, &envelopes, None, claimed_until)?;
                Ok::<_, Failure>((value, ids.into_iter().zip(envelopes).collect()))
            })
            .await?;
        self.engine.pass("job.after_commit")?;
        self.publisher.publish(rows).await;
        Ok(value)
    }

    /// The time.
    pub fn now(&self) -> jiff::Timestamp {
        self.engine.clock.now()
    }

    /// What the job runs on.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Passes a named fault point.
    ///
    /// # Errors
    /// When a test stops the job there.
    pub fn pass(&self, point: &'static str) -> Result<(), Failure> {
        self.engine.pass(point)
    }

    /// Notes how far the task has come; the next heartbeat stores it. `total` is 0 while unknown.
    pub fn advance(&self, done: u64, total: u64) {
        self.done.store(i64::try_from(done).unwrap_or(i64::MAX), Ordering::Relaxed);
        self.total.store(i64::try_from(total).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// A failure when the job has been asked to stop.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] then.
    pub fn check_cancelled(&self) -> Result<(), Failure> {
        if self.cancel.is_cancelled() {
            return Err(Failure::new(ErrorKind::Cancelled, "stopped on request"));
        }
        Ok(())
    }
}

/// Claims the task that `envelope` wakes. `None` when there is nothing to do: it has ended, or a
/// living worker holds it.
pub(crate) async fn claim(
    engine: &Engine,
    service: &'static str,
    job: &dyn AnyJob,
    envelope: &Envelope,
    publisher: Publisher,
    shutdown: &CancellationToken,
) -> Result<Option<Running>, Failure> {
    let id = job.task(envelope)?;
    let (owner, lease, now) = (engine.options.owner.clone(), engine.options.lease, engine.clock.now());
    let claim =
        engine.store.write(move |tx| tasks::claim(tx, id, &owner, lease, now).map_err(Failure::from)).await?;
    engine.pass("job.after_claim")?;
    Ok(claim.map(|claim| Running {
        task: claim.task,
        cancel: shutdown.child_token(),
        progress: Progress::new(engine.bus.clone(), service),
        engine: engine.clone(),
        service,
        fence: claim.fence,
        wake: envelope.clone(),
        traceparent: runtime::trace::current_traceparent(),
        publisher,
        cancel_requested: Arc::default(),
        done: AtomicI64::new(0),
        total: AtomicI64::new(0),
    }))
}

/// Runs a claimed job to the end of its task, or until it is handed back.
///
/// # Errors
/// Only when a fault point stopped the engine; the job's own failure ends its task, not this.
pub(crate) async fn run(
    job: Arc<dyn AnyJob>,
    running: Running,
    shutdown: CancellationToken,
) -> Result<(), Failure> {
    let span = tracing::info_span!("job", kind = job.task_kind(), task = %running.task.id, label = running.task.label);
    let running = Arc::new(running);
    let _runs = telemetry::JobRuns::begin(job.task_kind());
    let work = {
        let (job, running) = (job.clone(), running.clone());
        async move {
            // Somebody asked while nobody worked on it: only its end is to be written.
            if running.task.cancel_requested {
                running.cancel_requested.store(true, Ordering::Relaxed);
                return Err(Failure::new(ErrorKind::Cancelled, "cancelled before it began"));
            }
            job.run(&running).await
        }
        .instrument(span.clone())
    };
    let mut work = tokio::spawn(work);
    let result = tokio::select! {
        result = &mut work => result,
        () = beat_until_lost(&running) => {
            tracing::warn!(task = %running.task.id, "lease lost; job stopped");
            telemetry::lease_lost(&running.task.kind);
            running.cancel.cancel();
            (&mut work).await
        }
    };
    let result = result.unwrap_or_else(|panic| {
        Err(Failure::new(ErrorKind::Internal, format!("the job ended in a panic: {panic}")))
    });
    end(&*job, &running, result, &shutdown).instrument(span).await
}

/// Whoever asks a task to stop is told that it will: one whose end is not written is not finished any more. The
/// heartbeat may hear of it later than a transaction does.
fn uncancelled(task: &Task, requested: &AtomicBool) -> Result<(), Failure> {
    if task.cancel_requested {
        requested.store(true, Ordering::Relaxed);
        return Err(Failure::new(ErrorKind::Cancelled, "stopped on request"));
    }
    Ok(())
}

/// Renews the lease. Returns when another worker holds the task.
async fn beat_until_lost(running: &Running) {
    let (id, fence, lease) = (running.task.id, running.fence, running.engine.options.lease);
    loop {
        tokio::time::sleep(lease / 3).await;
        let now = running.engine.clock.now();
        let progress = (running.done.load(Ordering::Relaxed), running.total.load(Ordering::Relaxed));
        let beat =
            running.engine.store.write(move |tx| tasks::heartbeat(tx, id, fence, lease, progress, now)).await;
        match beat {
            Ok(Heartbeat::Alive) => {}
            Ok(Heartbeat::CancelRequested) => {
                running.cancel_requested.store(true, Ordering::Relaxed);
                running.cancel.cancel();
            }
            Ok(Heartbeat::Lost) => return,
            // The store may be back before the lease runs out; the fence decides in the end.
            Err(error) => {
                let error: store::StoreError = error;
                tracing::warn!(task = %id, %error, "heartbeat failed");
            }
        }
    }
}

/// How a job's result ends its task.
#[derive(Debug, PartialEq, Eq)]
enum Ending {
    Finished,
    Cancelled,
    /// The process stops: whoever is there takes the task over.
    HandedBack,
    Again(std::time::Duration),
    Failed,
}

fn decide(
    failure: Option<&Failure>,
    cancel_requested: bool,
    stopping: bool,
    retry: Retry,
    attempt: u32,
    id: &str,
) -> Ending {
    let Some(failure) = failure else { return Ending::Finished };
    if cancel_requested {
        return Ending::Cancelled;
    }
    if stopping && failure.kind == ErrorKind::Cancelled {
        return Ending::HandedBack;
    }
    match retry.decide(failure, attempt, id) {
        Verdict::Again(pause) => Ending::Again(pause),
        Verdict::SetAside => Ending::Failed,
    }
}

async fn end(
    job: &dyn AnyJob,
    running: &Running,
    result: Result<Commit, Failure>,
    shutdown: &CancellationToken,
) -> Result<(), Failure> {
    let mut failure = None;
    running.engine.pass("job.before_finish")?;
    match result {
        Ok(commit) => match write_end(running, Ending::Finished, Some(commit), None, shutdown).await {
            Ok(()) => {}
            Err(error) => failure = Some(error),
        },
        Err(error) => failure = Some(error),
    }
    if let Some(failure) = failure {
        let requested = running.cancel_requested.load(Ordering::Relaxed);
        let attempt = running.task.attempt.saturating_sub(1);
        let ending = decide(
            Some(&failure),
            requested,
            shutdown.is_cancelled(),
            job.retry(),
            attempt,
            &running.task.id.to_string(),
        );
        tracing::info!(task = %running.task.id, error = %failure.kind, %failure, ?ending, "job did not finish");
        let commit =
            matches!(ending, Ending::Cancelled | Ending::Failed).then(|| job.failed(&running.task, &failure));
        let delayed = delayed(running, &ending, job.retry(), &failure);
        match write_end(running, ending, commit, Some(failure), shutdown).await {
            Ok(()) => {
                if let Some(delayed) = delayed {
                    running.progress.announce(&delayed).await;
                }
            }
            // The lease runs out and the sweep offers the task again.
            Err(error) => {
                tracing::warn!(task = %running.task.id, %error, "the end of the job was not written");
            }
        }
    }
    running.engine.pass("job.after_finish")?;
    Ok(())
}

async fn write_end(
    running: &Running,
    ending: Ending,
    commit: Option<Commit>,
    failure: Option<Failure>,
    shutdown: &CancellationToken,
) -> Result<(), Failure> {
    let (task, fence, service) = (running.task.clone(), running.fence, running.service);
    let (now, traceparent) = (running.engine.clock.now(), running.traceparent.clone());
    let claimed_until = now + running.engine.options.claim();
    let again = Envelope { id: uuid::Uuid::now_v7().to_string(), ..running.wake.clone() };
    let mut commit = commit;
    let kind = running.task.kind.clone();
    let requested = running.cancel_requested.clone();
    let (rows, state) = running
        .engine
        .write_patiently(shutdown, move |tx| {
            let present = tasks::guarded(tx, task.id, fence)?;
            if ending == Ending::Finished {
                uncancelled(&present, &requested)?;
            }
            let reason =
                || failure.clone().unwrap_or_else(|| Failure::new(ErrorKind::Internal, "no reason recorded"));
            let end = match ending {
                Ending::Finished => TaskEnd::Finished,
                Ending::Cancelled => TaskEnd::Cancelled,
                Ending::Failed => TaskEnd::Error { trigger: false, failure: reason() },
                Ending::HandedBack => {
                    tasks::retry_later(tx, task.id, fence, &reason(), now)?;
                    let ids = outbox::push(tx, std::slice::from_ref(&again), None, claimed_until)?;
                    return Ok((ids.into_iter().zip([again.clone()]).collect(), None));
                }
                Ending::Again(pause) => {
                    tasks::retry_later(tx, task.id, fence, &reason(), now + pause)?;
                    outbox::push(tx, std::slice::from_ref(&again), Some(now + pause), now)?;
                    return Ok((Vec::new(), None));
                }
            };
            let mut outgoing = match &mut commit {
                Some(commit) => commit.write(tx)?,
                None => Vec::new(),
            };
            outgoing.push(Outgoing::new(&ended(&task, &end)));
            tasks::finish(tx, task.id, fence, &end, now)?;
            let envelopes: Vec<Envelope> = group::seal(service, &outgoing, traceparent.as_deref()).collect();
            let ids = outbox::push(tx, &envelopes, None, claimed_until)?;
            Ok::<_, Failure>((ids.into_iter().zip(envelopes).collect(), Some(end.state().as_str())))
        })
        .await?;
    if let Some(state) = state {
        telemetry::ended(&kind, state);
    }
    running.publisher.publish(rows).await;
    Ok(())
}

/// What whoever watches is told of a job that is tried again.
fn delayed(running: &Running, ending: &Ending, retry: Retry, failure: &Failure) -> Option<TaskDelayed> {
    let Ending::Again(pause) = ending else { return None };
    let task = &running.task;
    Some(TaskDelayed {
        task: task.id,
        kind: task.kind.clone(),
        subject: task.label.clone(),
        tried: task.attempt,
        tries: retry.tries,
        seconds: pause.as_secs(),
        error: failure.kind,
        reason: failure.reason.clone(),
    })
}

fn ended(task: &Task, end: &TaskEnd) -> TaskEnded {
    let failure = match end {
        TaskEnd::Error { failure, .. } => Some(failure),
        TaskEnd::Finished | TaskEnd::Cancelled => None,
    };
    TaskEnded {
        task: task.id,
        kind: task.kind.clone(),
        state: end.state().as_str().to_owned(),
        error: failure.map(|failure| failure.kind),
        reason: failure.map(|failure| failure.reason.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(kind: ErrorKind, requested: bool, stopping: bool, attempt: u32) -> Ending {
        decide(Some(&Failure::new(kind, "x")), requested, stopping, Retry::OUTSIDE, attempt, "t")
    }

    #[test]
    fn a_job_without_failure_is_finished_whoever_wanted_it_to_stop() {
        assert_eq!(decide(None, true, true, Retry::OUTSIDE, 0, "t"), Ending::Finished);
    }

    #[test]
    fn a_requested_stop_is_a_cancellation_and_the_end_of_the_process_is_not() {
        assert_eq!(ending(ErrorKind::Cancelled, true, false, 0), Ending::Cancelled);
        assert_eq!(ending(ErrorKind::Cancelled, false, true, 0), Ending::HandedBack);
    }

    #[test]
    fn strangers_get_a_second_chance_and_wrong_input_does_not() {
        assert!(matches!(ending(ErrorKind::Unavailable, false, false, 0), Ending::Again(_)));
        assert_eq!(ending(ErrorKind::Unavailable, false, false, 3), Ending::Failed);
        assert_eq!(ending(ErrorKind::NotFound, false, false, 0), Ending::Failed);
    }
}
