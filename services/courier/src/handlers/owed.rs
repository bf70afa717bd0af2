//! Takes nothing; runs with the sweep.
//! Reads the destinations that something is due to without anyone knowing.
//! Writes that it is due.
//! Emits `webhooks.queued.v1` for them.

use contracts::{Failure, Outgoing, messages::WebhooksQueued};
use jiff::Timestamp;
use store::{Tx, webhooks::destinations};
use worker::Sweep;

/// How many destinations one sweep finds at the most.
const MOST: i64 = 1_000;

pub(crate) const SWEEP: Sweep = Sweep { name: "webhooks", only_when_dry: false, run: find };

fn find(tx: &mut Tx, older_than: Timestamp, _now: Timestamp) -> Result<Vec<Outgoing>, Failure> {
    let found = destinations::recover(tx, older_than, MOST)?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Outgoing::new(&WebhooksQueued { destinations: found })])
}
