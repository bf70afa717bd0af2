//! What made each version of a stock.

use actix_web::{HttpResponse, get, web::Path};
use contracts::StockId;
use jiff::Timestamp;
use serde::Serialize;
use store::{Tx, stocks};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::{
    context::Shared,
    error::Problem,
    error_docs::Finding,
    paging::{List, Page, Paging},
    routes::missing,
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_versions);
}

/// What made a version of a stock.
#[derive(Serialize, ToSchema)]
#[schema(as = StockVersion)]
pub(crate) struct Version {
    /// From 1; version 0 is empty and nothing made it.
    version: i64,
    /// The id of the snapshot that was committed.
    snapshot: Uuid,
    /// The id of the audit that let it in.
    audit: Uuid,
    /// The version of the auditor that made the audit.
    auditor: String,
    /// The analyzers whose results it looked at.
    analyzers: String,
    /// SHA-256 of everything that the audit found.
    report_digest: String,
    /// Repositories whose entry changed.
    entries: u64,
    committed_at: Timestamp,
}

impl From<stocks::StockVersion> for Version {
    fn from(row: stocks::StockVersion) -> Self {
        Self {
            version: row.version,
            snapshot: row.snapshot.0,
            audit: row.audit.0,
            auditor: row.auditor,
            analyzers: row.analyzers,
            report_digest: row.report_digest,
            entries: row.entries,
            committed_at: row.committed_at,
        }
    }
}

/// Lists the versions of a stock, newest first; those that can no longer be read, too.
#[utoipa::path(tag = "stocks", params(("id" = Uuid, Path, description = "The stock's id"), Paging), responses(
    (status = 200, description = "A page of versions", body = Page<Version>), Finding))]
#[get("/stocks/{id}/versions")]
async fn list_versions(context: Shared, id: Path<Uuid>, asked: List<i64>) -> Result<HttpResponse, Problem> {
    let id = StockId(*id);
    let read = move |tx: &mut Tx, before, wanted| {
        stocks::get(tx, id)?.ok_or_else(|| missing("stock", id))?;
        stocks::versions(tx, id, before, wanted)
    };
    asked.pages.answer::<_, Version>(context, |row| row.version, read).await
}
