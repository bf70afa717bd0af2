//! The writing side: a pack into the depot, then one transaction with all that it means.

use std::collections::HashMap;

use contracts::{Failure, Oid, Outgoing, messages::BatchStored};
use store::{
    Tx,
    batches::{self, NewBatch},
    contents::{self, NewContent, Place},
    folders, lfs,
    packs::{self, NewPack},
    revisions::Revision,
    trees,
};
use worker::Running;

use super::{
    Draft,
    walker::{Item, Load},
};
use crate::{context::Context, metrics::Stored};

/// Items of one batch: about a pack's worth of work.
const BATCH: usize = 1_024;

/// Puts the pack of `load` into the depot, then writes everything else of it in one transaction.
pub(super) async fn write(
    context: &Context,
    running: &Running,
    revision: &Revision,
    draft: Draft,
    load: Load,
) -> Result<(), Failure> {
    if let Some(pack) = &load.pack {
        context.depot.put(pack).await.map_err(|error| Failure::new(error.kind(), error))?;
        running.pass("visit.after_pack")?;
    }
    let stored = Stored {
        nodes: load.nodes.len() as u64,
        contents: load.contents.iter().map(|fresh| fresh.state).collect(),
        packed: load.pack.as_ref().map_or(0, |pack| pack.bytes.len() as u64),
    };
    let (id, force, lane, now) = (revision.id, revision.force, running.task.lane, running.now());
    running
        .commit(move |tx| {
            write_contents(tx, &load, force, now)?;
            folders::insert_many(tx, &load.folders)?;
            lfs::insert_many(tx, &load.pointers)?;
            trees::insert_nodes(tx, draft.id, &load.nodes)?;
            if let Some(base) = draft.base {
                trees::insert_gone(tx, draft.id, base, &load.gone)?;
            }
            let mut outgoing = Vec::new();
            for items in with_ids(tx, &load.items)?.chunks(BATCH) {
                let batch = NewBatch {
                    revision: Some(id),
                    repair: None,
                    force,
                    items: items.to_vec(),
                    bytes: load.item_bytes,
                    lane,
                };
                let batch = batches::create(tx, &batch, now)?;
                outgoing.push(Outgoing::in_lane(&BatchStored { batch }, lane));
            }
            Ok(((), outgoing))
        })
        .await?;
    stored.record();
    Ok(())
}

fn write_contents(tx: &mut Tx, load: &Load, force: bool, now: jiff::Timestamp) -> Result<(), Failure> {
    let mut places = HashMap::new();
    if let Some(pack) = &load.pack {
        let row = NewPack {
            name: pack.name.clone(),
            bytes: pack.bytes.len() as u64,
            contents: pack.entries.len() as u64,
            content_bytes: pack.entries.iter().map(|entry| entry.size).sum(),
        };
        let pack_id = packs::insert(tx, &row, now)?;
        places.extend(
            pack.entries
                .iter()
                .map(|entry| (entry.oid, Place { pack_id, offset: entry.offset, length: entry.length })),
        );
    }
    let mut rows: Vec<NewContent> = load
        .contents
        .iter()
        .map(|fresh| NewContent {
            oid: fresh.oid,
            sha256: fresh.sha256,
            size: fresh.size,
            state: fresh.state,
            place: places.remove(&fresh.oid),
        })
        .collect();
    // Two visits that store the same contents meet in the same order.
    rows.sort_by_key(|row| row.oid);
    contents::insert_many(tx, &rows, force)?;
    Ok(())
}

fn with_ids(tx: &mut Tx, items: &[Item]) -> Result<Vec<(i64, String)>, Failure> {
    let mut oids: Vec<Oid> = items.iter().map(|(oid, _)| *oid).collect();
    oids.sort_unstable();
    oids.dedup();
    let known = contents::known(tx, &oids)?;
    Ok(items
        .iter()
        .filter_map(|(oid, hint)| known.get(oid).map(|content| (content.id, (*hint).to_owned())))
        .collect())
}
