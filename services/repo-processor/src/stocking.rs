//! From a fetched origin to nodes, packs and batches.
//!
//! A blocking walker reads the tree and the contents that were never seen, and fills packs; the async
//! side puts each full pack into the depot and writes it with its nodes in one transaction. Between the
//! two stands a short queue, so that memory is bounded by a few packs whatever the size of the tree.

mod held;
mod known;
mod lfs;
mod progress;
mod walker;
mod write;

use std::sync::Arc;

use contracts::{ErrorKind, Failure};
use git::Origin;
use store::{
    heads::HeldHead,
    revisions::Revision,
    trees::{self, Totals},
};
use tokio::sync::mpsc;
use worker::Running;

use crate::context::Context;

pub(crate) use held::StoreHeld;
pub(crate) use known::analyze_known;
pub(crate) use progress::FetchProgress;
pub(crate) use walker::Stop;

/// Packs that are on their way to the depot.
const ON_THE_WAY: usize = 2;

/// A tree that is being written.
#[derive(Clone, Copy)]
struct Draft {
    id: i64,
    /// The tree whose nodes it takes over where they are the same.
    base: Option<i64>,
}

/// What a walk has stored.
pub(crate) struct Stocked {
    /// The tree, not yet complete.
    pub(crate) draft: i64,
    /// What its nodes come to.
    pub(crate) totals: Totals,
}

/// Stores every node of `origin`, and every content of it that is not in the depot yet. With a base only what
/// makes `origin` another one than that is looked at; the rest is taken over.
pub(crate) async fn stock(
    context: &Context,
    running: &Running,
    revision: &Revision,
    origin: Arc<Origin>,
    base: Option<HeldHead>,
) -> Result<Stocked, Stop> {
    let (oid, id, now) = (origin.tree(), revision.id, running.now());
    let draft = running.commit(move |tx| Ok((trees::begin(tx, &oid, id, now)?, Vec::new()))).await?;
    let draft = Draft { id: draft, base: base.map(|base| base.tree) };
    let (sender, mut receiver) = mpsc::channel(ON_THE_WAY);
    let walker = walker::Walker::new(context, revision.force, sender, running.cancel.clone());
    let walk = tokio::task::spawn_blocking(move || walker.walk(&origin, base.map(|base| base.tree_oid)));
    let mut told = progress::StoreProgress::new(running, revision);
    while let Some(load) = receiver.recv().await {
        let (nodes, bytes) = load.weight();
        write::write(context, running, revision, draft, load).await?;
        told.add(nodes, bytes).await;
    }
    let counted = walk.await.map_err(|panic| {
        Failure::new(ErrorKind::Internal, format!("the walk ended in a panic: {panic}"))
    })??;
    told.end().await;
    let totals = match draft.base {
        None => Totals { nodes: counted.nodes, bytes: counted.bytes, contents: counted.contents },
        Some(base) => take_over(context, running, revision, draft.id, base).await?,
    };
    running.pass("visit.after_nodes")?;
    Ok(Stocked { draft: draft.id, totals })
}

async fn take_over(
    context: &Context,
    running: &Running,
    revision: &Revision,
    draft: i64,
    base: i64,
) -> Result<Totals, Failure> {
    // What is taken over was met before, perhaps by other analyzers than today's.
    analyze_known(context, running, revision, base).await?;
    let totals = running.commit(move |tx| Ok((trees::take_over(tx, draft, base)?, Vec::new()))).await?;
    let most = context.fetcher.limits().files;
    if totals.nodes > most {
        let reason = format!("more than {most} entries, the limit of one revision");
        return Err(Failure::new(ErrorKind::TooLarge, reason));
    }
    Ok(totals)
}
