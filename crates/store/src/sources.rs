//! Sources: configured places where repositories are found.

use contracts::{SourceId, StockId};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    StoreError, Tx,
    connection::each,
    keys::storable,
    names::names,
    schema::sources,
    types::{Id, Instant},
};

mod run;
mod shown;
mod state;
mod wanted;

pub use run::{Begun, INDEX, begin_run, go_on, remove};
pub use shown::{SourceFailure, TaggedPage, failures, record_failures, save_tag, tagged};
pub use state::{
    Pass, Settings, Status, Visits, Waiting, add_page, begin_pass, configure, due, end_pass, set_next_run,
    set_waiting, status,
};
pub use wanted::{Wanted, add};

names! {
    /// Whether a source is run by schedule.
    pub enum SourceState in "sources.state" {
        /// It is.
        Active = "active",
        /// It is not, until it is set active again.
        Paused = "paused",
    }
}

/// A configured place where repositories are found.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Which one.
    pub id: SourceId,
    /// The name of the indexer that reads it.
    pub kind: String,
    /// Its name for people, unique.
    pub name: String,
    /// The indexer's parameters.
    pub params: Value,
    /// The stock that its repositories are meant for.
    pub stock: StockId,
    /// Whether it is run.
    pub state: SourceState,
    /// Where the indexer got to; none before its first page and after its last.
    pub cursor: Option<Value>,
    /// When it was first named.
    pub created_at: Timestamp,
    /// When its kind, parameters, stock or state last changed.
    pub updated_at: Timestamp,
}

/// A source as it is configured.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSource {
    /// The name of the indexer that reads it.
    pub kind: String,
    /// Its name for people, unique.
    pub name: String,
    /// The indexer's parameters.
    pub params: Value,
    /// The stock that its repositories are meant for.
    pub stock: StockId,
}

#[derive(Queryable)]
struct Row {
    id: Id,
    kind: String,
    name: String,
    params: String,
    stock: Id,
    state: String,
    cursor: Option<String>,
    created_at: Instant,
    updated_at: Instant,
}

impl TryFrom<Row> for Source {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            kind: row.kind,
            name: row.name,
            params: json("sources.params", &row.params)?,
            stock: row.stock.into(),
            state: SourceState::stored(&row.state)?,
            cursor: row.cursor.map(|cursor| json("sources.cursor", &cursor)).transpose()?,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}

fn json(column: &str, text: &str) -> Result<Value, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(format!("no JSON in {column}: {error}")))
}

/// The source of this name as configured now: made when there is none, changed when it differs.
/// Its state stays; its cursor stays unless kind or parameters changed, to which it would not fit.
///
/// # Errors
/// When the database fails.
pub fn upsert_by_name(tx: &mut Tx, source: &NewSource, now: Timestamp) -> Result<Source, StoreError> {
    let name = storable(&source.name);
    let params = source.params.to_string();
    let row = (
        sources::id.eq(Id::from(SourceId::new())),
        sources::kind.eq(&source.kind),
        sources::name.eq(name.as_ref()),
        sources::params.eq(&params),
        sources::stock_id.eq(Id::from(source.stock)),
        sources::state.eq(SourceState::Active.as_str()),
        sources::created_at.eq(Instant(now)),
        sources::updated_at.eq(Instant(now)),
    );
    each!(tx, c => diesel::insert_into(sources::table).values(row).on_conflict_do_nothing().execute(c))?;
    let held =
        by_name(tx, &name)?.ok_or_else(|| StoreError::NotFound(format!("no source is named {name:?}")))?;
    let fits = held.kind == source.kind && held.params == source.params;
    if fits && held.stock == source.stock {
        return Ok(held);
    }
    let cursor = held.cursor.filter(|_| fits).map(|cursor| cursor.to_string());
    diesel::update(sources::table.find(Id::from(held.id)))
        .set((
            sources::kind.eq(&source.kind),
            sources::params.eq(&params),
            sources::stock_id.eq(Id::from(source.stock)),
            sources::cursor.eq(cursor),
            sources::updated_at.eq(Instant(now)),
        ))
        .execute(tx.conn())?;
    get(tx, held.id)?.ok_or_else(|| StoreError::NotFound(format!("no source {}", held.id)))
}

/// The source with this id.
///
/// # Errors
/// When the database fails.
pub fn get(tx: &mut Tx, id: SourceId) -> Result<Option<Source>, StoreError> {
    let row = sources::table.find(Id::from(id)).first::<Row>(tx.conn()).optional()?;
    row.map(Source::try_from).transpose()
}

/// The source of this name.
///
/// # Errors
/// When the database fails.
pub fn by_name(tx: &mut Tx, name: &str) -> Result<Option<Source>, StoreError> {
    let row = sources::table.filter(sources::name.eq(name)).first::<Row>(tx.conn()).optional()?;
    row.map(Source::try_from).transpose()
}

/// Up to `limit` sources by name, those behind `after`.
///
/// # Errors
/// When the database fails.
pub fn list(tx: &mut Tx, after: Option<&str>, limit: u32) -> Result<Vec<Source>, StoreError> {
    let rows = sources::table
        .filter(sources::name.gt(after.unwrap_or_default()))
        .order(sources::name)
        .limit(limit.into())
        .load::<Row>(tx.conn())?;
    rows.into_iter().map(Source::try_from).collect()
}

/// Sets the state. Returns whether it was another.
///
/// # Errors
/// When the database fails.
pub fn set_state(tx: &mut Tx, id: SourceId, state: SourceState, now: Timestamp) -> Result<bool, StoreError> {
    let changed = diesel::update(sources::table.find(Id::from(id)).filter(sources::state.ne(state.as_str())))
        .set((sources::state.eq(state.as_str()), sources::updated_at.eq(Instant(now))))
        .execute(tx.conn())?;
    Ok(changed > 0)
}

/// Keeps where the indexer got to.
///
/// # Errors
/// When the database fails.
pub fn save_cursor(tx: &mut Tx, id: SourceId, cursor: Option<&Value>) -> Result<(), StoreError> {
    diesel::update(sources::table.find(Id::from(id)))
        .set(sources::cursor.eq(cursor.map(Value::to_string)))
        .execute(tx.conn())?;
    Ok(())
}
