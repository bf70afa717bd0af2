//! From a pack that nothing refers to, to one that is gone. The law is in the documentation of [`super`].

use std::collections::HashSet;

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryableByName, RunQueryDsl,
    sql_types::{BigInt, Text},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::PackState;
use crate::{
    StoreError, Tx,
    connection::{AnyConnection, each},
    schema::{batches, contents, depot_rounds, depot_waits, lfs_pointers, metrics, packs},
    types::{Hash, Id, Instant, sql},
    values::{KEYS, to_db},
};

/// A pack on its way out.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct Going {
    /// Which one.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Its name in the depot.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Its size as it is stored.
    #[diesel(sql_type = BigInt)]
    pub bytes: i64,
    /// The round that condemned it.
    #[diesel(sql_type = BigInt)]
    pub round: i64,
}

/// What condemning came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Condemned {
    /// Packs that were marked.
    pub packs: u64,
}

/// What became of a condemned pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenUp {
    /// Something refers to it now: it is kept after all.
    Kept,
    /// So many contents are forgotten; the object may be removed.
    Forgotten(u64),
    /// Somebody else has seen to it.
    Gone,
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// A scalar sub-query, which neither database turns into a join over everything: it ends at the first content
/// that a node names, which for a pack in use is nearly always the first that is looked at.
const UNREFERENCED: &str = "SELECT p.id AS id FROM packs p WHERE p.id > $1 AND p.state = 'kept' \
    AND p.created_at < $2 AND (SELECT 1 FROM contents c JOIN nodes n ON n.oid = c.oid \
    WHERE c.pack_id = p.id LIMIT 1) IS NULL ORDER BY p.id LIMIT $3";

/// Up to `limit` packs behind `after` that were written before `created_before` and that no node refers to.
///
/// # Errors
/// When the database does not answer.
pub fn unreferenced(
    tx: &mut Tx,
    created_before: Timestamp,
    after: i64,
    limit: u32,
) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<IdRow> = each!(tx, c => diesel::sql_query(UNREFERENCED)
        .bind::<BigInt, _>(after)
        .bind::<sql::Instant, _>(Instant(created_before))
        .bind::<BigInt, _>(i64::from(limit))
        .load(c))?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Packs with contents that a running repair is about to have analysed again.
///
/// # Errors
/// When the database does not answer, or holds a batch without items.
pub fn in_repair(tx: &mut Tx) -> Result<HashSet<i64>, StoreError> {
    let open: Vec<String> = batches::table
        .filter(batches::ended_at.is_null())
        .filter(batches::repair_id.is_not_null())
        .select(batches::items)
        .load(tx.conn())?;
    let mut found = HashSet::new();
    for items in open {
        let items: Vec<(i64, String)> = serde_json::from_str(&items)
            .map_err(|error| StoreError::Corrupt(format!("no items in a batch of a repair: {error}")))?;
        let ids: Vec<i64> = items.into_iter().map(|(id, _)| id).collect();
        for part in ids.chunks(KEYS) {
            let packs: Vec<Option<i64>> = each!(tx, c => contents::table
                .filter(contents::id.eq_any(part))
                .select(contents::pack_id)
                .distinct()
                .load(c))?;
            found.extend(packs.into_iter().flatten());
        }
    }
    Ok(found)
}

/// Begins a round of condemning.
///
/// # Errors
/// When the database does not answer.
pub fn begin_round(tx: &mut Tx, now: Timestamp) -> Result<i64, StoreError> {
    let row = (depot_rounds::sealed.eq(false), depot_rounds::begun_at.eq(Instant(now)));
    Ok(each!(tx, c => diesel::insert_into(depot_rounds::table)
        .values(row)
        .returning(depot_rounds::id)
        .get_result(c))?)
}

/// Marks these packs, those that are kept.
///
/// # Errors
/// When the database does not answer.
pub fn condemn(tx: &mut Tx, round: i64, ids: &[i64], now: Timestamp) -> Result<Condemned, StoreError> {
    let mut marked = 0;
    for part in ids.chunks(KEYS) {
        marked += each!(tx, c => diesel::update(packs::table
                .filter(packs::id.eq_any(part))
                .filter(packs::state.eq(PackState::Kept.as_str())))
            .set((
                packs::state.eq(PackState::Condemned.as_str()),
                packs::round_id.eq(Some(round)),
                packs::condemned_at.eq(Some(Instant(now))),
            ))
            .execute(c))?;
    }
    Ok(Condemned { packs: marked as u64 })
}

/// Marks objects of the depot, by name and size, that no row speaks of: a crash left them. Those that a row
/// speaks of by now are left alone.
///
/// # Errors
/// When the database does not answer.
pub fn condemn_strays(
    tx: &mut Tx,
    round: i64,
    objects: &[(String, u64)],
    now: Timestamp,
) -> Result<Condemned, StoreError> {
    let mut marked = 0;
    for (name, bytes) in objects {
        let row = (
            packs::name.eq(name),
            packs::bytes.eq(to_db(*bytes)),
            packs::contents.eq(0),
            packs::created_at.eq(Instant(now)),
            packs::state.eq(PackState::Condemned.as_str()),
            packs::round_id.eq(Some(round)),
            packs::condemned_at.eq(Some(Instant(now))),
        );
        marked += each!(tx, c => diesel::insert_into(packs::table).values(row).on_conflict_do_nothing().execute(c))?;
    }
    Ok(Condemned { packs: marked as u64 })
}

const TAKE_OVER: &str = "UPDATE packs SET round_id = $1 WHERE state = 'condemned' AND round_id < $1 \
    AND round_id NOT IN (SELECT id FROM depot_rounds WHERE sealed = $2)";
/// The upkeep itself relies on nothing that it condemns.
const NOTE_WORK: &str = "INSERT INTO depot_waits (round_id, task_id, fence) \
    SELECT $1, id, fence FROM tasks WHERE state = 'running' AND kind <> 'depot'";

/// Notes who is at work, after the round's last mark was committed; takes over what rounds that a crash ended
/// have marked. Marking in this round after this call would be a mistake.
///
/// # Errors
/// When the database does not answer.
pub fn seal(tx: &mut Tx, round: i64) -> Result<(), StoreError> {
    each!(tx, c => diesel::sql_query(TAKE_OVER)
        .bind::<BigInt, _>(round)
        .bind::<diesel::sql_types::Bool, _>(true)
        .execute(c))?;
    each!(tx, c => diesel::sql_query(NOTE_WORK).bind::<BigInt, _>(round).execute(c))?;
    diesel::update(depot_rounds::table.find(round)).set(depot_rounds::sealed.eq(true)).execute(tx.conn())?;
    Ok(())
}

const RIPE: &str = "SELECT p.id AS id, p.name AS name, p.bytes AS bytes, p.round_id AS round FROM packs p \
    JOIN depot_rounds r ON r.id = p.round_id \
    WHERE p.state = 'condemned' AND p.id > $1 AND p.condemned_at <= $2 AND r.sealed = $3 \
    AND NOT EXISTS (SELECT 1 FROM depot_waits w JOIN tasks t ON t.id = w.task_id AND t.fence = w.fence \
    WHERE w.round_id = p.round_id AND t.state = 'running') ORDER BY p.id LIMIT $4";

/// Up to `limit` packs behind `after` that were condemned at `condemned_before` or earlier and that nobody who
/// was at work then can rely on any more.
///
/// # Errors
/// When the database does not answer.
pub fn ripe(
    tx: &mut Tx,
    condemned_before: Timestamp,
    after: i64,
    limit: u32,
) -> Result<Vec<Going>, StoreError> {
    Ok(each!(tx, c => diesel::sql_query(RIPE)
        .bind::<BigInt, _>(after)
        .bind::<sql::Instant, _>(Instant(condemned_before))
        .bind::<diesel::sql_types::Bool, _>(true)
        .bind::<BigInt, _>(i64::from(limit))
        .load(c))?)
}

/// Looks at a ripe pack again, under its lock: keeps it when something refers to it, otherwise forgets its
/// contents, their analyses, and leaves the object to be removed.
///
/// # Errors
/// When the database does not answer.
pub fn give_up(tx: &mut Tx, pack: &Going) -> Result<GivenUp, StoreError> {
    let query = packs::table
        .find(pack.id)
        .filter(packs::state.eq(PackState::Condemned.as_str()))
        .filter(packs::round_id.eq(pack.round))
        .select(packs::id);
    let found: Option<i64> = match tx.conn() {
        AnyConnection::Postgres(conn) => query.for_no_key_update().first(conn).optional()?,
        AnyConnection::Sqlite(conn) => query.first(conn).optional()?,
    };
    if found.is_none() {
        return Ok(GivenUp::Gone);
    }
    // Whoever moves one of these contents to another pack has the lock or waits for it. Locks are taken in the
    // order of git ids, as everywhere.
    let rows = contents::table
        .filter(contents::pack_id.eq(pack.id))
        .order(contents::oid)
        .select((contents::id, contents::oid));
    let held: Vec<(i64, Hash)> = match tx.conn() {
        AnyConnection::Postgres(conn) => rows.for_update().load(conn)?,
        AnyConnection::Sqlite(conn) => rows.load(conn)?,
    };
    // A statement of its own: it sees what was committed while the locks were waited for.
    if is_referenced(tx, pack.id)? || in_repair(tx)?.contains(&pack.id) {
        diesel::update(packs::table.find(pack.id))
            .set((
                packs::state.eq(PackState::Kept.as_str()),
                packs::round_id.eq(None::<i64>),
                packs::condemned_at.eq(None::<Instant>),
            ))
            .execute(tx.conn())?;
        return Ok(GivenUp::Kept);
    }
    // Whoever stores one of them again waits for this, and notes again what it stands for.
    let oids: Vec<Hash> = held.iter().map(|(_, oid)| *oid).collect();
    for part in oids.chunks(KEYS) {
        each!(tx, c => diesel::delete(lfs_pointers::table.filter(lfs_pointers::oid.eq_any(part))).execute(c))?;
    }
    let ids: Vec<i64> = held.iter().map(|(id, _)| *id).collect();
    for part in ids.chunks(KEYS) {
        each!(tx, c => diesel::delete(metrics::table.filter(metrics::content_id.eq_any(part))).execute(c))?;
        each!(tx, c => diesel::delete(contents::table.filter(contents::id.eq_any(part))).execute(c))?;
    }
    diesel::update(packs::table.find(pack.id))
        .set(packs::state.eq(PackState::Deleting.as_str()))
        .execute(tx.conn())?;
    Ok(GivenUp::Forgotten(ids.len() as u64))
}

const IS_REFERENCED: &str =
    "SELECT n.tree_id AS id FROM contents c JOIN nodes n ON n.oid = c.oid WHERE c.pack_id = $1 LIMIT 1";

fn is_referenced(tx: &mut Tx, pack: i64) -> Result<bool, StoreError> {
    let rows: Vec<IdRow> = each!(tx, c => diesel::sql_query(IS_REFERENCED).bind::<BigInt, _>(pack).load(c))?;
    Ok(!rows.is_empty())
}

const REMOVABLE: &str = "SELECT id, name, bytes, COALESCE(round_id, 0) AS round FROM packs \
    WHERE state = 'deleting' AND id > $1 ORDER BY id LIMIT $2";

/// Up to `limit` packs behind `after` whose contents are forgotten and whose objects are to be removed.
///
/// # Errors
/// When the database does not answer.
pub fn removable(tx: &mut Tx, after: i64, limit: u32) -> Result<Vec<Going>, StoreError> {
    Ok(each!(tx, c => diesel::sql_query(REMOVABLE)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(i64::from(limit))
        .load(c))?)
}

/// Drops the row of a pack whose object is removed.
///
/// # Errors
/// When the database does not answer.
pub fn forget_pack(tx: &mut Tx, id: i64) -> Result<(), StoreError> {
    diesel::delete(packs::table.find(id).filter(packs::state.eq(PackState::Deleting.as_str())))
        .execute(tx.conn())?;
    Ok(())
}

const NAME_OWNER: &str = "INSERT INTO depot_owner (only_one, id) VALUES (1, $1) ON CONFLICT DO NOTHING";

#[derive(QueryableByName)]
struct OwnerRow {
    #[diesel(sql_type = sql::Id)]
    id: Id,
}

/// Who this store is, for the depot: the same for ever, and another one in every other store.
///
/// # Errors
/// When the database does not answer.
pub fn owner(tx: &mut Tx) -> Result<Uuid, StoreError> {
    let new = Id(Uuid::now_v7());
    each!(tx, c => diesel::sql_query(NAME_OWNER).bind::<sql::Id, _>(new).execute(c))?;
    let row: OwnerRow = each!(tx, c => diesel::sql_query("SELECT id FROM depot_owner").get_result(c))?;
    Ok(row.id.0)
}

/// Drops sealed rounds whose packs are all kept or gone, before this one.
///
/// # Errors
/// When the database does not answer.
pub fn end_rounds(tx: &mut Tx, before: i64) -> Result<(), StoreError> {
    let open: Vec<Option<i64>> = packs::table
        .filter(packs::state.eq(PackState::Condemned.as_str()))
        .select(packs::round_id)
        .distinct()
        .load(tx.conn())?;
    let over: Vec<i64> = depot_rounds::table
        .filter(depot_rounds::id.lt(before))
        .filter(depot_rounds::sealed.eq(true))
        .order(depot_rounds::id)
        .select(depot_rounds::id)
        .load::<i64>(tx.conn())?
        .into_iter()
        .filter(|id| !open.contains(&Some(*id)))
        .collect();
    for part in over.chunks(KEYS) {
        each!(tx, c => diesel::delete(depot_waits::table.filter(depot_waits::round_id.eq_any(part))).execute(c))?;
        each!(tx, c => diesel::delete(depot_rounds::table.filter(depot_rounds::id.eq_any(part))).execute(c))?;
    }
    Ok(())
}
