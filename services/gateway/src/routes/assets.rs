//! Assets: single files, submitted and looked at.

mod body;
mod legacy;
mod manifest;
mod shape;
mod submit;

use actix_web::{
    HttpRequest, HttpResponse, get, post,
    web::{self, Path, Payload, Query},
};
use analysis::validation::Kind;
use contracts::{AssetId, SubmissionId};
use serde::Deserialize;
use store::{
    Tx,
    assets::{self, AssetFilter, AssetState},
};
use utoipa::{IntoParams, openapi::Object};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{Answer, state_named, words};
use crate::{
    context::Shared,
    error::{NOT_FOUND, Problem},
    error_docs::{Changing, Finding, Listing},
    paging::{List, Page, Paging},
};

pub(super) use self::legacy::configure as configure_legacy;
use self::{
    body::Brought,
    shape::{Accepted, Asset, New},
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(take).service(one);
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    #[param(schema_with = states)]
    state: Option<String>,
    #[param(schema_with = kinds)]
    kind: Option<String>,
    /// Only those that this request brought.
    submission: Option<Uuid>,
}

/// The hooks of a file that is the body itself.
#[derive(Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Hooks {
    /// With a body that is a file: who is told when it starts.
    on_start: Option<String>,
    /// With a body that is a file: who is told when it is complete.
    on_success: Option<String>,
    /// With a body that is a file: who is told when it has failed.
    on_failure: Option<String>,
}

/// Lists assets, oldest first.
#[utoipa::path(tag = "assets", params(Paging, Filter), responses(
    (status = 200, description = "A page of assets", body = Page<Asset>), Listing))]
#[get("/assets")]
async fn list(context: Shared, asked: List<Uuid, Filter>) -> Result<HttpResponse, Problem> {
    let Filter { state, kind, submission } = asked.filter;
    if let Some(kind) = &kind {
        kind_of(kind)?;
    }
    let state = state_named(state.as_deref(), AssetState::ALL)?;
    let filter = AssetFilter { submission: submission.map(SubmissionId), state, kind };
    let read =
        move |tx: &mut Tx, after: Option<Uuid>, wanted| assets::list(tx, &filter, after.map(AssetId), wanted);
    asked.pages.by_one_statement().answer::<_, Asset>(context, |row| row.id.0, read).await
}

/// One asset.
#[utoipa::path(tag = "assets", params(("id" = Uuid, Path, description = "The asset's id")), responses(
    (status = 200, description = "The asset", body = Asset), Finding))]
#[get("/assets/{id}")]
async fn one(context: Shared, id: Path<String>) -> Answer<Asset> {
    let missing = || Problem::no_such("asset", &id);
    // What is no id is the id of nothing.
    let wanted: AssetId = id.parse().ok().ok_or_else(missing)?;
    let row = context.engine.store.read(move |tx| assets::get(tx, wanted)).await?;
    Ok(web::Json(row.ok_or_else(missing)?.into()))
}

/// Submits assets of one kind: one as JSON (`application/json`), many as `application/x-ndjson` (such an
/// object a line) or `text/csv` (a header line with `location`, `on_start`, `on_success`, `on_failure`), or
/// the file itself as the body of any other type. With the header `Idempotency-Key` a request that is sent
/// twice counts once.
#[utoipa::path(tag = "assets", security(("key" = ["submit"])),
    params(("id" = String, Path, description = "The kind: `image`, `source` or `archive`"), Hooks,
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your choice, up to 200 characters")),
    request_body(content = New),
    responses((status = 202, description = "They are queued", body = Accepted), Changing))]
#[post("/assets/{id}")]
async fn take(
    context: Shared,
    request: HttpRequest,
    kind: Path<String>,
    hooks: Query<Hooks>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let kind = kind_of(&kind).map_err(|problem| problem.kind_of(&NOT_FOUND))?;
    let key = submit::key_of(&request)?;
    let Brought { new, digest, many } =
        body::read(&context, &request, kind, hooks.into_inner(), payload).await?;
    let taken = submit::submit(&context, key, digest, new).await?;
    let href = if many {
        format!("/api/v1/assets?submission={}", taken.submission)
    } else {
        format!("/api/v1/assets/{}", taken.first)
    };
    let accepted = Accepted {
        id: (!many).then_some(taken.first.0),
        state: taken.state.as_str(),
        submission: taken.submission.0,
        assets: taken.assets,
        href: href.clone(),
    };
    Ok(HttpResponse::Accepted().insert_header(("Location", href)).json(accepted))
}

fn kinds() -> Object {
    words("Only those of this kind.", Kind::ALL.iter().map(|kind| kind.as_str()))
}

fn kind_of(name: &str) -> Result<Kind, Problem> {
    Kind::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        Problem::invalid("kind", format!("{name:?} is no kind of asset; known: {}", known.join(", ")))
    })
}

fn states() -> Object {
    words("Only those in this state.", AssetState::ALL)
}
