//! What is counted of queues and jobs. `docs/metrics.md` says what each figure means.

use std::time::{Duration, Instant};

use bus::QueueDepth;
use jiff::Timestamp;
use metrics::{counter, gauge, histogram};
use runtime::metrics::names::{
    COMMIT_MESSAGES, COMMIT_SECONDS, JOBS_RUNNING, LEASES_LOST, MESSAGE_HANDLE_SECONDS, MESSAGE_WAIT_SECONDS,
    MESSAGES_HANDLED, MESSAGES_IN_FLIGHT, OUTBOX_MESSAGES, QUEUE_CONSUMERS, QUEUE_READY, SET_ASIDE_MESSAGES,
    SWEPT, TASK_SECONDS, TASKS_ENDED,
};

/// How the handling of one message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    SeenBefore,
    Again,
    SetAside,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::SeenBefore => "seen_before",
            Self::Again => "again",
            Self::SetAside => "set_aside",
        }
    }
}

/// A message was taken that was said at `said`.
pub(crate) fn taken(queue: &'static str, said: Timestamp, now: Timestamp) {
    let waited = Duration::try_from(now.duration_since(said)).unwrap_or_default();
    histogram!(MESSAGE_WAIT_SECONDS, "queue" => queue).record(waited);
}

/// So many messages are taken and not committed yet.
pub(crate) fn in_flight(queue: &'static str, messages: usize) {
    gauge!(MESSAGES_IN_FLIGHT, "queue" => queue).set(messages as f64);
}

/// A handler ran since `begun`.
pub(crate) fn worked(queue: &'static str, kind: &str, begun: Instant) {
    histogram!(MESSAGE_HANDLE_SECONDS, "queue" => queue, "kind" => kind.to_owned()).record(begun.elapsed());
}

/// The handling of a message ended, and that is committed.
pub(crate) fn handled(queue: &'static str, kind: &str, outcome: Outcome) {
    counter!(MESSAGES_HANDLED, "queue" => queue, "kind" => kind.to_owned(), "outcome" => outcome.as_str())
        .increment(1);
}

/// So many messages were committed in one transaction that was asked for at `begun`.
pub(crate) fn committed(queue: &'static str, messages: usize, begun: Instant) {
    histogram!(COMMIT_SECONDS, "queue" => queue).record(begun.elapsed());
    histogram!(COMMIT_MESSAGES, "queue" => queue).record(messages as f64);
}

/// A job that runs, as long as this lives.
pub(crate) struct JobRuns(&'static str, Instant);

impl JobRuns {
    pub(crate) fn begin(kind: &'static str) -> Self {
        gauge!(JOBS_RUNNING, "kind" => kind).increment(1.0);
        Self(kind, Instant::now())
    }
}

impl Drop for JobRuns {
    fn drop(&mut self) {
        gauge!(JOBS_RUNNING, "kind" => self.0).decrement(1.0);
        histogram!(TASK_SECONDS, "kind" => self.0).record(self.1.elapsed());
    }
}

/// A task ended in this state.
pub(crate) fn ended(kind: &str, state: &'static str) {
    counter!(TASKS_ENDED, "kind" => kind.to_owned(), "state" => state).increment(1);
}

/// Another process took a task over that this one still worked on.
pub(crate) fn lease_lost(kind: &str) {
    counter!(LEASES_LOST, "kind" => kind.to_owned()).increment(1);
}

/// A sweep of this service offered so much again.
pub(crate) fn swept(service: &'static str, messages: usize) {
    counter!(SWEPT, "service" => service).increment(messages as u64);
}

/// What the bus holds.
pub(crate) fn depths(depths: &[QueueDepth]) {
    for depth in depths {
        gauge!(QUEUE_READY, "queue" => depth.name.clone()).set(depth.ready as f64);
        gauge!(QUEUE_CONSUMERS, "queue" => depth.name.clone()).set(depth.consumers as f64);
    }
}

/// What the store holds of messages.
pub(crate) fn kept(outbox: u64, set_aside: u64) {
    gauge!(OUTBOX_MESSAGES).set(outbox as f64);
    gauge!(SET_ASIDE_MESSAGES).set(set_aside as f64);
}
