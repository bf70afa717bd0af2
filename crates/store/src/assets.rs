//! Assets: single files that are checked for fitness, and the requests that brought them.

mod change;

use std::collections::BTreeMap;

use contracts::{AssetId, SubmissionId};
use diesel::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable,
    SelectableHelper,
};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    bulk::copy_in,
    connection::each,
    keys::{self, storable},
    names::names,
    schema::{asset_submissions as submissions, assets},
    types::{Id, Instant},
    values::{KEYS, from_db, to_db},
};

pub use change::{AssetEnd, finish, known_digests, owed, start};

names! {
    /// How far an asset has come.
    pub enum AssetState in "assets.state" {
        /// It waits for its checks.
        Queued = "queued",
        /// It is being checked.
        InProgress = "in_progress",
        /// It is fit for use.
        Complete = "complete",
        /// It is not.
        Failed = "failed",
    }
}

names! {
    /// What an asset's bytes are found by.
    pub enum Provider in "assets.provider" {
        /// A path under a configured root.
        Local = "local",
        /// An object under a configured root: `s3://`, `gs://` or `az://`.
        Object = "object",
        /// A URL of the web.
        Web = "web",
        /// The name of a pack in the depot, which holds what came with the request.
        Upload = "upload",
    }
}

/// What is wrong, by key.
pub type Findings = BTreeMap<String, Vec<String>>;

/// An asset.
#[derive(Clone, Debug, PartialEq)]
pub struct Asset {
    /// Which one.
    pub id: AssetId,
    /// The request that brought it.
    pub submission: SubmissionId,
    /// Which pipeline it goes through: `image`, `source`, `archive`.
    pub kind: String,
    /// What its bytes are found by.
    pub provider: Provider,
    /// Where they are.
    pub path: String,
    /// Who is told when it starts.
    pub on_start: Option<String>,
    /// Who is told when it is complete.
    pub on_success: Option<String>,
    /// Who is told when it has failed.
    pub on_failure: Option<String>,
    /// How far it has come.
    pub state: AssetState,
    /// What is wrong with it.
    pub errors: Findings,
    /// What is odd about it.
    pub warnings: Findings,
    /// The SHA-256 of its bytes, once they were read whole.
    pub sha256: Option<Vec<u8>>,
    /// How many bytes it has, once they were read whole.
    pub size: Option<u64>,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was complete or failed.
    pub ended_at: Option<Timestamp>,
}

/// An asset that is submitted.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAsset {
    /// Which pipeline it goes through.
    pub kind: String,
    /// What its bytes are found by.
    pub provider: Provider,
    /// Where they are.
    pub path: String,
    /// Who is told when it starts.
    pub on_start: Option<String>,
    /// Who is told when it is complete.
    pub on_success: Option<String>,
    /// Who is told when it has failed.
    pub on_failure: Option<String>,
}

/// A request that brought assets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Which one.
    pub id: SubmissionId,
    /// How many assets it brought.
    pub assets: u64,
    /// The SHA-256 of what was asked for.
    pub digest: Vec<u8>,
    /// When.
    pub created_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = assets, treat_none_as_default_value = false)]
struct NewRow<'a> {
    id: Id,
    submission_id: Id,
    kind: &'a str,
    provider: &'static str,
    path: std::borrow::Cow<'a, str>,
    on_start: Option<std::borrow::Cow<'a, str>>,
    on_success: Option<std::borrow::Cow<'a, str>>,
    on_failure: Option<std::borrow::Cow<'a, str>>,
    state: &'static str,
    created_at: Instant,
    updated_at: Instant,
    announced_at: Instant,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = assets)]
struct Row {
    id: Id,
    submission_id: Id,
    kind: String,
    provider: String,
    path: String,
    on_start: Option<String>,
    on_success: Option<String>,
    on_failure: Option<String>,
    state: String,
    errors: Option<String>,
    warnings: Option<String>,
    sha256: Option<Vec<u8>>,
    size: Option<i64>,
    created_at: Instant,
    updated_at: Instant,
    ended_at: Option<Instant>,
}

impl TryFrom<Row> for Asset {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let findings = |text: Option<String>| match text {
            None => Ok(Findings::new()),
            Some(text) => serde_json::from_str(&text)
                .map_err(|error| StoreError::Corrupt(format!("findings of asset {}: {error}", row.id.0))),
        };
        Ok(Self {
            errors: findings(row.errors)?,
            warnings: findings(row.warnings)?,
            id: row.id.into(),
            submission: row.submission_id.into(),
            kind: row.kind,
            provider: Provider::stored(&row.provider)?,
            path: row.path,
            on_start: row.on_start,
            on_success: row.on_success,
            on_failure: row.on_failure,
            state: AssetState::stored(&row.state)?,
            sha256: row.sha256,
            size: row.size.map(from_db),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            ended_at: row.ended_at.map(Into::into),
        })
    }
}

/// Notes a request with the key that its caller chose. Returns the request, and whether it is new: the same
/// key is the same request.
///
/// # Errors
/// When the database does not answer.
pub fn submit(
    tx: &mut Tx,
    key: Option<&str>,
    digest: &[u8],
    count: usize,
    now: Timestamp,
) -> Result<(Submission, bool), StoreError> {
    let id = SubmissionId::new();
    let key = key.map(keys::of);
    let row = (
        submissions::id.eq(Id::from(id)),
        submissions::key.eq(key.as_deref()),
        submissions::digest.eq(digest),
        submissions::assets.eq(to_db(count as u64)),
        submissions::created_at.eq(Instant(now)),
    );
    let inserted = each!(tx, c => diesel::insert_into(submissions::table).values(row).on_conflict_do_nothing().execute(c))?;
    if inserted > 0 {
        let new = Submission { id, assets: count as u64, digest: digest.to_vec(), created_at: now };
        return Ok((new, true));
    }
    let (id, digest, assets, created_at): (Id, Vec<u8>, i64, Instant) = submissions::table
        .filter(submissions::key.eq(key.as_deref()))
        .select((submissions::id, submissions::digest, submissions::assets, submissions::created_at))
        .first(tx.conn())?;
    let known = Submission { id: id.into(), assets: from_db(assets), digest, created_at: created_at.into() };
    Ok((known, false))
}

/// Writes the assets of a request, all queued. Returns their ids in their order.
///
/// # Errors
/// When the database does not answer.
pub fn insert_many(
    tx: &mut Tx,
    submission: SubmissionId,
    new: &[NewAsset],
    now: Timestamp,
) -> Result<Vec<AssetId>, StoreError> {
    let mut ids = Vec::with_capacity(new.len());
    for part in new.chunks(10_000) {
        let rows: Vec<NewRow<'_>> = part
            .iter()
            .map(|one| NewRow {
                id: AssetId::new().into(),
                submission_id: submission.into(),
                kind: &one.kind,
                provider: one.provider.as_str(),
                path: storable(&one.path),
                on_start: one.on_start.as_deref().map(storable),
                on_success: one.on_success.as_deref().map(storable),
                on_failure: one.on_failure.as_deref().map(storable),
                state: AssetState::Queued.as_str(),
                created_at: Instant(now),
                updated_at: Instant(now),
                announced_at: Instant(now),
            })
            .collect();
        copy_in!(tx, assets::table, &rows)?;
        ids.extend(rows.iter().map(|row| AssetId::from(row.id)));
    }
    Ok(ids)
}

/// The asset with this id.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, id: AssetId) -> Result<Option<Asset>, StoreError> {
    let row = assets::table.find(Id::from(id)).select(Row::as_select()).first(tx.conn()).optional()?;
    row.map(Asset::try_from).transpose()
}

/// The assets with these ids, by id; those that are unknown are left out.
///
/// # Errors
/// When the database does not answer.
pub fn by_ids(tx: &mut Tx, ids: &[AssetId]) -> Result<Vec<Asset>, StoreError> {
    let ids: Vec<Id> = ids.iter().map(|id| Id::from(*id)).collect();
    let mut found = Vec::with_capacity(ids.len());
    for part in ids.chunks(KEYS) {
        let rows: Vec<Row> = assets::table
            .filter(assets::id.eq_any(part))
            .order(assets::id.asc())
            .select(Row::as_select())
            .load(tx.conn())?;
        found.extend(rows.into_iter().map(Asset::try_from).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(found)
}

/// Which assets are listed. What is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct AssetFilter {
    /// Only those of this request.
    pub submission: Option<SubmissionId>,
    /// Only those in this state.
    pub state: Option<AssetState>,
    /// Only those of this kind.
    pub kind: Option<String>,
}

/// Up to `limit` assets, oldest first, those after `after`.
///
/// # Errors
/// When the database does not answer.
pub fn list(
    tx: &mut Tx,
    filter: &AssetFilter,
    after: Option<AssetId>,
    limit: u32,
) -> Result<Vec<Asset>, StoreError> {
    let mut query =
        assets::table.order(assets::id.asc()).limit(limit.into()).select(Row::as_select()).into_boxed();
    if let Some(submission) = filter.submission {
        query = query.filter(assets::submission_id.eq(Id::from(submission)));
    }
    if let Some(state) = filter.state {
        query = query.filter(assets::state.eq(state.as_str()));
    }
    if let Some(kind) = filter.kind.as_deref() {
        query = query.filter(assets::kind.eq(storable(kind).into_owned()));
    }
    if let Some(after) = after {
        query = query.filter(assets::id.gt(Id::from(after)));
    }
    query.load::<Row>(tx.conn())?.into_iter().map(Asset::try_from).collect()
}

/// How many assets have not ended.
///
/// # Errors
/// When the database does not answer.
pub fn count_open(tx: &mut Tx) -> Result<u64, StoreError> {
    let count: i64 = assets::table.filter(assets::ended_at.is_null()).count().get_result(tx.conn())?;
    Ok(from_db(count))
}
