//! Histories of copies: what a fork has in common with what is known already.

use contracts::{Oid, RepositoryId};
use diesel::{ExpressionMethods, JoinOnDsl, QueryDsl, RunQueryDsl};

use super::rows::ids;
use crate::{
    StoreError, Tx,
    heads::slug,
    schema::{commits, held_heads, histories},
    types::{Hash, Id},
    values::{from_db, to_db},
};

/// A whole history that another repository may have much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The repository that it is of.
    pub repository: RepositoryId,
    /// How many commits there are; they have the positions from 1 to this one.
    pub commits: u64,
}

/// Up to `limit` histories that a repository with this URL may share: those of repositories whose URLs end in the
/// same name, those looked after last first. Only those that are whole.
///
/// # Errors
/// When the database does not answer.
pub fn copies(
    tx: &mut Tx,
    repository: RepositoryId,
    url: &str,
    limit: u32,
) -> Result<Vec<Copied>, StoreError> {
    let rows: Vec<(Id, i64)> = held_heads::table
        .inner_join(histories::table.on(histories::repository_id.eq(held_heads::repository_id)))
        .filter(held_heads::slug.eq(slug(url)))
        .filter(held_heads::repository_id.ne(Id::from(repository)))
        .filter(histories::tip.is_not_null())
        .filter(histories::is_cut.eq(false))
        .order(histories::updated_at.desc())
        .limit(limit.into())
        .select((histories::repository_id, histories::commits))
        .load(tx.conn())?;
    let copied = |(id, commits): (Id, i64)| Copied { repository: id.into(), commits: from_db(commits) };
    Ok(rows.into_iter().map(copied).collect())
}

/// A commit, and what it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// Where it is in its history.
    pub position: u64,
    /// Git's id of it.
    pub oid: Oid,
    /// Its parents.
    pub parents: Vec<Oid>,
    /// How many parents there are, of which absurdly many are not kept.
    pub parent_count: u64,
}

/// Up to `limit` commits before the position `before`, children before their parents.
///
/// # Errors
/// When the database does not answer.
pub fn lineage(
    tx: &mut Tx,
    repository: RepositoryId,
    before: u64,
    limit: u32,
) -> Result<Vec<Lineage>, StoreError> {
    let rows: Vec<(i64, Hash, Vec<u8>, i64)> = commits::table
        .filter(commits::repository_id.eq(Id::from(repository)))
        .filter(commits::position.lt(to_db(before)))
        .order(commits::position.desc())
        .limit(limit.into())
        .select((commits::position, commits::oid, commits::parents, commits::parent_count))
        .load(tx.conn())?;
    rows.into_iter()
        .map(|(position, oid, parents, count)| {
            Ok(Lineage {
                position: from_db(position),
                oid: oid.into(),
                parents: ids(&parents)?,
                parent_count: from_db(count),
            })
        })
        .collect()
}
