//! The commits of a repository, and what they come to.

use actix_web::{HttpResponse, get, web::Path};
use contracts::RepositoryId;
use jiff::Timestamp;
use serde::Serialize;
use store::{
    Tx,
    histories::{self, CommitKind},
    repositories,
};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::{
    context::Shared,
    error::Problem,
    error_docs::Finding,
    paging::{List, Page, Paging},
    routes::{Answer, Failed, found, missing},
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(history).service(commits);
}

/// What is known of a repository's commits. They are taken in where a source has `history`.
#[derive(Serialize, ToSchema)]
pub(crate) struct History {
    /// The git id of the newest commit; null before one and everything before it is taken in.
    #[schema(required)]
    tip: Option<String>,
    /// How many commits there are.
    commits: u64,
    /// Whether the server itself has not everything that came before.
    is_cut: bool,
    /// The share of commits whose messages tell what they do, from 0 to 1.
    classifiable: f64,
    kinds: Vec<Kind>,
    mean_chars: f64,
    mean_words: f64,
    /// The mean of Gunning's fog index: about the years of schooling that one needs to read a message.
    mean_fog: f64,
    /// Why the newest commits could not be taken in.
    failure: Option<Failed>,
    updated_at: Timestamp,
}

/// How many commits do one kind of thing.
#[derive(Serialize, ToSchema)]
#[schema(as = CommitsOfKind)]
struct Kind {
    /// `merge`, `feature`, `fix`, `config` or `unclassified`, by the words of the message.
    #[schema(example = "fix")]
    kind: &'static str,
    commits: u64,
    /// Their share of all commits, from 0 to 1.
    share: f64,
}

impl From<histories::History> for History {
    fn from(row: histories::History) -> Self {
        let kind = |kind: &CommitKind| Kind {
            kind: kind.as_str(),
            commits: row.sums.of_kind(*kind),
            share: row.share(*kind),
        };
        Self {
            tip: row.tip.map(|tip| tip.to_string()),
            commits: row.commits,
            is_cut: row.is_cut,
            classifiable: row.classifiable(),
            kinds: CommitKind::ALL.iter().map(kind).collect(),
            mean_chars: row.mean_chars(),
            mean_words: row.mean_words(),
            mean_fog: row.mean_fog(),
            failure: row.failure.map(Failed::from),
            updated_at: row.updated_at,
        }
    }
}

/// A commit without its contents.
#[derive(Serialize, ToSchema)]
pub(crate) struct Commit {
    /// Its git id.
    commit: String,
    /// The git ids of its parents, at most a thousand.
    parents: Vec<String>,
    /// How many parents there are.
    parent_count: u64,
    author: Signature,
    committer: Signature,
    /// The message, at most 64 KiB of it.
    message: String,
    /// Bytes of the whole message.
    message_bytes: u64,
    /// `merge`, `feature`, `fix`, `config` or `unclassified`, by the words of the message.
    #[schema(example = "fix")]
    kind: &'static str,
    /// Characters of the message.
    chars: u64,
    /// Words of the message, without paths and web addresses.
    words: u64,
    mean_word_length: f64,
    /// Gunning's fog index of the message.
    fog: f64,
}

/// Who did something, and when, as the commit says: nobody has checked either.
#[derive(Serialize, ToSchema)]
#[schema(as = CommitSignature)]
struct Signature {
    name: String,
    email: String,
    /// The time; null when there is none, or none that a calendar has.
    #[schema(required)]
    at: Option<Timestamp>,
    /// Seconds since 1970, however absurd; null when it is no number.
    #[schema(required)]
    seconds: Option<i64>,
    /// Minutes east of Greenwich.
    offset: i32,
}

impl From<histories::Signature> for Signature {
    fn from(row: histories::Signature) -> Self {
        let at = row.at.and_then(|seconds| Timestamp::from_second(seconds).ok());
        Self { name: row.name, email: row.email, at, seconds: row.at, offset: row.offset }
    }
}

impl From<histories::Commit> for Commit {
    fn from(row: histories::Commit) -> Self {
        Self {
            commit: row.oid.to_string(),
            parents: row.parents.iter().map(ToString::to_string).collect(),
            parent_count: row.parent_count,
            author: row.author.into(),
            committer: row.committer.into(),
            message: row.message,
            message_bytes: row.message_bytes,
            kind: row.kind.as_str(),
            chars: row.chars,
            words: row.words,
            mean_word_length: row.mean_word_length,
            fog: row.fog,
        }
    }
}

/// What is known of a repository's commits, and the measures of their messages.
#[utoipa::path(tag = "repositories", params(("id" = Uuid, Path, description = "The repository's id")), responses(
    (status = 200, description = "Its history", body = History), Finding))]
#[get("/repositories/{id}/history")]
async fn history(context: Shared, id: Path<Uuid>) -> Answer<History> {
    let id = RepositoryId(*id);
    found(&context, ("history of repository", id), move |tx| histories::get(tx, id)).await
}

/// Lists the commits of a repository, children before their parents.
#[utoipa::path(tag = "repositories",
    params(("id" = Uuid, Path, description = "The repository's id"), Paging), responses(
    (status = 200, description = "A page of commits", body = Page<Commit>), Finding))]
#[get("/repositories/{id}/commits")]
async fn commits(context: Shared, id: Path<Uuid>, asked: List<i64>) -> Result<HttpResponse, Problem> {
    let id = RepositoryId(*id);
    let read = move |tx: &mut Tx, before: Option<i64>, wanted| {
        repositories::get(tx, id)?.ok_or_else(|| missing("repository", id))?;
        let before = before.map(|position| u64::try_from(position).unwrap_or(0));
        histories::list(tx, id, before, wanted)
    };
    let position = |row: &histories::Commit| i64::try_from(row.position).unwrap_or(i64::MAX);
    asked.pages.answer::<_, Commit>(context, position, read).await
}
