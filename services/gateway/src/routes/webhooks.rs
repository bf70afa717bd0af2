//! Webhooks: who is told of what over HTTP, and what they were told.

mod deliveries;
mod destinations;
mod shape;

use actix_web::{
    HttpResponse, delete, get, post, put,
    web::{self, Path},
};
use addresses::{origin_of, web_address};
use contracts::{ErrorKind, Failure, Outgoing, WebhookId, events, messages::WebhooksQueued};
use egress::sign;
use jiff::{SignedDuration, Timestamp};
use store::{
    Tx,
    webhooks::{
        deliveries::replay_since,
        destinations::switch_on,
        subscriptions::{self, Secret, WebhookState},
    },
};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use self::shape::{Change, Event, Made, New, NewState, Replay, Replayed, Rotate, Scheme};
pub(crate) use self::{
    deliveries::{Delivery, Detail},
    destinations::Destination,
    shape::Webhook,
};
use super::Answer;
use crate::{
    context::{Context, Shared},
    error::Problem,
    error_docs::{Changing, Finding, Listing, Making},
    extract::Json,
    paging::{List, Page, Paging},
};

/// Deliveries that one request puts on their way again; the next request goes on.
const REPLAYED: u32 = 10_000;
/// The longest list of events, of filters, of values.
const LONGEST: usize = 100;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(all_events)
        .service(list)
        .service(make)
        .service(one)
        .service(change)
        .service(set_state)
        .service(remove)
        .service(rotate)
        .service(replay)
        .configure(deliveries::configure)
        .configure(destinations::configure);
}

/// The events that webhooks can be told of.
#[utoipa::path(tag = "webhooks", responses((status = 200, description = "Every event", body = Vec<Event>), Listing))]
#[get("/webhook-events")]
async fn all_events() -> web::Json<Vec<Event>> {
    web::Json(events::EVENTS.iter().map(|(name, meaning)| Event { name, meaning }).collect())
}

/// Lists webhooks, newest first.
#[utoipa::path(tag = "webhooks", params(Paging), responses(
    (status = 200, description = "A page of webhooks", body = Page<Webhook>), Listing))]
#[get("/webhooks")]
async fn list(context: Shared, asked: List<Uuid>) -> Result<HttpResponse, Problem> {
    let read =
        |tx: &mut Tx, before: Option<Uuid>, wanted| subscriptions::list(tx, before.map(WebhookId), wanted);
    asked.pages.by_one_statement().answer::<_, Webhook>(context, |row| row.id.0, read).await
}

/// Makes a webhook. What the receiver needs for verifying is in the answer, and nowhere else afterwards.
#[utoipa::path(tag = "webhooks", request_body = New, responses(
    (status = 201, description = "It is told from now on", body = Made,
        headers(("Location" = String, description = "Where it is"))), Making))]
#[post("/webhooks")]
async fn make(context: Shared, body: Json<New>) -> Result<HttpResponse, Problem> {
    let New { name, url, events, filters, scheme } = body.0;
    let wanted = Change { name, url, events, filters, state: None };
    let now = context.now();
    let key = sign::generate(scheme.into())?;
    let receiver = sign::for_receiver(&key)?;
    let mut webhook = subscriptions::Webhook {
        id: WebhookId::new(),
        name: String::new(),
        url: String::new(),
        state: WebhookState::Active,
        events: Vec::new(),
        filters: std::collections::BTreeMap::new(),
        secrets: vec![Secret { key, until: None }],
        reason: None,
        created_at: now,
        updated_at: now,
    };
    apply(&context, wanted, &mut webhook)?;
    let made = Made { webhook: webhook.clone().into(), secret: receiver };
    let location = format!("/api/v1/webhooks/{}", webhook.id);
    let insert = move |tx: &mut Tx| {
        // Whoever asks for a webhook there has a reason to believe that it is there again.
        if let Ok(url) = web_address(&webhook.url, &addresses::Allowed::everything()) {
            switch_on(tx, &origin_of(&url))?;
        }
        subscriptions::insert(tx, &webhook)?;
        Ok::<_, Failure>(())
    };
    context.engine.store.write(insert).await?;
    Ok(HttpResponse::Created().insert_header(("Location", location)).json(made))
}

/// One webhook.
#[utoipa::path(tag = "webhooks", params(("id" = Uuid, Path, description = "The webhook's id")), responses(
    (status = 200, description = "The webhook", body = Webhook), Finding))]
#[get("/webhooks/{id}")]
async fn one(context: Shared, id: Path<Uuid>) -> Answer<Webhook> {
    let id = WebhookId(*id);
    let row = context.engine.store.read(move |tx| subscriptions::get(tx, id)).await?;
    Ok(web::Json(row.ok_or_else(|| Problem::no_such("webhook", id))?.into()))
}

/// Changes a webhook: all of what is given takes the place of what was. `active` switches on again what was
/// switched off.
#[utoipa::path(tag = "webhooks", params(("id" = Uuid, Path, description = "The webhook's id")),
    request_body = Change, responses((status = 200, description = "As it is now", body = Webhook), Changing))]
#[put("/webhooks/{id}")]
async fn change(context: Shared, id: Path<Uuid>, body: Json<Change>) -> Answer<Webhook> {
    let (id, now) = (WebhookId(*id), context.now());
    let mut webhook = own(&context, id).await?;
    apply(&context, body.0, &mut webhook)?;
    save(&context, webhook, now).await
}

/// Pauses a webhook, or has it told again; also one that was switched off.
#[utoipa::path(tag = "webhooks", params(("id" = Uuid, Path, description = "The webhook's id")),
    request_body = NewState, responses((status = 200, description = "As it is now", body = Webhook), Changing))]
#[put("/webhooks/{id}/state")]
async fn set_state(context: Shared, id: Path<Uuid>, body: Json<NewState>) -> Answer<Webhook> {
    let (id, now) = (WebhookId(*id), context.now());
    let mut webhook = own(&context, id).await?;
    webhook.state = body.0.state.into();
    webhook.reason = None;
    save(&context, webhook, now).await
}

/// Writes a webhook as it is to be. Its destination is as good as new when it is told again.
async fn save(context: &Context, mut webhook: subscriptions::Webhook, now: Timestamp) -> Answer<Webhook> {
    let changed = webhook.clone();
    context
        .engine
        .store
        .write(move |tx| {
            if changed.state == WebhookState::Active
                && let Ok(url) = web_address(&changed.url, &addresses::Allowed::everything())
            {
                switch_on(tx, &origin_of(&url))?;
            }
            subscriptions::update(tx, &changed, now)?;
            Ok::<_, Failure>(())
        })
        .await?;
    webhook.updated_at = now;
    Ok(web::Json(webhook.into()))
}

/// Removes a webhook. What is still on its way to it is given up.
#[utoipa::path(tag = "webhooks", params(("id" = Uuid, Path, description = "The webhook's id")), responses(
    (status = 204, description = "It is gone"), Changing))]
#[delete("/webhooks/{id}")]
async fn remove(context: Shared, id: Path<Uuid>) -> Result<HttpResponse, Problem> {
    let (id, now) = (WebhookId(*id), context.now());
    own(&context, id).await?;
    context.engine.store.write(move |tx| subscriptions::remove(tx, id, now).map_err(Failure::from)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives a webhook a new key. The old one goes on being used beside it for a while, so that the receiver can
/// change over. The webhook `00000000-0000-0000-0000-000000000001` has the key that hooks of assets are
/// signed with.
#[utoipa::path(tag = "webhooks", params(("id" = Uuid, Path, description = "The webhook's id")),
    request_body = Rotate, responses((status = 200, description = "The new key", body = Made), Changing))]
#[post("/webhooks/{id}/rotate")]
async fn rotate(context: Shared, id: Path<Uuid>, body: Json<Rotate>) -> Answer<Made> {
    let (id, now) = (WebhookId(*id), context.now());
    let Rotate { scheme, overlap_hours } = body.0;
    let hours = overlap_hours.unwrap_or(24);
    if hours > 24 * 30 {
        return Err(Problem::invalid("overlap_hours", "expected: 0 to 720"));
    }
    let key = sign::generate(scheme.into())?;
    let receiver = sign::for_receiver(&key)?;
    let until = now.checked_add(SignedDuration::from_hours(hours.into())).unwrap_or(now);
    let webhook = context
        .engine
        .store
        .write(move |tx| {
            let Some(mut webhook) = subscriptions::get(tx, id)? else { return Ok(None) };
            // Two are valid at once, and no more: whoever rotates twice has a reason to.
            webhook.secrets.truncate(1);
            webhook.secrets.iter_mut().for_each(|secret| secret.until = Some(until));
            webhook.secrets.insert(0, Secret { key: key.clone(), until: None });
            subscriptions::update(tx, &webhook, now)?;
            Ok::<_, Failure>(Some(webhook))
        })
        .await?;
    let webhook = webhook.ok_or_else(|| Problem::no_such("webhook", id))?;
    Ok(web::Json(Made { webhook: webhook.into(), secret: receiver }))
}

/// Tells a webhook again what it was told since a time, with the same ids: what was given up, or all.
#[utoipa::path(tag = "webhooks", params(("id" = Uuid, Path, description = "The webhook's id")),
    request_body = Replay, responses((status = 202, description = "It is on its way", body = Replayed), Changing))]
#[post("/webhooks/{id}/replay")]
async fn replay(context: Shared, id: Path<Uuid>, body: Json<Replay>) -> Result<HttpResponse, Problem> {
    let (id, now, Replay { since, all }) = (WebhookId(*id), context.now(), body.0);
    let replayed = context
        .engine
        .submit("gateway", move |tx| {
            if subscriptions::get(tx, id)?.is_none() {
                return Err(Failure::new(ErrorKind::NotFound, format!("there is no webhook {id}")));
            }
            let (count, destinations) = replay_since(tx, id, since, !all, REPLAYED, now)?;
            let outgoing =
                if count == 0 { vec![] } else { vec![Outgoing::new(&WebhooksQueued { destinations })] };
            Ok((count, outgoing))
        })
        .await?;
    Ok(HttpResponse::Accepted().json(Replayed { deliveries: replayed }))
}

/// The webhook that a person made; the one of asset hooks has nothing to be changed but its key.
async fn own(context: &Context, id: WebhookId) -> Result<subscriptions::Webhook, Problem> {
    let row = context.engine.store.read(move |tx| subscriptions::get(tx, id)).await?;
    let webhook = row.ok_or_else(|| Problem::no_such("webhook", id))?;
    if id == subscriptions::ASSET_HOOKS {
        let text = "the hooks of assets have nothing to be changed but their key";
        return Err(Failure::new(ErrorKind::Conflict, text).into());
    }
    Ok(webhook)
}

/// Puts what is given into the webhook, once it is known to be right.
fn apply(context: &Context, wanted: Change, webhook: &mut subscriptions::Webhook) -> Result<(), Problem> {
    let Change { name, url, events, filters, state } = wanted;
    web_address(&url, &context.intake.receivers)
        .map_err(|refused| Problem::invalid("url", refused.to_string()))?;
    if events.is_empty() || events.len() > LONGEST {
        return Err(Problem::invalid(
            "events",
            format!("expected: 1 to {LONGEST} events, `subject.*` or `*`"),
        ));
    }
    if let Some(index) = events.iter().position(|event| !events::is_known(event)) {
        let known: Vec<&str> = events::EVENTS.iter().map(|(name, _)| *name).collect();
        let text = format!("{:?} is no event; known: {}", events[index], known.join(", "));
        return Err(Problem::invalid(format!("events[{index}]"), text));
    }
    if filters.len() > LONGEST || filters.values().any(|values| values.is_empty() || values.len() > LONGEST) {
        return Err(Problem::invalid("filters", format!("expected: for each field 1 to {LONGEST} values")));
    }
    webhook.name = name.unwrap_or_else(|| url.clone()).chars().take(200).collect();
    webhook.url = url;
    webhook.events = events;
    webhook.filters = filters;
    if let Some(state) = state {
        webhook.state = state.into();
        webhook.reason = None;
    }
    Ok(())
}

impl From<Scheme> for sign::Scheme {
    fn from(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Shared => Self::Shared,
            Scheme::Asymmetric => Self::Asymmetric,
        }
    }
}
