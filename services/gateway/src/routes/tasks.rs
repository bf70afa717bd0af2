//! Tasks: watched, cancelled, run again.

use actix_web::{HttpResponse, get, post, web::Path};
use contracts::TaskId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{
    Tx,
    tasks::{self, TaskFilter, TaskState},
};
use utoipa::{IntoParams, ToSchema, openapi::Object};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{Answer, Failed, found, state_named, words};
use crate::{
    context::Shared,
    error::Problem,
    error_docs::{Changing, Finding, Listing},
    paging::{List, Page, Paging},
    steer,
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(one).service(cancel).service(rerun);
}

/// A long job.
#[derive(Serialize, ToSchema)]
pub(crate) struct Task {
    pub(crate) id: Uuid,
    /// What is done: `index`, `process` or `audit`.
    #[schema(example = "process")]
    pub(crate) kind: String,
    /// The id of what it is done to: a snapshot for `index` and `audit`, a repository's part of one for
    /// `process`.
    subject: Uuid,
    /// What it is done to, for people.
    pub(crate) label: String,
    /// `created`, `running`, `finished`, `error_trigger`, `error_runtime` or `cancelled`.
    #[schema(example = "running")]
    pub(crate) state: &'static str,
    /// How often it has been begun.
    attempt: u32,
    /// Whether it was asked to stop.
    cancel_requested: bool,
    pub(crate) progress: TaskProgress,
    /// Who works on it, for people.
    owner: Option<String>,
    /// Why it failed, for good or the last time it was tried.
    error: Option<Failed>,
    /// It is not tried again before this.
    not_before: Option<Timestamp>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
}

/// How far a task has come, in its own unit.
#[derive(Serialize, ToSchema)]
pub(crate) struct TaskProgress {
    pub(crate) done: u64,
    /// Null while it is not known.
    #[schema(required)]
    pub(crate) total: Option<u64>,
}

impl From<tasks::Task> for Task {
    fn from(row: tasks::Task) -> Self {
        let total = (row.progress_total > 0).then_some(row.progress_total);
        Self {
            id: row.id.0,
            kind: row.kind,
            subject: row.subject,
            label: row.label,
            state: row.state.as_str(),
            attempt: row.attempt,
            cancel_requested: row.cancel_requested,
            progress: TaskProgress { done: row.progress_done, total },
            owner: row.owner,
            error: row.failure.map(Failed::from),
            not_before: row.not_before,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    #[param(schema_with = states)]
    state: Option<String>,
    /// Only those of this kind.
    kind: Option<String>,
    /// Only those about this thing.
    subject: Option<Uuid>,
}

/// Lists tasks, newest first.
#[utoipa::path(tag = "tasks", params(Paging, Filter), responses(
    (status = 200, description = "A page of tasks", body = Page<Task>), Listing))]
#[get("/tasks")]
async fn list(context: Shared, asked: List<Uuid, Filter>) -> Result<HttpResponse, Problem> {
    let Filter { state, kind, subject } = asked.filter;
    let filter = TaskFilter { state: state_named(state.as_deref(), &TaskState::ALL)?, kind, subject };
    let read = move |tx: &mut Tx, after: Option<Uuid>, wanted| {
        tasks::list(tx, &filter, after.map(TaskId), i64::from(wanted))
    };
    asked.pages.by_one_statement().answer::<_, Task>(context, |row| row.id.0, read).await
}

/// One task.
#[utoipa::path(tag = "tasks", params(("id" = Uuid, Path, description = "The task's id")), responses(
    (status = 200, description = "The task", body = Task), Finding))]
#[get("/tasks/{id}")]
async fn one(context: Shared, id: Path<Uuid>) -> Answer<Task> {
    let id = TaskId(*id);
    found(&context, ("task", id), move |tx| tasks::get(tx, id)).await
}

/// Asks a task to stop.
///
/// One that nobody has begun is cancelled at once, others at their next step; the answer tells by `state`.
/// Asking again changes nothing.
#[utoipa::path(tag = "tasks", params(("id" = Uuid, Path, description = "The task's id")), responses(
    (status = 202, description = "The task as it is now", body = Task), Changing))]
#[post("/tasks/{id}/cancel")]
async fn cancel(context: Shared, id: Path<Uuid>) -> Result<HttpResponse, Problem> {
    let (id, now) = (TaskId(*id), context.now());
    let task = context.engine.submit("gateway", move |tx| Ok(store::cancel::task(tx, id, now)?)).await?;
    Ok(HttpResponse::Accepted().json(Task::from(task)))
}

/// Runs a task again that has failed or was cancelled.
#[utoipa::path(tag = "tasks", params(("id" = Uuid, Path, description = "The task's id")), responses(
    (status = 202, description = "The task as it is now", body = Task), Changing))]
#[post("/tasks/{id}/rerun")]
async fn rerun(context: Shared, id: Path<Uuid>) -> Result<HttpResponse, Problem> {
    let (id, now) = (TaskId(*id), context.now());
    let task = context.engine.submit("gateway", move |tx| steer::rerun(tx, id, now)).await?;
    Ok(HttpResponse::Accepted().json(Task::from(task)))
}

fn states() -> Object {
    words("Only those in this state.", TaskState::ALL)
}
