//! A revision at hand: its id, its entries and their contents.

use std::{ops::ControlFlow, path::PathBuf, sync::Arc};

use contracts::Oid;
use gix::ObjectId;

use crate::{
    Entry, GitError, Held, HeldCommit, Limits, Reader, Step,
    archive::Contents,
    directory::ListingReader,
    hash::empty_tree_oid,
    held::to_id,
    tree::{self, to_oid},
};

/// What a plain directory has that is no entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Sockets, pipes and devices.
    pub special: u64,
    /// Folders that the caller wanted left out.
    pub excluded: u64,
}

/// One revision of a repository, or a plain directory as it is now, ready to be read.
///
/// It can be shared between threads. It reads from where the repository is, or from the scratch folder
/// that it was fetched into, for as long as that is there.
pub struct Origin {
    source: Source,
    limits: Limits,
}

enum Source {
    Git(Box<Git>),
    Directory { root: Root, listing: PathBuf, tree: Oid, skipped: Skipped },
    Empty { has_worktree: bool },
}

/// Where the contents of a listing are.
#[derive(Clone)]
pub(crate) enum Root {
    Folder(PathBuf),
    Archive(Contents),
}

struct Git {
    repo: gix::ThreadSafeRepository,
    commit: ObjectId,
    tree: ObjectId,
    held: Option<Arc<dyn Held>>,
    /// The held commit that the server sent the difference from.
    common: Option<HeldCommit>,
}

impl Origin {
    pub(crate) fn git(
        repo: gix::ThreadSafeRepository,
        commit: ObjectId,
        tree: ObjectId,
        limits: &Limits,
    ) -> Self {
        let git = Git { repo, commit, tree, held: None, common: None };
        Self { source: Source::Git(Box::new(git)), limits: limits.clone() }
    }

    /// What is not in it is held by the caller.
    pub(crate) fn beside(mut self, held: Option<Arc<dyn Held>>, common: Option<HeldCommit>) -> Self {
        if let Source::Git(git) = &mut self.source {
            (git.held, git.common) = (held, common);
        }
        self
    }

    /// The held commit that the server sent the difference from, when it knew one.
    pub fn common(&self) -> Option<HeldCommit> {
        match &self.source {
            Source::Git(git) => git.common,
            Source::Directory { .. } | Source::Empty { .. } => None,
        }
    }

    pub(crate) fn directory(
        root: Root,
        listing: PathBuf,
        tree: Oid,
        skipped: Skipped,
        limits: &Limits,
    ) -> Self {
        Self { source: Source::Directory { root, listing, tree, skipped }, limits: limits.clone() }
    }

    pub(crate) fn empty(has_worktree: bool, limits: &Limits) -> Self {
        Self { source: Source::Empty { has_worktree }, limits: limits.clone() }
    }

    /// The commit; `None` for a plain directory and for a repository without any commit.
    pub fn commit(&self) -> Option<Oid> {
        match &self.source {
            Source::Git(git) => to_oid(&git.commit).ok(),
            Source::Directory { .. } | Source::Empty { .. } => None,
        }
    }

    /// The root tree's id, which names everything that [`walk`](Self::walk) visits. A plain directory's
    /// is what git would compute, were it a repository. A repository without commits has the empty tree.
    pub fn tree(&self) -> Oid {
        match &self.source {
            Source::Git(git) => to_oid(&git.tree).unwrap_or_else(|_| empty_tree_oid()),
            Source::Directory { tree, .. } => *tree,
            Source::Empty { .. } => empty_tree_oid(),
        }
    }

    /// Whether it is a local repository with a work tree, whose uncommitted files are not included.
    pub fn has_worktree(&self) -> bool {
        match &self.source {
            Source::Git(git) => git.repo.work_dir().is_some(),
            Source::Empty { has_worktree } => *has_worktree,
            Source::Directory { .. } => false,
        }
    }

    /// What a plain directory has that is no entry; nothing for repositories.
    pub fn skipped(&self) -> Skipped {
        match &self.source {
            Source::Directory { skipped, .. } => *skipped,
            Source::Git(_) | Source::Empty { .. } => Skipped::default(),
        }
    }

    /// Visits every entry, sorted by the bytes of its path, each path once, until the visitor fails.
    /// Memory is bounded by the depth and by the size of one folder, not by the number of entries.
    ///
    /// An entry whose object is missing or whose file could not be read has a problem and does not end
    /// the walk.
    ///
    /// # Errors
    /// The visitor's own; `TooLarge` when a limit of number, depth or path length is passed; `Invalid`
    /// when a tree is missing or broken.
    pub fn walk<E: From<GitError>>(&self, mut visit: impl FnMut(Entry) -> Result<(), E>) -> Result<(), E> {
        self.changes(None, |step| match step {
            Step::Entry(entry) => visit(entry),
            Step::Gone { .. } | Step::Folder { .. } => Ok(()),
        })
    }

    /// Visits, in the order of their paths, what makes this revision another one than the tree `base`, which
    /// is held. Without a base, and in plain directories, that is every entry. Folders come along as git has
    /// them, but for those that are the same in the base and those that the caller holds.
    ///
    /// # Errors
    /// As [`walk`](Self::walk).
    pub fn changes<E: From<GitError>>(
        &self,
        base: Option<Oid>,
        mut visit: impl FnMut(Step) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut failure = None;
        self.changes_dyn(base, &mut |step| match visit(step) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        })?;
        failure.map_or(Ok(()), Err)
    }

    fn changes_dyn(
        &self,
        base: Option<Oid>,
        visit: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<(), GitError> {
        match &self.source {
            Source::Git(git) => {
                let base = base.as_ref().map(to_id).transpose()?;
                let mut repo = git.repo.to_thread_local();
                // What is not there now will not come: nobody else writes here.
                repo.objects.refresh_never();
                tree::walk(&repo, git.held.as_deref(), git.tree, base, &self.limits, visit).map(drop)
            }
            Source::Directory { listing, .. } => {
                let failed =
                    |error: std::io::Error| GitError::io("the listing in the scratch folder", &error);
                let mut listing = ListingReader::open(listing).map_err(failed)?;
                while let Some(entry) = listing.next().map_err(failed)? {
                    if visit(Step::Entry(entry)).is_break() {
                        break;
                    }
                }
                Ok(())
            }
            Source::Empty { .. } => Ok(()),
        }
    }

    /// A reader of its contents; one per thread.
    pub fn reader(&self) -> Reader {
        match &self.source {
            Source::Git(git) => Reader::git(git.repo.to_thread_local(), &self.limits),
            Source::Directory { root, .. } => Reader::directory(root.clone(), &self.limits),
            Source::Empty { .. } => Reader::empty(),
        }
    }
}
