//! Takes `snapshot.requested.v1` from anyone.
//! Reads the stock, and of nodes that are listed which contents are held.
//! Writes a snapshot, its repositories, a revision of each, and its nodes where they are listed, else a visit task.
//! Emits `visit.requested.v1`; for nodes `batch.stored.v1`, `revision.analyzed.v1` and `snapshot.ready.v1`.

use async_trait::async_trait;
use contracts::{
    ErrorKind, Failure,
    messages::{ManifestEntry, SnapshotRequested},
};
use store::snapshots::{self, Analyzing, DEFAULT_STOCK, Origin};
use worker::{Commit, Handler, Meta};

pub(crate) struct Requested;

#[async_trait]
impl Handler for Requested {
    type Message = SnapshotRequested;

    async fn handle(&self, message: SnapshotRequested, meta: &Meta) -> Result<Commit, Failure> {
        let listed = message.repositories.into_iter().enumerate().map(|(at, entry)| listed(at, entry));
        let listed = listed.collect::<Result<Vec<_>, _>>()?;
        let stock = message.stock.unwrap_or_else(|| DEFAULT_STOCK.to_owned());
        let (now, wait) = (meta.now, message.wait);
        let analyzing = Analyzing { hint: analysis::hint, analyzers: analysis::versions() };
        Ok(Commit::save(move |tx| {
            let by = (Origin::Message, wait);
            let (_, outgoing) = snapshots::from_manifest(tx, &stock, &listed, by, &analyzing, now)?;
            Ok(outgoing)
        }))
    }
}

/// The entry with its canonical URL, and the repository's name for people.
fn listed(at: usize, entry: ManifestEntry) -> Result<(ManifestEntry, String), Failure> {
    let wrong =
        |error: git::GitError| Failure::new(ErrorKind::Invalid, format!("repositories[{at}]: {error}"));
    let location = git::Location::parse(&entry.url).map_err(wrong)?;
    let url = location.canonical().to_owned();
    Ok((ManifestEntry { url, ..entry }, location.name()))
}
