//! Notifications.

use actix_web::{
    HttpResponse, get, post,
    web::{self, Path},
};
use contracts::{Failure, NotificationId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Tx, notifications};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::Answer;
use crate::{
    context::Shared,
    error::Problem,
    error_docs::{Changing, Listing},
    paging::{List, Page, Paging},
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(read);
}

/// Something that people are told.
#[derive(Serialize, ToSchema)]
struct Notification {
    id: Uuid,
    /// What it is about, for instance `snapshot_audited`.
    kind: String,
    /// The id of the thing it is about.
    subject: Option<Uuid>,
    /// What is told.
    text: String,
    /// The same for programs; each kind has fields of its own.
    #[schema(value_type = Object)]
    body: Value,
    created_at: Timestamp,
    /// When somebody read it.
    read_at: Option<Timestamp>,
}

impl From<notifications::Notification> for Notification {
    fn from(row: notifications::Notification) -> Self {
        Self {
            id: row.id.0,
            kind: row.kind,
            subject: row.subject,
            text: row.text,
            body: row.body,
            created_at: row.created_at,
            read_at: row.read_at,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only those that nobody has read.
    #[serde(default)]
    #[param(required = false)]
    unread: bool,
}

/// Lists notifications, newest first.
#[utoipa::path(tag = "notifications", params(Paging, Filter), responses(
    (status = 200, description = "A page of notifications", body = Page<Notification>), Listing))]
#[get("/notifications")]
async fn list(context: Shared, asked: List<Uuid, Filter>) -> Result<HttpResponse, Problem> {
    let unread = asked.filter.unread;
    let page = move |tx: &mut Tx, before: Option<Uuid>, wanted| {
        notifications::list(tx, unread, before.map(NotificationId), wanted)
    };
    asked.pages.by_one_statement().answer::<_, Notification>(context, |row| row.id.0, page).await
}

/// Notes that a notification was read.
///
/// Noting it again changes nothing.
#[utoipa::path(tag = "notifications", params(("id" = Uuid, Path, description = "The notification's id")), responses(
    (status = 200, description = "The notification as it is now", body = Notification), Changing))]
#[post("/notifications/{id}/read")]
async fn read(context: Shared, id: Path<Uuid>) -> Answer<Notification> {
    let (id, now) = (NotificationId(*id), context.now());
    let row = context
        .engine
        .store
        .write(move |tx| {
            notifications::mark_read(tx, id, now)?;
            notifications::get(tx, id).map_err(Failure::from)
        })
        .await?;
    Ok(web::Json(row.ok_or_else(|| Problem::no_such("notification", id))?.into()))
}
