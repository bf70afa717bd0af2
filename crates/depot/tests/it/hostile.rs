//! Whatever bytes a pack has, reading it ends with contents that are proven or with an error: never with a panic,
//! and never with more memory than the limits allow.

use std::sync::OnceLock;

use bytes::Bytes;
use contracts::Oid;
use depot::{Pack, PackEntry, PackFile};
use proptest::{collection::vec, prelude::*};

use crate::samples::{contents, pack_of, sha1_id};

/// Small enough that a length which is believed without a check would be seen as an error of ours.
const LIMIT: u64 = 1 << 22;

/// Reads all there is to read; every content handed out has the bytes that its id says.
fn read_everything(bytes: Vec<u8>) {
    let Ok(file) = PackFile::parse("hostile", Bytes::from(bytes), LIMIT) else { return };
    file.for_each(|entry, content| {
        if let Ok(content) = content {
            assert_eq!(content.len() as u64, entry.size);
            assert_eq!(depot::blob_id(&entry.oid, content), entry.oid);
        }
    });
}

fn index_start(pack: &Pack) -> usize {
    let at = pack.bytes.len() - 56;
    u64::from_le_bytes(pack.bytes[at..at + 8].try_into().unwrap()) as usize
}

/// Gives the index of `bytes` the digest it should have, so that what is checked behind the digest is reached.
fn reseal(bytes: &mut [u8], index_start: usize) {
    let footer = bytes.len() - 56;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&bytes[index_start..footer + 16]);
    bytes[footer + 16..footer + 48].copy_from_slice(hasher.finalize().as_bytes());
}

fn sample() -> Pack {
    static SAMPLE: OnceLock<Pack> = OnceLock::new();
    SAMPLE.get_or_init(|| pack_of(&contents()[..40])).clone()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..300)) {
        read_everything(bytes);
    }

    #[test]
    fn any_bytes_that_begin_and_end_like_a_pack(middle in vec(any::<u8>(), 0..300)) {
        read_everything([b"STKPACK\x01", middle.as_slice(), b"STKINDX\x01"].concat());
    }

    #[test]
    fn a_pack_with_changed_bytes(changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = sample().bytes.to_vec();
        for (at, to) in changes {
            let at = at.index(bytes.len());
            bytes[at] = to;
        }
        read_everything(bytes);
    }

    #[test]
    fn a_pack_with_a_changed_index_and_a_right_digest(
        changes in vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), Just(0), Just(255)]), 1..6),
    ) {
        let pack = sample();
        let (mut bytes, start) = (pack.bytes.to_vec(), index_start(&pack));
        for (at, to) in changes {
            // The index and the counts of the footer.
            let at = start + at.index(bytes.len() - 40 - start);
            bytes[at] = to;
        }
        reseal(&mut bytes, start);
        read_everything(bytes);
    }

    #[test]
    fn a_pack_cut_and_extended(keep in any::<prop::sample::Index>(), more in vec(any::<u8>(), 0..80)) {
        let bytes = sample().bytes;
        read_everything([&bytes[..keep.index(bytes.len())], more.as_slice()].concat());
    }

    #[test]
    fn what_is_written_is_read(contents in vec(vec(any::<u8>(), 0..2000), 0..30), block_bytes in 0u64..5000) {
        let limits = depot::PackLimits { block_bytes, ..depot::PackLimits::default() };
        let mut writer = depot::PackWriter::new(limits);
        let mut expected: Vec<(Oid, Vec<u8>)> = Vec::new();
        for content in contents {
            let oid = sha1_id(&content);
            writer.add(oid, &content).unwrap();
            if !expected.iter().any(|(seen, _)| *seen == oid) {
                expected.push((oid, content));
            }
        }
        prop_assert_eq!(writer.len(), expected.len());
        let pack = writer.finish().unwrap();
        prop_assert!(writer.is_empty() && writer.content_bytes() == 0);
        let file = PackFile::parse(&pack.name, pack.bytes, LIMIT).unwrap();
        let mut read = Vec::new();
        file.for_each(|entry: &PackEntry, content| read.push((entry.oid, content.unwrap().to_vec())));
        prop_assert_eq!(read, expected);
    }
}

#[test]
fn a_block_that_swells_is_refused() {
    // 64 MiB of blanks in a few kB, where the index says that there are ten bytes.
    let blanks = vec![b' '; 64 << 20];
    let mut writer = depot::PackWriter::new(depot::PackLimits::default());
    writer.add(sha1_id(&blanks), &blanks).unwrap();
    let pack = writer.finish().unwrap();
    assert!(pack.bytes.len() < 100_000);
    let start = index_start(&pack);
    let mut bytes = pack.bytes.to_vec();
    bytes[start + 12..start + 16].copy_from_slice(&(10u32 + 25).to_le_bytes());
    let size = start + 20 + 21;
    bytes[size..size + 4].copy_from_slice(&10u32.to_le_bytes());
    reseal(&mut bytes, start);
    let file = PackFile::parse("swelling", Bytes::from(bytes), LIMIT).unwrap();
    let mut errors = Vec::new();
    file.for_each(|_, content| errors.push(content.unwrap_err().to_string()));
    assert_eq!(errors.len(), 1);
    assert!(errors[0].contains("its block says that it has 67108889 bytes"), "{}", errors[0]);
}
