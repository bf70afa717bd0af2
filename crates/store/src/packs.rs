//! Packs: stored objects that hold many contents each, and which of them may be thrown away.
//!
//! # What is referred to
//!
//! A content is referred to by the nodes that name it, whether their tree is complete or still a draft. A
//! tree is referred to by every version of a stock that holds it, by every snapshot that is not aborted, and
//! by a repair that is running. A pack is referred to when one of its contents is.
//!
//! # How a pack goes, and who may rely on it until then
//!
//! 1. [`condemn`] marks packs that nothing refers to, in a round. From then on [`crate::contents::known`] says
//!    [`crate::contents::ContentState::Condemned`] of their contents: whoever needs one stores it again.
//! 2. [`seal`], in a later transaction, notes every task that is running: it may have looked before the mark.
//! 3. Once the grace period is over and each of those tasks has ended or was claimed anew, [`give_up`]
//!    looks again. What is referred to now is kept after all; otherwise the rows go, in the same transaction.
//! 4. The object is removed, then [`forget_pack`] drops the row. No name is ever used twice, so that a
//!    removal that comes late removes nothing else.
//!
//! So this holds for every writer: **what a task learns from [`crate::contents::known`] or
//! [`crate::trees::find`] holds until the task ends or loses its lease.** A writer that holds no task calls
//! [`announce`] before it puts a pack, and relies on no content that it has not put itself.

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper,
};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    connection::{AnyConnection, each},
    names::names,
    schema::packs,
    types::Instant,
    values::{KEYS, from_db, to_db},
};

mod contents;
mod forget;
mod going;
mod totals;

pub use contents::{Held, Move, contents_of, move_contents};
pub use forget::{drop_nodes, forget_tree, forgettable_trees};
pub use going::{
    Condemned, GivenUp, Going, begin_round, condemn, condemn_strays, end_rounds, forget_pack, give_up,
    in_repair, owner, removable, ripe, seal, unreferenced,
};
pub use totals::{Figures, Totals, figures, totals};

names! {
    /// Whether a pack may be relied on.
    pub enum PackState in "packs.state" {
        /// It may.
        Kept = "kept",
        /// Nothing referred to it when somebody looked: whoever needs its contents stores them again.
        Condemned = "condemned",
        /// Its contents are forgotten and its object is being removed.
        Deleting = "deleting",
    }
}

/// An object in the depot that holds many contents.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// Which one.
    pub id: i64,
    /// Its name in the depot.
    pub name: String,
    /// Its size as it is stored.
    pub bytes: u64,
    /// How many contents it was written with.
    pub contents: u64,
    /// The bytes of those contents before compression.
    pub content_bytes: u64,
    /// When it was written.
    pub created_at: Timestamp,
    /// Whether it may be relied on.
    pub state: PackState,
    /// When every byte of it was last hashed.
    pub verified_at: Option<Timestamp>,
    /// What was wrong with it then.
    pub damage: Option<String>,
}

/// A pack that has been written.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPack {
    /// Its name in the depot.
    pub name: String,
    /// Its size as it is stored.
    pub bytes: u64,
    /// How many contents it holds.
    pub contents: u64,
    /// The bytes of those contents before compression.
    pub content_bytes: u64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = packs)]
struct Row {
    id: i64,
    name: String,
    bytes: i64,
    contents: i64,
    content_bytes: i64,
    created_at: Instant,
    state: String,
    verified_at: Option<Instant>,
    damage: Option<String>,
}

impl TryFrom<Row> for Pack {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            name: row.name,
            bytes: from_db(row.bytes),
            contents: from_db(row.contents),
            content_bytes: from_db(row.content_bytes),
            created_at: row.created_at.into(),
            state: PackState::stored(&row.state)?,
            verified_at: row.verified_at.map(Into::into),
            damage: row.damage,
        })
    }
}

/// Notes a pack that has been put into the depot, and returns its id; the one it has when it is known by this
/// name. One that was condemned in the meantime is kept from now on.
///
/// # Errors
/// [`StoreError::Conflict`] when it is being removed: put the contents again, under another name. When the
/// database does not answer.
pub fn insert(tx: &mut Tx, pack: &NewPack, now: Timestamp) -> Result<i64, StoreError> {
    let figures = (
        packs::bytes.eq(to_db(pack.bytes)),
        packs::contents.eq(to_db(pack.contents)),
        packs::content_bytes.eq(to_db(pack.content_bytes)),
    );
    let row = (packs::name.eq(&pack.name), figures, packs::created_at.eq(Instant(now)));
    let made: Option<i64> = each!(tx, c => diesel::insert_into(packs::table)
        .values(row)
        .on_conflict_do_nothing()
        .returning(packs::id)
        .get_result(c)
        .optional())?;
    if let Some(id) = made {
        return Ok(id);
    }
    let going = || StoreError::Conflict(format!("pack {} is being removed", pack.name));
    let (id, state) = locked(tx, &pack.name)?.ok_or_else(going)?;
    if state == PackState::Deleting {
        return Err(going());
    }
    diesel::update(packs::table.find(id))
        .set((
            figures,
            packs::state.eq(PackState::Kept.as_str()),
            packs::round_id.eq(None::<i64>),
            packs::condemned_at.eq(None::<Instant>),
        ))
        .execute(tx.conn())?;
    Ok(id)
}

/// Says that a pack of this name is about to be put by somebody who holds no task, so that nobody takes the
/// object for one that a crash left. [`complete`] follows once it is there; if it never does, the pack is
/// collected like any other that nothing refers to.
///
/// # Errors
/// [`StoreError::Conflict`] when the name is in use; when the database does not answer.
pub fn announce(tx: &mut Tx, name: &str, now: Timestamp) -> Result<i64, StoreError> {
    let row =
        (packs::name.eq(name), packs::bytes.eq(0), packs::contents.eq(0), packs::created_at.eq(Instant(now)));
    Ok(each!(tx, c => diesel::insert_into(packs::table).values(row).returning(packs::id).get_result(c))?)
}

/// Notes that an announced pack is there. It is kept from now on, also when it was condemned in the meantime.
///
/// # Errors
/// [`StoreError::Conflict`] when it took so long that the pack was taken for abandoned and removed: put the
/// contents again, under another name. When the database does not answer.
pub fn complete(tx: &mut Tx, id: i64, pack: &NewPack) -> Result<(), StoreError> {
    let there = packs::table.find(id).filter(packs::state.ne(PackState::Deleting.as_str()));
    let completed = diesel::update(there)
        .set((
            packs::bytes.eq(to_db(pack.bytes)),
            packs::contents.eq(to_db(pack.contents)),
            packs::content_bytes.eq(to_db(pack.content_bytes)),
            packs::state.eq(PackState::Kept.as_str()),
            packs::round_id.eq(None::<i64>),
            packs::condemned_at.eq(None::<Instant>),
        ))
        .execute(tx.conn())?;
    if completed == 0 {
        return Err(StoreError::Conflict(format!("pack {} was removed before it was complete", pack.name)));
    }
    Ok(())
}

/// Id and state of the pack with this name, which nobody else can change until this transaction ends.
fn locked(tx: &mut Tx, name: &str) -> Result<Option<(i64, PackState)>, StoreError> {
    let query = packs::table.filter(packs::name.eq(name)).select((packs::id, packs::state));
    let row: Option<(i64, String)> = match tx.conn() {
        AnyConnection::Postgres(conn) => query.for_no_key_update().first(conn).optional()?,
        AnyConnection::Sqlite(conn) => query.first(conn).optional()?,
    };
    row.map(|(id, state)| Ok((id, PackState::stored(&state)?))).transpose()
}

/// The pack with this id.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, id: i64) -> Result<Option<Pack>, StoreError> {
    let row = packs::table.find(id).select(Row::as_select()).first(tx.conn()).optional()?;
    row.map(Pack::try_from).transpose()
}

/// The pack of this name.
///
/// # Errors
/// When the database does not answer.
pub fn by_name(tx: &mut Tx, name: &str) -> Result<Option<Pack>, StoreError> {
    let query = packs::table.filter(packs::name.eq(name)).select(Row::as_select());
    query.first(tx.conn()).optional()?.map(Pack::try_from).transpose()
}

/// Those of these names that no pack has.
///
/// # Errors
/// When the database does not answer.
pub fn unknown(tx: &mut Tx, names: &[String]) -> Result<Vec<String>, StoreError> {
    let mut unknown = Vec::new();
    for part in names.chunks(KEYS) {
        let known: Vec<String> = each!(tx, c => packs::table
            .filter(packs::name.eq_any(part))
            .select(packs::name)
            .load(c))?;
        let known: std::collections::HashSet<String> = known.into_iter().collect();
        unknown.extend(part.iter().filter(|name| !known.contains(*name)).cloned());
    }
    Ok(unknown)
}

/// Up to `limit` packs, oldest first, those behind `after`.
///
/// # Errors
/// When the database does not answer.
pub fn list(tx: &mut Tx, after: Option<i64>, limit: u32) -> Result<Vec<Pack>, StoreError> {
    let rows = packs::table
        .filter(packs::id.gt(after.unwrap_or(0)))
        .order(packs::id)
        .limit(limit.into())
        .select(Row::as_select())
        .load(tx.conn())?;
    rows.into_iter().map(Pack::try_from).collect()
}

/// Notes that every byte of the pack was hashed, and what was wrong.
///
/// # Errors
/// When the database does not answer.
pub fn verified(tx: &mut Tx, id: i64, damage: Option<&str>, now: Timestamp) -> Result<(), StoreError> {
    diesel::update(packs::table.find(id))
        .set((
            packs::verified_at.eq(Some(Instant(now))),
            packs::damage.eq(damage.map(|text| crate::keys::storable(text).into_owned())),
        ))
        .execute(tx.conn())?;
    Ok(())
}
