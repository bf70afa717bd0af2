//! Folders: git's tree objects as git has them, each once. The nodes of a tree say the same in another
//! form; these let a visit compare folders without walking them, and stand in for what is not transferred.

use std::collections::{BTreeMap, BTreeSet};

use contracts::Oid;
use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::{
    StoreError, Tx,
    bulk::upsert_many,
    connection::each,
    schema::{folder_links, folders, folders_going, tree_drafts, trees},
    types::Hash,
};

#[derive(Insertable)]
#[diesel(table_name = folders, treat_none_as_default_value = false)]
struct Row<'a> {
    oid: Hash,
    data: &'a [u8],
}

#[derive(Insertable)]
#[diesel(table_name = folder_links, treat_none_as_default_value = false)]
struct Link {
    child: Hash,
    parent: Hash,
}

/// Keeps tree objects: their ids, and their bytes without git's header. Who calls has checked that the
/// ones are the digests of the others. Those that are kept already stay as they are.
///
/// # Errors
/// When the database does not answer.
pub fn insert_many(tx: &mut Tx, folders: &[(Oid, Vec<u8>)]) -> Result<(), StoreError> {
    // Two visits that keep the same folders meet in the same order.
    let sorted: BTreeMap<&Oid, &[u8]> = folders.iter().map(|(oid, data)| (oid, data.as_slice())).collect();
    let links: BTreeSet<(Oid, Oid)> = sorted
        .iter()
        .flat_map(|(parent, data)| children(data).into_iter().map(|child| (child, **parent)))
        .collect();
    let rows: Vec<Row<'_>> = sorted.into_iter().map(|(oid, data)| Row { oid: Hash(*oid), data }).collect();
    upsert_many!(tx, &rows, rows => diesel::insert_into(folders::table)
        .values(rows)
        .on_conflict_do_nothing())?;
    let links: Vec<Link> =
        links.into_iter().map(|(child, parent)| Link { child: Hash(child), parent: Hash(parent) }).collect();
    upsert_many!(tx, &links, links => diesel::insert_into(folder_links::table)
        .values(links)
        .on_conflict_do_nothing())?;
    Ok(())
}

/// The folders in a folder, as git's tree objects have them.
fn children(data: &[u8]) -> Vec<Oid> {
    const ID: usize = 20;
    let (mut found, mut rest) = (Vec::new(), data);
    while let Some(end) = rest.iter().position(|byte| *byte == 0) {
        let Some((id, after)) = rest[end + 1..].split_at_checked(ID) else { break };
        let mode = rest[..end].split(|byte| *byte == b' ').next().unwrap_or_default();
        if mode.trim_ascii_start() == b"40000" || mode == b"040000" {
            found.extend(Oid::from_bytes(id).ok());
        }
        rest = after;
    }
    found
}

/// Says that the folders of a tree perhaps lie in nothing any more.
pub(crate) fn doubt(tx: &mut Tx, root: Hash) -> Result<(), StoreError> {
    let row = folders_going::oid.eq(root);
    each!(tx, c => diesel::insert_into(folders_going::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

/// The same for the tree that a draft was to be.
pub(crate) fn doubt_draft(tx: &mut Tx, draft: i64) -> Result<(), StoreError> {
    let root: Option<Hash> =
        tree_drafts::table.find(draft).select(tree_drafts::oid).first(tx.conn()).optional()?;
    root.map_or(Ok(()), |root| doubt(tx, root))
}

/// What one look at folders in doubt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The last one that was looked at; the next look goes on behind it.
    pub last: Oid,
    /// How many were dropped.
    pub folders: u64,
}

/// Looks at up to `limit` folders in doubt behind `after`, and drops those that are no tree's root and lie in no
/// other folder; what lies in them is in doubt from then on. `None` when there are no more.
///
/// A visit that builds on a folder that goes just now finds it missing, and fetches all of its repository.
///
/// # Errors
/// When the database does not answer.
pub fn drop_some(tx: &mut Tx, after: Option<Oid>, limit: u32) -> Result<Option<Dropped>, StoreError> {
    let after = after.map_or_else(Vec::new, |oid| oid.as_bytes().to_vec());
    let going: Vec<Hash> = folders_going::table
        .filter(folders_going::oid.gt(after))
        .order(folders_going::oid)
        .limit(limit.into())
        .select(folders_going::oid)
        .load(tx.conn())?;
    let Some(last) = going.last().map(|last| last.0) else { return Ok(None) };
    let mut dropped = 0;
    for oid in going {
        // Whoever writes the same tree again just now settles it.
        let draft = tree_drafts::table.filter(tree_drafts::oid.eq(oid)).select(tree_drafts::id);
        if draft.first::<i64>(tx.conn()).optional()?.is_some() {
            continue;
        }
        dropped += u64::from(drop_one(tx, oid)?);
        diesel::delete(folders_going::table.find(oid)).execute(tx.conn())?;
    }
    Ok(Some(Dropped { last, folders: dropped }))
}

fn drop_one(tx: &mut Tx, oid: Hash) -> Result<bool, StoreError> {
    let root = trees::table.filter(trees::oid.eq(oid)).select(trees::id);
    let holder = folder_links::table.filter(folder_links::child.eq(oid)).select(folder_links::parent);
    if root.first::<i64>(tx.conn()).optional()?.is_some()
        || holder.first::<Hash>(tx.conn()).optional()?.is_some()
    {
        return Ok(false);
    }
    let in_it = folder_links::table.filter(folder_links::parent.eq(oid));
    let children: Vec<Hash> = in_it.select(folder_links::child).load(tx.conn())?;
    diesel::delete(folder_links::table.filter(folder_links::parent.eq(oid))).execute(tx.conn())?;
    let dropped = diesel::delete(folders::table.find(oid)).execute(tx.conn())?;
    for child in children {
        doubt(tx, child)?;
    }
    Ok(dropped > 0)
}

/// How many folders are kept.
///
/// # Errors
/// When the database does not answer.
pub fn count(tx: &mut Tx) -> Result<u64, StoreError> {
    let count: i64 = folders::table.count().get_result(tx.conn())?;
    Ok(crate::values::from_db(count))
}

/// The bytes of the tree object with this id.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, oid: &Oid) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(folders::table.find(Hash(*oid)).select(folders::data).first(tx.conn()).optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_are_children_and_what_is_broken_ends_the_list() {
        let (one, two) = (Oid::from([1; 20]), Oid::from([2; 20]));
        let entry = |mode: &str, oid: &Oid| [mode.as_bytes(), b" name\0", oid.as_bytes()].concat();
        let all = ["100644", "40000", "160000", "120000"].map(|mode| entry(mode, &one)).concat();
        assert_eq!(children(&all), [one]);
        assert_eq!(children(&[entry("040000", &one), entry("40000", &two)].concat()), [one, two]);
        assert_eq!(children(&[entry("40000", &two), b"40000 cut\0short".to_vec()].concat()), [two]);
        assert_eq!(children(b"no folder"), []);
    }
}
