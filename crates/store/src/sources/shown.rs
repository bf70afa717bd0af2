//! What a source showed that could not be understood, and pages as they were at their last tag.

use contracts::SourceId;
use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, RunQueryDsl, upsert::excluded};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    StoreError, Tx,
    bulk::upsert_many,
    keys::{self, storable},
    schema::{page_tags, source_failures},
    types::{Id, Instant},
};

/// So many failures are kept of each source, the newest.
const KEPT: i64 = 1_000;
/// The longest text that is kept of one, in characters.
const LONGEST: usize = 1_000;

/// Something that a source showed and that could not be understood.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceFailure {
    /// What it is called.
    pub subject: String,
    /// Why it was refused.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = source_failures, treat_none_as_default_value = false)]
struct NewFailure {
    source_id: Id,
    subject: String,
    reason: String,
    at: Instant,
}

/// Keeps failures, given as subject and reason, and drops the oldest of the source.
///
/// # Errors
/// When the database fails.
pub fn record_failures(
    tx: &mut Tx,
    id: SourceId,
    failures: &[(String, String)],
    now: Timestamp,
) -> Result<(), StoreError> {
    if failures.is_empty() {
        return Ok(());
    }
    let cut = |text: &str| storable(text).chars().take(LONGEST).collect::<String>();
    let kept = failures.iter().rev().take(usize::try_from(KEPT).unwrap_or(usize::MAX)).rev();
    let rows: Vec<NewFailure> = kept
        .map(|(subject, reason)| NewFailure {
            source_id: id.into(),
            subject: cut(subject),
            reason: cut(reason),
            at: now.into(),
        })
        .collect();
    upsert_many!(tx, &rows, part => diesel::insert_into(source_failures::table).values(part))?;
    let oldest: Option<i64> = source_failures::table
        .filter(source_failures::source_id.eq(Id::from(id)))
        .order(source_failures::id.desc())
        .offset(KEPT)
        .select(source_failures::id)
        .first(tx.conn())
        .optional()?;
    if let Some(oldest) = oldest {
        diesel::delete(source_failures::table)
            .filter(source_failures::source_id.eq(Id::from(id)))
            .filter(source_failures::id.le(oldest))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Up to `limit` failures of a source, newest first.
///
/// # Errors
/// When the database fails.
pub fn failures(tx: &mut Tx, id: SourceId, limit: u32) -> Result<Vec<SourceFailure>, StoreError> {
    let rows: Vec<(String, String, Instant)> = source_failures::table
        .filter(source_failures::source_id.eq(Id::from(id)))
        .order(source_failures::id.desc())
        .limit(limit.into())
        .select((source_failures::subject, source_failures::reason, source_failures::at))
        .load(tx.conn())?;
    Ok(rows
        .into_iter()
        .map(|(subject, reason, at)| SourceFailure { subject, reason, at: at.into() })
        .collect())
}

/// A page as it was when the forge gave it a tag.
#[derive(Clone, Debug, PartialEq)]
pub struct TaggedPage {
    /// The tag.
    pub tag: String,
    /// The canonical URLs of the repositories on it.
    pub repositories: Vec<String>,
    /// Where the next page was; none behind the last.
    pub next: Option<Value>,
}

#[derive(Insertable)]
#[diesel(table_name = page_tags, treat_none_as_default_value = false)]
struct NewTag<'a> {
    source_id: Id,
    request: &'a str,
    tag: &'a str,
    repositories: String,
    next_cursor: Option<String>,
}

/// Keeps a page by what was asked for it.
///
/// # Errors
/// When the database fails.
pub fn save_tag(tx: &mut Tx, id: SourceId, request: &str, page: &TaggedPage) -> Result<(), StoreError> {
    let rows = [NewTag {
        source_id: id.into(),
        request: &keys::of(request),
        tag: &page.tag,
        repositories: Value::from(page.repositories.clone()).to_string(),
        next_cursor: page.next.as_ref().map(Value::to_string),
    }];
    upsert_many!(tx, &rows, part => diesel::insert_into(page_tags::table)
    .values(part)
    .on_conflict((page_tags::source_id, page_tags::request))
    .do_update()
    .set((
        page_tags::tag.eq(excluded(page_tags::tag)),
        page_tags::repositories.eq(excluded(page_tags::repositories)),
        page_tags::next_cursor.eq(excluded(page_tags::next_cursor)),
    )))?;
    Ok(())
}

/// The page that was kept by this request. One that cannot be read any more is none.
///
/// # Errors
/// When the database fails.
pub fn tagged(tx: &mut Tx, id: SourceId, request: &str) -> Result<Option<TaggedPage>, StoreError> {
    let row: Option<(String, String, Option<String>)> = page_tags::table
        .find((Id::from(id), keys::of(request).into_owned()))
        .select((page_tags::tag, page_tags::repositories, page_tags::next_cursor))
        .first(tx.conn())
        .optional()?;
    Ok(row.and_then(|(tag, repositories, next)| {
        Some(TaggedPage {
            tag,
            repositories: serde_json::from_str(&repositories).ok()?,
            next: next.map(|next| serde_json::from_str(&next)).transpose().ok()?,
        })
    }))
}
