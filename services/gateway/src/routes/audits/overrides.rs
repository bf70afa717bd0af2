//! A person decides that findings do not forbid the commit.

use actix_web::{
    post,
    web::{self, Path},
};
use contracts::{AuditId, Failure, RepositoryId};
use serde::{Deserialize, Serialize};
use store::findings::{self, FindingFilter};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::{context::Shared, error::Problem, error_docs::Changing, extract::Json, routes::Answer};

/// Findings that can be named in one request.
const MOST: usize = 1_000;
/// The longest reason, in characters.
const LONGEST: usize = 4_000;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(override_findings);
}

/// Which blocking findings are let pass, by whom and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOverride)]
struct New {
    /// Who decides. It is recorded.
    #[schema(min_length = 1, example = "ann")]
    person: String,
    /// Why. It is recorded.
    #[schema(min_length = 1, example = "vendored for tests only, not delivered")]
    reason: String,
    /// Those with these ids, at most 1,000.
    #[serde(default)]
    findings: Vec<i64>,
    /// All of this check.
    check: Option<String>,
    /// All about this repository.
    repository: Option<Uuid>,
    /// All there are. One of `findings`, `check`, `repository` and `all` has to be said.
    #[serde(default)]
    #[schema(example = true)]
    all: bool,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
struct Overridden {
    /// How many findings forbid the commit no more.
    overridden: u64,
    /// How many still do.
    open: u64,
}

/// Lets blocking findings of an audit pass.
///
/// It holds for the same findings of later audits of the same snapshot. An earlier decision is not changed.
#[utoipa::path(tag = "audits", params(("id" = Uuid, Path, description = "The audit's id")),
    request_body = New, responses(
    (status = 200, description = "What came of it", body = Overridden), Changing))]
#[post("/audits/{id}/overrides")]
async fn override_findings(context: Shared, id: Path<Uuid>, body: Json<New>) -> Answer<Overridden> {
    let New { person, reason, findings, check, repository, all } = body.0;
    for (field, text) in [("person", &person), ("reason", &reason)] {
        if text.trim().is_empty() || text.chars().count() > LONGEST {
            return Err(Problem::invalid(field, format!("it has 1 to {LONGEST} characters")));
        }
    }
    if findings.is_empty() && check.is_none() && repository.is_none() && !all {
        let text = "say which: `findings`, `check`, `repository`, or `all` for every one";
        return Err(Problem::invalid("findings", text));
    }
    if findings.len() > MOST {
        return Err(Problem::invalid("findings", format!("{} ids; the most is {MOST}", findings.len())));
    }
    let (id, now) = (AuditId(*id), context.now());
    let filter = FindingFilter {
        check,
        repository: repository.map(RepositoryId),
        ids: findings,
        ..FindingFilter::default()
    };
    let answer = context
        .engine
        .store
        .write(move |tx| {
            let overridden = findings::override_many(tx, id, &filter, (&reason, &person), now)?;
            let open = findings::count_open_blocking(tx, id)?;
            Ok::<_, Failure>(Overridden { overridden, open })
        })
        .await?;
    Ok(web::Json(answer))
}
