//! How metrics are written.

use std::borrow::Cow;

use diesel::{
    ExpressionMethods, Insertable, PgConnection, QueryDsl, QueryResult, RunQueryDsl, SqliteConnection,
    sql_types::{Array, BigInt, Integer, Nullable, Text},
};

use super::Metric;
use crate::{StoreError, Tx, connection::AnyConnection, keys::storable, schema::metrics};

/// Rows of one statement on PostgreSQL.
const ROWS: usize = 10_000;

#[derive(Insertable)]
#[diesel(table_name = metrics, treat_none_as_default_value = false)]
struct Row<'a> {
    content_id: i64,
    hint: &'a str,
    analyzer: &'a str,
    version: i32,
    outcome: &'static str,
    reason: Option<Cow<'a, str>>,
    result: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn new(metric: &'a Metric) -> Self {
        let (outcome, reason, result) = metric.outcome.columns();
        Self {
            content_id: metric.content,
            hint: &metric.hint,
            analyzer: &metric.analyzer,
            version: metric.version,
            outcome,
            reason: reason.map(storable),
            result,
        }
    }

    fn key(&self) -> (i64, &'a str, &'a str, i32) {
        (self.content_id, self.hint, self.analyzer, self.version)
    }
}

/// Keeps what analyzers found. What is there already and says the same is not written again; what says
/// otherwise is replaced. Returns how many rows were written.
///
/// # Errors
/// When the database does not answer.
pub fn insert_many(tx: &mut Tx, metrics: &[Metric]) -> Result<u64, StoreError> {
    // Locks are taken in the order of keys. The last word about one key counts.
    let mut rows: Vec<Row<'_>> = metrics.iter().rev().map(Row::new).collect();
    rows.sort_by(|a, b| a.key().cmp(&b.key()));
    rows.dedup_by(|a, b| a.key() == b.key());
    let written = match tx.conn() {
        AnyConnection::Postgres(conn) => {
            rows.chunks(ROWS).try_fold(0, |sum, part| postgres(conn, part).map(|written| sum + written))
        }
        AnyConnection::Sqlite(conn) => {
            rows.iter().try_fold(0, |sum, row| sqlite(conn, row).map(|written| sum + written))
        }
    }?;
    Ok(written as u64)
}

/// One statement whatever the number of rows.
const UPSERT: &str = "INSERT INTO metrics (content_id, hint, analyzer, version, outcome, reason, result) \
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7) \
    ON CONFLICT (content_id, hint, analyzer, version) \
    DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason, result = excluded.result \
    WHERE (metrics.outcome, metrics.reason, metrics.result) \
    IS DISTINCT FROM (excluded.outcome, excluded.reason, excluded.result)";

fn postgres(conn: &mut PgConnection, part: &[Row<'_>]) -> QueryResult<usize> {
    diesel::sql_query(UPSERT)
        .bind::<Array<BigInt>, _>(part.iter().map(|row| row.content_id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(part.iter().map(|row| row.hint).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(part.iter().map(|row| row.analyzer).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(part.iter().map(|row| row.version).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(part.iter().map(|row| row.outcome).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(part.iter().map(|row| row.reason.as_deref()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(part.iter().map(|row| row.result).collect::<Vec<_>>())
        .execute(conn)
}

/// Looking before updating lets each statement stay prepared, which an upsert would not.
fn sqlite(conn: &mut SqliteConnection, row: &Row<'_>) -> QueryResult<usize> {
    let inserted = diesel::insert_into(metrics::table).values(row).on_conflict_do_nothing().execute(conn)?;
    if inserted > 0 {
        return Ok(inserted);
    }
    let (outcome, reason, result) = metrics::table
        .find(row.key())
        .select((metrics::outcome, metrics::reason, metrics::result))
        .first::<(String, Option<String>, Option<String>)>(conn)?;
    if outcome == row.outcome && reason.as_deref() == row.reason.as_deref() && result.as_deref() == row.result
    {
        return Ok(0);
    }
    diesel::update(metrics::table.find(row.key()))
        .set((
            metrics::outcome.eq(row.outcome),
            metrics::reason.eq(row.reason.as_deref()),
            metrics::result.eq(row.result),
        ))
        .execute(conn)
}
