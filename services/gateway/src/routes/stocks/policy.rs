//! A stock is made, and what it lets in.

use actix_web::{
    HttpResponse, post, put,
    web::{self, Path},
};
use contracts::{
    Failure, StockId,
    policy::{CommitBy, FailedRepositories, Removed, StockPolicy},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{StoreError, stocks};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{Stock, check_name};
use crate::{
    context::Shared,
    error::Problem,
    error_docs::{Changing, Making},
    extract::Json,
    routes::Answer,
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(create).service(change);
}

/// What a stock lets in, and how. What is not said has its default.
#[derive(Serialize, ToSchema)]
pub(crate) struct Policy {
    /// When an audited snapshot enters the stock: `itself`, when nothing stands in its way, or by `hand`.
    #[schema(required = false, default = "itself")]
    commit: &'static str,
    /// What becomes of nodes that the newest revision no longer has: `apply`, they leave the stock, or `keep`, the
    /// stock only grows.
    #[schema(required = false, default = "apply")]
    removed: &'static str,
    /// What becomes of a snapshot some of whose repositories failed: `leave_out`, it may commit without them, or
    /// `ask`, a person says so.
    #[schema(required = false, default = "leave_out")]
    failed: &'static str,
    /// Which versions stay readable; all when it is empty.
    #[schema(required = false)]
    retention: Retention,
    /// What is looked at on its way in. A check may stand here more than once, with other parameters.
    #[schema(required = false)]
    checks: Vec<CheckPolicy>,
}

/// Which versions of a stock stay readable. A version stays while either rule keeps it; the newest always does.
#[derive(Serialize, ToSchema)]
struct Retention {
    /// The newest so many, from 1.
    versions: Option<u32>,
    /// Those that were replaced less than so many days ago, from 1.
    days: Option<u32>,
}

/// A check that a stock asks for.
#[derive(Serialize, ToSchema)]
struct CheckPolicy {
    /// The check's name; `GET /api/v1/checks` lists them.
    #[schema(example = "licence")]
    check: String,
    /// What its findings are taken for: `info`, `warn` or `block`.
    #[schema(required = false, default = "warn")]
    level: &'static str,
    /// The check's parameters; each check has its own.
    #[schema(required = false, value_type = Object)]
    params: Value,
}

impl From<StockPolicy> for Policy {
    fn from(policy: StockPolicy) -> Self {
        let check = |of: contracts::policy::CheckPolicy| CheckPolicy {
            check: of.check,
            level: of.level.as_str(),
            params: of.params,
        };
        Self {
            commit: match policy.commit {
                CommitBy::Itself => "itself",
                CommitBy::Hand => "hand",
            },
            removed: match policy.removed {
                Removed::Apply => "apply",
                Removed::Keep => "keep",
            },
            failed: match policy.failed {
                FailedRepositories::LeaveOut => "leave_out",
                FailedRepositories::Ask => "ask",
            },
            retention: Retention { versions: policy.retention.versions, days: policy.retention.days },
            checks: policy.checks.into_iter().map(check).collect(),
        }
    }
}

/// A stock that is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewStock)]
struct New {
    /// Unique among stocks.
    #[schema(min_length = 1, max_length = 200, example = "default")]
    name: String,
    /// What it lets in, and how.
    #[serde(default)]
    #[schema(value_type = Option<Policy>)]
    policy: Option<StockPolicy>,
}

/// Makes a stock. One of this name that is there is left as it is.
#[utoipa::path(tag = "stocks", request_body = New, responses(
    (status = 200, description = "The stock as it is; it was there before", body = Stock),
    (status = 201, description = "The stock, made", body = Stock,
        headers(("Location" = String, description = "Where it is"))),
    Making))]
#[post("/stocks")]
async fn create(context: Shared, body: Json<New>) -> Result<HttpResponse, Problem> {
    let New { name, policy } = body.0;
    check_name("name", &name)?;
    let policy = policy.unwrap_or_default();
    check_policy(&policy).map_err(|problem| problem.at("policy"))?;
    let now = context.now();
    let write = move |tx: &mut store::Tx| stocks::create(tx, &name, &policy, now);
    let (stock, is_new) = context.engine.store.write::<_, StoreError, _>(write).await?;
    let stock = Stock::from(stock);
    if !is_new {
        return Ok(HttpResponse::Ok().json(stock));
    }
    let location = format!("/api/v1/stocks/{}", stock.id);
    Ok(HttpResponse::Created().insert_header(("Location", location)).json(stock))
}

/// Gives a stock another policy, as a whole: what is not said has its default.
///
/// Audits that were made under the one before are out of date then.
#[utoipa::path(tag = "stocks", params(("id" = Uuid, Path, description = "The stock's id")),
    request_body = Policy, responses(
    (status = 200, description = "The stock as it is now", body = Stock), Changing))]
#[put("/stocks/{id}/policy")]
async fn change(context: Shared, id: Path<Uuid>, body: Json<StockPolicy>) -> Answer<Stock> {
    let (id, policy) = (StockId(*id), body.0);
    check_policy(&policy)?;
    let write = move |tx: &mut store::Tx| stocks::set_policy(tx, id, &policy).map_err(Failure::from);
    let stock = context.engine.store.write(write).await?;
    Ok(web::Json(stock.into()))
}

fn check_policy(policy: &StockPolicy) -> Result<(), Problem> {
    policy.check().map_err(|text| Problem::invalid("body", text))?;
    checks::prepare(&policy.checks).map(drop).map_err(|text| Problem::invalid("checks", text))
}
