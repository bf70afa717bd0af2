//! How much there is, and how much of it is of use.

use diesel::{
    QueryableByName, RunQueryDsl,
    sql_types::{BigInt, Text},
};
use jiff::Timestamp;

use super::PackState;
use crate::{
    StoreError, Tx,
    connection::each,
    types::{Instant, sql},
    values::from_db,
};

/// A kept pack, and how much of it is referred to.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Which one.
    pub id: i64,
    /// Its name in the depot.
    pub name: String,
    /// Its size as it is stored.
    pub bytes: u64,
    /// The bytes of its contents before compression.
    pub content_bytes: u64,
    /// How many contents in it a node names.
    pub live: u64,
    /// The bytes of those before compression.
    pub live_bytes: u64,
}

impl Figures {
    /// The share of its contents' bytes that nothing refers to, in percent, rounded down.
    pub fn dead_percent(&self) -> u64 {
        if self.live == 0 {
            return 100;
        }
        let dead = self.content_bytes.saturating_sub(self.live_bytes);
        // Contents without bytes are no reason to keep or to rewrite anything.
        (dead.saturating_mul(100)).checked_div(self.content_bytes).unwrap_or(0)
    }
}

#[derive(QueryableByName)]
struct FiguresRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
    #[diesel(sql_type = BigInt)]
    content_bytes: i64,
    #[diesel(sql_type = BigInt)]
    live: i64,
    #[diesel(sql_type = BigInt)]
    live_bytes: i64,
}

/// Written so that each content costs one look into the index of nodes, and nothing is joined as a whole.
const FIGURES: &str = "SELECT q.id AS id, q.name AS name, q.bytes AS bytes, q.content_bytes AS content_bytes, \
    CAST(COALESCE(SUM(q.is_live), 0) AS bigint) AS live, \
    CAST(COALESCE(SUM(q.is_live * q.size), 0) AS bigint) AS live_bytes FROM \
    (SELECT p.id, p.name, p.bytes, p.content_bytes, COALESCE(c.size, 0) AS size, \
    COALESCE((SELECT 1 FROM nodes n WHERE n.oid = c.oid LIMIT 1), 0) AS is_live FROM \
    (SELECT id, name, bytes, content_bytes FROM packs \
    WHERE id > $1 AND state = 'kept' AND created_at <= $2 ORDER BY id LIMIT $3) p \
    LEFT JOIN contents c ON c.pack_id = p.id) q GROUP BY q.id, q.name, q.bytes, q.content_bytes ORDER BY q.id";

/// Up to `limit` kept packs behind `after` that were written at `created_before` or earlier, and how much of
/// them is referred to.
///
/// # Errors
/// When the database does not answer.
pub fn figures(
    tx: &mut Tx,
    created_before: Timestamp,
    after: i64,
    limit: u32,
) -> Result<Vec<Figures>, StoreError> {
    let rows: Vec<FiguresRow> = each!(tx, c => diesel::sql_query(FIGURES)
        .bind::<BigInt, _>(after)
        .bind::<sql::Instant, _>(Instant(created_before))
        .bind::<BigInt, _>(i64::from(limit))
        .load(c))?;
    let figures = |row: FiguresRow| Figures {
        id: row.id,
        name: row.name,
        bytes: from_db(row.bytes),
        content_bytes: from_db(row.content_bytes),
        live: from_db(row.live),
        live_bytes: from_db(row.live_bytes),
    };
    Ok(rows.into_iter().map(figures).collect())
}

/// Packs of one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Their state.
    pub state: PackState,
    /// How many there are.
    pub packs: u64,
    /// Their size as they are stored.
    pub bytes: u64,
    /// The bytes of their contents before compression.
    pub content_bytes: u64,
    /// How many were damaged when they were last verified.
    pub damaged: u64,
}

#[derive(QueryableByName)]
struct TotalsRow {
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    packs: i64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
    #[diesel(sql_type = BigInt)]
    content_bytes: i64,
    #[diesel(sql_type = BigInt)]
    damaged: i64,
}

const TOTALS: &str = "SELECT state, count(*) AS packs, CAST(SUM(bytes) AS bigint) AS bytes, \
    CAST(SUM(content_bytes) AS bigint) AS content_bytes, count(damage) AS damaged \
    FROM packs GROUP BY state ORDER BY state";

/// How many packs there are of each state, and how large they are; states without a pack are left out.
///
/// # Errors
/// When the database does not answer.
pub fn totals(tx: &mut Tx) -> Result<Vec<Totals>, StoreError> {
    let rows: Vec<TotalsRow> = each!(tx, c => diesel::sql_query(TOTALS).load(c))?;
    let totals = |row: TotalsRow| {
        Ok(Totals {
            state: PackState::stored(&row.state)?,
            packs: from_db(row.packs),
            bytes: from_db(row.bytes),
            content_bytes: from_db(row.content_bytes),
            damaged: from_db(row.damaged),
        })
    };
    rows.into_iter().map(totals).collect()
}
