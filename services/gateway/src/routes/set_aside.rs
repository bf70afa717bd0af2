//! Messages that could not be handled: looked at, put back on their way, thrown away.

use actix_web::{HttpResponse, delete, get, post, web::Path};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use contracts::{Envelope, Failure, SetAsideId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{
    Tx,
    set_aside::{self, SetAsideFilter},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{Answer, Failed, found};
use crate::{
    context::Shared,
    error::Problem,
    error_docs::{Changing, Finding, Listing},
    paging::{List, Page, Paging},
    publish,
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(one).service(replay).service(drop_one);
}

/// A message that could not be handled.
#[derive(Serialize, ToSchema)]
struct SetAside {
    id: Uuid,
    /// The service that gave up on it.
    #[schema(example = "indexer")]
    service: String,
    /// The queue that it came from.
    queue: String,
    /// The message's own id.
    message_id: String,
    /// What kind of message it is.
    #[schema(example = "repository.discovered.v1")]
    routing_key: String,
    /// Its body, when it is UTF-8.
    body: Option<String>,
    /// Its body in base64, when it is no UTF-8.
    body_base64: Option<String>,
    /// Why it could not be handled the last time.
    error: Failed,
    /// How often it was tried in all.
    tries: u64,
    /// When it was said, or first seen.
    first_at: Timestamp,
    /// When it was last given up.
    last_at: Timestamp,
}

impl From<set_aside::SetAside> for SetAside {
    fn from(row: set_aside::SetAside) -> Self {
        let (body, body_base64) = match String::from_utf8(row.body) {
            Ok(text) => (Some(text), None),
            Err(error) => (None, Some(STANDARD.encode(error.as_bytes()))),
        };
        Self {
            id: row.id.0,
            service: row.service,
            queue: row.queue,
            message_id: row.message_id,
            routing_key: row.routing_key,
            body,
            body_base64,
            error: row.failure.into(),
            tries: row.tries,
            first_at: row.first_at,
            last_at: row.last_at,
        }
    }
}

/// What was put back on its way.
#[derive(Serialize, ToSchema)]
struct Replayed {
    /// The message's own id.
    message_id: String,
    routing_key: String,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only those that this service gave up on.
    service: Option<String>,
    /// Only those of this kind.
    routing_key: Option<String>,
}

/// Lists messages that are set aside, newest first.
#[utoipa::path(tag = "set-aside", params(Paging, Filter), responses(
    (status = 200, description = "A page of messages", body = Page<SetAside>), Listing))]
#[get("/set-aside")]
async fn list(context: Shared, asked: List<Uuid, Filter>) -> Result<HttpResponse, Problem> {
    let Filter { service, routing_key } = asked.filter;
    let filter = SetAsideFilter { service, routing_key };
    let read = move |tx: &mut Tx, after: Option<Uuid>, wanted| {
        set_aside::list(tx, &filter, after.map(SetAsideId), i64::from(wanted))
    };
    asked.pages.by_one_statement().answer::<_, SetAside>(context, |row| row.id.0, read).await
}

/// One message that is set aside.
#[utoipa::path(tag = "set-aside", params(("id" = Uuid, Path, description = "Its id among those set aside")), responses(
    (status = 200, description = "The message", body = SetAside), Finding))]
#[get("/set-aside/{id}")]
async fn one(context: Shared, id: Path<Uuid>) -> Answer<SetAside> {
    let id = SetAsideId(*id);
    found(&context, ("message set aside with the id", id), move |tx| set_aside::get(tx, id)).await
}

/// Puts a message back on its way, as if it had just been said.
#[utoipa::path(tag = "set-aside", params(("id" = Uuid, Path, description = "Its id among those set aside")), responses(
    (status = 202, description = "It is on its way", body = Replayed), Changing))]
#[post("/set-aside/{id}/replay")]
async fn replay(context: Shared, id: Path<Uuid>) -> Result<HttpResponse, Problem> {
    let (id, now) = (SetAsideId(*id), context.now());
    let envelope = publish::sealed(&context.engine, move |tx| Ok(set_aside::replay(tx, id, now)?)).await?;
    let Envelope { id: message_id, kind: routing_key, .. } = envelope;
    Ok(HttpResponse::Accepted().json(Replayed { message_id, routing_key }))
}

/// Throws a message away, for good.
#[utoipa::path(tag = "set-aside", params(("id" = Uuid, Path, description = "Its id among those set aside")), responses(
    (status = 204, description = "It is gone"), Changing))]
#[delete("/set-aside/{id}")]
async fn drop_one(context: Shared, id: Path<Uuid>) -> Result<HttpResponse, Problem> {
    let id = SetAsideId(*id);
    context.engine.store.write(move |tx| set_aside::drop_one(tx, id).map_err(Failure::from)).await?;
    Ok(HttpResponse::NoContent().finish())
}
