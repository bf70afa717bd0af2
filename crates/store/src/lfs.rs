//! Pointers of Git LFS: contents that stand for something larger, which is kept elsewhere and never fetched.

use std::collections::BTreeMap;

use contracts::Oid;
use diesel::{ExpressionMethods, Insertable, QueryDsl, RunQueryDsl};

use crate::{
    StoreError, Tx,
    bulk::upsert_many,
    connection::each,
    keys::storable,
    schema::lfs_pointers,
    types::Hash,
    values::{KEYS, from_db, to_db},
};

/// What a pointer stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LfsPointer {
    /// Git's id of the pointer itself.
    pub oid: Oid,
    /// The digest of what it stands for, with its algorithm: `sha256:…`.
    pub target: String,
    /// Bytes of what it stands for.
    pub size: u64,
}

#[derive(Insertable)]
#[diesel(table_name = lfs_pointers, treat_none_as_default_value = false)]
struct Row<'a> {
    oid: Hash,
    target: std::borrow::Cow<'a, str>,
    size: i64,
}

/// Keeps pointers. Those that are kept already stay as they are.
///
/// # Errors
/// When the database does not answer.
pub fn insert_many(tx: &mut Tx, pointers: &[LfsPointer]) -> Result<(), StoreError> {
    let sorted: BTreeMap<&Oid, &LfsPointer> =
        pointers.iter().map(|pointer| (&pointer.oid, pointer)).collect();
    let rows: Vec<Row<'_>> = sorted
        .into_values()
        .map(|pointer| Row {
            oid: Hash(pointer.oid),
            target: storable(&pointer.target),
            size: to_db(pointer.size),
        })
        .collect();
    upsert_many!(tx, &rows, rows => diesel::insert_into(lfs_pointers::table)
        .values(rows)
        .on_conflict_do_nothing())?;
    Ok(())
}

/// Those of these contents that are pointers, by id.
///
/// # Errors
/// When the database does not answer.
pub fn of_contents(tx: &mut Tx, oids: &[Oid]) -> Result<Vec<LfsPointer>, StoreError> {
    let mut found = Vec::new();
    for part in oids.chunks(KEYS) {
        let keys: Vec<Hash> = part.iter().copied().map(Hash).collect();
        let rows: Vec<(Hash, String, i64)> = each!(tx, c => lfs_pointers::table
            .filter(lfs_pointers::oid.eq_any(keys))
            .load(c))?;
        found.extend(rows.into_iter().map(|(oid, target, size)| LfsPointer {
            oid: oid.into(),
            target,
            size: from_db(size),
        }));
    }
    found.sort_by_key(|pointer| pointer.oid);
    Ok(found)
}
