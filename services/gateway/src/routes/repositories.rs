//! Repositories.

use actix_web::{HttpRequest, HttpResponse, get, post, web::Path};
use contracts::{RepositoryId, RevisionId, messages::RepositoryDiscovered};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Tx, repositories, revisions};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

mod history;

pub(crate) use history::{Commit, History};

use super::{Answer, Revision, found, missing};
use crate::{
    access::Caller,
    context::Shared,
    error::Problem,
    error_docs::{Finding, Listing, Making},
    extract::Json,
    paging::{List, Page, Paging},
    submit,
};

/// The longest URL.
const URL: usize = 2_048;
/// The longest name.
const NAME: usize = 200;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(hand_in).service(one).service(visits);
    history::configure(config);
}

/// An origin of files, known by where it can be cloned from.
#[derive(Serialize, ToSchema)]
struct Repository {
    id: Uuid,
    /// Its canonical clone URL, unique among repositories.
    #[schema(example = "https://github.com/BurntSushi/ripgrep")]
    url: String,
    /// A name for people.
    #[schema(example = "ripgrep")]
    name: String,
    created_at: Timestamp,
    /// The newest visit that succeeded; null before there is one.
    #[schema(required)]
    last_visit: Option<Visit>,
}

/// A visit that succeeded.
#[derive(Serialize, ToSchema)]
struct Visit {
    /// The id of the repository's part of the snapshot that it was made for.
    revision: Uuid,
    /// The git id of the commit; null for a plain directory.
    commit: Option<String>,
    at: Timestamp,
}

impl From<repositories::Repository> for Repository {
    fn from(row: repositories::Repository) -> Self {
        let visit = |last: repositories::LastVisit| Visit {
            revision: last.revision.0,
            commit: last.commit.map(|id| id.to_string()),
            at: last.at,
        };
        Self {
            id: row.id.0,
            url: row.url,
            name: row.name,
            created_at: row.created_at,
            last_visit: row.last.map(visit),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only the one with this canonical clone URL.
    url: Option<String>,
}

/// Lists repositories by URL.
#[utoipa::path(tag = "repositories", params(Paging, Filter), responses(
    (status = 200, description = "A page of repositories", body = Page<Repository>), Listing))]
#[get("/repositories")]
async fn list(context: Shared, asked: List<String, Filter>) -> Result<HttpResponse, Problem> {
    let url = asked.filter.url;
    let read = move |tx: &mut Tx, after: Option<String>, wanted| match &url {
        Some(url) => Ok(repositories::by_url(tx, url)?.into_iter().collect()),
        None => repositories::list(tx, after.as_deref(), wanted),
    };
    asked.pages.by_one_statement().answer::<_, Repository>(context, |row| row.url.clone(), read).await
}

/// A repository that is handed in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRepository {
    /// Where it can be cloned from.
    #[schema(max_length = 2048, example = "https://github.com/BurntSushi/ripgrep")]
    url: String,
    /// A name for people; taken from the URL when it is not said.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The name of the stock that it is meant for; the default one when it is not said.
    #[schema(min_length = 1, max_length = 200)]
    stock: Option<String>,
}

/// A submission that was taken.
#[derive(Serialize, ToSchema)]
struct Submission {
    /// The id of the message that says it.
    message_id: String,
    /// Where it is until it is worked on: `stored`, `published` or `spooled`. In each it survives a restart.
    #[schema(example = "stored")]
    taken: &'static str,
}

/// Hands in a repository.
///
/// It is taken whatever is down, and visited once things are back. With `Idempotency-Key` the same submission
/// is done once, however often it is sent.
#[utoipa::path(tag = "repositories", request_body = NewRepository, security(("key" = ["submit"])), responses(
    (status = 202, description = "It is taken", body = Submission), Making))]
#[post("/repositories")]
async fn hand_in(
    context: Shared,
    request: HttpRequest,
    body: Json<NewRepository>,
) -> Result<HttpResponse, Problem> {
    let NewRepository { url, name, stock } = body.0;
    for (field, text, longest) in
        [("url", Some(&url), URL), ("name", name.as_ref(), NAME), ("stock", stock.as_ref(), NAME)]
    {
        let is_wrong = |text: &&String| {
            text.trim().is_empty() || text.chars().count() > longest || text.chars().any(char::is_control)
        };
        if text.is_some_and(|text| is_wrong(&text)) {
            let detail = format!("it has 1 to {longest} characters, none of them for control");
            return Err(Problem::invalid(field, detail));
        }
    }
    git::Location::parse(&url)
        .map_err(|error| Problem::from(contracts::Failure::new(error.kind(), error)).at("url"))?;
    let Some(caller) = Caller::of(&request) else {
        return Err(Problem::internal("a request without a caller"));
    };
    let token = request.headers().get("Idempotency-Key").and_then(|value| value.to_str().ok());
    let envelope = submit::seal(&RepositoryDiscovered { url, name, stock }, &caller, token);
    let message_id = envelope.id.clone();
    let taken = submit::submit(&context, envelope).await?.as_str();
    Ok(HttpResponse::Accepted().json(Submission { message_id, taken }))
}

/// Lists the visits of a repository, newest first: each snapshot that it was part of.
#[utoipa::path(tag = "repositories",
    params(("id" = Uuid, Path, description = "The repository's id"), Paging), responses(
    (status = 200, description = "A page of its parts of snapshots", body = Page<Revision>), Finding))]
#[get("/repositories/{id}/visits")]
async fn visits(context: Shared, id: Path<Uuid>, asked: List<Uuid>) -> Result<HttpResponse, Problem> {
    let id = RepositoryId(*id);
    let read = move |tx: &mut Tx, before: Option<Uuid>, wanted| {
        repositories::get(tx, id)?.ok_or_else(|| missing("repository", id))?;
        revisions::of_repository(tx, id, before.map(RevisionId), wanted)
    };
    asked.pages.answer::<_, Revision>(context, |row| row.id.0, read).await
}

/// One repository.
#[utoipa::path(tag = "repositories", params(("id" = Uuid, Path, description = "The repository's id")), responses(
    (status = 200, description = "The repository", body = Repository), Finding))]
#[get("/repositories/{id}")]
async fn one(context: Shared, id: Path<Uuid>) -> Answer<Repository> {
    let id = RepositoryId(*id);
    found(&context, ("repository", id), move |tx| repositories::get(tx, id)).await
}
