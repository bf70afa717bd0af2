//! What the indexer's handlers work with.

use contracts::Failure;
use forges::client::Client;
use runtime::config::{Config, Secrets};
use store::Store;
use worker::Engine;

#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) client: Client,
    /// Tokens by the host of the forge's API.
    pub(crate) tokens: Secrets,
    /// Calls of each period that are never made.
    pub(crate) reserve: i64,
}

impl Context {
    pub(crate) fn build(engine: &Engine, config: &Config) -> Result<Self, Failure> {
        // Tests run services without a `main` of theirs; a second time changes nothing.
        runtime::tls::install();
        Ok(Self {
            store: engine.store.clone(),
            client: Client::new(config.fetch.allow_private_addresses)?,
            tokens: config.forges.tokens.clone(),
            reserve: config.forges.reserved_calls.into(),
        })
    }
}
