//! What webhooks were told, each try of it, and telling it again.

use actix_web::{
    HttpResponse, get, post,
    web::{self, Path},
};
use contracts::{DeliveryId, ErrorKind, Failure, Outgoing, WebhookId, messages::WebhooksQueued};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{
    Tx,
    webhooks::deliveries::{self, DeliveryFilter, DeliveryState},
};
use utoipa::{IntoParams, ToSchema, openapi::Object};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    super::{state_named, words},
    shape::Replayed,
};
use crate::{
    context::Shared,
    error::Problem,
    error_docs::{Changing, Finding, Listing},
    paging::{List, Page, Paging},
    routes::Answer,
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_deliveries).service(delivery).service(replay_delivery);
}

/// One thing that one webhook is told.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub(crate) struct Delivery {
    id: Uuid,
    /// As the receiver knows it: the header `webhook-id`, the same at every try.
    webhook_id: String,
    webhook: Uuid,
    /// What it is about.
    subject: Option<Uuid>,
    #[schema(example = "snapshot.committed")]
    event: String,
    url: String,
    /// `pending`, `delivered` or `failed`.
    #[schema(example = "delivered")]
    state: &'static str,
    /// How often it was tried since it was last put on its way.
    tries: u32,
    /// Why it was given up.
    reason: Option<String>,
    /// When it is tried next, or was.
    due_at: Timestamp,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl From<deliveries::Delivery> for Delivery {
    fn from(row: deliveries::Delivery) -> Self {
        Self {
            id: row.id.0,
            webhook_id: format!("msg_{}", row.id.0.simple()),
            webhook: row.webhook.0,
            subject: row.subject,
            event: row.event,
            url: row.url,
            state: row.state.as_str(),
            tries: row.tries,
            reason: row.reason,
            due_at: row.due_at,
            created_at: row.created_at,
            ended_at: row.ended_at,
        }
    }
}

/// A delivery with what was sent, and each try.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDeliveryDetail)]
pub(crate) struct Detail {
    delivery: Delivery,
    /// What is posted, to the byte.
    body: String,
    attempts: Vec<Attempt>,
}

/// One try.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookAttempt)]
struct Attempt {
    at: Timestamp,
    milliseconds: f64,
    /// The HTTP status; null when there was no answer.
    status: Option<u16>,
    /// Why there was no answer.
    error: Option<String>,
    /// The first kilobyte of the answer.
    answer: String,
}

impl From<(deliveries::Delivery, Vec<deliveries::Attempt>)> for Detail {
    fn from((row, attempts): (deliveries::Delivery, Vec<deliveries::Attempt>)) -> Self {
        let body = row.body.clone();
        Self { delivery: row.into(), body, attempts: attempts.into_iter().map(Attempt::from).collect() }
    }
}

impl From<deliveries::Attempt> for Attempt {
    fn from(row: deliveries::Attempt) -> Self {
        let milliseconds = std::time::Duration::from_micros(row.micros).as_secs_f64() * 1_000.0;
        Self { at: row.at, milliseconds, status: row.status, error: row.error, answer: row.answer }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only those of this webhook.
    webhook: Option<Uuid>,
    /// Only those about this asset, snapshot, task or repair.
    subject: Option<Uuid>,
    #[param(schema_with = states)]
    state: Option<String>,
}

/// Lists what webhooks were told, newest first.
#[utoipa::path(tag = "webhooks", params(Paging, Filter), responses(
    (status = 200, description = "A page of deliveries", body = Page<Delivery>), Listing))]
#[get("/webhook-deliveries")]
async fn list_deliveries(context: Shared, asked: List<Uuid, Filter>) -> Result<HttpResponse, Problem> {
    let Filter { webhook, subject, state } = asked.filter;
    let state = state_named(state.as_deref(), DeliveryState::ALL)?;
    let filter = DeliveryFilter { webhook: webhook.map(WebhookId), subject, state };
    let read = move |tx: &mut Tx, before: Option<Uuid>, wanted| {
        deliveries::list(tx, &filter, before.map(DeliveryId), wanted)
    };
    asked.pages.by_one_statement().answer::<_, Delivery>(context, |row| row.id.0, read).await
}

/// One delivery, with each try.
#[utoipa::path(tag = "webhooks", params(("id" = Uuid, Path, description = "The delivery's id")), responses(
    (status = 200, description = "The delivery", body = Detail), Finding))]
#[get("/webhook-deliveries/{id}")]
async fn delivery(context: Shared, id: Path<Uuid>) -> Answer<Detail> {
    let id = DeliveryId(*id);
    let found = context
        .engine
        .store
        .read(move |tx| {
            let Some(found) = deliveries::get(tx, id)? else { return Ok(None) };
            Ok(Some((found, deliveries::attempts_of(tx, id)?)))
        })
        .await?;
    Ok(web::Json(found.ok_or_else(|| Problem::no_such("delivery", id))?.into()))
}

/// Tells it again, with the same id.
#[utoipa::path(tag = "webhooks", params(("id" = Uuid, Path, description = "The delivery's id")), responses(
    (status = 202, description = "It is on its way", body = Replayed), Changing))]
#[post("/webhook-deliveries/{id}/replay")]
async fn replay_delivery(context: Shared, id: Path<Uuid>) -> Result<HttpResponse, Problem> {
    let (id, now) = (DeliveryId(*id), context.now());
    context
        .engine
        .submit("gateway", move |tx| {
            let destination = deliveries::replay(tx, id, now)?;
            let destination = destination
                .ok_or_else(|| Failure::new(ErrorKind::NotFound, format!("there is no delivery {id}")))?;
            Ok(((), vec![Outgoing::new(&WebhooksQueued { destinations: vec![destination] })]))
        })
        .await?;
    Ok(HttpResponse::Accepted().json(Replayed { deliveries: 1 }))
}

fn states() -> Object {
    words("Only those in this state.", DeliveryState::ALL)
}
