//! What differs between two versions of a stock, or between two snapshots.

use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{Path, Query},
};
use contracts::{SnapshotId, StockId};
use serde::Deserialize;
use store::{StoreError, Tx, changes::Source, stocks};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    changes::{self, Change, ChangeFilter, Place},
    missing, report,
};
use crate::{
    context::Shared,
    error::Problem,
    error_docs::Reporting,
    paging::{List, Page, Paging},
};

pub(super) fn of_stocks(config: &mut ServiceConfig<'_>) {
    config.service(stock_changes).service(stock_report);
}

pub(super) fn of_snapshots(config: &mut ServiceConfig<'_>) {
    config.service(snapshot_changes).service(snapshot_report);
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct VersionChanges {
    /// The version that is taken for the old one; the one before `to` when it is not said.
    #[param(minimum = 0)]
    from: Option<i64>,
    /// The version that is taken for the new one; the newest when it is not said.
    #[param(minimum = 0)]
    to: Option<i64>,
    #[param(schema_with = changes::kinds)]
    kind: Option<String>,
    /// Only changes of this repository.
    repository: Option<Uuid>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct VersionReport {
    /// The version that is taken for the old one; the one before `to` when it is not said.
    #[param(minimum = 0)]
    from: Option<i64>,
    /// The version that is taken for the new one; the newest when it is not said.
    #[param(minimum = 0)]
    to: Option<i64>,
    #[param(schema_with = report::formats)]
    format: Option<String>,
    #[param(schema_with = report::sections)]
    section: Option<String>,
}

/// What names the versions is read with the rows: a commit may come at any time.
fn versions(
    stock: StockId,
    from: Option<i64>,
    to: Option<i64>,
) -> impl Fn(&mut Tx) -> Result<Source, StoreError> + Clone + Send + 'static {
    move |tx: &mut Tx| {
        let held = stocks::get(tx, stock)?.ok_or_else(|| missing("stock", stock))?;
        let to = to.unwrap_or(held.version);
        let from = from.unwrap_or_else(|| to.saturating_sub(1).max(held.oldest_version));
        Ok(Source::Versions { stock, from, to })
    }
}

/// Lists what differs between two versions of a stock, by URL of the repository and path.
#[utoipa::path(tag = "stocks",
    params(("id" = Uuid, Path, description = "The stock's id"), Paging, VersionChanges), responses(
    (status = 200, description = "A page of changes", body = Page<Change>), Reporting))]
#[get("/stocks/{id}/changes")]
async fn stock_changes(
    context: Shared,
    id: Path<Uuid>,
    asked: List<Place, VersionChanges>,
) -> Result<HttpResponse, Problem> {
    let VersionChanges { from, to, kind, repository } = asked.filter;
    let read = changes::reader(versions(StockId(*id), from, to), ChangeFilter { kind, repository })?;
    asked.pages.answer::<_, Change>(context, Place::of, read).await
}

/// A report of what differs between two versions of a stock.
#[utoipa::path(tag = "stocks",
    params(("id" = Uuid, Path, description = "The stock's id"), VersionReport), responses(
    (status = 200, description = "The report, in the format asked for", content_type = "*/*", body = Vec<u8>), Reporting))]
#[get("/stocks/{id}/report")]
async fn stock_report(
    context: Shared,
    request: HttpRequest,
    id: Path<Uuid>,
    asked: Query<VersionReport>,
) -> Result<HttpResponse, Problem> {
    let VersionReport { from, to, format, section } = asked.into_inner();
    let source = versions(StockId(*id), from, to);
    report::answer(context, &request, &report::Asked { format, section }, (format!("stock-{id}"), source))
        .await
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SnapshotChanges {
    /// The id of the snapshot that is taken for the old one.
    from: Uuid,
    #[param(schema_with = changes::kinds)]
    kind: Option<String>,
    /// Only changes of this repository.
    repository: Option<Uuid>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SnapshotReport {
    /// The id of the snapshot that is taken for the old one.
    from: Uuid,
    #[param(schema_with = report::formats)]
    format: Option<String>,
    #[param(schema_with = report::sections)]
    section: Option<String>,
}

/// Lists what differs between another snapshot and this one, by URL of the repository and path.
#[utoipa::path(tag = "snapshots",
    params(("id" = Uuid, Path, description = "The id of the snapshot that is taken for the new one"), Paging,
        SnapshotChanges), responses(
    (status = 200, description = "A page of changes", body = Page<Change>), Reporting))]
#[get("/snapshots/{id}/changes")]
async fn snapshot_changes(
    context: Shared,
    id: Path<Uuid>,
    asked: List<Place, SnapshotChanges>,
) -> Result<HttpResponse, Problem> {
    let SnapshotChanges { from, kind, repository } = asked.filter;
    let source = Source::Snapshots { from: SnapshotId(from), to: SnapshotId(*id) };
    let read = changes::reader(move |_: &mut Tx| Ok(source), ChangeFilter { kind, repository })?;
    asked.pages.answer::<_, Change>(context, Place::of, read).await
}

/// A report of what differs between another snapshot and this one.
#[utoipa::path(tag = "snapshots",
    params(("id" = Uuid, Path, description = "The id of the snapshot that is taken for the new one"), SnapshotReport),
    responses(
    (status = 200, description = "The report, in the format asked for", content_type = "*/*", body = Vec<u8>), Reporting))]
#[get("/snapshots/{id}/report")]
async fn snapshot_report(
    context: Shared,
    request: HttpRequest,
    id: Path<Uuid>,
    asked: Query<SnapshotReport>,
) -> Result<HttpResponse, Problem> {
    let SnapshotReport { from, format, section } = asked.into_inner();
    let source = Source::Snapshots { from: SnapshotId(from), to: SnapshotId(*id) };
    let named = (format!("snapshot-{id}"), move |_: &mut Tx| Ok(source));
    report::answer(context, &request, &report::Asked { format, section }, named).await
}
