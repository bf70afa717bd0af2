//! How assets go from state to state. Each step is taken once, however often it is asked for.

use std::collections::{HashMap, HashSet};

use contracts::AssetId;
use diesel::{
    ExpressionMethods, OptionalExtension, PgConnection, QueryDsl, QueryableByName, RunQueryDsl,
    SqliteConnection,
    sql_types::{Array, BigInt, Binary, Nullable, Text},
};
use jiff::Timestamp;

use super::{AssetState, Findings};
use crate::{
    StoreError, Tx,
    connection::{AnyConnection, each},
    keys::storable,
    schema::assets,
    types::{Id, Instant, sql},
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
    for part in sorted.chunks(KEYS) {
        let now = Instant(now);
        match tx.conn() {
            AnyConnection::Postgres(conn) => finish_together(conn, part, now, &mut ended)?,
            AnyConnection::Sqlite(conn) => finish_each(conn, part, now, &mut ended)?,
        }
    }
    Ok(ended)
}

/// Locked in the order of their ids: two who end the same assets do not wait for each other in a circle.
const FINISH: &str = "WITH open AS (SELECT id FROM assets WHERE id = ANY($1) AND ended_at IS NULL \
    ORDER BY id FOR NO KEY UPDATE) \
    UPDATE assets SET state = new.state, errors = new.errors, warnings = new.warnings, sha256 = new.sha256, \
    size = new.size, updated_at = $7, ended_at = $7 \
    FROM unnest($1, $2, $3, $4, $5, $6) AS new (id, state, errors, warnings, sha256, size) \
    JOIN open ON open.id = new.id WHERE assets.id = new.id RETURNING assets.id AS id";

#[derive(QueryableByName)]
struct Ended {
    #[diesel(sql_type = sql::Id)]
    id: Id,
}

/// In one statement: a round trip for each asset would cost more than its checks.
fn finish_together(
    conn: &mut PgConnection,
    part: &[&(AssetId, AssetEnd)],
    now: Instant,
    ended: &mut HashSet<AssetId>,
) -> Result<(), StoreError> {
    let ids: Vec<Id> = part.iter().map(|(id, _)| Id::from(*id)).collect();
    let states: Vec<&str> = part.iter().map(|(_, end)| end.state().as_str()).collect();
    let errors: Vec<Option<String>> = part.iter().map(|(_, end)| text_of(&end.errors)).collect();
    let warnings: Vec<Option<String>> = part.iter().map(|(_, end)| text_of(&end.warnings)).collect();
    let digests: Vec<Option<&[u8]>> = part.iter().map(|(_, end)| end.sha256.as_deref()).collect();
    let sizes: Vec<Option<i64>> = part.iter().map(|(_, end)| end.size.map(to_db)).collect();
    let found: Vec<Ended> = diesel::sql_query(FINISH)
        .bind::<Array<sql::Id>, _>(ids)
        .bind::<Array<Text>, _>(states)
        .bind::<Array<Nullable<Text>>, _>(errors)
        .bind::<Array<Nullable<Text>>, _>(warnings)
        .bind::<Array<Nullable<Binary>>, _>(digests)
        .bind::<Array<Nullable<BigInt>>, _>(sizes)
        .bind::<sql::Instant, _>(now)
        .load(conn)?;
    ended.extend(found.into_iter().map(|row| AssetId::from(row.id)));
    Ok(())
}

fn finish_each(
    conn: &mut SqliteConnection,
    part: &[&(AssetId, AssetEnd)],
    now: Instant,
    ended: &mut HashSet<AssetId>,
) -> Result<(), StoreError> {
    for (id, end) in part {
        let open = assets::table.find(Id::from(*id)).filter(assets::ended_at.is_null());
        let changed = diesel::update(open)
            .set((
                assets::state.eq(end.state().as_str()),
                assets::errors.eq(text_of(&end.errors)),
                assets::warnings.eq(text_of(&end.warnings)),
                assets::sha256.eq(end.sha256.as_deref()),
                assets::size.eq(end.size.map(to_db)),
                assets::updated_at.eq(now),
                assets::ended_at.eq(now),
            ))
            .execute(conn)?;
        if changed > 0 {
            ended.insert(*id);
        }
    }
    Ok(())
}

/// How findings are stored; none when there are none.
fn text_of(findings: &Findings) -> Option<String> {
    if findings.is_empty() {
        return None;
    }
    let text = serde_json::to_string(findings).unwrap_or_default();
    Some(storable(&text).into_owned())
}

/// For each of these digests that an asset has: the first such asset.
///
/// # Errors
/// When the database does not answer.
pub fn known_digests(tx: &mut Tx, digests: &[Vec<u8>]) -> Result<HashMap<Vec<u8>, AssetId>, StoreError> {
    let mut known = HashMap::with_capacity(digests.len());
    for part in digests.chunks(KEYS) {
        match tx.conn() {
            AnyConnection::Postgres(conn) => {
                let found: Vec<First> =
                    diesel::sql_query(FIRST_OF_EACH).bind::<Array<Binary>, _>(part).load(conn)?;
                known.extend(found.into_iter().map(|row| (row.sha256, AssetId::from(row.id))));
            }
            AnyConnection::Sqlite(conn) => {
                for digest in part {
                    let first: Option<Id> = assets::table
                        .filter(assets::sha256.eq(digest))
                        .order(assets::id.asc())
                        .select(assets::id)
                        .first(conn)
                        .optional()?;
                    known.extend(first.map(|id| (digest.clone(), AssetId::from(id))));
                }
            }
        }
    }
    Ok(known)
}

/// One step into the index for each: a digest that very many assets have must not cost as many rows.
const FIRST_OF_EACH: &str = "SELECT f.sha256 AS sha256, f.id AS id FROM unnest($1) AS wanted (sha256), \
    LATERAL (SELECT sha256, id FROM assets WHERE sha256 = wanted.sha256 ORDER BY id LIMIT 1) f";

#[derive(QueryableByName)]
struct First {
    #[diesel(sql_type = Binary)]
    sha256: Vec<u8>,
    #[diesel(sql_type = sql::Id)]
    id: Id,
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
