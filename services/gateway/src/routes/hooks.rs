//! What forges push: a repository has something new, is another, or is gone.

use actix_web::{HttpRequest, HttpResponse, post, web};
use contracts::{Failure, RepositoryId};
use forges::{
    hooks::{self, Family, News, Told},
    visits::SETTLE,
};
use git::Location;
use jiff::Timestamp;
use serde::Serialize;
use store::{
    StoreError, Tx, forge_facts as facts, repositories,
    visits::{self, PlanLane},
};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    context::Shared,
    error::{Problem, TOO_LARGE},
    error_docs::Changing,
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(push);
}

/// What became of an event.
#[derive(Debug, Serialize, ToSchema)]
struct Heard {
    /// The event, in the forge's word.
    event: String,
    outcome: Outcome,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HookOutcome)]
enum Outcome {
    /// A visit is planned, or was planned already: a burst of events is one visit.
    Planned,
    /// The repository is noted as gone, and visited no more.
    Gone,
    /// It is about a repository that is not known or whose visits are not planned.
    Unknown,
    /// It is about nothing that bears upon a visit.
    Ignored,
}

/// Takes an event that a forge pushes.
///
/// `forge` is `github`, `gitlab`, `gitea` (or `forgejo`) or `bitbucket`. The event has to be signed with one of the
/// secrets of `forges.hook_secrets`.
#[utoipa::path(tag = "hooks", params(("forge" = String, Path, description = "The family of forges")),
    request_body(content = Object, description = "The event, as the forge sends it"), responses(
    (status = 202, description = "What became of it", body = Heard), Changing))]
#[post("/hooks/{forge}")]
async fn push(
    context: Shared,
    forge: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let family = Family::of_name(&forge)?;
    let limit = context.body_bytes;
    let body = match payload.to_bytes_limited(limit).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => return Err(Problem::invalid("body", format!("it did not arrive: {error}"))),
        Err(_) => return Err(Problem::new(&TOO_LARGE, format!("the body is larger than {limit} bytes"))),
    };
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let told = hooks::read(family, header, &body, &context.hook_secrets.expose(family.as_str()))?;
    let (event, now) = (told.event.clone(), context.now());
    let outcome = context.engine.store.write(move |tx| hear(tx, &told, now).map_err(Failure::from)).await?;
    Ok(HttpResponse::Accepted().json(Heard { event, outcome }))
}

fn hear(tx: &mut Tx, told: &Told, now: Timestamp) -> Result<Outcome, StoreError> {
    if told.news == News::Nothing {
        return Ok(Outcome::Ignored);
    }
    let Some(repository) = repository_of(tx, told)? else { return Ok(Outcome::Unknown) };
    if told.news == News::Gone {
        let reason = "the forge told us that it is deleted or private";
        facts::set_gone(tx, repository, reason, now)?;
        visits::switch_off(tx, repository, reason)?;
        return Ok(Outcome::Gone);
    }
    // A burst settles first: whatever comes meanwhile is part of the same visit.
    match visits::ask(tx, repository, PlanLane::Asked, now + SETTLE)? {
        0 => Ok(Outcome::Unknown),
        _ => Ok(Outcome::Planned),
    }
}

/// By its address, or by the forge's own id: one that was just renamed is known by its old address.
fn repository_of(tx: &mut Tx, told: &Told) -> Result<Option<RepositoryId>, StoreError> {
    let Some(location) = told.url.as_deref().and_then(|url| Location::parse(url).ok()) else {
        return Ok(None);
    };
    if let Some(known) = repositories::by_url(tx, location.canonical())? {
        return Ok(Some(known.id));
    }
    let host = location.canonical().split('/').nth(2).unwrap_or_default().to_owned();
    match &told.id {
        Some(id) => facts::of_forge(tx, &host, id),
        None => Ok(None),
    }
}
