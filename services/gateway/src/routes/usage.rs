//! Usage: what keys asked for, by day.

use actix_web::{
    get,
    web::{self, Query},
};
use contracts::KeyId;
use jiff::{civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use store::api_keys;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::Answer;
use crate::{context::Shared, error::Problem, error_docs::Listing, limits::Used};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(of_day);
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// The day (UTC), for instance `2026-11-21`; today when it is not said. The last eight are remembered.
    #[param(format = "date")]
    day: Option<String>,
}

/// What was asked for on a day.
#[derive(Serialize, ToSchema)]
struct Usage {
    #[schema(example = "2026-11-21")]
    day: String,
    /// By key, the busiest first.
    keys: Vec<OfKey>,
}

/// What one key asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageOfKey)]
struct OfKey {
    /// The key's id.
    key: Uuid,
    /// How its text begins; null when the key is gone.
    #[schema(required)]
    prefix: Option<String>,
    /// Its name; null when the key is gone.
    #[schema(required)]
    name: Option<String>,
    /// Requests that were answered, expensive ones counted as several.
    requests: u64,
    /// Requests that were refused because a limit was used up.
    refused: u64,
    /// Different addresses that they came from: an estimate, out by about three in a hundred.
    callers_estimate: u64,
}

/// What keys asked for on a day.
///
/// Counted by this gateway since it was started or, with `limits.redis`, by all of them.
#[utoipa::path(tag = "usage", params(Asked), security(("key" = ["admin"])), responses(
    (status = 200, description = "The usage of the day", body = Usage), Listing))]
#[get("/usage")]
async fn of_day(context: Shared, asked: Query<Asked>) -> Answer<Usage> {
    let day: Date = match &asked.day {
        None => context.now().to_zoned(TimeZone::UTC).date(),
        Some(text) => text
            .parse()
            .map_err(|_error| Problem::invalid("day", format!("{text:?} is no day such as 2026-11-21")))?,
    };
    let mut used: Vec<(KeyId, Used)> = context.limits.used(day).await;
    used.sort_unstable_by_key(|(key, used)| (std::cmp::Reverse(used.requests), *key));
    let rows = context
        .engine
        .store
        .read(move |tx| {
            used.into_iter()
                .map(|(key, used)| Ok((key, used, api_keys::get(tx, key)?)))
                .collect::<Result<Vec<_>, _>>()
        })
        .await?;
    let keys = rows
        .into_iter()
        .map(|(key, used, found)| {
            let (prefix, name) = found.map(|found| (found.prefix, found.name)).unzip();
            let Used { requests, refused, callers } = used;
            OfKey { key: key.0, prefix, name, requests, refused, callers_estimate: callers }
        })
        .collect();
    Ok(web::Json(Usage { day: day.to_string(), keys }))
}
