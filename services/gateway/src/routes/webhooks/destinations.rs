//! Destinations: the origins that webhooks and hooks of assets are at, and how they have been doing.

use actix_web::{
    HttpResponse, get, post,
    web::{self, Path},
};
use contracts::{DestinationId, Failure};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Tx, webhooks::destinations};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::{
    context::Shared,
    error::Problem,
    error_docs::{Changing, Listing},
    paging::{List, Page, Paging},
    routes::Answer,
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_destinations).service(switch_on);
}

/// One scheme, host and port, whoever named it.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDestination)]
pub(crate) struct Destination {
    id: Uuid,
    #[schema(example = "https://example.org")]
    origin: String,
    /// `well`, `failing`, or `switched_off` when it failed too long: nothing is sent to it.
    #[schema(example = "well")]
    state: &'static str,
    /// Failures since the last success.
    failures: u32,
    /// When the first of them was.
    failing_since: Option<Timestamp>,
    /// Until when nothing is sent, after several failures in a row.
    open_until: Option<Timestamp>,
    switched_off_at: Option<Timestamp>,
}

impl From<destinations::Destination> for Destination {
    fn from(row: destinations::Destination) -> Self {
        Self {
            id: row.id.0,
            state: row.state(),
            origin: row.origin,
            failures: row.health.failures,
            failing_since: row.health.failing_since,
            open_until: row.health.open_until,
            switched_off_at: row.switched_off_at,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only those that do not do well.
    #[serde(default)]
    failing: bool,
}

/// Lists destinations, by origin.
#[utoipa::path(tag = "webhooks", params(Paging, Filter), responses(
    (status = 200, description = "A page of destinations", body = Page<Destination>), Listing))]
#[get("/webhook-destinations")]
async fn list_destinations(context: Shared, asked: List<String, Filter>) -> Result<HttpResponse, Problem> {
    let failing = asked.filter.failing;
    let read = move |tx: &mut Tx, after: Option<String>, wanted| {
        destinations::list(tx, failing, after.as_deref(), wanted)
    };
    asked.pages.by_one_statement().answer::<_, Destination>(context, |row| row.origin.clone(), read).await
}

/// Switches a destination on, as if it had never failed. What was given up can then be told again.
#[utoipa::path(tag = "webhooks", params(("id" = Uuid, Path, description = "The destination's id")), responses(
    (status = 200, description = "As it is now", body = Destination), Changing))]
#[post("/webhook-destinations/{id}/switch-on")]
async fn switch_on(context: Shared, id: Path<Uuid>) -> Answer<Destination> {
    let id = DestinationId(*id);
    let write = move |tx: &mut Tx| {
        let Some(found) = destinations::get(tx, id)? else { return Ok(None) };
        destinations::switch_on(tx, &found.origin)?;
        Ok::<_, Failure>(destinations::get(tx, id)?)
    };
    let row = context.engine.store.write(write).await?;
    Ok(web::Json(row.ok_or_else(|| Problem::no_such("destination", id))?.into()))
}
