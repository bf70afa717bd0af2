//! Row locks: nobody else may change the row until the transaction ends.

/// Locks the row of a table with this id: `lock_row!(tx, stocks, id)`. On SQLite a writing transaction
/// has the whole file already. `FOR NO KEY UPDATE` lets others insert rows that refer to this one.
macro_rules! lock_row {
    ($tx:expr, $table:ident, $id:expr) => {
        match $tx.conn() {
            $crate::connection::AnyConnection::Postgres(conn) => {
                let query = $table::table.find($crate::types::Id::from($id)).select($table::id);
                diesel::RunQueryDsl::load::<$crate::types::Id>(query.for_no_key_update(), conn).map(drop)
            }
            $crate::connection::AnyConnection::Sqlite(_) => Ok(()),
        }
    };
}
pub(crate) use lock_row;
