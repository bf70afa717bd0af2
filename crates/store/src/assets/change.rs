//! How assets go from state to state. Each step is taken once, however often it is asked for.

use std::collections::{HashMap, HashSet};

use contracts::AssetId;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use jiff::Timestamp;

use super::{AssetState, Findings};
use crate::{
    StoreError, Tx,
    connection::{AnyConnection, each},
    keys::storable,
    schema::assets,
    types::{Id, Instant},
    values::{KEYS, to_db},
};

/// How the checks of an asset ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssetEnd {
    /// What is wrong with it; it has failed when there is anything.
    pub errors: Findings,
    /// What is odd about it.
    pub warnings: Findings,
    /// The SHA-256 of its bytes, when they were read whole.
    pub sha256: Option<Vec<u8>>,
    /// How many bytes it has.
    pub size: Option<u64>,
}

impl AssetEnd {
    /// The state that it ends in.
    pub fn state(&self) -> AssetState {
        if self.errors.is_empty() { AssetState::Complete } else { AssetState::Failed }
    }
}

/// Takes those of these assets that are queued, locks them and marks them as being checked. Returns which;
/// those that somebody else takes right now are left out.
///
/// # Errors
/// When the database does not answer.
pub fn start(tx: &mut Tx, ids: &[AssetId], now: Timestamp) -> Result<HashSet<AssetId>, StoreError> {
    let mut ids: Vec<Id> = ids.iter().map(|id| Id::from(*id)).collect();
    ids.sort_unstable_by_key(|id| id.0);
    let mut started = HashSet::with_capacity(ids.len());
    for part in ids.chunks(KEYS) {
        let queued = assets::table
            .filter(assets::id.eq_any(part))
            .filter(assets::state.eq(AssetState::Queued.as_str()));
        let change = (assets::state.eq(AssetState::InProgress.as_str()), assets::updated_at.eq(Instant(now)));
        let taken: Vec<Id> = match tx.conn() {
            AnyConnection::Postgres(conn) => {
                diesel::update(queued).set(change).returning(assets::id).get_results(conn)?
            }
            AnyConnection::Sqlite(conn) => {
                diesel::update(queued).set(change).returning(assets::id).get_results(conn)?
            }
        };
        started.extend(taken.into_iter().map(AssetId::from));
    }
    Ok(started)
}

/// Ends assets that have not ended. Returns which did now.
///
/// # Errors
/// When the database does not answer.
pub fn finish(
    tx: &mut Tx,
    ends: &[(AssetId, AssetEnd)],
    now: Timestamp,
) -> Result<HashSet<AssetId>, StoreError> {
    let mut sorted: Vec<&(AssetId, AssetEnd)> = ends.iter().collect();
    sorted.sort_unstable_by_key(|(id, _)| *id);
    let mut ended = HashSet::with_capacity(ends.len());
    for (id, end) in sorted {
        let text = |findings: &Findings| {
            (!findings.is_empty()).then(|| {
                let text = serde_json::to_string(findings).unwrap_or_default();
                storable(&text).into_owned()
            })
        };
        let open = assets::table.find(Id::from(*id)).filter(assets::ended_at.is_null());
        let changed = diesel::update(open)
            .set((
                assets::state.eq(end.state().as_str()),
                assets::errors.eq(text(&end.errors)),
                assets::warnings.eq(text(&end.warnings)),
                assets::sha256.eq(end.sha256.as_deref()),
                assets::size.eq(end.size.map(to_db)),
                assets::updated_at.eq(Instant(now)),
                assets::ended_at.eq(Instant(now)),
            ))
            .execute(tx.conn())?;
        if changed > 0 {
            ended.insert(*id);
        }
    }
    Ok(ended)
}

/// For each of these digests that an asset has: the first such asset.
///
/// # Errors
/// When the database does not answer.
pub fn known_digests(tx: &mut Tx, digests: &[Vec<u8>]) -> Result<HashMap<Vec<u8>, AssetId>, StoreError> {
    let mut known = HashMap::with_capacity(digests.len());
    // One look each: a digest that very many assets have must not cost as many rows.
    for digest in digests {
        let first: Option<Id> = assets::table
            .filter(assets::sha256.eq(digest))
            .order(assets::id.asc())
            .select(assets::id)
            .first(tx.conn())
            .optional()?;
        known.extend(first.map(|id| (digest.clone(), AssetId::from(id))));
    }
    Ok(known)
}

/// Up to `limit` assets that were announced before `older_than` and have not ended; notes that they are
/// announced now.
///
/// # Errors
/// When the database does not answer.
pub fn owed(
    tx: &mut Tx,
    older_than: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<AssetId>, StoreError> {
    let ids: Vec<Id> = assets::table
        .filter(assets::ended_at.is_null())
        .filter(assets::announced_at.le(Instant(older_than)))
        .order(assets::announced_at.asc())
        .limit(limit)
        .select(assets::id)
        .load(tx.conn())?;
    for part in ids.chunks(KEYS) {
        let these = assets::table.filter(assets::id.eq_any(part));
        each!(tx, c => diesel::update(these).set(assets::announced_at.eq(Instant(now))).execute(c))?;
    }
    Ok(ids.into_iter().map(AssetId::from).collect())
}
