//! How sources are run, how far they are, what calls are left; and what kinds there are.

use actix_web::{
    HttpResponse, delete, get, post,
    web::{self, Path},
};
use contracts::{ErrorKind, Failure, RepositoryId, SourceId};
use forges::{KINDS, budget, of_kind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::{
    StoreError, Tx,
    budgets::{self, Budget},
    repositories,
    sources::{self, Settings, Status},
    visits::{self, PlanLane},
};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::New;
use crate::{
    context::Shared,
    error::Problem,
    error_docs::{Changing, Finding, Listing},
    routes::Answer,
};

/// Failures that are shown of a source.
const FAILURES: u32 = 100;
/// The shortest rhythm, the shortest freshness, and the longest of both, in seconds.
const EVERY: u64 = 60;
const FRESHNESS: u64 = 3_600;
const YEAR: u64 = 31_536_000;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(kinds).service(standing).service(remove).service(ask);
}

/// When what a source finds is visited.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Visits {
    /// All of it by each run, in a snapshot of the run's own.
    AtOnce,
    /// One by one, when each is worth it.
    Planned,
}

/// How a source that is asked for is to be run.
pub(super) fn settings(new: &New) -> Result<Settings, Problem> {
    let within = |field: &'static str, value: Option<u64>, least: u64| match value {
        Some(seconds) if !(least..=YEAR).contains(&seconds) => {
            Err(Problem::invalid(field, format!("it has to be a whole number from {least} to {YEAR}")))
        }
        seconds => Ok(seconds.map(Duration::from_secs)),
    };
    if !(-100..=100).contains(&new.priority) {
        return Err(Problem::invalid("priority", "it has to be a whole number from -100 to 100"));
    }
    let kind = of_kind(&new.kind).map_err(|failure| Problem::from(failure).at("kind"))?;
    let visits = match new.visits {
        Some(Visits::AtOnce) => sources::Visits::AtOnce,
        Some(Visits::Planned) => sources::Visits::Planned,
        None if kind.visits_at_once() => sources::Visits::AtOnce,
        None => sources::Visits::Planned,
    };
    Ok(Settings {
        visits,
        every: within("every_seconds", new.every_seconds, EVERY)?,
        freshness: within("freshness_seconds", new.freshness_seconds, FRESHNESS)?,
        priority: new.priority,
        history: new.history,
    })
}

/// A kind of source.
#[derive(Serialize, ToSchema)]
struct Kind {
    /// Its name, as `kind` of a source has it.
    #[schema(example = "gitlab")]
    name: &'static str,
    /// What it is.
    about: &'static str,
    /// When what it finds is visited, unless the source says otherwise.
    visits: Visits,
    parameters: Vec<Parameter>,
}

/// A parameter of a kind of source.
#[derive(Serialize, ToSchema)]
struct Parameter {
    name: &'static str,
    /// What it accepts, in words.
    accepts: String,
    /// Whether a source cannot be without it.
    required: bool,
    about: &'static str,
}

/// Lists the kinds of sources, with their parameters.
#[utoipa::path(tag = "sources", responses(
    (status = 200, description = "Every kind", body = Vec<Kind>), Listing))]
#[get("/source-kinds")]
async fn kinds() -> Answer<Vec<Kind>> {
    let kinds = KINDS.iter().map(|kind| Kind {
        name: kind.name(),
        about: kind.about(),
        visits: if kind.visits_at_once() { Visits::AtOnce } else { Visits::Planned },
        parameters: kind
            .parameters()
            .iter()
            .map(|one| Parameter {
                name: one.name,
                accepts: one.accepts.words(),
                required: one.required,
                about: one.about,
            })
            .collect(),
    });
    Ok(web::Json(kinds.collect()))
}

/// How a source is run, and how far it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Standing {
    visits: Visits,
    /// It is run by itself every so many seconds.
    every_seconds: Option<u64>,
    /// How old what is held of a lively repository may be, in seconds.
    freshness_seconds: Option<u64>,
    priority: i32,
    /// Whether the commits of what it finds are taken in too.
    history: bool,
    /// When it is run next by itself.
    next_run_at: Option<Timestamp>,
    /// Until when it sleeps because its forge said so.
    waiting_until: Option<Timestamp>,
    /// Why it sleeps.
    waiting_for: Option<String>,
    /// The pass that is under way.
    pass: Option<Pass>,
    /// The last pass that was completed.
    last_pass: Option<Pass>,
    /// Records of the newest pass that could not be understood.
    refused: u64,
    /// The newest of them.
    failures: Vec<Refused>,
    /// What its forge allows, by token and class of calls.
    budgets: Vec<Calls>,
    /// When a full pass will end at this budget, as far as the last one tells how many calls it takes.
    ends_at: Option<Timestamp>,
}

/// A pass through a source.
#[derive(Serialize, ToSchema)]
#[schema(as = SourcePass)]
struct Pass {
    began_at: Timestamp,
    ended_at: Option<Timestamp>,
    /// Calls of the forge's API.
    calls: u64,
    /// Records that were shown.
    found: u64,
}

/// A record that could not be understood.
#[derive(Serialize, ToSchema)]
#[schema(as = SourceFailure)]
struct Refused {
    subject: String,
    reason: String,
    at: Timestamp,
}

/// What is left of a budget of calls.
#[derive(Serialize, ToSchema)]
#[schema(as = CallBudget)]
struct Calls {
    forge: String,
    /// A fingerprint, never the token.
    token: String,
    resource: String,
    limit: Option<i64>,
    remaining: Option<i64>,
    reset_at: Option<Timestamp>,
    blocked_until: Option<Timestamp>,
    /// Why it is blocked, or why the token is set aside.
    reason: Option<String>,
    /// Whether the token is set aside: expired, revoked or refused.
    set_aside: bool,
    /// Calls made in all.
    calls: u64,
}

impl From<sources::Pass> for Pass {
    fn from(pass: sources::Pass) -> Self {
        Self { began_at: pass.began_at, ended_at: pass.ended_at, calls: pass.calls, found: pass.found }
    }
}

impl From<Budget> for Calls {
    fn from(budget: Budget) -> Self {
        let (blocked_until, blocked) = budget.blocked.unzip();
        Self {
            forge: budget.key.forge,
            token: budget.key.token,
            resource: budget.key.resource,
            limit: budget.limit,
            remaining: budget.remaining,
            reset_at: budget.reset_at,
            blocked_until,
            set_aside: budget.bad.is_some(),
            reason: budget.bad.or(blocked),
            calls: budget.calls,
        }
    }
}

/// When the pass that is under way, or the next one, will be over.
fn ends_at(status: &Status, budgets: &[Budget], now: Timestamp) -> Option<Timestamp> {
    let last = status.last?.calls;
    let made = status.pass.map_or(0, |pass| pass.calls);
    let usable: Vec<budget::Budget> = budgets
        .iter()
        .filter(|budget| budget.bad.is_none())
        .filter_map(|budget| {
            Some(budget::Budget {
                per_period: budget.limit?,
                left: budget.remaining?,
                reset_at: budget.reset_at.unwrap_or(now),
            })
        })
        .collect();
    if usable.is_empty() {
        return None;
    }
    budget::forecast(i64::try_from(last.saturating_sub(made)).unwrap_or(i64::MAX), &usable, now)
}

/// How a source is run, how far it is, and what calls are left.
#[utoipa::path(tag = "sources", params(("id" = Uuid, Path, description = "The source's id")), responses(
    (status = 200, description = "How it stands", body = Standing), Finding))]
#[get("/sources/{id}/standing")]
async fn standing(context: Shared, id: Path<Uuid>) -> Answer<Standing> {
    let (id, now) = (SourceId(*id), context.now());
    let found = context.engine.store.read(move |tx| of(tx, id, now)).await?;
    Ok(web::Json(found.ok_or_else(|| Problem::no_such("source", id))?))
}

/// How the source with this id stands; none when it is not there.
pub(crate) fn of(tx: &mut Tx, id: SourceId, now: Timestamp) -> Result<Option<Standing>, StoreError> {
    let Some(source) = sources::get(tx, id)? else { return Ok(None) };
    let forge = of_kind(&source.kind).ok().and_then(|kind| kind.forge(&source.params));
    let budgets = match forge {
        Some(forge) => budgets::list(tx, Some(&forge))?,
        None => Vec::new(),
    };
    let (status, failures) = (sources::status(tx, id)?, sources::failures(tx, id, FAILURES)?);
    let ends_at = ends_at(&status, &budgets, now);
    let seconds = |span: Option<Duration>| span.map(|span| span.as_secs());
    let (waiting_until, waiting_for) = status.waiting.map(|waiting| (waiting.until, waiting.reason)).unzip();
    Ok(Some(Standing {
        visits: match status.settings.visits {
            sources::Visits::AtOnce => Visits::AtOnce,
            sources::Visits::Planned => Visits::Planned,
        },
        every_seconds: seconds(status.settings.every),
        freshness_seconds: seconds(status.settings.freshness),
        priority: status.settings.priority,
        history: status.settings.history,
        next_run_at: status.next_run_at,
        waiting_until,
        waiting_for,
        pass: status.pass.map(Into::into),
        last_pass: status.last.map(Into::into),
        refused: status.refused,
        failures: failures
            .into_iter()
            .map(|one| Refused { subject: one.subject, reason: one.reason, at: one.at })
            .collect(),
        budgets: budgets.into_iter().map(Into::into).collect(),
        ends_at,
    }))
}

/// Removes a source.
///
/// Its repositories, what is said of them, and its snapshots stay; visits that were planned because of it are
/// planned no longer.
#[utoipa::path(tag = "sources", params(("id" = Uuid, Path, description = "The source's id")), responses(
    (status = 204, description = "It is removed"), Changing))]
#[delete("/sources/{id}")]
async fn remove(context: Shared, id: Path<Uuid>) -> Result<HttpResponse, Problem> {
    let id = SourceId(*id);
    let removed =
        context.engine.store.write(move |tx| sources::remove(tx, id).map_err(Failure::from)).await?;
    if removed { Ok(HttpResponse::NoContent().finish()) } else { Err(Problem::no_such("source", id)) }
}

/// How many plans a visit was asked of.
#[derive(Serialize, ToSchema)]
struct Asked {
    /// Stocks for which the repository is visited.
    stocks: usize,
}

/// Asks for a visit of a repository now.
///
/// Only what a source with planned visits found can be asked for; however often it is asked, it is one visit.
#[utoipa::path(tag = "sources", params(("id" = Uuid, Path, description = "The repository's id")), responses(
    (status = 202, description = "The visit is planned", body = Asked), Changing))]
#[post("/repositories/{id}/visits")]
async fn ask(context: Shared, id: Path<Uuid>) -> Result<HttpResponse, Problem> {
    let (id, now) = (RepositoryId(*id), context.now());
    let stocks = context
        .engine
        .store
        .write(move |tx| {
            if repositories::get(tx, id)?.is_none() {
                return Err(Failure::new(ErrorKind::NotFound, format!("there is no repository {id}")));
            }
            Ok(visits::ask(tx, id, PlanLane::Asked, now)?)
        })
        .await?;
    if stocks == 0 {
        let text = format!(
            "no visits of repository {id} are planned; add a source with planned visits that finds it, or request \
             the repair `refetch`"
        );
        return Err(Failure::new(ErrorKind::Conflict, text).into());
    }
    Ok(HttpResponse::Accepted().json(Asked { stocks }))
}
