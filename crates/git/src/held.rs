//! What is held already, so that it need not be fetched again.

use std::sync::Arc;

use contracts::Oid;
use gix::{ObjectId, objs};

use crate::{GitError, tree::to_oid};

/// A commit, all of whose files and folders are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldCommit {
    /// The commit.
    pub commit: Oid,
    /// Its root tree.
    pub tree: Oid,
}

/// What is held of earlier fetches, of this repository and of others. Everything blocks, and is asked from
/// several threads.
pub trait Held: Send + Sync {
    /// Commits that the other side may know, those that are most likely so first.
    fn commits(&self) -> Vec<HeldCommit>;

    /// The bytes of this tree object, without git's header.
    ///
    /// # Errors
    /// When it cannot be said.
    fn tree(&self, id: &Oid) -> Result<Option<Vec<u8>>, GitError>;

    /// The bytes of this content.
    ///
    /// # Errors
    /// When it cannot be said.
    fn content(&self, id: &Oid) -> Result<Option<Vec<u8>>, GitError>;

    /// Those of these contents that are to be fetched, because nothing is known of them.
    ///
    /// # Errors
    /// When it cannot be said.
    fn unknown(&self, ids: &[Oid]) -> Result<Vec<Oid>, GitError>;
}

/// Gives gix what is held, as what a server's deltas build on.
pub(crate) struct Bases {
    held: Arc<dyn Held>,
    most_bytes: u64,
}

impl Bases {
    pub(crate) fn new(held: Arc<dyn Held>, most_bytes: u64) -> Self {
        Self { held, most_bytes }
    }

    fn find(&self, id: &gix::oid, buffer: &mut Vec<u8>) -> Result<Option<objs::Kind>, GitError> {
        let oid = to_oid(id)?;
        let (kind, bytes) = match self.held.tree(&oid)? {
            Some(bytes) => (objs::Kind::Tree, bytes),
            None => match self.held.content(&oid)? {
                Some(bytes) => (objs::Kind::Blob, bytes),
                None => return Ok(None),
            },
        };
        if bytes.len() as u64 > self.most_bytes {
            return Err(GitError::too_large(format_args!("what {oid} builds on has {} bytes", bytes.len())));
        }
        *buffer = bytes;
        Ok(Some(kind))
    }
}

impl objs::Find for Bases {
    fn try_find<'a>(&self, id: &gix::oid, buffer: &'a mut Vec<u8>) -> gix::Result<Option<objs::Data<'a>>> {
        let kind = self.find(id, buffer).map_err(gix::Error::from_error)?;
        Ok(kind.map(|kind| objs::Data { kind, object_hash: gix::hash::Kind::Sha1, data: buffer }))
    }
}

/// As gix has it.
pub(crate) fn to_id(oid: &Oid) -> Result<ObjectId, GitError> {
    ObjectId::try_from(oid.as_bytes()).map_err(GitError::invalid)
}
