//! What a fork shares with copies of it: taken over from their histories instead of being fetched.

use std::collections::HashSet;

use contracts::{ErrorKind, Failure, Oid, RepositoryId};
use git::GitError;
use store::{
    StoreError, Tx,
    histories::{self, Commit, Copied, Sums},
    revisions::Revision,
};
use tokio::sync::mpsc;

use super::{PAGE, send};
use crate::context::Context;

/// Histories that are looked at.
const MOST: u32 = 4;
/// Commits whose parents are read at once.
const LINEAGE: u32 = 5_000;

/// Histories that a repository may share, those most likely so first.
#[derive(Clone)]
pub(super) struct Copies(Vec<Copied>);

/// Commits of one copy, parents before their children.
pub(super) struct Shared {
    repository: RepositoryId,
    /// Each with its position there.
    pub(super) commits: Vec<(u64, Oid)>,
}

impl Copies {
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    pub(super) async fn of(context: &Context, revision: &Revision) -> Result<Self, Failure> {
        let (repository, url) = (revision.repository, revision.url.clone());
        let found = context.store.read(move |tx| histories::copies(tx, repository, &url, MOST)).await?;
        Ok(Self(found))
    }

    /// What a server is told of: of each copy the newest commit, then twice as far back with every step. Wherever a
    /// fork left its original, not much more than what came there since is fetched again.
    pub(super) async fn offered(&self, context: &Context) -> Result<Vec<Oid>, Failure> {
        let copies = self.0.clone();
        let read = move |tx: &mut Tx| {
            let mut offered = Vec::new();
            for copy in &copies {
                let found = histories::at(tx, copy.repository, &milestones(copy.commits))?;
                offered.extend(found.iter().rev().map(|commit| commit.oid));
            }
            Ok(offered)
        };
        context.store.read(read).await.map_err(Failure::from)
    }

    /// Which of the copies has the commit, and where.
    pub(super) fn find(&self, tx: &mut Tx, commit: &Oid) -> Result<Option<(Copied, u64)>, StoreError> {
        for copy in &self.0 {
            let found = histories::position(tx, copy.repository, commit)?;
            // What is behind the end does not count yet.
            if let Some(position) = found.filter(|position| *position <= copy.commits) {
                return Ok(Some((*copy, position)));
            }
        }
        Ok(None)
    }

    /// These commits and all that leads to them; none when the copies have not all of it.
    pub(super) async fn shared(
        &self,
        context: &Context,
        commits: &[Oid],
        most: u64,
    ) -> Result<Option<Vec<Shared>>, Failure> {
        let (copies, asked) = (self.clone(), commits.to_vec());
        let find = move |tx: &mut Tx| {
            let mut found = Vec::new();
            for commit in &asked {
                let Some((copy, position)) = copies.find(tx, commit)? else { return Ok(None) };
                found.push((copy, position, *commit));
            }
            Ok(Some(found))
        };
        let Some(found) = context.store.read(find).await? else { return Ok(None) };
        let (mut taken, mut shared, mut count) = (HashSet::new(), Vec::new(), 0);
        for copy in &self.0 {
            let ends = || found.iter().filter(|(of, ..)| of == copy);
            let Some(newest) = ends().map(|(_, position, _)| *position).max() else { continue };
            let wanted = ends().map(|(.., commit)| *commit).collect();
            let line = Line { copy: *copy, wanted, taken: &taken };
            let Some(commits) = line.follow(context, newest, most - count).await? else { return Ok(None) };
            count += commits.len() as u64;
            taken.extend(commits.iter().map(|(_, oid)| *oid));
            shared.push(Shared { repository: copy.repository, commits });
        }
        Ok(Some(shared))
    }
}

/// One copy, followed to its beginning.
struct Line<'a> {
    copy: Copied,
    wanted: HashSet<Oid>,
    /// What other copies have given already.
    taken: &'a HashSet<Oid>,
}

impl Line<'_> {
    async fn follow(
        mut self,
        context: &Context,
        newest: u64,
        most: u64,
    ) -> Result<Option<Vec<(u64, Oid)>>, Failure> {
        let (repository, mut before, mut commits) = (self.copy.repository, newest + 1, Vec::new());
        self.wanted.retain(|oid| !self.taken.contains(oid));
        while !self.wanted.is_empty() {
            let read = move |tx: &mut Tx| histories::lineage(tx, repository, before, LINEAGE);
            let page = context.store.read(read).await?;
            let Some(last) = page.last() else { return Ok(None) };
            before = last.position;
            for commit in page {
                if !self.wanted.remove(&commit.oid) {
                    continue;
                }
                if commit.parent_count != commit.parents.len() as u64 {
                    return Ok(None);
                }
                self.wanted.extend(commit.parents.iter().filter(|parent| !self.taken.contains(*parent)));
                commits.push((commit.position, commit.oid));
            }
            if commits.len() as u64 > most {
                let reason = format!("more than {most} commits, the limit of one history");
                return Err(Failure::new(ErrorKind::TooLarge, reason));
            }
        }
        commits.reverse();
        Ok(Some(commits))
    }
}

/// The last position, then back with steps that double, down to the first.
fn milestones(commits: u64) -> Vec<u64> {
    let steps = std::iter::once(0).chain((0..u64::BITS).map(|power| 1 << power));
    let mut found: Vec<u64> =
        steps.map_while(|back| commits.checked_sub(back)).filter(|position| *position > 1).collect();
    found.extend((commits > 0).then_some(1));
    found
}

/// Sends what is shared in pages, as commits behind the position `after`.
pub(super) fn walk(
    shared: &[Shared],
    after: u64,
    read: impl Fn(RepositoryId, Vec<u64>) -> Result<Vec<Commit>, StoreError>,
    pages: &mpsc::Sender<Vec<Commit>>,
) -> Result<Sums, GitError> {
    let (mut position, mut sums) = (after, Sums::default());
    for of_copy in shared {
        for chunk in of_copy.commits.chunks(PAGE) {
            let positions = chunk.iter().map(|(position, _)| *position).collect();
            let mut page = read(of_copy.repository, positions).map_err(|error| {
                let failure = Failure::from(error);
                GitError::new(failure.kind, failure.reason)
            })?;
            if !page.iter().map(|commit| commit.oid).eq(chunk.iter().map(|(_, oid)| *oid)) {
                return Err(GitError::new(ErrorKind::Unavailable, "a copy's history was just written anew"));
            }
            for commit in &mut page {
                position += 1;
                commit.position = position;
                sums.add(commit.kind, commit.chars, commit.words, commit.fog);
            }
            send(pages, page)?;
        }
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::milestones;

    #[test]
    fn milestones_lead_from_the_end_to_the_beginning() {
        assert_eq!(milestones(0), [0_u64; 0]);
        assert_eq!(milestones(1), [1]);
        assert_eq!(milestones(2), [2, 1]);
        assert_eq!(milestones(21), [21, 20, 19, 17, 13, 5, 1]);
        assert!(milestones(2_000_000).len() < 24);
    }
}
