//! A tree that differs little from one that is known: what differs is written, the rest taken over.

use contracts::Oid;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, IntoSql, QueryDsl, QueryableByName, RunQueryDsl, sql_query,
    sql_types::BigInt,
};

use crate::{StoreError, Tx, connection::each, schema::nodes, types::Hash, values::from_db};

/// The mode of a row that only says that the base's node is not taken over. No node has it.
const NOT_TAKEN: i32 = 0;

/// What the base has and the draft has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Its path.
    pub path: Vec<u8>,
    /// Whether it is a folder, with everything in it.
    pub is_folder: bool,
}

/// What the nodes of a tree come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many there are.
    pub nodes: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their distinct contents.
    pub contents: u64,
}

/// Notes that these of the tree `base` are not in the draft.
///
/// # Errors
/// [`contracts::ErrorKind::Conflict`] when the draft has a node there; when the database does not answer.
pub fn insert_gone(tx: &mut Tx, draft: i64, base: i64, gone: &[Gone]) -> Result<(), StoreError> {
    for Gone { path, is_folder } in gone {
        let mut behind = path.clone();
        let of_base = nodes::table.filter(nodes::tree_id.eq(base));
        let columns = (nodes::tree_id, nodes::path, nodes::mode, nodes::oid, nodes::size);
        if *is_folder {
            behind.push(b'/');
            let mut end = path.clone();
            end.push(b'/' + 1);
            each!(tx, c => diesel::insert_into(nodes::table)
                .values(
                    of_base
                        .filter(nodes::path.gt(behind).and(nodes::path.lt(end)))
                        .select((
                            draft.into_sql::<BigInt>(),
                            nodes::path,
                            NOT_TAKEN.into_sql::<diesel::sql_types::Integer>(),
                            nodes::oid,
                            nodes::size,
                        )),
                )
                .into_columns(columns)
                .execute(c))?;
        } else {
            let row = (
                nodes::tree_id.eq(draft),
                nodes::path.eq(path),
                nodes::mode.eq(NOT_TAKEN),
                nodes::oid.eq(Hash(Oid::from([0; 20]))),
                nodes::size.eq(0_i64),
            );
            each!(tx, c => diesel::insert_into(nodes::table).values(row).execute(c))?;
        }
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Sums {
    #[diesel(sql_type = BigInt)]
    nodes: i64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
    #[diesel(sql_type = BigInt)]
    contents: i64,
}

/// Gives the draft every node of the tree `base` whose path it does not name itself, and returns what all
/// its nodes come to. To be called once, when everything else of the draft is written.
///
/// # Errors
/// [`StoreError::Conflict`] when the base was forgotten in the meantime: look again what is known. When the
/// database does not answer.
pub fn take_over(tx: &mut Tx, draft: i64, base: i64) -> Result<Totals, StoreError> {
    let known = super::hold(tx, base)?;
    // One statement, because the number of rows is that of a whole tree.
    let taken = each!(tx, c => sql_query(
        "INSERT INTO nodes (tree_id, path, mode, oid, size)
         SELECT $1, base.path, base.mode, base.oid, base.size FROM nodes base
         WHERE base.tree_id = $2
           AND NOT EXISTS (SELECT 1 FROM nodes own WHERE own.tree_id = $1 AND own.path = base.path)",
    )
    .bind::<BigInt, _>(draft)
    .bind::<BigInt, _>(base)
    .execute(c))?;
    if taken as u64 > known.nodes {
        return Err(StoreError::Corrupt(format!("tree {base} has more nodes than it should")));
    }
    diesel::delete(nodes::table.filter(nodes::tree_id.eq(draft)).filter(nodes::mode.eq(NOT_TAKEN)))
        .execute(tx.conn())?;
    totals(tx, draft)
}

/// Submodules and folders have no content of their own.
fn totals(tx: &mut Tx, draft: i64) -> Result<Totals, StoreError> {
    let sums: Sums = each!(tx, c => sql_query(
        "SELECT count(*) AS nodes, CAST(coalesce(sum(size), 0) AS bigint) AS bytes,
                count(DISTINCT CASE WHEN mode IN (57344, 16384) THEN NULL ELSE oid END) AS contents
         FROM nodes WHERE tree_id = $1",
    )
    .bind::<BigInt, _>(draft)
    .get_result(c))?;
    Ok(Totals { nodes: from_db(sums.nodes), bytes: from_db(sums.bytes), contents: from_db(sums.contents) })
}
