//! Under which names a stock holds contents.

use std::collections::HashMap;

use contracts::{Oid, StockId};
use diesel::{
    QueryableByName, RunQueryDsl,
    sql_types::{Array, Binary, Text},
};

use crate::{
    StoreError, Tx,
    connection::AnyConnection,
    types::{Hash, Id, sql},
    values::KEYS,
};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Binary)]
    oid: Hash,
    #[diesel(sql_type = Text)]
    url: String,
    #[diesel(sql_type = Binary)]
    path: Vec<u8>,
}

/// The first name of each content, by tree and path: one step into an index for each, however often the content
/// is held.
const FIRST: &str = "SELECT n.oid AS oid, r.url AS url, n.path AS path FROM nodes n \
    JOIN stock_entries e ON e.tree_id = n.tree_id AND e.until IS NULL \
    JOIN repositories r ON r.id = e.repository_id \
    WHERE n.oid = $1 AND e.stock_id = $2 ORDER BY n.tree_id, n.path LIMIT 1";

const FIRST_OF_EACH: &str = "SELECT f.oid, f.url, f.path FROM unnest($1) AS wanted (oid), \
    LATERAL (SELECT n.oid AS oid, r.url AS url, n.path AS path FROM nodes n \
    JOIN stock_entries e ON e.tree_id = n.tree_id AND e.until IS NULL \
    JOIN repositories r ON r.id = e.repository_id \
    WHERE n.oid = wanted.oid AND e.stock_id = $2 ORDER BY n.tree_id, n.path LIMIT 1) f";

/// Those of these contents that the stock holds now, each with a name: URL and path.
///
/// # Errors
/// When the database does not answer.
pub fn stocked(
    tx: &mut Tx,
    stock: StockId,
    oids: &[Oid],
) -> Result<HashMap<Oid, (String, Vec<u8>)>, StoreError> {
    let mut held = HashMap::new();
    let mut keep = |row: Row| {
        held.insert(row.oid.0, (row.url, row.path));
    };
    for part in oids.chunks(KEYS) {
        match tx.conn() {
            AnyConnection::Postgres(conn) => {
                let keys: Vec<Hash> = part.iter().copied().map(Hash).collect();
                diesel::sql_query(FIRST_OF_EACH)
                    .bind::<Array<Binary>, _>(keys)
                    .bind::<sql::Id, _>(Id::from(stock))
                    .load::<Row>(conn)?
                    .into_iter()
                    .for_each(&mut keep);
            }
            AnyConnection::Sqlite(conn) => {
                for oid in part {
                    diesel::sql_query(FIRST)
                        .bind::<Binary, _>(Hash(*oid))
                        .bind::<sql::Id, _>(Id::from(stock))
                        .load::<Row>(conn)?
                        .into_iter()
                        .for_each(&mut keep);
                }
            }
        }
    }
    Ok(held)
}
