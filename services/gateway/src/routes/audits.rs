//! Audits: what they found, who decided otherwise, and their reports.

mod findings;
mod overrides;
pub(super) mod shape;

use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{self, Path, Query},
};
use contracts::AuditId;
use store::{Tx, audits, changes::Source, tasks};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(crate) use self::findings::Finding;
use self::shape::Audit;
use super::{
    Answer,
    changes::{Change, ChangeFilter, Place},
    report,
};
use crate::{
    context::Shared,
    error::Problem,
    error_docs::{self, Reporting},
    paging::{List, Page, Paging},
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(one).service(changes_of).service(report_of);
    config.configure(findings::configure).configure(overrides::configure);
    config.configure(super::snapshot_audits::configure).configure(super::checks::configure);
}

/// One audit.
#[utoipa::path(tag = "audits", params(("id" = Uuid, Path, description = "The audit's id")), responses(
    (status = 200, description = "The audit", body = Audit), error_docs::Finding))]
#[get("/audits/{id}")]
async fn one(context: Shared, id: Path<Uuid>) -> Answer<Audit> {
    let id = AuditId(*id);
    let read = move |tx: &mut Tx| {
        let Some(audit) = audits::get(tx, id)? else { return Ok(None) };
        let task = tasks::get(tx, audit.task)?;
        Ok(Some((audit, task)))
    };
    let row = context.engine.store.read(read).await?;
    Ok(web::Json(row.ok_or_else(|| Problem::no_such("audit", id))?.into()))
}

/// Lists what an audited snapshot would change, by URL of the repository and path.
///
/// For all of very many changes the report as `jsonl` is quicker.
#[utoipa::path(tag = "audits",
    params(("id" = Uuid, Path, description = "The audit's id"), Paging, ChangeFilter), responses(
    (status = 200, description = "A page of changes", body = Page<Change>), Reporting))]
#[get("/audits/{id}/changes")]
async fn changes_of(
    context: Shared,
    id: Path<Uuid>,
    asked: List<Place, ChangeFilter>,
) -> Result<HttpResponse, Problem> {
    let source = Source::Audit(AuditId(*id));
    let List { pages, filter } = asked;
    let read = super::changes::reader(move |_: &mut Tx| Ok(source), filter)?;
    pages.answer::<_, Change>(context, Place::of, read).await
}

/// The report of an audit.
///
/// docs/reports.md says what every column means. The same audit gives the same bytes every time; `ETag` tells
/// whether a copy is still good.
#[utoipa::path(tag = "audits",
    params(("id" = Uuid, Path, description = "The audit's id"), report::Asked), responses(
    (status = 200, description = "The report, in the format asked for", content_type = "*/*", body = Vec<u8>), Reporting))]
#[get("/audits/{id}/report")]
async fn report_of(
    context: Shared,
    request: HttpRequest,
    id: Path<Uuid>,
    asked: Query<report::Asked>,
) -> Result<HttpResponse, Problem> {
    let id = AuditId(*id);
    report::answer(
        context,
        &request,
        &asked,
        (format!("audit-{id}"), move |_: &mut Tx| Ok(Source::Audit(id))),
    )
    .await
}
