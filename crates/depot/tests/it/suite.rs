//! The conformance suite.

use std::time::{Duration, SystemTime};

use contracts::{ErrorKind, Oid};
use depot::{Check, DepotError, DepotOptions, PackInfo, PackLimits, PackWriter, blob_id};
use futures_util::TryStreamExt as _;

use crate::{
    backends,
    samples::{contents, noise, pack_of, sha1_id},
};

#[tokio::test]
async fn what_was_put_is_read_whole_and_in_parts() {
    let (contents, pack) = (contents(), pack_of(&contents()));
    assert_eq!(pack.entries.len(), contents.len());
    for backend in backends::all() {
        let depot = &backend.depot;
        depot.put(&pack).await.unwrap();
        let read = depot.read(&pack.name, &pack.entries).await.unwrap();
        assert_eq!(read, contents, "{}", backend.name);
        // One by one, and a few in an order of their own, one of them twice.
        for (entry, content) in pack.entries.iter().zip(&contents) {
            assert_eq!(depot.read(&pack.name, &[*entry]).await.unwrap(), [content.as_slice()]);
        }
        let some = [61, 3, 62, 3, 0].map(|at| pack.entries[at]);
        let expected: Vec<_> = [61, 3, 62, 3, 0].iter().map(|at| contents[*at].as_slice()).collect();
        assert_eq!(depot.read(&pack.name, &some).await.unwrap(), expected, "{}", backend.name);
        assert_eq!(depot.read(&pack.name, &[]).await.unwrap().len(), 0);
        // As a whole, with nothing known but the name.
        let file = depot.read_all(&pack.name).await.unwrap();
        assert_eq!(file.entries(), pack.entries);
        let mut seen = Vec::new();
        file.for_each(|entry, content| seen.push((entry.oid, content.unwrap().to_vec())));
        let expected: Vec<_> = contents.iter().map(|content| (sha1_id(content), content.clone())).collect();
        assert_eq!(seen, expected, "{}", backend.name);
        let verified = depot.verify(&pack.name).await.unwrap();
        assert!(verified.is_intact(), "{verified:?}");
        assert_eq!((verified.intact, verified.bytes), (contents.len() as u64, pack.bytes.len() as u64));
    }
}

#[tokio::test]
async fn putting_twice_is_putting_once_and_heals() {
    let pack = pack_of(&contents());
    for backend in backends::all() {
        let depot = &backend.depot;
        let (one, two) = tokio::join!(depot.put(&pack), depot.put(&pack));
        one.and(two).unwrap();
        let list: Vec<PackInfo> = depot.list().try_collect().await.unwrap();
        assert_eq!(list.len(), 1, "{}", backend.name);
        // Something wrote over it; putting the pack again makes it right.
        let damaged = depot::Pack { bytes: pack.bytes.slice(..100), ..pack.clone() };
        depot.put(&damaged).await.unwrap();
        assert!(!depot.verify(&pack.name).await.unwrap().is_intact());
        depot.put(&pack).await.unwrap();
        assert!(depot.verify(&pack.name).await.unwrap().is_intact(), "{}", backend.name);
    }
}

#[tokio::test]
async fn packs_are_listed_looked_at_and_deleted() {
    let packs: Vec<_> = (0..5).map(|seed| pack_of(&[noise(100, seed)])).collect();
    for backend in backends::all() {
        let depot = &backend.depot;
        assert_eq!(depot.list().try_collect::<Vec<_>>().await.unwrap(), []);
        assert_eq!(depot.stat(&packs[0].name).await.unwrap(), None);
        let before = SystemTime::now() - Duration::from_secs(5);
        for pack in &packs {
            depot.put(pack).await.unwrap();
        }
        let mut listed: Vec<_> = depot.list().try_collect().await.unwrap();
        listed.sort_by(|one: &PackInfo, two| one.name.cmp(&two.name));
        let mut expected: Vec<_> = packs.iter().map(|pack| (&pack.name, pack.bytes.len() as u64)).collect();
        expected.sort();
        assert_eq!(listed.iter().map(|info| (&info.name, info.bytes)).collect::<Vec<_>>(), expected);
        assert!(listed.iter().all(|info| info.modified > before), "{}: {listed:?}", backend.name);
        let info = depot.stat(&listed[2].name).await.unwrap().unwrap();
        assert_eq!((&info.name, info.bytes), (&listed[2].name, listed[2].bytes));
        // Deleting twice is deleting once.
        depot.delete(&listed[2].name).await.unwrap();
        depot.delete(&listed[2].name).await.unwrap();
        assert_eq!(depot.stat(&listed[2].name).await.unwrap(), None);
        assert_eq!(depot.list().try_collect::<Vec<_>>().await.unwrap().len(), 4, "{}", backend.name);
    }
}

#[tokio::test]
async fn a_missing_pack_is_named() {
    let pack = pack_of(&contents());
    for backend in backends::all() {
        let depot = &backend.depot;
        let errors = [
            depot.read(&pack.name, &pack.entries).await.unwrap_err(),
            depot.read_all(&pack.name).await.unwrap_err(),
            depot.verify(&pack.name).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{}", backend.name);
            assert_eq!(error.to_string(), format!("pack {} is not in the depot", pack.name));
        }
    }
}

#[tokio::test]
async fn sha256_ids_are_proven_too() {
    let contents = [b"one".to_vec(), Vec::new(), noise(10_000, 9)];
    let ids = contents.each_ref().map(|content| blob_id(&Oid::from_bytes(&[0; 32]).unwrap(), content));
    let mut writer = PackWriter::new(PackLimits::default());
    for (id, content) in ids.iter().zip(&contents) {
        writer.add(*id, content).unwrap();
    }
    let pack = writer.finish().unwrap();
    for backend in backends::all() {
        backend.depot.put(&pack).await.unwrap();
        assert_eq!(backend.depot.read(&pack.name, &pack.entries).await.unwrap(), contents);
        assert!(backend.depot.verify(&pack.name).await.unwrap().is_intact());
    }
}

#[tokio::test]
async fn an_empty_pack_is_a_pack() {
    let pack = pack_of(&[]);
    for backend in backends::all() {
        backend.depot.put(&pack).await.unwrap();
        assert_eq!(backend.depot.read_all(&pack.name).await.unwrap().entries(), []);
        assert!(backend.depot.verify(&pack.name).await.unwrap().is_intact());
    }
}

#[tokio::test]
async fn a_huge_content_among_small_ones() {
    // Large enough to be sent in parts where the storage knows parts.
    let contents = [b"before".to_vec(), noise(70 << 20, 5), b"after".to_vec()];
    let pack = pack_of(&contents);
    assert!(pack.bytes.len() > 64 << 20);
    for backend in backends::all() {
        let depot = &backend.depot;
        depot.put(&pack).await.unwrap();
        assert!(depot.read(&pack.name, &pack.entries).await.unwrap() == contents, "{}", backend.name);
        assert_eq!(depot.read(&pack.name, &pack.entries[2..]).await.unwrap(), [b"after".as_slice()]);
    }
}

#[tokio::test]
async fn limits_are_checked_before_memory_is_taken() {
    let contents = [vec![b' '; 3000], b"small".to_vec()];
    let pack = pack_of(&contents);
    let limits = DepotOptions { max_content_bytes: 1000, max_pack_bytes: 100, ..DepotOptions::default() };
    for backend in backends::with(&limits) {
        let depot = &backend.depot;
        depot.put(&pack).await.unwrap();
        let read = depot.read_each(&pack.name, &pack.entries, Check::Digest).await.unwrap();
        let error = read[0].as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
        assert!(error.to_string().contains(&pack.entries[0].oid.to_string()), "{error}");
        assert_eq!(read[1].as_ref().unwrap(), b"small".as_slice(), "{}", backend.name);
        assert_eq!(depot.read_all(&pack.name).await.unwrap_err().kind(), ErrorKind::TooLarge);
        // A place that no block can have: the store it came from is as little trusted as the pack.
        let mad = depot::PackEntry { offset: u64::MAX - 5, length: u32::MAX, ..pack.entries[1] };
        let read = depot.read_each(&pack.name, &[mad], Check::Digest).await.unwrap();
        assert!(matches!(read[0], Err(DepotError::TooLarge { .. })), "{}: {read:?}", backend.name);
    }
}

#[tokio::test]
async fn a_depot_says_what_it_is() {
    for backend in backends::all() {
        let said = backend.depot.check().await.unwrap();
        let expected = match backend.name {
            "local" => "local directory /",
            "memory" => "memory:",
            _ => "s3://",
        };
        assert!(said.starts_with(expected), "{said}");
    }
}
