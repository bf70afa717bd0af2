//! What the checks of an audit found.

use actix_web::{HttpResponse, get, web::Path};
use contracts::{AuditId, RepositoryId, policy};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{
    Tx, audits,
    findings::{self, FindingFilter},
};
use utoipa::{IntoParams, ToSchema, openapi::Object};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::{
    context::Shared,
    error::Problem,
    error_docs,
    paging::{List, Page, Paging},
    quoting::PathText,
    routes::{missing, words},
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_findings);
}

/// What a check has to say of a node.
#[derive(Serialize, ToSchema)]
pub(crate) struct Finding {
    /// Its number, by which it is overridden.
    id: i64,
    /// `info`, `warn` or `block`.
    #[schema(example = "block")]
    level: &'static str,
    /// The check.
    #[schema(example = "licence")]
    check: String,
    /// Which of the things that the check can find.
    code: String,
    /// The id of the node's repository.
    repository: Uuid,
    /// Its clone URL.
    url: String,
    /// The node's path; quoted as git quotes it when it is no UTF-8.
    path: String,
    /// The path's bytes in base64, when it is no UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    /// Git's id of the content.
    oid: String,
    /// The line, from 1, where one can be named.
    line: Option<u64>,
    /// What was found, for people.
    message: String,
    /// Who decided that it does not forbid the commit; null where nobody has.
    #[serde(rename = "override")]
    #[schema(required)]
    pass: Option<Override>,
}

/// A person's decision that a finding does not forbid the commit.
#[derive(Serialize, ToSchema)]
struct Override {
    person: String,
    reason: String,
    at: Timestamp,
}

impl From<findings::Finding> for Finding {
    fn from(row: findings::Finding) -> Self {
        let path = PathText::from(row.path);
        let pass = row.overridden.map(|by| Override { person: by.person, reason: by.reason, at: by.at });
        Self {
            id: row.id,
            level: row.level.as_str(),
            check: row.check,
            code: row.code,
            repository: row.repository.0,
            url: row.url,
            path: path.path,
            path_base64: path.base64,
            oid: row.oid.to_string(),
            line: row.line,
            message: row.message,
            pass,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    #[param(schema_with = levels)]
    level: Option<String>,
    /// Only those of this check.
    check: Option<String>,
    /// Only those about this repository.
    repository: Option<Uuid>,
    /// Only those that somebody has overridden, or only those that nobody has.
    overridden: Option<bool>,
}

/// Lists what the checks of an audit found, in the order in which it was found.
#[utoipa::path(tag = "audits",
    params(("id" = Uuid, Path, description = "The audit's id"), Paging, Filter), responses(
    (status = 200, description = "A page of findings", body = Page<Finding>), error_docs::Finding))]
#[get("/audits/{id}/findings")]
async fn list_findings(
    context: Shared,
    id: Path<Uuid>,
    asked: List<i64, Filter>,
) -> Result<HttpResponse, Problem> {
    let id = AuditId(*id);
    let Filter { level, check, repository, overridden } = asked.filter;
    let filter = FindingFilter {
        level: level.as_deref().map(level_named).transpose()?,
        check,
        repository: repository.map(RepositoryId),
        overridden,
        ids: Vec::new(),
    };
    let read = move |tx: &mut Tx, after, wanted| {
        audits::get(tx, id)?.ok_or_else(|| missing("audit", id))?;
        findings::of_audit(tx, id, &filter, after, wanted)
    };
    asked.pages.answer::<_, Finding>(context, |row| row.id, read).await
}

fn levels() -> Object {
    words("Only those of this level.", policy::Level::ALL.iter().map(|level| level.as_str()))
}

fn level_named(name: &str) -> Result<policy::Level, Problem> {
    policy::Level::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = policy::Level::ALL.iter().map(|level| level.as_str()).collect();
        Problem::invalid("level", format!("{name:?} is no level; known: {}", known.join(", ")))
    })
}
