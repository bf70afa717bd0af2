//! Notes what became of tries, all that ended together in one transaction.

use std::time::Duration;

use contracts::{DeliveryId, Failure, WebhookId};
use jiff::Timestamp;
use serde_json::json;
use store::{
    Tx,
    notifications::{self, NewNotification},
    webhooks::{
        deliveries::{self, Tried},
        destinations::{self, Destination, Health},
        subscriptions,
    },
};
use worker::Engine;

use crate::webhooks::breaker;

/// What is to be noted.
#[derive(Clone)]
pub(super) struct Note {
    pub(super) destination: Destination,
    pub(super) health: Health,
    pub(super) tried: Vec<Tried>,
    /// Webhooks that asked not to be told any more.
    pub(super) gone: Vec<WebhookId>,
    /// After how long a failure the destination is switched off.
    pub(super) switch_off: Duration,
    /// How long the destination is ours from now on.
    pub(super) lease: Duration,
}

/// Whether it is noted.
pub(super) enum Saved {
    Done(Vec<DeliveryId>),
    /// The store does not take it now.
    Later(Box<Note>, Failure),
}

/// Notes it, and keeps the lease by the way.
///
/// # Errors
/// When another has the lease by now.
pub(super) async fn save(engine: Engine, note: Note) -> Result<Saved, Failure> {
    engine.pass("webhook.before_record")?;
    let (written, now) = (note.clone(), engine.clock.now());
    match engine.store.write(move |tx| write(tx, &written, now)).await {
        Ok(()) => {}
        Err(failure) if failure.kind == contracts::ErrorKind::Unavailable => {
            return Ok(Saved::Later(Box::new(note), failure));
        }
        Err(failure) => return Err(failure),
    }
    engine.pass("webhook.after_record")?;
    Ok(Saved::Done(note.tried.iter().map(|one| one.delivery).collect()))
}

fn write(tx: &mut Tx, note: &Note, now: Timestamp) -> Result<(), Failure> {
    let Destination { id, fence, .. } = note.destination;
    destinations::renew(tx, id, fence, &note.health, now + note.lease)?;
    deliveries::record(tx, &note.tried, now)?;
    for webhook in &note.gone {
        switch_off(tx, *webhook, "the receiver answered 410: it does not want to be told any more", now)?;
    }
    if breaker::is_hopeless(&note.health, note.switch_off, now) {
        let reason = format!("{} has failed for too long and was switched off", note.destination.origin);
        for webhook in subscriptions::of_destination(tx, id)? {
            switch_off(tx, webhook, &reason, now)?;
        }
        destinations::switch_off(tx, id, now)?;
        let given_up = deliveries::switch_off(tx, id, &reason, now)?;
        let text = format!("webhooks: {reason}; {given_up} deliveries were given up");
        let body = json!({ "origin": note.destination.origin, "given_up": given_up });
        let new =
            NewNotification { kind: "webhook.switched_off".to_owned(), subject: Some(id.0), text, body };
        notifications::create(tx, &new, now)?;
    }
    Ok(())
}

fn switch_off(tx: &mut Tx, webhook: WebhookId, reason: &str, now: Timestamp) -> Result<(), Failure> {
    let Some(webhook) = subscriptions::switch_off(tx, webhook, reason, now)? else { return Ok(()) };
    let new = NewNotification {
        kind: "webhook.switched_off".to_owned(),
        subject: Some(webhook.id.0),
        text: format!("webhook {} was switched off: {reason}", webhook.name),
        body: json!({ "webhook": webhook.id, "name": webhook.name, "reason": reason }),
    };
    notifications::create(tx, &new, now)?;
    Ok(())
}

/// Gives up what is pending for a destination that is switched off.
pub(super) async fn give_up(engine: &Engine, destination: &Destination) -> Result<(), Failure> {
    let (id, now) = (destination.id, engine.clock.now());
    let reason = format!("{} is switched off, for having failed too long", destination.origin);
    engine
        .store
        .write(move |tx| deliveries::switch_off(tx, id, &reason, now).map(drop).map_err(Failure::from))
        .await
}
