//! The one short transaction: inbox, effects, outbox, set-aside — for all deliveries that are ready.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use contracts::{Envelope, ErrorKind, Failure, Outgoing};
use jiff::Timestamp;
use store::{
    Tx, inbox, outbox,
    set_aside::{self, NewSetAside},
};

use tokio_util::sync::CancellationToken;

use crate::{
    Commit, Engine, Retry,
    engine::{LONGEST_WAIT, SHORTEST_WAIT},
    publisher::Row,
    retry::Verdict,
    telemetry::{self, Outcome},
};

/// A delivery whose handler has run.
pub(crate) struct Worked {
    pub(crate) tag: u64,
    pub(crate) envelope: Envelope,
    pub(crate) retry: Retry,
    pub(crate) traceparent: Option<String>,
    pub(crate) result: Result<Commit, Failure>,
    /// How it ended, once that is written.
    pub(crate) outcome: Option<Outcome>,
}

/// Who commits: for rows that say so.
#[derive(Clone, Copy)]
pub(crate) struct Whose {
    pub(crate) service: &'static str,
    pub(crate) queue: &'static str,
}

/// What a committed group leaves to be done.
pub(crate) struct Committed {
    /// Deliveries that may be acknowledged.
    pub(crate) tags: Vec<u64>,
    /// Outbox rows that may be published.
    pub(crate) rows: Vec<Row>,
}

/// Commits `group` in one transaction, or one by one when one of them fails. While the store does not
/// answer it waits: the deliveries stay unacknowledged, and no broker counts them as poison.
///
/// # Errors
/// When the process stops before the store answers, or when a fault point stopped the engine.
pub(crate) async fn commit(
    engine: &Engine,
    whose: Whose,
    group: Vec<Worked>,
    shutdown: &CancellationToken,
) -> Result<Committed, Failure> {
    engine.pass("worker.before_commit")?;
    let tags: Vec<u64> = group.iter().map(|worked| worked.tag).collect();
    let group = Arc::new(Mutex::new(group));
    let mut pause = SHORTEST_WAIT;
    let rows = loop {
        if let Ok(rows) = try_commit(engine, whose, &group).await {
            break rows;
        }
        match commit_singly(engine, whose, &group).await {
            Ok(rows) => break rows,
            Err(failure) => {
                tracing::warn!(%failure, ?pause, "store does not take the commit; waiting");
                tokio::select! {
                    () = shutdown.cancelled() => return Err(failure),
                    () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_WAIT),
                }
            }
        }
    };
    engine.pass("worker.after_commit")?;
    Ok(Committed { tags, rows })
}

type Group = Arc<Mutex<Vec<Worked>>>;

/// Commits the deliveries of a failed group each in a transaction of its own. One that cannot be
/// committed as done is committed as failed; when not even that is taken, it stays in the group.
async fn commit_singly(engine: &Engine, whose: Whose, group: &Group) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    while let Some(worked) = take_first(group) {
        let one = Arc::new(Mutex::new(vec![worked]));
        match try_commit(engine, whose, &one).await {
            Ok(more) => rows.extend(more),
            Err(failure) => {
                let done: Vec<_> = lock(&one)
                    .iter_mut()
                    .map(|worked| std::mem::replace(&mut worked.result, Err(failure.clone())))
                    .collect();
                match try_commit(engine, whose, &one).await {
                    Ok(more) => rows.extend(more),
                    Err(failure) => {
                        // Not even a failure can be written now: it is the store that fails, not the message.
                        let waiting = std::mem::take(&mut *lock(&one));
                        let waiting = waiting.into_iter().zip(done);
                        let waiting = waiting.map(|(worked, result)| Worked { result, ..worked });
                        lock(group).splice(0..0, waiting);
                        return Err(failure);
                    }
                }
            }
        }
    }
    Ok(rows)
}

fn take_first(group: &Group) -> Option<Worked> {
    let mut group = lock(group);
    if group.is_empty() { None } else { Some(group.remove(0)) }
}

fn lock(group: &Group) -> std::sync::MutexGuard<'_, Vec<Worked>> {
    group.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn try_commit(engine: &Engine, whose: Whose, group: &Group) -> Result<Vec<Row>, Failure> {
    let (now, begun) = (engine.clock.now(), Instant::now());
    let claimed_until = now + engine.options.claim();
    let written = group.clone();
    let rows =
        engine.store.write(move |tx| write_all(tx, whose, &mut lock(&written), now, claimed_until)).await?;
    let group = lock(group);
    telemetry::committed(whose.queue, group.len(), begun);
    for worked in group.iter() {
        if let Some(outcome) = worked.outcome {
            telemetry::handled(whose.queue, &worked.envelope.kind, outcome);
        }
    }
    Ok(rows)
}

fn write_all(
    tx: &mut Tx,
    whose: Whose,
    group: &mut [Worked],
    now: Timestamp,
    claimed_until: Timestamp,
) -> Result<Vec<Row>, Failure> {
    let done: Vec<&str> = group
        .iter()
        .filter(|worked| worked.result.is_ok())
        .map(|worked| worked.envelope.id.as_str())
        .collect();
    let mut fresh = inbox::insert_many(tx, whose.service, &done, now)?.into_iter();
    let mut said = Vec::new();
    let mut rows = Vec::new();
    for worked in group {
        match &mut worked.result {
            Ok(commit) => {
                let is_fresh = fresh.next().unwrap_or(false);
                worked.outcome = Some(if is_fresh { Outcome::Done } else { Outcome::SeenBefore });
                if is_fresh {
                    let outgoing = commit.write(tx)?;
                    said.extend(seal(whose.service, &outgoing, worked.traceparent.as_deref()));
                }
            }
            Err(failure) => {
                worked.outcome = Some(fail(tx, whose, worked.retry, &worked.envelope, failure, now)?);
            }
        }
    }
    let ids = outbox::push(tx, &said, None, claimed_until)?;
    rows.extend(ids.into_iter().zip(said));
    Ok(rows)
}

/// A failed message is tried again later, from the outbox, or set aside.
fn fail(
    tx: &mut Tx,
    whose: Whose,
    retry: Retry,
    envelope: &Envelope,
    failure: &Failure,
    now: Timestamp,
) -> Result<Outcome, Failure> {
    match retry.decide(failure, envelope.attempt, &envelope.id) {
        Verdict::Again(pause) => {
            tracing::info!(
                kind = envelope.kind, id = envelope.id, attempt = envelope.attempt, %failure, ?pause,
                "message failed; it is tried again"
            );
            let again = Envelope { attempt: envelope.attempt + 1, ..envelope.clone() };
            outbox::push(tx, &[again], Some(now + pause), now)?;
            Ok(Outcome::Again)
        }
        Verdict::SetAside => {
            tracing::warn!(kind = envelope.kind, id = envelope.id, error = %failure.kind, %failure, "message set aside");
            set_aside::put(tx, &of_envelope(whose, envelope, failure, now))?;
            Ok(Outcome::SetAside)
        }
    }
}

fn of_envelope(whose: Whose, envelope: &Envelope, failure: &Failure, now: Timestamp) -> NewSetAside {
    NewSetAside {
        service: whose.service.to_owned(),
        queue: whose.queue.to_owned(),
        message_id: envelope.id.clone(),
        routing_key: envelope.routing_key(),
        headers: serde_json::to_value(envelope).unwrap_or_default(),
        body: envelope.body.clone(),
        failure: failure.clone(),
        tries: envelope.attempt + 1,
        first_at: envelope.time,
        last_at: now,
    }
}

/// Keeps a message that nobody could understand, bytes and all.
pub(crate) async fn set_aside_foreign(
    engine: &Engine,
    whose: Whose,
    foreign: &bus::Foreign,
) -> Result<(), Failure> {
    let now = engine.clock.now();
    let id = Envelope::from_bare(&foreign.routing_key, foreign.body.clone(), now).id;
    tracing::warn!(
        queue = whose.queue,
        routing_key = foreign.routing_key,
        reason = foreign.reason,
        "foreign message set aside"
    );
    let row = NewSetAside {
        service: whose.service.to_owned(),
        queue: whose.queue.to_owned(),
        message_id: id,
        routing_key: foreign.routing_key.clone(),
        headers: foreign.headers.clone(),
        body: foreign.body.clone(),
        failure: Failure::new(ErrorKind::Invalid, &foreign.reason),
        tries: 1,
        first_at: now,
        last_at: now,
    };
    engine.store.write(move |tx| set_aside::put(tx, &row).map_err(Failure::from)).await?;
    telemetry::handled(whose.queue, "foreign", Outcome::SetAside);
    Ok(())
}

/// Envelopes of what a service says now.
pub(crate) fn seal<'a>(
    service: &'a str,
    outgoing: &'a [Outgoing],
    traceparent: Option<&'a str>,
) -> impl Iterator<Item = Envelope> + 'a {
    let source = format!("stocktake/{service}");
    outgoing.iter().map(move |message| Envelope::seal(message, &source, traceparent.map(str::to_owned)))
}
