//! Damage is found, named, and costs no more than what it hit.

use contracts::ErrorKind;
use depot::{Check, DepotError, Pack, PackEntry};

use crate::{
    backends,
    samples::{contents, noise, pack_of, sha1_id},
};

fn flipped(pack: &Pack, at: usize) -> Pack {
    let mut bytes = pack.bytes.to_vec();
    bytes[at] ^= 0x20;
    Pack { bytes: bytes.into(), ..pack.clone() }
}

#[tokio::test]
async fn a_flipped_byte_costs_the_contents_of_its_block() {
    let (contents, pack) = (contents(), pack_of(&contents()));
    for backend in backends::all() {
        for hit in [0, 61, 62] {
            let hit = pack.entries[hit];
            let at = (hit.offset + u64::from(hit.length) / 2) as usize;
            backend.depot.put(&flipped(&pack, at)).await.unwrap();
            let read = backend.depot.read_each(&pack.name, &pack.entries, Check::Digest).await.unwrap();
            for ((entry, content), read) in pack.entries.iter().zip(&contents).zip(read) {
                if entry.offset != hit.offset {
                    assert_eq!(read.unwrap(), content.as_slice());
                    continue;
                }
                let error = read.unwrap_err();
                assert!(error.is_damage() && error.kind() == ErrorKind::Internal, "{error:?}");
                let text = error.to_string();
                assert!(text.contains(&pack.name) && text.contains(&entry.oid.to_string()), "{text}");
            }
            // Reading all or nothing gives nothing.
            assert!(backend.depot.read(&pack.name, &pack.entries).await.unwrap_err().is_damage());
            let found = backend.depot.verify(&pack.name).await.unwrap();
            let lost = pack.entries.iter().filter(|entry| entry.offset == hit.offset).count();
            // The pack as such, and each content that was hit.
            assert_eq!(found.problems.len(), 1 + lost, "{}: {found:?}", backend.name);
            assert_eq!(
                found.problems[1].content,
                Some(pack.entries.iter().find(|e| e.offset == hit.offset).unwrap().oid)
            );
            assert_eq!(found.intact, (contents.len() - lost) as u64);
        }
    }
}

#[tokio::test]
async fn a_pack_that_was_cut_short_gives_what_is_left() {
    let (contents, pack) = (contents(), pack_of(&contents()));
    let last = pack.entries[pack.entries.len() - 1];
    for backend in backends::all() {
        // Cut in the middle of the last block, then to nothing.
        for keep in [last.offset as usize + 10, 0] {
            let cut = Pack { bytes: pack.bytes.slice(..keep), ..pack.clone() };
            backend.depot.put(&cut).await.unwrap();
            let read = backend.depot.read_each(&pack.name, &pack.entries, Check::Digest).await.unwrap();
            for ((entry, content), read) in pack.entries.iter().zip(&contents).zip(read) {
                match entry.offset + u64::from(entry.length) <= keep as u64 {
                    true => assert_eq!(read.unwrap(), content.as_slice()),
                    false => {
                        let error = read.unwrap_err();
                        assert!(error.is_damage(), "{}: {error:?}", backend.name);
                        assert!(error.to_string().contains(&format!("ends after {keep} bytes")), "{error}");
                    }
                }
            }
            let error = backend.depot.read_all(&pack.name).await.unwrap_err();
            assert!(matches!(error, DepotError::DamagedPack { .. }), "{error:?}");
            assert!(!backend.depot.verify(&pack.name).await.unwrap().is_intact());
        }
    }
}

#[tokio::test]
async fn bytes_with_another_id_are_refused() {
    // Whoever filled the pack gave wrong ids: the bytes are whole, but not what they are called.
    let (lie, truth) = (sha1_id(b"what it is called"), b"what it is".to_vec());
    let mut writer = depot::PackWriter::new(depot::PackLimits::default());
    writer.add(lie, &truth).unwrap();
    writer.add(sha1_id(b"right"), b"right").unwrap();
    let pack = writer.finish().unwrap();
    for backend in backends::all() {
        let depot = &backend.depot;
        depot.put(&pack).await.unwrap();
        let read = depot.read_each(&pack.name, &pack.entries, Check::Digest).await.unwrap();
        let error = read[0].as_ref().unwrap_err().to_string();
        assert!(error.contains(&lie.to_string()) && error.contains(&sha1_id(&truth).to_string()), "{error}");
        assert_eq!(read[1].as_ref().unwrap(), b"right".as_slice());
        let found = depot.verify(&pack.name).await.unwrap();
        assert_eq!(found.problems.iter().map(|problem| problem.content).collect::<Vec<_>>(), [Some(lie)]);
        // A caller that hashes by itself may have the bytes.
        let read = depot.read_each(&pack.name, &pack.entries, Check::Checksum).await.unwrap();
        assert_eq!(read[0].as_ref().unwrap(), truth.as_slice(), "{}", backend.name);
    }
}

#[tokio::test]
async fn an_entry_that_does_not_fit_is_refused() {
    let contents = [b"one".to_vec(), noise(200_000, 3)];
    let pack = pack_of(&contents);
    let [one, large] = [pack.entries[0], pack.entries[1]];
    for backend in backends::all() {
        let depot = &backend.depot;
        depot.put(&pack).await.unwrap();
        for wrong in [
            PackEntry { oid: large.oid, ..one },
            PackEntry { size: 4, ..one },
            PackEntry { offset: one.offset + 1, ..one },
            PackEntry { length: one.length - 1, ..one },
            PackEntry { length: 0, ..one },
            PackEntry { offset: 1 << 40, ..one },
        ] {
            let error = depot.read(&pack.name, &[wrong]).await.unwrap_err();
            assert!(error.is_damage(), "{}: {wrong:?}: {error:?}", backend.name);
            assert!(error.to_string().contains(&wrong.oid.to_string()), "{error}");
        }
    }
}
