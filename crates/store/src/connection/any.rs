//! The connection enum, apart from everything else: its derive fills its module with glob imports.

use diesel::{MultiConnection, PgConnection, SqliteConnection};

/// A connection to either database. Reads and single writes go through it as it is; what `diesel` has
/// no common form for (batches, `ON CONFLICT`, `RETURNING` of a struct) goes through [`each!`].
#[derive(MultiConnection)]
pub(crate) enum AnyConnection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// Runs one expression on the concrete connection: it is written once and type-checked for each
/// database. `each!(tx, c => diesel::insert_into(t::table).values(&rows).execute(c))`.
macro_rules! each {
    ($tx:expr, $conn:ident => $body:expr) => {
        match $tx.conn() {
            $crate::connection::AnyConnection::Postgres($conn) => $body,
            $crate::connection::AnyConnection::Sqlite($conn) => $body,
        }
    };
}
pub(crate) use each;
