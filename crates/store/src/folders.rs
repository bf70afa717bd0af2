//! Folders: git's tree objects as git has them, each once. The nodes of a tree say the same in another
//! form; these let a visit compare folders without walking them, and stand in for what is not transferred.

use std::collections::BTreeMap;

use contracts::Oid;
use diesel::{Insertable, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::{StoreError, Tx, bulk::upsert_many, schema::folders, types::Hash};

#[derive(Insertable)]
#[diesel(table_name = folders, treat_none_as_default_value = false)]
struct Row<'a> {
    oid: Hash,
    data: &'a [u8],
}

/// Keeps tree objects: their ids, and their bytes without git's header. Who calls has checked that the
/// ones are the digests of the others. Those that are kept already stay as they are.
///
/// # Errors
/// When the database does not answer.
pub fn insert_many(tx: &mut Tx, folders: &[(Oid, Vec<u8>)]) -> Result<(), StoreError> {
    // Two visits that keep the same folders meet in the same order.
    let sorted: BTreeMap<&Oid, &[u8]> = folders.iter().map(|(oid, data)| (oid, data.as_slice())).collect();
    let rows: Vec<Row<'_>> = sorted.into_iter().map(|(oid, data)| Row { oid: Hash(*oid), data }).collect();
    upsert_many!(tx, &rows, rows => diesel::insert_into(folders::table)
        .values(rows)
        .on_conflict_do_nothing())?;
    Ok(())
}

/// The bytes of the tree object with this id.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, oid: &Oid) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(folders::table.find(Hash(*oid)).select(folders::data).first(tx.conn()).optional()?)
}
