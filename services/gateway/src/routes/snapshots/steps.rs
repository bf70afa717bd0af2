//! What a person decides about a snapshot: that it is committed, aborted, or that what failed is visited again.

use actix_web::{HttpResponse, post, web::Path};
use contracts::{ErrorKind, Failure, Outgoing, SnapshotId, messages::CommitRequested};
use serde::Deserialize;
use store::{gate, snapshots};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{SnapshotDetail, told};
use crate::{context::Shared, error::Problem, error_docs::Changing, extract::IfSaid, routes::Answer, steer};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(commit).service(abort).service(retry);
}

/// How a snapshot is to be committed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCommit)]
struct Commit {
    /// Whether repositories that failed are left out, where the stock's policy wants to be told so. What the stock
    /// holds of them stays as it is.
    #[serde(default)]
    without_failed: bool,
}

/// Asks for an audited snapshot to enter its stock.
///
/// It needs a finished audit against the stock's present version and policy, without findings that forbid it. The
/// answer says everything that is missing. A snapshot that commits by itself is audited again by itself when the
/// stock has moved on.
#[utoipa::path(tag = "snapshots", params(("id" = Uuid, Path, description = "The snapshot's id")),
    request_body = Option<Commit>, responses(
    (status = 202, description = "The commit is requested", body = SnapshotDetail), Changing))]
#[post("/snapshots/{id}/commit")]
async fn commit(context: Shared, id: Path<Uuid>, body: IfSaid<Commit>) -> Result<HttpResponse, Problem> {
    let (id, without_failed) = (SnapshotId(*id), body.0.without_failed);
    context
        .engine
        .submit("gateway", move |tx| {
            let answer = gate::ask(tx, id, without_failed)?;
            let again = answer.snapshot.auto_commit && answer.lacks.iter().all(gate::Lack::is_out_of_date);
            if again || answer.lacks.is_empty() {
                let request = CommitRequested { snapshot: id, without_failed };
                return Ok(((), vec![Outgoing::new(&request)]));
            }
            let lacks: Vec<String> = answer.lacks.iter().map(ToString::to_string).collect();
            Err(Failure::new(ErrorKind::Conflict, lacks.join("; ")))
        })
        .await?;
    Ok(HttpResponse::Accepted().json(told(&context, id).await?.into_inner()))
}

/// Ends a snapshot without it entering its stock.
///
/// Its tasks are cancelled. Aborting again changes nothing.
#[utoipa::path(tag = "snapshots", params(("id" = Uuid, Path, description = "The snapshot's id")), responses(
    (status = 200, description = "The snapshot as it is now", body = SnapshotDetail), Changing))]
#[post("/snapshots/{id}/abort")]
async fn abort(context: Shared, id: Path<Uuid>) -> Answer<SnapshotDetail> {
    let (id, now) = (SnapshotId(*id), context.now());
    steer::end_snapshot(&context.engine, id, now).await?;
    told(&context, id).await
}

/// Visits those repositories of a snapshot again that failed, and no other.
///
/// What its audit found, if it has one, is out of date then.
#[utoipa::path(tag = "snapshots", params(("id" = Uuid, Path, description = "The snapshot's id")), responses(
    (status = 202, description = "The snapshot as it is now", body = SnapshotDetail), Changing))]
#[post("/snapshots/{id}/retry")]
async fn retry(context: Shared, id: Path<Uuid>) -> Result<HttpResponse, Problem> {
    let (id, now) = (SnapshotId(*id), context.now());
    context.engine.submit("gateway", move |tx| Ok(snapshots::retry_failed(tx, id, now)?)).await?;
    Ok(HttpResponse::Accepted().json(told(&context, id).await?.into_inner()))
}
