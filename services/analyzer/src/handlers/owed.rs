//! Takes nothing; runs with the sweep.
//! Reads the batches that were announced long ago and are not analysed.
//! Writes that they are announced now.
//! Emits `batch.stored.v1` for each.

use contracts::{Failure, Outgoing, messages::BatchStored};
use jiff::Timestamp;
use store::{Tx, batches};
use worker::Sweep;

/// How many batches one sweep announces at the most.
const MOST: u32 = 1_000;

pub(crate) const SWEEP: Sweep = Sweep { name: "batches", only_when_dry: true, run: announce_owed };

fn announce_owed(tx: &mut Tx, older_than: Timestamp, now: Timestamp) -> Result<Vec<Outgoing>, Failure> {
    let owed = batches::owed(tx, older_than, now, MOST)?;
    Ok(owed.into_iter().map(|(batch, lane)| Outgoing::in_lane(&BatchStored { batch }, lane)).collect())
}
