//! The aggregates of the domain.

mod back_fills;
mod batches;
mod changes;
mod contents;
mod digest;
mod findings;
mod gate;
mod lists;
mod metrics;
mod runs;
mod stocks;
mod trees;

use contracts::{Oid, RepositoryId, RevisionId, SnapshotId, StockId};
use jiff::Timestamp;
use store::{
    StoreError, Tx, repositories,
    revisions::{self, NewRevisions},
    snapshots::{self, NewSnapshot},
    stocks as store_stocks, trees as store_trees,
    trees::Node,
};

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn oid(number: u8) -> Oid {
    Oid::from([number; 20])
}

fn node(path: &[u8], number: u8) -> Node {
    Node { path: path.to_vec(), mode: 0o100_644, oid: oid(number), size: u64::from(number) }
}

fn stock(tx: &mut Tx, name: &str) -> Result<StockId, StoreError> {
    Ok(store_stocks::get_or_create(tx, name, now())?.id)
}

fn snapshot(tx: &mut Tx, stock: StockId) -> Result<SnapshotId, StoreError> {
    let new = NewSnapshot { stock, source: None, auto_commit: true, repair: None };
    Ok(snapshots::create(tx, &new, now())?.id)
}

fn repository(tx: &mut Tx, url: &str) -> Result<RepositoryId, StoreError> {
    Ok(repositories::upsert_many(tx, &[(url.to_owned(), "name".to_owned())], now())?[0])
}

fn revision(tx: &mut Tx, snapshot: SnapshotId, url: &str) -> Result<(RevisionId, RepositoryId), StoreError> {
    let repository = repository(tx, url)?;
    Ok(revisions::create_many(tx, snapshot, &[repository], &NewRevisions::default(), now())?[0])
}

/// A revision of a new repository in a new snapshot of a new stock.
fn some_revision(tx: &mut Tx) -> Result<RevisionId, StoreError> {
    let stock = stock(tx, "stock")?;
    let snapshot = snapshot(tx, stock)?;
    Ok(revision(tx, snapshot, "https://example.org/some.git")?.0)
}

/// A complete tree of these nodes.
fn tree(tx: &mut Tx, revision: RevisionId, tree: u8, nodes: &[Node]) -> Result<i64, StoreError> {
    let draft = store_trees::begin(tx, &oid(tree), revision, now())?;
    store_trees::insert_nodes(tx, draft, nodes)?;
    let bytes = nodes.iter().map(|node| node.size).sum();
    Ok(store_trees::complete(tx, draft, nodes.len() as u64, bytes, nodes.len() as u64)?.id)
}
