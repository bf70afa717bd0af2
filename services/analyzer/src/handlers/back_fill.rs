//! Takes nothing; runs with the sweep when nothing else is in the queue.
//! Reads how far today's analyzers have come, and the next contents that older ones have analysed.
//! Writes batches of those that lack a result of today's, and how far it has come now.
//! Emits `batch.stored.v1` for each batch.

use std::collections::HashMap;

use contracts::{Failure, Lane, Outgoing, messages::BatchStored};
use jiff::Timestamp;
use store::{
    StoreError, Tx, back_fills,
    batches::{self, NewBatch},
    contents::{self, ContentState},
    metrics,
};
use worker::Sweep;

/// Pairs of content and hint that are read at once.
const PAGE: u32 = 2_000;
/// Pages that one sweep looks at: a store in which nothing is missing is soon looked through.
const PAGES: usize = 8;
/// Items of one batch.
const BATCH: usize = 1_024;

pub(crate) const SWEEP: Sweep = Sweep { name: "back-fill", only_when_dry: true, run: go_on };

fn go_on(tx: &mut Tx, _older_than: Timestamp, now: Timestamp) -> Result<Vec<Outgoing>, Failure> {
    let (fingerprint, versions) = (analysis::fingerprint(), analysis::versions());
    let Some(mut after) = back_fills::go_on(tx, &fingerprint, now)? else { return Ok(Vec::new()) };
    // What was offered last time comes first: back-fill must not pile up before other work.
    if batches::open_of_nobody(tx)? > 0 {
        return Ok(Vec::new());
    }
    let mut outgoing = Vec::new();
    for _ in 0..PAGES {
        let pairs = metrics::pairs(tx, after, PAGE)?;
        let Some((last, _)) = pairs.last() else {
            back_fills::end(tx, &fingerprint, now)?;
            return Ok(outgoing);
        };
        after = *last;
        let lacking = contents::unanalyzed(tx, &pairs, &versions)?;
        let lacking = readable(tx, lacking)?;
        for items in lacking.chunks(BATCH) {
            outgoing.push(offer(tx, items, now)?);
        }
        if !outgoing.is_empty() {
            break;
        }
    }
    back_fills::advance(tx, &fingerprint, after)?;
    Ok(outgoing)
}

/// A content under a hint, and its size in bytes.
type Item = ((i64, String), u64);

/// Those of which the bytes are kept.
fn readable(tx: &mut Tx, lacking: Vec<(i64, String)>) -> Result<Vec<Item>, StoreError> {
    let ids: Vec<i64> = lacking.iter().map(|(id, _)| *id).collect();
    let stored = contents::by_ids(tx, &ids)?.into_iter().filter(|of| of.state == ContentState::Stored);
    let sizes: HashMap<i64, u64> = stored.map(|content| (content.id, content.size)).collect();
    Ok(lacking.into_iter().filter_map(|pair| sizes.get(&pair.0).map(|size| (pair, *size))).collect())
}

fn offer(tx: &mut Tx, items: &[Item], now: Timestamp) -> Result<Outgoing, StoreError> {
    let batch = NewBatch {
        revision: None,
        repair: None,
        force: false,
        items: items.iter().map(|(pair, _)| pair.clone()).collect(),
        bytes: items.iter().map(|(_, size)| size).sum(),
        lane: Lane::Normal,
    };
    let batch = batches::create(tx, &batch, now)?;
    Ok(Outgoing::in_lane(&BatchStored { batch }, Lane::Normal))
}
