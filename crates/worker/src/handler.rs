//! Short work: what a handler is, and how handlers of different messages stand in one list.

use async_trait::async_trait;
use contracts::{Envelope, ErrorKind, Failure, Message};
use jiff::Timestamp;

use crate::{Commit, Retry};

/// What a handler may know of its delivery beside the message itself.
#[derive(Clone, Debug)]
pub struct Meta {
    /// The message's id, for handlers that must recognise a request when it comes twice.
    pub id: String,
    /// When the handling began.
    pub now: Timestamp,
}

/// Handles one kind of message in well under a minute.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// What it takes.
    type Message: Message;
    /// How failures are tried again.
    const RETRY: Retry = Retry::DEFAULT;

    /// Reads and works, then returns what is to be written. It may run twice for one message, so it
    /// changes nothing that a second run would not change in the same way.
    async fn handle(&self, message: Self::Message, meta: &Meta) -> Result<Commit, Failure>;
}

/// A handler whose message type is erased.
#[async_trait]
pub(crate) trait AnyHandler: Send + Sync {
    fn kind(&self) -> &'static str;
    fn retry(&self) -> Retry;
    async fn handle(&self, envelope: &Envelope, now: Timestamp) -> Result<Commit, Failure>;
}

#[async_trait]
impl<H: Handler> AnyHandler for H {
    fn kind(&self) -> &'static str {
        H::Message::KIND
    }

    fn retry(&self) -> Retry {
        H::RETRY
    }

    async fn handle(&self, envelope: &Envelope, now: Timestamp) -> Result<Commit, Failure> {
        let message = decode::<H::Message>(envelope)?;
        Handler::handle(self, message, &Meta { id: envelope.id.clone(), now }).await
    }
}

/// The message in an envelope, or a failure that says what in its body is wrong.
pub(crate) fn decode<M: Message>(envelope: &Envelope) -> Result<M, Failure> {
    serde_json::from_slice(&envelope.body).map_err(|error| {
        Failure::new(
            ErrorKind::Invalid,
            format!("the body of {} {} does not fit: {error}", envelope.kind, envelope.id),
        )
    })
}
