//! The resources of the API, one file each: the shapes of requests and answers, and how they are made.

mod assets;
mod audits;
mod changes;
mod checks;
mod contents;
mod differences;
mod events;
mod hooks;
mod keys;
mod nodes;
mod notifications;
mod repairs;
mod report;
mod repositories;
mod set_aside;
mod snapshot_audits;
mod snapshots;
mod sources;
mod stocks;
mod tasks;
mod usage;
mod webhooks;

use actix_web::web;
use serde::Serialize;
use store::{StoreError, Tx};
use utoipa::{
    ToSchema,
    openapi::{Object, ObjectBuilder, schema},
};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{context::Context, error::Problem};

pub(crate) use self::{
    audits::{Finding, shape::Audit},
    changes::Change,
    repositories::{Commit, History},
    snapshots::{Revision, Snapshot, detail as snapshot_detail},
    sources::{Source, standing::of as standing},
    stocks::{Entry as StockEntry, Stock, Version},
    tasks::Task,
    webhooks::{Delivery, Destination, Detail as DeliveryDetail, Webhook},
};

/// What an answer of a handler is: JSON, or a problem.
pub(crate) type Answer<T> = Result<web::Json<T>, Problem>;

/// A group of resources.
pub(crate) struct Resource {
    /// Its tag in the description.
    pub(crate) tag: &'static str,
    /// What it is about.
    pub(crate) about: &'static str,
    /// Adds its operations.
    configure: fn(&mut ServiceConfig<'_>),
}

/// The groups of resources, in the order of the documentation. To add one takes a file and an entry here.
pub(crate) const RESOURCES: &[Resource] = &[
    Resource {
        tag: "sources",
        about: "Where repositories are found, and the runs that look there.",
        configure: sources::configure,
    },
    Resource {
        tag: "snapshots",
        about: "What a run produced: its repositories, their nodes, its audit, its way into the stock.",
        configure: snapshots::configure,
    },
    Resource {
        tag: "stocks",
        about: "What is held: for each repository the revision that was committed last.",
        configure: stocks::configure,
    },
    Resource {
        tag: "audits",
        about: "What a snapshot would change in its stock, what the checks found in it, and reports of both.",
        configure: audits::configure,
    },
    Resource {
        tag: "repositories",
        about: "Every repository that was ever found.",
        configure: repositories::configure,
    },
    Resource {
        tag: "contents",
        about: "Bytes, known by their digest and kept once, whatever their names.",
        configure: contents::configure,
    },
    Resource {
        tag: "tasks",
        about: "Long jobs: to be watched, cancelled and run again.",
        configure: tasks::configure,
    },
    Resource {
        tag: "set-aside",
        about: "Messages that could not be handled and wait for a person.",
        configure: set_aside::configure,
    },
    Resource {
        tag: "repairs",
        about: "One wrong thing made right: fetched or analysed again.",
        configure: repairs::configure,
    },
    Resource { tag: "hooks", about: "What forges tell by themselves.", configure: hooks::configure },
    Resource { tag: "notifications", about: "What people are told.", configure: notifications::configure },
    Resource {
        tag: "assets",
        about: "Single files that are checked for fitness.",
        configure: assets::configure,
    },
    Resource {
        tag: "webhooks",
        about: "Who is told of what over HTTP, and each try to tell them.",
        configure: webhooks::configure,
    },
    Resource { tag: "keys", about: "Who may use this API, and for what.", configure: keys::configure },
    Resource { tag: "usage", about: "What keys asked for.", configure: usage::configure },
    Resource { tag: "events", about: "What happens, as it happens.", configure: events::configure },
];

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    for resource in RESOURCES {
        config.configure(resource.configure);
    }
}

/// The one thing that the statement of `read` finds, or that there is no `what` with this id.
pub(crate) async fn found<R: Send + 'static, T: From<R>>(
    context: &Context,
    (what, id): (&'static str, impl std::fmt::Display),
    read: impl Fn(&mut Tx) -> Result<Option<R>, StoreError> + Send + 'static,
) -> Answer<T> {
    let row = context.engine.store.ask(read).await?;
    Ok(web::Json(row.ok_or_else(|| Problem::no_such(what, id))?.into()))
}

/// What to fail with when the thing that a list belongs to is not there.
pub(crate) fn missing(what: &str, id: impl std::fmt::Display) -> StoreError {
    StoreError::NotFound(format!("there is no {what} {id}"))
}

/// What is where it was before there was this API.
pub(crate) fn configure_legacy(config: &mut ServiceConfig<'_>) {
    config.configure(assets::configure_legacy);
}

/// Why something failed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Failed {
    /// What kind of thing went wrong, for instance `not_found`, `too_large` or `unavailable`.
    kind: &'static str,
    /// What was wrong, for people.
    reason: String,
}

impl From<contracts::Failure> for Failed {
    fn from(failure: contracts::Failure) -> Self {
        Self { kind: failure.kind.as_str(), reason: failure.reason }
    }
}

/// How the description tells the words that a parameter may be.
pub(crate) fn words<T: std::fmt::Display>(about: &str, all: impl IntoIterator<Item = T>) -> Object {
    let words = all.into_iter().map(|word| word.to_string());
    let words = ObjectBuilder::new().schema_type(schema::Type::String).enum_values(Some(words));
    words.description(Some(about)).build()
}

/// Reads one of the states that a filter may name.
pub(crate) fn state_named<T: Copy + std::fmt::Display>(
    name: Option<&str>,
    all: &[T],
) -> Result<Option<T>, Problem> {
    let Some(name) = name else { return Ok(None) };
    let found = all.iter().copied().find(|state| state.to_string() == name);
    found.map(Some).ok_or_else(|| {
        let known: Vec<String> = all.iter().map(T::to_string).collect();
        Problem::invalid("state", format!("{name:?} is no state; known: {}", known.join(", ")))
    })
}
