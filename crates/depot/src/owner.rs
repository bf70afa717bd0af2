//! Whose depot it is: an object beside the packs that says which store it belongs to.
//!
//! A store that threw away what it knows nothing of would throw away what another store has put. So a depot
//! has one store; who is first writes its id, under the condition that nobody has.

use bytes::Bytes;
use object_store::{ObjectStoreExt as _, PutMode, PutOptions, PutPayload};
use uuid::Uuid;

use crate::{Depot, DepotError};

impl Depot {
    /// Makes the depot that of the store with this id, unless it has one already. Returns whose it is now.
    ///
    /// # Errors
    /// When the storage refuses or does not answer, or knows no conditional writes.
    pub async fn claim(&self, store: Uuid) -> Result<Uuid, DepotError> {
        if let Some(owner) = self.owner().await? {
            return Ok(owner);
        }
        let payload = PutPayload::from(Bytes::from(format!("{store}\n")));
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.storage.store.put_opts(&self.storage.owner(), payload, options).await {
            Ok(_) => Ok(store),
            Err(object_store::Error::AlreadyExists { .. }) => match self.owner().await? {
                Some(owner) => Ok(owner),
                None => Err(DepotError::Unavailable {
                    doing: format!("claiming {}", self.storage.shown),
                    reason: "its owner came and went; try again".to_owned(),
                }),
            },
            Err(error) => Err(self.storage.error("claiming", None, error)),
        }
    }

    /// The id of the store that the depot belongs to.
    ///
    /// # Errors
    /// When the storage refuses or does not answer, or what it has is no id.
    pub async fn owner(&self) -> Result<Option<Uuid>, DepotError> {
        let failed = |error| self.storage.error("reading the owner of", None, error);
        let read = match self.storage.store.get(&self.storage.owner()).await {
            Ok(found) => found.bytes().await,
            Err(error) => Err(error),
        };
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let text = String::from_utf8_lossy(&bytes);
        let id = text.trim().parse().map_err(|error| DepotError::Invalid {
            url: self.storage.shown.clone(),
            reason: format!("its object `owner` holds no id of a store: {error}"),
        })?;
        Ok(Some(id))
    }
}
