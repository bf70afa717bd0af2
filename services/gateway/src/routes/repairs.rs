//! Repairs: asked for, and looked at.

use actix_web::{HttpResponse, get, post, web::Path};
use contracts::{
    Envelope, Lane, Outgoing, RepairId,
    messages::RepairRequested,
    repair::{RepairAction, RepairSubject},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{
    Tx,
    repairs::{self, RepairState},
};
use utoipa::{IntoParams, ToSchema, openapi::Object};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{Answer, found, state_named, words};
use crate::{
    context::Shared,
    error::Problem,
    error_docs::{Finding, Listing, Making},
    extract::Json,
    paging::{List, Page, Paging},
    publish,
};

/// The longest reason.
const REASON: usize = 2_000;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(request).service(one);
}

/// What a repair does.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RepairAction)]
enum Action {
    /// Fetch it from upstream again and store every content anew.
    Refetch,
    /// Run every analyzer on its contents again.
    Reanalyze,
}

impl From<RepairAction> for Action {
    fn from(action: RepairAction) -> Self {
        match action {
            RepairAction::Refetch => Self::Refetch,
            RepairAction::Reanalyze => Self::Reanalyze,
        }
    }
}

impl From<Action> for RepairAction {
    fn from(action: Action) -> Self {
        match action {
            Action::Refetch => Self::Refetch,
            Action::Reanalyze => Self::Reanalyze,
        }
    }
}

/// One wrong thing that is made right.
#[derive(Serialize, ToSchema)]
struct Repair {
    id: Uuid,
    /// The id of the message that asked for it.
    message_id: String,
    action: Action,
    /// What it is about, as it was asked for.
    #[schema(example = "repository:018f6e1c-0000-7000-8000-000000000000")]
    subject: String,
    /// `running`, `done` or `failed`.
    #[schema(example = "done")]
    state: &'static str,
    /// Why it was asked for.
    reason: Option<String>,
    /// Why it failed.
    note: Option<String>,
    requested_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl From<repairs::Repair> for Repair {
    fn from(row: repairs::Repair) -> Self {
        Self {
            id: row.id.0,
            message_id: row.message_id,
            action: row.action.into(),
            subject: row.subject.to_string(),
            state: row.state.as_str(),
            reason: row.reason,
            note: row.note,
            requested_at: row.requested_at,
            ended_at: row.ended_at,
        }
    }
}

/// What is to be made right.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRepair)]
struct New {
    action: Action,
    /// `url:URL`, `repository:UUID`, `revision:UUID` or `content:GIT-BLOB-ID`.
    #[schema(example = "url:https://github.com/BurntSushi/ripgrep")]
    subject: String,
    /// Why, for people.
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

/// A repair that was asked for. It is among the repairs as soon as the auditor has taken it up.
#[derive(Serialize, ToSchema)]
struct Requested {
    /// The id of the message that asks for it; `GET /api/v1/repairs?message_id=…` finds the repair.
    message_id: String,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    #[param(schema_with = states)]
    state: Option<String>,
    /// Only the one that this message asked for.
    message_id: Option<String>,
}

/// Lists repairs, newest first.
#[utoipa::path(tag = "repairs", params(Paging, Filter), responses(
    (status = 200, description = "A page of repairs", body = Page<Repair>), Listing))]
#[get("/repairs")]
async fn list(context: Shared, asked: List<Uuid, Filter>) -> Result<HttpResponse, Problem> {
    let Filter { state, message_id } = asked.filter;
    let state = state_named(state.as_deref(), RepairState::ALL)?;
    let read = move |tx: &mut Tx, before: Option<Uuid>, wanted| match &message_id {
        Some(message) => Ok(repairs::by_message(tx, message)?.into_iter().collect()),
        None => repairs::list(tx, state, before.map(RepairId), wanted),
    };
    asked.pages.by_one_statement().answer::<_, Repair>(context, |row| row.id.0, read).await
}

/// Asks for a repair.
#[utoipa::path(tag = "repairs", request_body = New, responses(
    (status = 202, description = "The repair is asked for", body = Requested,
        headers(("Location" = String, description = "Where it will be"))),
    Making))]
#[post("/repairs")]
async fn request(context: Shared, body: Json<New>) -> Result<HttpResponse, Problem> {
    let New { action, subject, reason } = body.0;
    let subject: RepairSubject =
        subject.parse().map_err(|error| Problem::invalid("subject", format!("{error}")))?;
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > REASON) {
        return Err(Problem::invalid("reason", format!("it has {REASON} characters at most")));
    }
    let message = RepairRequested { action: action.into(), subject, reason };
    // A person waits for this one.
    let outgoing = Outgoing::in_lane(&message, Lane::Urgent);
    let envelope = Envelope::seal(&outgoing, "stocktake/gateway", runtime::trace::current_traceparent());
    let message_id = publish::sealed(&context.engine, move |_| Ok(envelope)).await?.id;
    let location = format!("/api/v1/repairs?message_id={message_id}");
    Ok(HttpResponse::Accepted().insert_header(("Location", location)).json(Requested { message_id }))
}

/// One repair.
#[utoipa::path(tag = "repairs", params(("id" = Uuid, Path, description = "The repair's id")), responses(
    (status = 200, description = "The repair", body = Repair), Finding))]
#[get("/repairs/{id}")]
async fn one(context: Shared, id: Path<Uuid>) -> Answer<Repair> {
    let id = RepairId(*id);
    found(&context, ("repair", id), move |tx| repairs::get(tx, id)).await
}

fn states() -> Object {
    words("Only those in this state.", RepairState::ALL)
}
