//! Snapshots: what runs produced, how far they have come, and their way into the stock.

mod manifest;
mod shape;
mod steps;
mod upload;

use actix_web::{
    HttpResponse, get,
    web::{self, Path},
};
use contracts::{RevisionId, SnapshotId, SourceId, StockId};
use serde::Deserialize;
use store::{
    StoreError, Tx, audits, gate,
    revisions::{self, RevisionState},
    snapshots::{self, SnapshotFilter, SnapshotState},
    tasks,
};
use utoipa::{IntoParams, openapi::Object};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(crate) use self::shape::{Revision, Snapshot, SnapshotDetail};
use super::{Answer, audits::shape::Audit, missing, state_named, words};
use crate::{
    context::{Context, Shared},
    error::Problem,
    error_docs::{Finding, Listing},
    paging::{List, Page, Paging},
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(one).service(of_snapshot);
    config.configure(manifest::configure).configure(steps::configure).configure(upload::configure);
    config.configure(super::nodes::configure).configure(super::differences::of_snapshots);
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only those of this source.
    source: Option<Uuid>,
    /// Only those for this stock.
    stock: Option<Uuid>,
    #[param(schema_with = states)]
    state: Option<String>,
}

/// Lists snapshots, newest first.
#[utoipa::path(tag = "snapshots", params(Paging, Filter), responses(
    (status = 200, description = "A page of snapshots", body = Page<Snapshot>), Listing))]
#[get("/snapshots")]
async fn list(context: Shared, asked: List<Uuid, Filter>) -> Result<HttpResponse, Problem> {
    let filter = SnapshotFilter {
        stock: asked.filter.stock.map(StockId),
        source: asked.filter.source.map(SourceId),
        state: state_named(asked.filter.state.as_deref(), SnapshotState::ALL)?,
    };
    let read = move |tx: &mut Tx, before: Option<Uuid>, wanted| {
        snapshots::list(tx, &filter, before.map(SnapshotId), wanted)
    };
    asked.pages.answer::<_, Snapshot>(context, |row| row.id.0, read).await
}

pub(crate) fn detail(tx: &mut Tx, id: SnapshotId) -> Result<Option<SnapshotDetail>, StoreError> {
    let Some(row) = snapshots::get(tx, id)? else { return Ok(None) };
    let progress = snapshots::progress(tx, id)?.into();
    let lacks = gate::ask(tx, id, false)?.lacks.iter().map(ToString::to_string).collect();
    let audit = match audits::latest_of_snapshot(tx, id)? {
        Some(audit) => {
            let task = tasks::get(tx, audit.task)?;
            Some(Audit::from((audit, task)))
        }
        None => None,
    };
    Ok(Some(SnapshotDetail { snapshot: row.into(), progress, audit, lacks }))
}

pub(super) async fn told(context: &Context, id: SnapshotId) -> Answer<SnapshotDetail> {
    let found = context.engine.store.read(move |tx| detail(tx, id)).await?;
    Ok(web::Json(found.ok_or_else(|| Problem::no_such("snapshot", id))?))
}

/// One snapshot, with its progress and newest audit.
#[utoipa::path(tag = "snapshots", params(("id" = Uuid, Path, description = "The snapshot's id")), responses(
    (status = 200, description = "The snapshot", body = SnapshotDetail), Finding))]
#[get("/snapshots/{id}")]
async fn one(context: Shared, id: Path<Uuid>) -> Answer<SnapshotDetail> {
    told(&context, SnapshotId(*id)).await
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OfState {
    #[param(schema_with = revision_states)]
    state: Option<String>,
}

/// Lists a snapshot's repositories in the order in which they were found.
#[utoipa::path(tag = "snapshots",
    params(("id" = Uuid, Path, description = "The snapshot's id"), Paging, OfState), responses(
    (status = 200, description = "A page of the snapshot's repositories", body = Page<Revision>), Finding))]
#[get("/snapshots/{id}/repositories")]
async fn of_snapshot(
    context: Shared,
    id: Path<Uuid>,
    asked: List<Uuid, OfState>,
) -> Result<HttpResponse, Problem> {
    let (id, state) = (SnapshotId(*id), state_named(asked.filter.state.as_deref(), RevisionState::ALL)?);
    let read = move |tx: &mut Tx, after: Option<Uuid>, wanted| {
        snapshots::get(tx, id)?.ok_or_else(|| missing("snapshot", id))?;
        revisions::of_snapshot(tx, id, state, after.map(RevisionId), wanted)
    };
    asked.pages.answer::<_, Revision>(context, |row| row.id.0, read).await
}

fn states() -> Object {
    words("Only those in this state.", SnapshotState::ALL)
}

fn revision_states() -> Object {
    words("Only those in this state.", RevisionState::ALL)
}
