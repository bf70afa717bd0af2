//! Contents: what is known of some bytes, where they are, and the bytes themselves.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{
        StatusCode,
        header::{
            ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
            CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE as RANGE_HEADER, X_CONTENT_TYPE_OPTIONS,
        },
    },
    web::{self, Bytes, Path},
};
use contracts::{ErrorKind, Failure, Oid};
use depot::PackEntry;
use serde::Serialize;
use serde_json::value::RawValue;
use store::{
    StoreError, Tx,
    contents::{self, Content as Row, ContentState},
    metrics::{self, Outcome},
    revisions, trees,
};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::Answer;
use crate::{
    context::{Context, Shared},
    error::{NOT_FOUND, Problem, RANGE},
    error_docs::Finding,
    etag,
    paging::{List, Page, Paging},
    quoting::PathText,
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(one).service(bytes).service(names);
}

/// Some bytes.
#[derive(Serialize, ToSchema)]
struct Content {
    /// Their git blob id.
    #[schema(example = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")]
    oid: String,
    /// Their `SWHID`; null for ids that are no SHA-1.
    #[schema(required, example = "swh:1:cnt:e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")]
    swhid: Option<String>,
    /// Their SHA-256; null when they are not kept.
    #[schema(required)]
    sha256: Option<String>,
    /// How many there are.
    size: u64,
    /// `stored`, `too_large` or `unreadable`.
    #[schema(example = "stored")]
    state: &'static str,
    /// What every version of every analyzer found, functions included: under each hint, the part of a name
    /// that decides what they are taken for.
    metrics: Vec<Found>,
}

/// What one version of one analyzer found.
#[derive(Serialize, ToSchema)]
#[schema(as = ContentMetric)]
struct Found {
    #[schema(example = "functions")]
    analyzer: String,
    version: i32,
    /// The part of a name that decided what the bytes were taken for.
    #[schema(example = ".rs")]
    hint: String,
    /// `ok`, `failed` or `skipped`.
    #[schema(example = "ok")]
    outcome: &'static str,
    /// Why it failed or was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What was found; each analyzer has fields of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    result: Option<Box<RawValue>>,
}

impl From<metrics::Metric> for Found {
    fn from(row: metrics::Metric) -> Self {
        let (outcome, reason, result) = match row.outcome {
            Outcome::Ok(json) => ("ok", None, RawValue::from_string(json).ok()),
            Outcome::Failed(reason) => ("failed", Some(reason), None),
            Outcome::Skipped(reason) => ("skipped", Some(reason), None),
        };
        let (analyzer, hint) = (row.analyzer.into_owned(), row.hint.into_owned());
        Self { analyzer, version: row.version, hint, outcome, reason, result }
    }
}

/// A name of a content.
#[derive(Serialize, ToSchema)]
struct ContentName {
    /// The id of the newest part of a snapshot that has it.
    revision: Uuid,
    /// The repository's id.
    repository: Uuid,
    /// Its clone URL.
    url: String,
    /// From the root. When it is no UTF-8 it is quoted as git does, and `path_base64` is there.
    #[schema(example = "src/main.rs")]
    path: String,
    /// The bytes of a path that is no UTF-8, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
}

/// How a content is asked for.
#[derive(Clone, Copy)]
enum Name {
    Oid(Oid),
    Sha256([u8; 32]),
}

impl Name {
    fn read(text: &str) -> Result<Self, Problem> {
        let wrong = || {
            let text = "a content is named by swh:1:cnt:… , by its git blob id, or by sha256:…";
            Problem::invalid("path", text)
        };
        if let Some(hex) = text.strip_prefix("sha256:") {
            let digest: Oid = hex.parse().map_err(|_error| wrong())?;
            return digest.as_bytes().try_into().map(Self::Sha256).map_err(|_error| wrong());
        }
        let hex = text.strip_prefix("swh:1:cnt:").unwrap_or(text);
        hex.parse().map(Self::Oid).map_err(|_error| wrong())
    }

    fn find(self, tx: &mut Tx) -> Result<Row, StoreError> {
        let found = match self {
            Self::Oid(oid) => contents::known(tx, &[oid])?.remove(&oid),
            Self::Sha256(digest) => contents::by_sha256(tx, &digest)?,
        };
        found.ok_or_else(|| StoreError::NotFound("there is no such content".to_owned()))
    }
}

const ID: &str = "`swh:1:cnt:…`, a git blob id, or `sha256:…`";

/// One content, with what the analyzers found.
#[utoipa::path(tag = "contents", params(("id" = String, Path, description = ID, pattern = r"^(swh:1:cnt:[0-9a-f]{40}|[0-9a-f]{40}|sha256:[0-9a-f]{64})$")), responses(
    (status = 200, description = "The content", body = Content), Finding))]
#[get("/contents/{id}")]
async fn one(context: Shared, id: Path<String>) -> Answer<Content> {
    let name = Name::read(&id)?;
    let read = move |tx: &mut Tx| {
        let row = name.find(tx)?;
        let found = metrics::of_content(tx, row.id)?;
        Ok((row, found))
    };
    let (row, found) = context.engine.store.read(read).await?;
    let hex = |digest: [u8; 32]| digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(web::Json(Content {
        oid: row.oid.to_string(),
        swhid: (row.oid.as_bytes().len() == 20).then(|| row.oid.to_content_swhid()),
        sha256: row.sha256.map(hex),
        size: row.size,
        state: row.state.as_str(),
        metrics: found.into_iter().map(Found::from).collect(),
    }))
}

/// A tree and a path in it, and the newest revision that has the tree.
type Named = ((i64, Vec<u8>), Option<revisions::Revision>);

impl From<Named> for ContentName {
    fn from(((_, path), revision): Named) -> Self {
        let PathText { path, base64 } = path.into();
        let (revision, repository, url) =
            revision.map(|revision| (revision.id.0, revision.repository.0, revision.url)).unwrap_or_default();
        Self { revision, repository, url, path, path_base64: base64 }
    }
}

/// Lists the names of a content: where it is, in every tree that is known.
#[utoipa::path(tag = "contents", params(("id" = String, Path, description = ID, pattern = r"^(swh:1:cnt:[0-9a-f]{40}|[0-9a-f]{40}|sha256:[0-9a-f]{64})$"), Paging), responses(
    (status = 200, description = "A page of names", body = Page<ContentName>), Finding))]
#[get("/contents/{id}/names")]
async fn names(
    context: Shared,
    id: Path<String>,
    asked: List<(i64, Vec<u8>)>,
) -> Result<HttpResponse, Problem> {
    let name = Name::read(&id)?;
    let read = move |tx: &mut Tx, after: Option<(i64, Vec<u8>)>, wanted| {
        let oid = name.find(tx)?.oid;
        let after = after.as_ref().map(|(tree, path)| (*tree, path.as_slice()));
        let found = trees::nodes_of_content(tx, &oid, after, wanted)?;
        let mut named: Vec<Named> = Vec::with_capacity(found.len());
        for place in found {
            let revision = match named.last() {
                Some(((tree, _), revision)) if *tree == place.0 => revision.clone(),
                _ => revisions::newest_of_tree(tx, place.0)?,
            };
            named.push((place, revision));
        }
        Ok(named)
    };
    asked.pages.answer::<_, ContentName>(context, |(place, _)| place.clone(), read).await
}

/// The bytes of a content, or a range of them.
///
/// They are whatever somebody put into a repository: the answer is to be saved, not shown, and its headers say
/// so to a browser.
#[utoipa::path(tag = "contents", params(("id" = String, Path, description = ID, pattern = r"^(swh:1:cnt:[0-9a-f]{40}|[0-9a-f]{40}|sha256:[0-9a-f]{64})$"),
        ("Range" = Option<String>, Header, description = "One range, for instance `bytes=0-1023`")),
    responses(
    (status = 200, description = "All of them", body = Vec<u8>, content_type = "application/octet-stream"),
    (status = 206, description = "The range", body = Vec<u8>, content_type = "application/octet-stream"),
    (status = 304, description = "They are known"),
    (status = 416, description = "The range lies outside", body = crate::error::Document<'static>,
        content_type = "application/problem+json"),
    Finding))]
#[get("/contents/{id}/bytes")]
async fn bytes(context: Shared, request: HttpRequest, id: Path<String>) -> Result<HttpResponse, Problem> {
    let name = Name::read(&id)?;
    let row = context.engine.store.read(move |tx| name.find(tx)).await?;
    let tag = format!("\"{}\"", row.oid);
    let header = |name| request.headers().get(name);
    if header(IF_NONE_MATCH).is_some_and(|known| etag::names(known, &tag)) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    let all = read(&context, &row).await?;
    // A range of something else would be of no use.
    let is_same = header(IF_RANGE).is_none_or(|known| known.as_bytes() == tag.as_bytes());
    let wanted = header(RANGE_HEADER).filter(|_| is_same).and_then(|value| value.to_str().ok());
    let length = all.len() as u64;
    let (status, part) = match wanted.map_or(Wanted::All, |text| range(text, length)) {
        Wanted::All => (StatusCode::OK, None),
        Wanted::Part(first, last) => (StatusCode::PARTIAL_CONTENT, Some((first, last))),
        Wanted::Outside => {
            let text = format!("the content has {length} bytes");
            return Err(Problem::new(&RANGE, text).with(CONTENT_RANGE, format!("bytes */{length}")));
        }
    };
    let mut answer = HttpResponse::build(status);
    answer
        .insert_header((CONTENT_TYPE, "application/octet-stream"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", row.oid)))
        .insert_header((CACHE_CONTROL, "private, max-age=31536000, immutable"))
        .insert_header((ACCEPT_RANGES, "bytes"))
        .insert_header((ETAG, tag));
    Ok(match part {
        None => answer.body(all),
        Some((first, last)) => {
            answer.insert_header((CONTENT_RANGE, format!("bytes {first}-{last}/{length}")));
            answer.body(all.slice(first as usize..=last as usize))
        }
    })
}

async fn read(context: &Context, row: &Row) -> Result<Bytes, Problem> {
    let Some(location) = row.location.as_ref().filter(|_| row.state == ContentState::Stored) else {
        let text = format!("the bytes of this content are not kept: it is {}", row.state);
        return Err(Problem::new(&NOT_FOUND, text));
    };
    let entry = PackEntry { oid: row.oid, offset: location.offset, length: location.length, size: row.size };
    let mut read = context.depot.read(&location.pack, &[entry]).await.map_err(|error| {
        // That the database has it and the depot has not is ours to mend.
        let kind = if error.kind() == ErrorKind::NotFound { ErrorKind::Internal } else { error.kind() };
        Failure::new(kind, error)
    })?;
    read.pop().ok_or_else(|| Problem::internal("the depot answered without the content"))
}

/// What a header `Range` asks for.
#[derive(Debug, PartialEq)]
enum Wanted {
    All,
    /// The first and the last byte.
    Part(u64, u64),
    Outside,
}

/// One range of bytes. What is none, or more than one, asks for all, as RFC 9110 lets us.
fn range(text: &str, length: u64) -> Wanted {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|text| text.trim().split_once('-')) else {
        return Wanted::All;
    };
    let (first, last) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.min(length.saturating_sub(1))),
        (Ok(first), Err(_)) if last.is_empty() => (first, length.saturating_sub(1)),
        (Err(_), Ok(count)) if first.is_empty() => {
            if count == 0 {
                return Wanted::Outside;
            }
            (length.saturating_sub(count), length.saturating_sub(1))
        }
        _ => return Wanted::All,
    };
    if first >= length { Wanted::Outside } else { Wanted::Part(first, last) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        for (text, wanted) in [
            ("bytes=0-4", Wanted::Part(0, 4)),
            ("bytes=5-", Wanted::Part(5, 9)),
            ("bytes=-3", Wanted::Part(7, 9)),
            ("bytes=-30", Wanted::Part(0, 9)),
            ("bytes=9-99", Wanted::Part(9, 9)),
            ("bytes=10-", Wanted::Outside),
            ("bytes=-0", Wanted::Outside),
            ("bytes=4-2", Wanted::All),
            ("bytes=0-1,3-4", Wanted::All),
            ("lines=0-1", Wanted::All),
            ("bytes=", Wanted::All),
        ] {
            assert_eq!(range(text, 10), wanted, "{text}");
        }
        assert_eq!(range("bytes=0-", 0), Wanted::Outside);
    }

    #[test]
    fn a_content_has_three_names() {
        let oid = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
        assert!(matches!(Name::read(oid), Ok(Name::Oid(_))));
        assert!(matches!(Name::read(&format!("swh:1:cnt:{oid}")), Ok(Name::Oid(_))));
        assert!(matches!(Name::read(&format!("sha256:{}", "ab".repeat(32))), Ok(Name::Sha256(_))));
        for wrong in ["", "x", "swh:1:rev:e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "sha256:ab"] {
            assert!(Name::read(wrong).is_err(), "{wrong}");
        }
    }
}
