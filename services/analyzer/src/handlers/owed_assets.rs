//! Takes nothing; runs with the sweep.
//! Reads the assets that were announced long ago and have not ended.
//! Writes that they are announced now.
//! Emits `assets.submitted.v1` for them.

use contracts::{Failure, Outgoing, messages::AssetsSubmitted};
use jiff::Timestamp;
use store::{Tx, assets};
use worker::Sweep;

/// How many assets one sweep announces at the most, and how many in one message.
const MOST: i64 = 10_000;
const TOGETHER: usize = 100;

pub(crate) const SWEEP: Sweep = Sweep { name: "assets", only_when_dry: true, run: announce_owed };

fn announce_owed(tx: &mut Tx, older_than: Timestamp, now: Timestamp) -> Result<Vec<Outgoing>, Failure> {
    let owed = assets::owed(tx, older_than, now, MOST)?;
    let groups = owed.chunks(TOGETHER);
    Ok(groups.map(|group| Outgoing::new(&AssetsSubmitted { assets: group.to_vec() })).collect())
}
