//! Many rows at once, the fastest way each database has: COPY and multi-row statements on PostgreSQL,
//! where a round trip is what costs; single prepared statements on SQLite, where parsing is.

/// Rows that one PostgreSQL statement takes. It can bind 65,535 values; our widest batch has 20 columns.
pub(crate) const ROWS: usize = 3_000;

/// Inserts rows that conflict with none: `copy_in!(tx, table, &rows)`. Any conflict fails all. The row
/// struct is `Insertable` with `treat_none_as_default_value = false` and fills every column but
/// identities and defaults. Evaluates to `QueryResult<usize>`, the number of rows.
macro_rules! copy_in {
    ($tx:expr, $table:expr, $rows:expr) => {{
        let rows: &[_] = $rows;
        match $tx.conn() {
            // A COPY without rows is a round trip for nothing.
            _ if rows.is_empty() => Ok(0),
            $crate::connection::AnyConnection::Postgres(conn) => {
                diesel::ExecuteCopyFromDsl::execute(diesel::copy_from($table).from_insertable(rows), conn)
            }
            $crate::connection::AnyConnection::Sqlite(conn) => rows.iter().try_fold(0, |sum, row| {
                diesel::RunQueryDsl::execute(diesel::insert_into($table).values(row), conn).map(|n| sum + n)
            }),
        }
    }};
}
pub(crate) use copy_in;

/// Runs an insert that may conflict, in parts: `upsert_many!(tx, &rows, part =>
/// diesel::insert_into(t::table).values(part).on_conflict(t::key).do_update().set(...))`. The statement
/// is written once; `part` is a slice of rows on PostgreSQL and one row on SQLite. No two rows may have
/// the same key when it updates. Sort rows by key: transactions that lock in one order cannot deadlock.
/// Evaluates to `QueryResult<usize>`, the number of rows that were inserted or updated.
macro_rules! upsert_many {
    ($tx:expr, $rows:expr, $part:ident => $statement:expr) => {{
        let rows: &[_] = $rows;
        match $tx.conn() {
            $crate::connection::AnyConnection::Postgres(conn) => rows
                .chunks($crate::bulk::ROWS)
                .try_fold(0, |sum, $part| diesel::RunQueryDsl::execute($statement, conn).map(|n| sum + n)),
            $crate::connection::AnyConnection::Sqlite(conn) => rows
                .iter()
                .try_fold(0, |sum, $part| diesel::RunQueryDsl::execute($statement, conn).map(|n| sum + n)),
        }
    }};
}
pub(crate) use upsert_many;
