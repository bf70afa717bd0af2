//! Audits of a snapshot for a stock: begun, looked at, cancelled, downloaded.

use actix_web::{
    HttpRequest, HttpResponse, get, post,
    web::{Path, Query},
};
use contracts::{AuditId, SnapshotId, StockId};
use store::{
    StoreError, Tx,
    audits::{self, Audit},
    changes::Source,
    snapshots, stocks, tasks,
};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    Answer,
    audits::shape::{Audit as Shown, AuditTask},
    missing, report,
    snapshots::{SnapshotDetail, told},
};
use crate::{
    api::BASE,
    context::Shared,
    error::{GONE, Problem},
    error_docs::{Changing, Finding, Replaced, Reporting},
    paging::{List, Page, Paging},
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(one_of_stock)
        .service(start)
        .service(download)
        .service(history)
        .service(cancel)
        .service(diff);
}

/// That the snapshot is there and is meant for the stock.
fn check(tx: &mut Tx, stock: StockId, snapshot: SnapshotId) -> Result<(), StoreError> {
    stocks::get(tx, stock)?.ok_or_else(|| missing("stock", stock))?;
    let found = snapshots::get(tx, snapshot)?.filter(|found| found.stock == stock);
    found.map(drop).ok_or_else(|| missing("snapshot of this stock", snapshot))
}

/// The newest audit of the snapshot: the one that counts.
fn newest(tx: &mut Tx, stock: StockId, snapshot: SnapshotId) -> Result<Audit, StoreError> {
    check(tx, stock, snapshot)?;
    let audit = audits::latest_of_snapshot(tx, snapshot)?;
    audit.ok_or_else(|| StoreError::NotFound(format!("snapshot {snapshot} was never audited")))
}

fn ids(path: &Path<(Uuid, Uuid)>) -> (StockId, SnapshotId) {
    let (stock, snapshot) = **path;
    (StockId(stock), SnapshotId(snapshot))
}

/// One snapshot of a stock, with its progress and newest audit.
#[utoipa::path(tag = "audits", params(
    ("stockId" = Uuid, Path, description = "The stock's id"),
    ("snapshotId" = Uuid, Path, description = "The snapshot's id")), responses(
    (status = 200, description = "The snapshot", body = SnapshotDetail), Finding))]
#[get("/stocks/{stockId}/snapshots/{snapshotId}")]
async fn one_of_stock(context: Shared, path: Path<(Uuid, Uuid)>) -> Answer<SnapshotDetail> {
    let (stock, snapshot) = ids(&path);
    context.engine.store.read(move |tx| check(tx, stock, snapshot)).await?;
    told(&context, snapshot).await
}

/// Audits a snapshot, for the first time or again.
///
/// It is compared with its stock as it is now. Every audit before it stays in the history; the newest one
/// counts.
#[utoipa::path(tag = "audits", params(
    ("stockId" = Uuid, Path, description = "The stock's id"),
    ("snapshotId" = Uuid, Path, description = "The snapshot's id")), responses(
    (status = 202, description = "The audit is begun", body = AuditTask,
        headers(("Location" = String, description = "Where it is"))), Changing))]
#[post("/stocks/{stockId}/snapshots/{snapshotId}/audit")]
async fn start(context: Shared, path: Path<(Uuid, Uuid)>) -> Result<HttpResponse, Problem> {
    let ((stock, snapshot), now) = (ids(&path), context.now());
    let audit = context
        .engine
        .submit("gateway", move |tx| {
            check(tx, stock, snapshot)?;
            let planned = audits::plan(tx, snapshot, now)?;
            let audit = audits::get(tx, planned.audit)?.ok_or_else(|| missing("audit", planned.audit))?;
            Ok((audit, planned.outgoing))
        })
        .await?;
    let location = format!("{BASE}/audits/{}", audit.id);
    Ok(HttpResponse::Accepted().insert_header(("Location", location)).json(AuditTask::from(audit)))
}

/// The report of the newest audit of a snapshot.
///
/// 404 when it was never audited, 409 before the audit is finished. docs/reports.md says what every column means.
#[utoipa::path(tag = "audits", params(
    ("stockId" = Uuid, Path, description = "The stock's id"),
    ("snapshotId" = Uuid, Path, description = "The snapshot's id"), report::Asked), responses(
    (status = 200, description = "The report, in the format asked for", content_type = "*/*", body = Vec<u8>), Reporting))]
#[get("/stocks/{stockId}/snapshots/{snapshotId}/audit")]
async fn download(
    context: Shared,
    request: HttpRequest,
    path: Path<(Uuid, Uuid)>,
    asked: Query<report::Asked>,
) -> Result<HttpResponse, Problem> {
    let (stock, snapshot) = ids(&path);
    let source = move |tx: &mut Tx| Ok(Source::Audit(newest(tx, stock, snapshot)?.id));
    report::answer(context, &request, &asked, (format!("audit-of-{snapshot}"), source)).await
}

/// Lists the audits of a snapshot, newest first.
#[utoipa::path(tag = "audits", params(
    ("stockId" = Uuid, Path, description = "The stock's id"),
    ("snapshotId" = Uuid, Path, description = "The snapshot's id"), Paging), responses(
    (status = 200, description = "A page of audits", body = Page<Shown>), Finding))]
#[get("/stocks/{stockId}/snapshots/{snapshotId}/audits")]
async fn history(
    context: Shared,
    path: Path<(Uuid, Uuid)>,
    asked: List<Uuid>,
) -> Result<HttpResponse, Problem> {
    let (stock, snapshot) = ids(&path);
    let read = move |tx: &mut Tx, before: Option<Uuid>, wanted| {
        check(tx, stock, snapshot)?;
        let rows = audits::of_snapshot(tx, snapshot, before.map(AuditId), wanted)?;
        let with_task = |audit: Audit| {
            let task = tasks::get(tx, audit.task)?;
            Ok((audit, task))
        };
        rows.into_iter().map(with_task).collect()
    };
    asked.pages.answer::<_, Shown>(context, |(audit, _)| audit.id.0, read).await
}

/// Asks the newest audit of a snapshot to stop.
///
/// One that nobody has begun is cancelled at once, others at their next step. Asking again changes nothing.
#[utoipa::path(tag = "audits", params(
    ("stockId" = Uuid, Path, description = "The stock's id"),
    ("snapshotId" = Uuid, Path, description = "The snapshot's id")), responses(
    (status = 202, description = "The audit as it is now", body = AuditTask), Changing))]
#[post("/stocks/{stockId}/snapshots/{snapshotId}/audit/cancel")]
async fn cancel(context: Shared, path: Path<(Uuid, Uuid)>) -> Result<HttpResponse, Problem> {
    let ((stock, snapshot), now) = (ids(&path), context.now());
    let audit = context
        .engine
        .submit("gateway", move |tx| {
            check(tx, stock, snapshot)?;
            let outgoing = store::cancel::audit(tx, snapshot, now)?;
            Ok((newest(tx, stock, snapshot)?, outgoing))
        })
        .await?;
    Ok(HttpResponse::Accepted().json(AuditTask::from(audit)))
}

/// Gone: audits have taken its place.
///
/// `POST /api/v1/stocks/{stockId}/snapshots/{snapshotId}/audit` begins an audit, and `GET` of the same path
/// answers its report.
#[utoipa::path(tag = "audits", params(("stockId" = Uuid, Path, description = "The stock's id")), responses(Replaced))]
#[post("/stocks/{stockId}/diff")]
async fn diff(stock: Path<Uuid>) -> Result<HttpResponse, Problem> {
    let path = format!("{BASE}/stocks/{stock}/snapshots/{{snapshotId}}/audit");
    let text = format!("audits have taken its place: POST {path} begins one, and GET answers its report");
    Err(Problem::new(&GONE, text).instead(format!("{BASE}/snapshots?stock={stock}")))
}
