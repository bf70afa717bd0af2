//! What the auditor's jobs work with.

use depot::Depot;
use store::Store;

#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) depot: Depot,
}
