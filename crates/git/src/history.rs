//! The commits of a repository, parents before their children, without their contents.

use std::{collections::HashSet, ops::ControlFlow};

use contracts::Oid;
use gix::{
    ObjectId,
    objs::{Find, Kind},
};

use crate::{
    Commit, GitError, Known,
    commit::parents_of,
    error::chain,
    held::to_id,
    meter::Meter,
    tree::{to_oid, verified},
};

/// Whether a commit is known to the caller.
pub type IsKnown<'a> = dyn Fn(&Oid) -> Result<bool, GitError> + 'a;

/// Commits at hand, in an order in which parents come before their children. It reads from where the repository
/// is, or from the scratch folder that it was fetched into, for as long as that is there.
pub struct History {
    repo: gix::ThreadSafeRepository,
    found: Found,
}

/// What a walk has found.
struct Found {
    order: Vec<ObjectId>,
    goes_on: bool,
    is_cut: bool,
    elsewhere: Vec<Oid>,
}

impl History {
    /// What leads to `tip` behind what the caller knows. Memory is bounded by the number of commits, about a
    /// hundred bytes each.
    pub(crate) fn collect(
        repo: gix::ThreadSafeRepository,
        tip: &Oid,
        known: Known<'_>,
        meter: &Meter,
    ) -> Result<Self, GitError> {
        let mut local = repo.to_thread_local();
        local.objects.refresh_never();
        let walk = Walk {
            repo: &local,
            since: known.since.as_ref().map(to_id).transpose()?,
            known,
            meter,
            seen: HashSet::new(),
            found: Found {
                order: Vec::new(),
                goes_on: known.since.is_none(),
                is_cut: false,
                elsewhere: Vec::new(),
            },
            buffer: Vec::new(),
        };
        Ok(Self { repo, found: walk.run(to_id(tip)?)? })
    }

    /// Whether they come in the place of what was known.
    pub(crate) fn anew(mut self, anew: bool) -> Self {
        self.found.goes_on = !anew;
        self
    }

    /// How many commits there are.
    pub fn len(&self) -> usize {
        self.found.order.len()
    }

    /// Whether there is none: nothing is new.
    pub fn is_empty(&self) -> bool {
        self.found.order.is_empty()
    }

    /// Whether the commits come on top of what the caller knows; otherwise history was written anew, and these
    /// are all there are.
    pub fn goes_on(&self) -> bool {
        self.found.goes_on
    }

    /// Whether some commit has parents that the server itself has not.
    pub fn is_cut(&self) -> bool {
        self.found.is_cut
    }

    /// Commits that these build on and that did not come, since copies of the repository know them.
    pub fn elsewhere(&self) -> &[Oid] {
        &self.found.elsewhere
    }

    /// Visits every commit, parents before their children, until the visitor fails.
    ///
    /// # Errors
    /// The visitor's own; `Invalid` when a commit is missing or broken.
    pub fn walk<E: From<GitError>>(&self, mut visit: impl FnMut(Commit) -> Result<(), E>) -> Result<(), E> {
        let mut repo = self.repo.to_thread_local();
        repo.objects.refresh_never();
        let mut buffer = Vec::new();
        for id in &self.found.order {
            if !read(&repo, id, &mut buffer)? {
                return Err(GitError::invalid(format_args!("the commit {id} is gone")).into());
            }
            visit(Commit::read(id, &buffer)?)?;
        }
        Ok(())
    }
}

struct Walk<'a> {
    repo: &'a gix::Repository,
    since: Option<ObjectId>,
    known: Known<'a>,
    meter: &'a Meter,
    seen: HashSet<ObjectId>,
    found: Found,
    buffer: Vec<u8>,
}

impl Walk<'_> {
    /// Depth first, without recursion: histories are as deep as they are long.
    fn run(mut self, tip: ObjectId) -> Result<Found, GitError> {
        let mut open: Vec<(ObjectId, std::vec::IntoIter<ObjectId>)> = Vec::new();
        if let ControlFlow::Continue(parents) = self.enter(tip)? {
            open.push((tip, parents));
        } else if self.found.is_cut {
            return Err(GitError::invalid(format_args!("the commit {tip} did not come")));
        }
        while let Some((_, parents)) = open.last_mut() {
            match parents.next() {
                Some(parent) => {
                    if let ControlFlow::Continue(parents) = self.enter(parent)? {
                        open.push((parent, parents));
                    }
                }
                None => self.found.order.extend(open.pop().map(|(id, _)| id)),
            }
        }
        Ok(self.found)
    }

    /// The parents of a commit that is met for the first time and not known.
    fn enter(&mut self, id: ObjectId) -> Result<ControlFlow<(), std::vec::IntoIter<ObjectId>>, GitError> {
        self.meter.check().map_err(|_stopped| self.meter.verdict(GitError::cancelled))?;
        if !self.seen.insert(id) {
            return Ok(ControlFlow::Break(()));
        }
        if self.since.is_some() {
            self.found.goes_on |= self.since == Some(id);
            if self.since == Some(id) || (self.known.is_known)(&to_oid(&id)?)? {
                return Ok(ControlFlow::Break(()));
            }
        }
        let most = self.meter.limits().commits;
        if self.seen.len() as u64 > most {
            let reason = format_args!("more than {most} commits, the limit of one history");
            return Err(GitError::too_large(reason));
        }
        if !read(self.repo, &id, &mut self.buffer)? {
            let oid = to_oid(&id)?;
            if !self.known.elsewhere.is_empty() && (self.known.is_known)(&oid)? {
                self.found.elsewhere.push(oid);
            } else {
                self.found.is_cut = true;
            }
            return Ok(ControlFlow::Break(()));
        }
        let mut parents: Vec<ObjectId> = parents_of(&self.buffer).collect();
        parents.shrink_to_fit();
        Ok(ControlFlow::Continue(parents.into_iter()))
    }
}

/// Reads a commit, which has to be what its id says. Returns whether it is there.
fn read(repo: &gix::Repository, id: &ObjectId, buffer: &mut Vec<u8>) -> Result<bool, GitError> {
    let broken = |what: &dyn std::fmt::Display| GitError::invalid(format_args!("the commit {id} {what}"));
    match repo.objects.try_find(id, buffer) {
        Ok(None) => Ok(false),
        Ok(Some(data)) => {
            let (kind, length) = (data.kind, data.data.len());
            buffer.truncate(length);
            if kind == Kind::Commit && verified(kind, buffer, id) {
                Ok(true)
            } else {
                Err(broken(&"is no commit, or not what its id says"))
            }
        }
        Err(error) => Err(broken(&format_args!("cannot be read: {}", chain(&error)))),
    }
}
