//! What a handler returns: the one way to end a delivery well.

use std::panic::{AssertUnwindSafe, catch_unwind};

use contracts::{ErrorKind, Failure, Outgoing};
use store::Tx;

use crate::queue::text_of;

/// Writes a handler's effects and returns what is to be said next. It may be called again when the
/// transaction that it ran in was rolled back, so it changes nothing but the store.
pub(crate) type Effects = Box<dyn FnMut(&mut Tx) -> Result<Vec<Outgoing>, Failure> + Send>;

/// The recorded outcome of a delivery that was handled. A handler cannot end well without making one.
pub struct Commit(pub(crate) Effects);

impl Commit {
    /// `effects` are written, and what they return is published, in one transaction with the inbox row.
    pub fn save(effects: impl FnMut(&mut Tx) -> Result<Vec<Outgoing>, Failure> + Send + 'static) -> Self {
        Self(Box::new(effects))
    }

    /// Nothing is to be done, for this reason; the message is marked as done.
    pub fn skip(reason: &'static str) -> Self {
        Self(Box::new(move |_| {
            tracing::debug!(reason, "message skipped");
            Ok(Vec::new())
        }))
    }

    /// Writes the effects. One that panics fails, and takes neither its group nor its service with it: the
    /// transaction is rolled back like any other that fails.
    pub(crate) fn write(&mut self, tx: &mut Tx) -> Result<Vec<Outgoing>, Failure> {
        let effects = &mut self.0;
        catch_unwind(AssertUnwindSafe(|| effects(tx))).unwrap_or_else(|panic| {
            let text = format!("the effects panicked: {}", text_of(&*panic));
            Err(Failure::new(ErrorKind::Internal, text))
        })
    }
}
