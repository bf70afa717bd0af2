//! A bounded set of connections, opened when first needed.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    StoreError, StoreOptions,
    address::Address,
    connect::{self, Role},
    connection::Connection,
};

/// Connections for one role. Waiting for a free one happens on the async side, so that no thread is
/// blocked by it and there are never more blocking threads than connections.
pub(crate) struct Pool {
    role: Role,
    size: usize,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    pub(crate) fn new(role: Role, size: usize) -> Self {
        let size = size.max(1);
        Self { role, size, permits: Arc::new(Semaphore::new(size)), idle: Mutex::default() }
    }

    /// Waits for the right to use one connection.
    pub(crate) async fn permit(&self, options: &StoreOptions) -> Result<OwnedSemaphorePermit, StoreError> {
        let unavailable =
            |reason: String| StoreError::Database { kind: contracts::ErrorKind::Unavailable, reason };
        match tokio::time::timeout(options.wait, self.permits.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(closed)) => Err(unavailable(format!("the store is closed: {closed}"))),
            Err(elapsed) => Err(unavailable(format!(
                "all {} connections were busy for {:?}: {elapsed}",
                self.size, options.wait
            ))),
        }
    }

    /// An idle connection, if there is one. It may have died while it was idle.
    pub(crate) fn take_idle(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// A new connection. Blocks. Call only with a permit.
    pub(crate) fn connect(
        &self,
        address: &Address,
        options: &StoreOptions,
    ) -> Result<Connection, StoreError> {
        connect::connect(address, self.role, options)
    }

    /// Keeps a healthy connection for the next.
    pub(crate) fn put_back(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }

    /// Closes the idle connections.
    pub(crate) fn forget_idle(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
