//! Snapshots whose nodes come with the request: a manifest.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::CONTENT_TYPE,
    post,
    web::{Path, Payload, Query},
};
use contracts::{Failure, StockId};
use serde::Deserialize;
use store::{
    snapshots::{self, Analyzing, Origin},
    stocks,
};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::Snapshot;
use crate::{
    context::Shared,
    error::{MEDIA_TYPE, Problem},
    error_docs::Changing,
    extract::{PATIENCE, whole},
    manifest::{self, Form},
    routes::missing,
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(upload);
}

/// How a manifest is meant.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Meant {
    /// The repository of rows that name none, by its clone URL.
    repository: Option<String>,
    /// Whether it waits for a person once it is audited, whatever the stock's policy.
    #[serde(default)]
    #[param(required = false)]
    wait: bool,
}

/// Makes a snapshot of the nodes that a manifest lists.
///
/// The body is a table in `text/csv` with a line of names, or `application/x-ndjson` with an object a line. Both have
/// `repository` (a clone URL; may be left out when the query names one), `path`, `digest` (a git blob id, a SWHID, or
/// `sha256:` and the SHA-256 of the bytes), and where wanted `size` in bytes and `mode` (`100644` when it is not
/// said, `100755`, `120000`, `160000`). At most 200,000 rows. The contents must be held already: 400 names those that
/// are not, and nothing is made. What no analyzer has looked at is analysed; then the snapshot is audited like any
/// other.
#[utoipa::path(tag = "snapshots",
    params(("stockId" = Uuid, Path, description = "The id of the stock that it is meant for"), Meant),
    request_body(content(
        (String = "text/csv"),
        (String = "application/x-ndjson"),
    )), responses(
    (status = 202, description = "The snapshot that was begun", body = Snapshot,
        headers(("Location" = String, description = "Where it is"))), Changing))]
#[post("/stocks/{stockId}/snapshots")]
async fn upload(
    context: Shared,
    request: HttpRequest,
    stock: Path<Uuid>,
    meant: Query<Meant>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let form = form(&request)?;
    let body = whole(payload, context.intake.manifest_bytes, PATIENCE).await?;
    let (stock, now, Meant { repository, wait }) = (StockId(*stock), context.now(), meant.into_inner());
    let read = move || manifest::read(&body, form, repository.as_deref());
    let listed = actix_web::web::block(read).await.map_err(Problem::internal)??;
    let analyzing = Analyzing { hint: analysis::hint, analyzers: analysis::versions() };
    let snapshot = context
        .engine
        .submit("gateway", move |tx| {
            let name = stocks::get(tx, stock)?.ok_or_else(|| missing("stock", stock))?.name;
            let by = (Origin::Manifest, wait);
            let (id, outgoing) = snapshots::from_manifest(tx, &name, &listed, by, &analyzing, now)?;
            let snapshot = snapshots::get(tx, id)?.ok_or_else(|| missing("snapshot", id))?;
            Ok::<_, Failure>((snapshot, outgoing))
        })
        .await?;
    let snapshot = Snapshot::from(snapshot);
    let location = format!("/api/v1/snapshots/{}", snapshot.id);
    Ok(HttpResponse::Accepted().insert_header(("Location", location)).json(snapshot))
}

fn form(request: &HttpRequest) -> Result<Form, Problem> {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "text/csv" => Ok(Form::Csv),
        "application/x-ndjson" => Ok(Form::Ndjson),
        _ => {
            let text = "the header Content-Type has to be text/csv or application/x-ndjson";
            Err(Problem::new(&MEDIA_TYPE, text))
        }
    }
}
