//! Heads: the commit that the newest visit of each repository saw, and whose files are all held.

use contracts::{Oid, RepositoryId};
use diesel::{ExpressionMethods, JoinOnDsl, OptionalExtension, QueryDsl, RunQueryDsl};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    connection::each,
    keys::storable,
    schema::{folders, held_heads, revisions, trees as trees_rows},
    trees::{self, Tree},
    types::{Hash, Id, Instant},
};

/// A commit whose files and folders are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldHead {
    /// The repository that was seen at it.
    pub repository: RepositoryId,
    /// The commit.
    pub commit: Oid,
    /// Its tree with its nodes.
    pub tree: i64,
    /// Git's id of that tree.
    pub tree_oid: Oid,
}

/// What a repository and its copies have in common: the last part of its URL, without `.git`.
pub fn slug(url: &str) -> String {
    let last = url.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    let name = last.strip_suffix(".git").unwrap_or(last);
    storable(name).to_lowercase().chars().take(100).collect()
}

/// Keeps the head of a repository with this URL in the place of its last one.
///
/// # Errors
/// When the database does not answer.
pub fn set(tx: &mut Tx, url: &str, head: &HeldHead, now: Timestamp) -> Result<(), StoreError> {
    let seen = (
        held_heads::slug.eq(slug(url)),
        held_heads::commit_id.eq(Hash(head.commit)),
        held_heads::tree_id.eq(head.tree),
        held_heads::tree_oid.eq(Hash(head.tree_oid)),
        held_heads::seen_at.eq(Instant(now)),
    );
    let row = (held_heads::repository_id.eq(Id::from(head.repository)), seen.clone());
    each!(tx, c => diesel::insert_into(held_heads::table)
        .values(row)
        .on_conflict(held_heads::repository_id)
        .do_update()
        .set(seen)
        .execute(c))?;
    Ok(())
}

/// Up to `limit` heads that a visit of this repository may build on: its own first, then those of
/// repositories with the same slug, newest first. Only those whose folders and nodes are kept.
///
/// # Errors
/// When the database does not answer.
pub fn candidates(
    tx: &mut Tx,
    repository: RepositoryId,
    url: &str,
    limit: u32,
) -> Result<Vec<HeldHead>, StoreError> {
    type Row = (Id, Hash, i64, Hash);
    let kept = || {
        held_heads::table
            .inner_join(folders::table.on(folders::oid.eq(held_heads::tree_oid)))
            .inner_join(trees_rows::table.on(trees_rows::id.eq(held_heads::tree_id)))
            .select((
                held_heads::repository_id,
                held_heads::commit_id,
                held_heads::tree_id,
                held_heads::tree_oid,
            ))
    };
    let own: Option<Row> =
        kept().filter(held_heads::repository_id.eq(Id::from(repository))).first(tx.conn()).optional()?;
    let others: Vec<Row> = kept()
        .filter(held_heads::slug.eq(slug(url)))
        .filter(held_heads::repository_id.ne(Id::from(repository)))
        .order(held_heads::seen_at.desc())
        .limit(limit.into())
        .load(tx.conn())?;
    let mut heads: Vec<HeldHead> = Vec::new();
    for (repository, commit, tree, tree_oid) in own.into_iter().chain(others) {
        let (commit, tree_oid) = (commit.into(), tree_oid.into());
        let head = HeldHead { repository: repository.into(), commit, tree, tree_oid };
        if heads.len() < limit as usize && !heads.iter().any(|known| known.commit == head.commit) {
            heads.push(head);
        }
    }
    Ok(heads)
}

/// The tree of this commit, when any repository was seen at it.
///
/// # Errors
/// When the database does not answer.
pub fn tree_of(tx: &mut Tx, commit: &Oid) -> Result<Option<Tree>, StoreError> {
    let tree: Option<Option<i64>> = revisions::table
        .filter(revisions::commit_id.eq(Hash(*commit)))
        .filter(revisions::tree_id.is_not_null())
        .order(revisions::id.desc())
        .select(revisions::tree_id)
        .first(tx.conn())
        .optional()?;
    match tree.flatten() {
        Some(tree) => trees::get(tx, tree),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_share_the_slug() {
        for url in [
            "https://example.org/a/Project",
            "https://example.org/b/project.git",
            "ssh://git@example.org/c/project",
            "file:///srv/project.git/",
        ] {
            assert_eq!(slug(url), "project", "{url}");
        }
        assert_eq!(slug(""), "");
    }
}
