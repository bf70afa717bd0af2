//! The checks that a stock's policy may ask for.

use actix_web::{get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::Answer;
use crate::error_docs::Listing;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_checks);
}

/// Something that can be wrong with a node on its way into a stock.
#[derive(Serialize, ToSchema)]
struct Check {
    /// The name under which a policy asks for it.
    #[schema(example = "licence")]
    check: &'static str,
    /// What it finds.
    summary: &'static str,
}

/// Lists the checks that a stock's policy may ask for.
#[utoipa::path(tag = "audits", responses(
    (status = 200, description = "Every check", body = Vec<Check>), Listing))]
#[get("/checks")]
async fn list_checks() -> Answer<Vec<Check>> {
    let check = |check: &&dyn checks::Check| Check { check: check.id(), summary: check.summary() };
    Ok(web::Json(checks::CHECKS.iter().map(check).collect()))
}
