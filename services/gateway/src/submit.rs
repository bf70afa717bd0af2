//! Submissions: what third parties hand in is taken whatever is down, and is done once.
//!
//! The outbox when the database answers; otherwise the broker; otherwise this machine's disk, bounded. A try
//! whose outcome is unknown is followed by the next place with the same message, whose id tells whoever
//! handles it that it has been handled.

use std::time::Duration;

use contracts::{Envelope, ErrorKind, Failure, Message, Outgoing};
use tokio::time::timeout;

use crate::{access::Caller, context::Context, publish};

/// How long each place may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the broker may take when the database is away already.
const BROKER: Duration = Duration::from_secs(1);

/// Where a submission is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// In the database, on its way to the broker.
    Stored,
    /// With the broker.
    Published,
    /// On this machine's disk, until one of the two is back.
    Spooled,
}

impl Taken {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Published => "published",
            Self::Spooled => "spooled",
        }
    }
}

/// The envelope of a submission. With an idempotency key it is the same message each time.
pub(crate) fn seal<M: Message>(message: &M, caller: &Caller, token: Option<&str>) -> Envelope {
    let outgoing = Outgoing::new(message);
    let mut envelope = Envelope::seal(&outgoing, "stocktake/gateway", runtime::trace::current_traceparent());
    if let (Some(token), Some(key)) = (token, &caller.key) {
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(key.account().0.as_bytes())
            .update(token.as_bytes())
            .update(&[0])
            .update(&envelope.body);
        envelope.id = format!("submitted-{}", hasher.finalize().to_hex());
    }
    envelope
}

/// Takes a submission.
///
/// # Errors
/// When no place takes it.
pub(crate) async fn submit(context: &Context, envelope: Envelope) -> Result<Taken, Failure> {
    let engine = &context.engine;
    if context.gate.is_up() {
        let sealed = envelope.clone();
        let stored = timeout(PATIENCE, publish::sealed(engine, move |_| Ok(sealed))).await;
        match stored {
            Ok(Ok(_)) => return Ok(Taken::Stored),
            Ok(Err(failure)) if !may_be_elsewhere(failure.kind) => return Err(failure),
            Ok(Err(failure)) => tracing::warn!(%failure, "database does not take a submission"),
            Err(elapsed) => tracing::warn!(%elapsed, "database does not take a submission"),
        }
    }
    match timeout(BROKER, engine.bus.publish(std::slice::from_ref(&envelope))).await {
        Ok(Ok(())) => return Ok(Taken::Published),
        Ok(Err(error)) => tracing::warn!(%error, "broker does not take a submission"),
        Err(elapsed) => tracing::warn!(%elapsed, "broker does not take a submission"),
    }
    context.spool.keep(&envelope).await.map(|()| Taken::Spooled)
}

/// Whether another place is to be tried: what is wrong with the submission is wrong everywhere.
fn may_be_elsewhere(kind: ErrorKind) -> bool {
    kind.is_transient() || kind == ErrorKind::Cancelled || kind == ErrorKind::Internal
}
