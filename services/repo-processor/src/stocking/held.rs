//! What the store and the depot hold, for a fetch that builds on it.

use contracts::{Failure, Oid};
use depot::{Depot, PackEntry};
use git::{GitError, Held, HeldCommit};
use store::{
    Store, StoreError,
    contents::{self, ContentState},
    folders,
    heads::HeldHead,
};
use tokio::runtime::Handle;

use crate::context::Context;

/// What one visit may build on. To be asked where blocking is allowed.
pub(crate) struct StoreHeld {
    store: Store,
    depot: Depot,
    handle: Handle,
    heads: Vec<HeldHead>,
    content_bytes: u64,
}

impl StoreHeld {
    pub(crate) fn new(context: &Context, heads: Vec<HeldHead>) -> Self {
        Self {
            store: context.store.clone(),
            depot: context.depot.clone(),
            handle: Handle::current(),
            heads,
            content_bytes: context.content_bytes,
        }
    }

    fn known(&self, ids: &[Oid]) -> Result<std::collections::HashMap<Oid, contents::Content>, GitError> {
        let ids = ids.to_vec();
        self.handle.block_on(self.store.read(move |tx| contents::known(tx, &ids))).map_err(unanswered)
    }
}

impl Held for StoreHeld {
    fn commits(&self) -> Vec<HeldCommit> {
        self.heads.iter().map(|head| HeldCommit { commit: head.commit, tree: head.tree_oid }).collect()
    }

    fn tree(&self, id: &Oid) -> Result<Option<Vec<u8>>, GitError> {
        let id = *id;
        self.handle.block_on(self.store.read(move |tx| folders::get(tx, &id))).map_err(unanswered)
    }

    fn content(&self, id: &Oid) -> Result<Option<Vec<u8>>, GitError> {
        let known = self.known(&[*id])?;
        let Some((size, location)) =
            known.get(id).and_then(|known| Some((known.size, known.location.clone()?)))
        else {
            return Ok(None);
        };
        let entry = PackEntry { oid: *id, offset: location.offset, length: location.length, size };
        let read = self.handle.block_on(self.depot.read(&location.pack, &[entry]));
        let bytes = read.map_err(|error| GitError::new(error.kind(), error))?;
        Ok(bytes.into_iter().next().map(Into::into))
    }

    /// What once was too large or unreadable is asked for again where it may be neither now; what is about to
    /// go is stored again.
    fn unknown(&self, ids: &[Oid]) -> Result<Vec<Oid>, GitError> {
        let known = self.known(ids)?;
        let is_known = |id: &&Oid| {
            known.get(*id).is_some_and(|content| match content.state {
                ContentState::Stored => true,
                ContentState::TooLarge => content.size > self.content_bytes,
                ContentState::Unreadable | ContentState::Condemned => false,
            })
        };
        Ok(ids.iter().filter(|id| !is_known(id)).copied().collect())
    }
}

fn unanswered(error: StoreError) -> GitError {
    let failure = Failure::from(error);
    GitError::new(failure.kind, failure.reason)
}
