//! Stocks and what they hold.

mod policy;
mod versions;

use actix_web::{HttpResponse, get, web::Path};
use contracts::StockId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx, stocks};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(crate) use self::versions::Version;
use super::{Answer, found, missing};
use crate::{
    context::Shared,
    error::{INVALID, Problem},
    error_docs::{Finding, Listing},
    paging::{List, Page, Paging},
};

/// The longest name.
const NAME: usize = 200;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(one).service(entries);
    config.configure(policy::configure).configure(versions::configure);
    config.configure(super::differences::of_stocks);
}

/// A named collection of committed snapshots.
#[derive(Serialize, ToSchema)]
pub(crate) struct Stock {
    id: Uuid,
    /// Unique among stocks.
    #[schema(example = "default")]
    name: String,
    /// Rises by one with every commit; 0 while it is empty.
    version: i64,
    /// The oldest version that can still be read.
    oldest_version: i64,
    /// What it lets in, and how.
    policy: policy::Policy,
    /// Rises with every change of the policy.
    policy_version: i64,
    created_at: Timestamp,
}

impl From<stocks::Stock> for Stock {
    fn from(row: stocks::Stock) -> Self {
        Self {
            id: row.id.0,
            name: row.name,
            version: row.version,
            oldest_version: row.oldest_version,
            policy: row.policy.into(),
            policy_version: row.policy_version,
            created_at: row.created_at,
        }
    }
}

/// What a stock holds of one repository.
#[derive(Serialize, ToSchema)]
#[schema(as = StockEntry)]
pub(crate) struct Entry {
    /// The repository's id.
    repository: Uuid,
    /// Its clone URL.
    url: String,
    /// The id of the repository's part of the snapshot that was committed.
    revision: Uuid,
    /// The git id of the commit; null for a plain directory.
    commit: Option<String>,
    /// The stock's version since which it is held.
    since: i64,
}

impl From<stocks::Entry> for Entry {
    fn from(row: stocks::Entry) -> Self {
        Self {
            repository: row.repository.0,
            url: row.url,
            revision: row.revision.0,
            commit: row.commit.map(|id| id.to_string()),
            since: row.since,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// As of this version of the stock; the newest when it is not said.
    #[param(minimum = 0)]
    version: Option<i64>,
}

/// That a text can be the name of something.
pub(super) fn check_name(field: &'static str, name: &str) -> Result<(), Problem> {
    if name.trim().is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
        let detail = format!("it has 1 to {NAME} characters, none of them for control");
        return Err(Problem::invalid(field, detail));
    }
    Ok(())
}

/// Lists stocks by name.
#[utoipa::path(tag = "stocks", params(Paging), responses(
    (status = 200, description = "A page of stocks", body = Page<Stock>), Listing))]
#[get("/stocks")]
async fn list(context: Shared, asked: List<String>) -> Result<HttpResponse, Problem> {
    let read = |tx: &mut Tx, after: Option<String>, wanted| stocks::list(tx, after.as_deref(), wanted);
    asked.pages.by_one_statement().answer::<_, Stock>(context, |row| row.name.clone(), read).await
}

/// One stock.
#[utoipa::path(tag = "stocks", params(("id" = Uuid, Path, description = "The stock's id")), responses(
    (status = 200, description = "The stock", body = Stock), Finding))]
#[get("/stocks/{id}")]
async fn one(context: Shared, id: Path<Uuid>) -> Answer<Stock> {
    let id = StockId(*id);
    found(&context, ("stock", id), move |tx| stocks::get(tx, id)).await
}

/// Lists what a stock holds, by URL of the repository.
#[utoipa::path(tag = "stocks",
    params(("id" = Uuid, Path, description = "The stock's id"), Paging, Filter), responses(
    (status = 200, description = "A page of entries", body = Page<Entry>), Finding))]
#[get("/stocks/{id}/entries")]
async fn entries(
    context: Shared,
    id: Path<Uuid>,
    asked: List<String, Filter>,
) -> Result<HttpResponse, Problem> {
    let (id, version) = (StockId(*id), asked.filter.version);
    let read = move |tx: &mut Tx, after: Option<String>, wanted| {
        let stock = stocks::get(tx, id)?.ok_or_else(|| missing("stock", id))?;
        if version.is_some_and(|version| !(stock.oldest_version..=stock.version).contains(&version)) {
            let text = format!("the stock has the versions {} to {}", stock.oldest_version, stock.version);
            return Err(StoreError::Invalid(text));
        }
        stocks::entries_at(tx, id, version, after.as_deref(), wanted)
    };
    let page = asked.pages.answer::<_, Entry>(context, |row| row.url.clone(), read).await;
    // Everything else that was asked for has been read by then.
    page.map_err(|problem| if *problem.kind == INVALID { problem.at("version") } else { problem })
}
