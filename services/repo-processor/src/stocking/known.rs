//! A tree that is in the store already: nothing is fetched, but an analyzer may be newer than its results.

use contracts::{Failure, Outgoing, messages::BatchStored};
use store::{
    StoreError, Tx,
    batches::{self, NewBatch},
    contents::{self, ContentState},
    revisions::{self, Revision, RevisionState},
    trees,
};
use worker::Running;

use crate::context::Context;

/// Nodes that are looked at in one transaction.
const PAGE: u32 = 4_000;

/// Makes batches of what lacks a result of today's analyzers. Returns how many contents that were.
pub(crate) async fn analyze_known(
    context: &Context,
    running: &Running,
    revision: &Revision,
    tree: i64,
) -> Result<u64, Failure> {
    let fingerprint = analysis::fingerprint();
    let asked = fingerprint.clone();
    // Once somebody has looked at every node, an unchanged repository costs no look at any.
    if context.store.read(move |tx| is_analyzed(tx, tree, &asked)).await? {
        return Ok(0);
    }
    let mut after: Option<Vec<u8>> = None;
    let mut lacking = 0;
    loop {
        running.check_cancelled()?;
        let analyzers = context.analyzers.clone();
        let from = after.take();
        let page = context
            .store
            .read(move |tx| {
                let page = trees::contents_page(tx, tree, from.as_deref(), PAGE)?;
                let last = page.last().map(|row| row.node.path.clone());
                let pairs: Vec<(i64, String)> = page
                    .iter()
                    .filter_map(|row| {
                        let (id, state) = row.content?;
                        (state == ContentState::Stored)
                            .then(|| (id, analysis::hint(&row.node.path).to_owned()))
                    })
                    .collect();
                Ok((contents::unanalyzed(tx, &pairs, &analyzers)?, last))
            })
            .await?;
        let (items, last) = page;
        lacking += items.len() as u64;
        if !items.is_empty() {
            save(running, revision, items).await?;
        }
        match last {
            Some(path) => after = Some(path),
            None => break,
        }
    }
    if lacking == 0 {
        mark(running, tree, fingerprint).await?;
    }
    Ok(lacking)
}

/// Whether somebody has looked at every content of the tree, or a visit has offered every one that was lacking
/// and all of them are done.
fn is_analyzed(tx: &mut Tx, tree: i64, fingerprint: &str) -> Result<bool, StoreError> {
    if trees::is_analyzed(tx, tree, fingerprint)? {
        return Ok(true);
    }
    let Some(revision) = trees::offered_in(tx, tree, fingerprint)? else { return Ok(false) };
    Ok(revisions::get(tx, revision)?.is_some_and(|revision| revision.state == RevisionState::Analyzed))
}

async fn mark(running: &Running, tree: i64, fingerprint: String) -> Result<(), Failure> {
    running
        .commit(move |tx| {
            trees::mark_analyzed(tx, tree, &fingerprint)?;
            Ok(((), Vec::new()))
        })
        .await
}

async fn save(running: &Running, revision: &Revision, mut items: Vec<(i64, String)>) -> Result<(), Failure> {
    items.sort_unstable();
    items.dedup();
    let (id, lane, now) = (revision.id, running.task.lane, running.now());
    running
        .commit(move |tx| {
            let batch = NewBatch {
                revision: Some(id),
                repair: None,
                force: false,
                items: items.clone(),
                bytes: 0,
                lane,
            };
            let batch = batches::create(tx, &batch, now)?;
            Ok(((), vec![Outgoing::in_lane(&BatchStored { batch }, lane)]))
        })
        .await
}
