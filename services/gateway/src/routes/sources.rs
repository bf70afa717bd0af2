//! Sources, and the runs that look for their repositories.

use actix_web::{
    HttpResponse, get, post, put,
    web::{self, Path},
};
use contracts::{Failure, Lane, SourceId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{
    Tx,
    sources::{self, SourceState, Wanted},
    tasks,
};
use utoipa::{
    ToSchema,
    openapi::{Object, ObjectBuilder, schema},
};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(crate) mod standing;

use super::{Answer, Snapshot, Task, found};
use crate::{
    context::Shared,
    error::Problem,
    error_docs::{Changing, Finding, Listing, Making},
    extract::{IfSaid, Json},
    paging::{List, Page, Paging},
};
use standing::Visits;

/// The longest name.
const NAME: usize = 200;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(create).service(one).service(run).service(set_state);
    standing::configure(config);
}

/// A place where repositories are found.
#[derive(Serialize, ToSchema)]
pub(crate) struct Source {
    id: Uuid,
    /// Unique among sources.
    #[schema(example = "our projects")]
    name: String,
    /// The kind of indexer that reads it, for instance `list` or `directory`.
    #[schema(example = "list")]
    kind: String,
    /// What the indexer is told; each kind has parameters of its own.
    #[schema(schema_with = params)]
    params: Value,
    /// The id of the stock that its snapshots are meant for.
    stock: Uuid,
    state: State,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Whether a source is run.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SourceState)]
enum State {
    Active,
    Paused,
}

impl From<sources::Source> for Source {
    fn from(row: sources::Source) -> Self {
        let state = match row.state {
            SourceState::Active => State::Active,
            SourceState::Paused => State::Paused,
        };
        Self {
            id: row.id.0,
            name: row.name,
            kind: row.kind,
            params: row.params,
            stock: row.stock.0,
            state,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// What a source is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSource)]
struct New {
    /// Unique among sources: a source of this name is changed, not made twice.
    #[schema(min_length = 1, max_length = 200, example = "our projects")]
    name: String,
    /// What kind of place it is; `GET /api/v1/source-kinds` has all of them.
    #[schema(example = "list")]
    kind: String,
    #[schema(schema_with = params)]
    params: Value,
    /// The name of the stock that its snapshots are meant for; it is made when it is not there.
    #[serde(default = "default_stock")]
    #[schema(min_length = 1, max_length = 200, default = "default")]
    stock: String,
    /// When what it finds is visited; what the kind provides for when absent.
    visits: Option<Visits>,
    /// It is run by itself every so many seconds; never when absent.
    #[schema(minimum = 60, maximum = 31_536_000)]
    every_seconds: Option<u64>,
    /// How old what is held of a lively repository may be, in seconds.
    #[schema(minimum = 3_600, maximum = 31_536_000)]
    freshness_seconds: Option<u64>,
    /// Of sources that are due at once, the one with the higher number is run first.
    #[serde(default)]
    #[schema(minimum = -100, maximum = 100)]
    priority: i32,
    /// Whether the commits of what it finds are taken in too, without their contents.
    #[serde(default)]
    history: bool,
}

fn default_stock() -> String {
    "default".to_owned()
}

/// How a run is to be.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRun {
    /// Whether the snapshot is committed to the stock as soon as it is audited. Otherwise it waits for
    /// `POST /api/v1/snapshots/{id}/commit`.
    #[serde(default)]
    auto_commit: bool,
}

/// What a run is.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Run {
    Snapshot(Snapshot),
    Task(Task),
}

/// How a source is to stand.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSourceState)]
struct NewState {
    state: State,
}

/// Lists sources by name.
#[utoipa::path(tag = "sources", params(Paging), responses(
    (status = 200, description = "A page of sources", body = Page<Source>), Listing))]
#[get("/sources")]
async fn list(context: Shared, asked: List<String>) -> Result<HttpResponse, Problem> {
    let read = |tx: &mut Tx, after: Option<String>, wanted| sources::list(tx, after.as_deref(), wanted);
    asked.pages.by_one_statement().answer::<_, Source>(context, |row| row.name.clone(), read).await
}

/// Makes a source, or changes the one of this name.
#[utoipa::path(tag = "sources", request_body = New, responses(
    (status = 200, description = "The source as it is now; it was there before", body = Source),
    (status = 201, description = "The source, made", body = Source,
        headers(("Location" = String, description = "Where it is"))),
    Making))]
#[post("/sources")]
async fn create(context: Shared, body: Json<New>) -> Result<HttpResponse, Problem> {
    let settings = standing::settings(&body.0)?;
    let New { name, kind, params, stock, .. } = body.0;
    for (field, text) in [("name", &name), ("stock", &stock)] {
        if text.trim().is_empty() || text.chars().count() > NAME || text.chars().any(char::is_control) {
            let detail = format!("it has 1 to {NAME} characters, none of them for control");
            return Err(Problem::invalid(field, detail));
        }
    }
    if !params.is_object() {
        return Err(Problem::invalid("params", "it is an object, for instance {\"urls\": [\"https://…\"]}"));
    }
    forges::check(&kind, &params).map_err(|failure| Problem::from(failure).at("params"))?;
    let now = context.now();
    let (source, is_new) = context
        .engine
        .store
        .write(move |tx| {
            let wanted = Wanted { kind, name, params, stock, settings };
            sources::add(tx, wanted, now).map_err(Failure::from)
        })
        .await?;
    let source = Source::from(source);
    if !is_new {
        return Ok(HttpResponse::Ok().json(source));
    }
    let location = format!("/api/v1/sources/{}", source.id);
    Ok(HttpResponse::Created().insert_header(("Location", location)).json(source))
}

/// One source.
#[utoipa::path(tag = "sources", params(("id" = Uuid, Path, description = "The source's id")), responses(
    (status = 200, description = "The source", body = Source), Finding))]
#[get("/sources/{id}")]
async fn one(context: Shared, id: Path<Uuid>) -> Answer<Source> {
    let id = SourceId(*id);
    found(&context, ("source", id), move |tx| sources::get(tx, id)).await
}

/// Pauses a source, or lets it be run again.
#[utoipa::path(tag = "sources", params(("id" = Uuid, Path, description = "The source's id")),
    request_body = NewState, responses(
    (status = 200, description = "The source as it is now", body = Source), Changing))]
#[put("/sources/{id}/state")]
async fn set_state(context: Shared, id: Path<Uuid>, body: Json<NewState>) -> Answer<Source> {
    let (id, now) = (SourceId(*id), context.now());
    let state = match body.0.state {
        State::Active => SourceState::Active,
        State::Paused => SourceState::Paused,
    };
    let row = context
        .engine
        .store
        .write(move |tx| {
            sources::set_state(tx, id, state, now)?;
            sources::get(tx, id).map_err(Failure::from)
        })
        .await?;
    Ok(web::Json(row.ok_or_else(|| Problem::no_such("source", id))?.into()))
}

/// Runs a source.
///
/// The repositories of the source are looked for: into a snapshot that is begun now, or, when visits are planned,
/// by a task alone. A source has one run at a time.
#[utoipa::path(tag = "sources", params(("id" = Uuid, Path, description = "The source's id")),
    request_body = Option<NewRun>, responses(
    (status = 202, description = "The snapshot that was begun, or the task of a source whose visits are planned", body = Run,
        headers(("Location" = String, description = "Where it is"))),
    Changing))]
#[post("/sources/{id}/runs")]
async fn run(context: Shared, id: Path<Uuid>, body: IfSaid<NewRun>) -> Result<HttpResponse, Problem> {
    let (id, now, auto_commit) = (SourceId(*id), context.now(), body.0.auto_commit);
    let begun = context
        .engine
        .submit("gateway", move |tx| {
            let begun = sources::begin_run(tx, id, auto_commit, Lane::Normal, now)?;
            let task = tasks::get(tx, begun.task)?;
            Ok(((begun.snapshot, task), vec![begun.wake]))
        })
        .await?;
    let (location, run) = match begun {
        (Some(snapshot), _) => (format!("/api/v1/snapshots/{}", snapshot.id), Run::Snapshot(snapshot.into())),
        (None, Some(task)) => (format!("/api/v1/tasks/{}", task.id), Run::Task(task.into())),
        (None, None) => return Err(Problem::internal("a run has neither a snapshot nor a task")),
    };
    Ok(HttpResponse::Accepted().insert_header(("Location", location)).json(run))
}

/// What a kind of source is told, as the description shows it.
fn params() -> Object {
    let about = "What it is told; `GET /api/v1/source-kinds` has the parameters of each kind.";
    let example = serde_json::json!({ "urls": ["https://github.com/BurntSushi/ripgrep"] });
    ObjectBuilder::new()
        .schema_type(schema::Type::Object)
        .description(Some(about))
        .examples([example])
        .build()
}
