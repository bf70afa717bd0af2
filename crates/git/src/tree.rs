//! Walking a git tree, hostile ones included.

use std::ops::ControlFlow;

use contracts::{ErrorKind, Failure, Oid};
use gix::{
    ObjectId,
    objs::{FindHeader, Kind, TreeRefIter},
    prelude::FindExt,
};

use crate::{Entry, EntryKind, GitError, Held, Limits, Step, directory::check_limits, error::chain};

/// Visits every entry below the tree `root` that is no tree itself, sorted by the bytes of its path; with a
/// tree to compare with, only what differs from it.
pub(crate) fn walk(
    repo: &gix::Repository,
    held: Option<&dyn Held>,
    root: ObjectId,
    base: Option<ObjectId>,
    limits: &Limits,
    visit: &mut dyn FnMut(Step) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, GitError> {
    let mut walk =
        Walk { repo, held, limits, visit, path: Vec::new(), entries: 0, trees: 0, spare: Vec::new() };
    walk.tree(root, base, 0)
}

struct Walk<'a> {
    repo: &'a gix::Repository,
    held: Option<&'a dyn Held>,
    limits: &'a Limits,
    visit: &'a mut dyn FnMut(Step) -> ControlFlow<()>,
    path: Vec<u8>,
    entries: u64,
    trees: u64,
    /// Buffers of trees that are done.
    spare: Vec<Vec<u8>>,
}

struct Named<'a> {
    kind: EntryKind,
    name: &'a [u8],
    id: &'a gix::oid,
}

impl Walk<'_> {
    fn tree(
        &mut self,
        id: ObjectId,
        base: Option<ObjectId>,
        depth: usize,
    ) -> Result<ControlFlow<()>, GitError> {
        self.trees += 1;
        check_limits(self.limits, &self.path, depth, self.trees)?;
        let (mut buffer, mut base_buffer) =
            (self.spare.pop().unwrap_or_default(), self.spare.pop().unwrap_or_default());
        let flow = self.tree_in(id, base, depth, &mut buffer, &mut base_buffer);
        self.spare.extend([buffer, base_buffer]);
        flow
    }

    fn tree_in(
        &mut self,
        id: ObjectId,
        base: Option<ObjectId>,
        depth: usize,
        buffer: &mut Vec<u8>,
        base_buffer: &mut Vec<u8>,
    ) -> Result<ControlFlow<()>, GitError> {
        if self.read(&id, buffer)? {
            let folder = Step::Folder { oid: to_oid(&id)?, data: buffer.clone() };
            if (self.visit)(folder).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        let mut old = Vec::new();
        if let Some(base) = base {
            self.read(&base, base_buffer)?;
            old = self.sorted(base_buffer, &base)?;
        }
        let mut old = old.into_iter().peekable();
        for named in self.sorted(buffer, &id)? {
            while let Some(gone) = old.next_if(|old| key(old).lt(key(&named))) {
                if self.gone(&gone).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            let before = old.next_if(|old| key(old).eq(key(&named)));
            if before.as_ref().is_some_and(|old| old.id == named.id && old.kind == named.kind) {
                continue;
            }
            let parent = self.enter(named.name);
            let flow = match named.kind {
                EntryKind::Directory => {
                    self.tree(named.id.to_owned(), before.map(|old| old.id.to_owned()), depth + 1)?
                }
                _ => self.entry(&named)?,
            };
            self.path.truncate(parent);
            if flow.is_break() {
                return Ok(flow);
            }
        }
        for gone in old {
            if self.gone(&gone).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Puts the tree's bytes, checked, into `buffer`. Returns whether they are the repository's own, and not
    /// what the caller holds.
    fn read(&self, id: &ObjectId, buffer: &mut Vec<u8>) -> Result<bool, GitError> {
        buffer.clear();
        if id.is_empty_tree() {
            return Ok(false);
        }
        let broken = || GitError::invalid(format_args!("the object {id} of {} is broken", self.place()));
        match self.repo.objects.find(id, buffer) {
            Ok(data) if data.kind != Kind::Tree || !verified(data.kind, data.data, id) => Err(broken()),
            Ok(data) => {
                let length = data.data.len();
                buffer.truncate(length);
                Ok(true)
            }
            Err(error) => match self.held.map(|held| held.tree(&to_oid(id)?)).transpose()?.flatten() {
                Some(data) if verified(Kind::Tree, &data, id) => {
                    *buffer = data;
                    Ok(false)
                }
                Some(_) => Err(broken()),
                None => Err(GitError::invalid(format_args!(
                    "the tree {id} of {} cannot be read: {}",
                    self.place(),
                    chain(&error)
                ))),
            },
        }
    }

    /// Makes `name` part of the path; the length to cut it to afterwards.
    fn enter(&mut self, name: &[u8]) -> usize {
        let parent = self.path.len();
        if parent > 0 {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(name);
        parent
    }

    fn gone(&mut self, old: &Named<'_>) -> ControlFlow<()> {
        let parent = self.enter(old.name);
        let step = Step::Gone { path: self.path.clone(), is_folder: old.kind == EntryKind::Directory };
        self.path.truncate(parent);
        (self.visit)(step)
    }

    fn entry(&mut self, named: &Named<'_>) -> Result<ControlFlow<()>, GitError> {
        self.entries += 1;
        check_limits(self.limits, &self.path, 0, self.entries)?;
        let mut is_held = false;
        let (size, problem) = match named.kind {
            EntryKind::Submodule => (0, None),
            _ => match self.repo.objects.try_header(named.id) {
                Ok(Some(header)) if header.kind == Kind::Blob => (header.size, None),
                Ok(Some(header)) => {
                    (0, Some(broken(format_args!("is a {}, not a file's content", header.kind))))
                }
                Ok(None) if self.held.is_some() => {
                    is_held = true;
                    (0, None)
                }
                Ok(None) => (0, Some(broken("is missing in the repository"))),
                Err(error) => (0, Some(broken(format_args!("cannot be read: {}", chain(&error))))),
            },
        };
        let problem = problem.map(|failure| Failure {
            reason: format!("the object {} {}", named.id, failure.reason),
            ..failure
        });
        let (kind, path) = (named.kind, self.path.clone());
        let entry = Entry { path, mode: kind.mode(), kind, oid: to_oid(named.id)?, size, problem, is_held };
        Ok((self.visit)(Step::Entry(entry)))
    }

    /// The entries of one tree. Trees that git wrote are sorted already; others are sorted here, and
    /// refused when two entries would have the same path.
    fn sorted<'t>(&self, data: &'t [u8], id: &ObjectId) -> Result<Vec<Named<'t>>, GitError> {
        let broken = |what: &str, name: &[u8]| {
            let name = String::from_utf8_lossy(name);
            GitError::invalid(format_args!("the tree {id} of {} {what} {name:?}", self.place()))
        };
        let mut entries = Vec::new();
        for entry in TreeRefIter::from_bytes(data, id.kind()) {
            let entry = entry.map_err(|error| {
                GitError::invalid(format_args!(
                    "the tree {id} of {} is broken: {}",
                    self.place(),
                    chain(&error)
                ))
            })?;
            let name: &[u8] = entry.filename;
            if name.is_empty() || name.contains(&b'/') {
                return Err(broken("has an entry that is no name:", name));
            }
            entries.push(Named {
                kind: EntryKind::from_mode(u32::from(entry.mode.value())),
                name,
                id: entry.oid,
            });
        }
        if !entries.is_sorted_by(|a, b| key(a).lt(key(b))) {
            entries.sort_by(|a, b| key(a).cmp(key(b)));
            if let Some(twice) = entries.windows(2).find(|pair| key(&pair[0]).eq(key(&pair[1]))) {
                return Err(broken("names twice:", twice[0].name));
            }
        }
        Ok(entries)
    }

    fn place(&self) -> String {
        if self.path.is_empty() {
            return "the root folder".to_owned();
        }
        let end = self.path.len().min(200);
        format!("{:?}", String::from_utf8_lossy(&self.path[..end]))
    }
}

fn key<'a>(named: &'a Named<'_>) -> impl Iterator<Item = &'a u8> {
    named.name.iter().chain((named.kind == EntryKind::Directory).then_some(&b'/'))
}

fn broken(what: impl std::fmt::Display) -> Failure {
    Failure::new(ErrorKind::Invalid, what)
}

/// Whether these bytes really are the object with this id.
pub(crate) fn verified(kind: Kind, bytes: &[u8], id: &gix::oid) -> bool {
    let kind = match kind {
        Kind::Blob => "blob",
        Kind::Tree => "tree",
        Kind::Commit => "commit",
        Kind::Tag => "tag",
    };
    crate::hash::object_oid(kind, bytes).as_bytes() == id.as_bytes()
}

pub(crate) fn to_oid(id: &gix::oid) -> Result<Oid, GitError> {
    Oid::from_bytes(id.as_bytes()).map_err(GitError::internal)
}
