//! What every request is answered with.

use depot::Depot;
use jiff::Timestamp;
use runtime::{admin::Admin, config::Secrets};
use tokio_util::sync::CancellationToken;
use worker::Engine;

use crate::{access::KeyCache, events::Hub, gate::Gate, intake::Intake, limits::Limits, spool::Spool};

/// What every request is answered with. Shared by all threads of the server.
pub(crate) struct Context {
    pub(crate) engine: Engine,
    pub(crate) admin: Admin,
    /// What events of forges are signed with.
    pub(crate) hook_secrets: Secrets,
    pub(crate) intake: Intake,
    pub(crate) events: Hub,
    pub(crate) keys: KeyCache,
    pub(crate) limits: Limits,
    /// Whether the database is there.
    pub(crate) gate: Gate,
    pub(crate) spool: Spool,
    pub(crate) depot: Depot,
    /// Whether requests without a key may read.
    pub(crate) anonymous_reads: bool,
    /// Whether only this machine reaches it.
    pub(crate) is_local: bool,
    /// The names it answers to, beside those of this machine.
    pub(crate) hosts: Vec<String>,
    /// Whether a proxy says where a request came from.
    pub(crate) trust_forwarded: bool,
    /// The largest body, in bytes.
    pub(crate) body_bytes: usize,
    /// Streams end when it is cancelled.
    pub(crate) shutdown: CancellationToken,
}

impl Context {
    /// The time, in the microseconds that the store keeps: what is told of a thing at once is what is told later.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.engine.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

/// The context as handlers take it.
pub(crate) type Shared = actix_web::web::Data<Context>;
