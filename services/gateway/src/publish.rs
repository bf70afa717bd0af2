//! Says one message whose envelope is known before it is said.

use contracts::{Envelope, Failure};
use store::{Tx, outbox};
use worker::Engine;

/// How long this process has for publishing it before a relay may.
const CLAIM: std::time::Duration = std::time::Duration::from_secs(30);

/// Writes what `effects` do together with the message that they make, and publishes it. When the bus does
/// not take it now, the outbox keeps it.
///
/// # Errors
/// What `effects` fail with, or the store.
pub(crate) async fn sealed(
    engine: &Engine,
    effects: impl FnOnce(&mut Tx) -> Result<Envelope, Failure> + Send + 'static,
) -> Result<Envelope, Failure> {
    let now = engine.clock.now();
    let (envelope, ids) = engine
        .store
        .write(move |tx| {
            let envelope = effects(tx)?;
            let ids = outbox::push(tx, std::slice::from_ref(&envelope), None, now + CLAIM)?;
            Ok::<_, Failure>((envelope, ids))
        })
        .await?;
    match engine.bus.publish(std::slice::from_ref(&envelope)).await {
        Ok(()) => engine.store.write(move |tx| outbox::published(tx, &ids).map_err(Failure::from)).await?,
        Err(error) => tracing::warn!(%error, "not published; the outbox keeps it"),
    }
    Ok(envelope)
}
