//! A transaction in the hands of a closure.

use crate::{
    StoreError,
    connection::{AnyConnection, Connection},
};

/// An open transaction. The functions of every aggregate take it first.
pub struct Tx {
    pub(crate) connection: Connection,
}

impl Tx {
    /// The connection, for the modules of this crate.
    pub(crate) fn conn(&mut self) -> &mut AnyConnection {
        &mut self.connection.any
    }

    /// Runs `work` so that its effects can be undone alone: when it fails, what it wrote is gone and
    /// the transaction goes on. Whoever wants to go on after a failed statement needs this; without it
    /// the transaction can only be rolled back.
    ///
    /// # Errors
    /// What `work` fails with, or the database.
    pub fn savepoint<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let failed_before = self.connection.failed();
        self.connection.begin_nested().map_err(StoreError::from)?;
        match work(self) {
            Ok(value) => {
                self.connection.commit().map_err(StoreError::from)?;
                Ok(value)
            }
            Err(error) => {
                self.connection.rollback().map_err(StoreError::from)?;
                self.connection.set_failed(failed_before);
                Err(error)
            }
        }
    }
}
