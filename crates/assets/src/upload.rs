//! Bytes that came with a request: a pack of one content in the depot, like any other.

use bytes::Bytes;
use contracts::{ErrorKind, Failure, Oid};
use depot::{Depot, DepotError, PackLimits, PackWriter};
use sha1::{Digest as _, Sha1};

fn failure(error: DepotError) -> Failure {
    Failure::new(error.kind(), error)
}

/// Puts the bytes into the depot. Returns the name of their pack.
pub(crate) async fn put(depot: &Depot, bytes: Bytes) -> Result<String, Failure> {
    let packed = move || {
        let digest =
            Sha1::new().chain_update(format!("blob {}\0", bytes.len())).chain_update(&bytes).finalize();
        let oid = Oid::from_bytes(&digest).map_err(|error| Failure::new(ErrorKind::Internal, error))?;
        let mut writer = PackWriter::new(PackLimits::default());
        writer.add(oid, &bytes).map_err(failure)?;
        writer.finish().map_err(failure)
    };
    let packed = tokio::task::spawn_blocking(packed).await;
    let pack = packed.map_err(|error| Failure::new(ErrorKind::Internal, error))??;
    depot.put(&pack).await.map_err(failure)?;
    Ok(pack.name)
}

/// The bytes in this pack.
pub(crate) async fn get(depot: &Depot, pack: &str) -> Result<Bytes, Failure> {
    let file = depot.read_all(pack).await.map_err(failure)?;
    let mut found = Err(Failure::new(ErrorKind::NotFound, "the pack is empty"));
    file.for_each(|_, bytes| found = bytes.map(Bytes::copy_from_slice).map_err(failure));
    found
}
