//! Contents and packs to test with.

use contracts::Oid;
use depot::{Pack, PackLimits, PackWriter, blob_id};

/// Bytes that do not compress, the same for the same seed.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// The SHA-1 git blob id of `bytes`.
pub(crate) fn sha1_id(bytes: &[u8]) -> Oid {
    blob_id(&Oid::from([0; 20]), bytes)
}

/// Contents of every kind: empty, tiny, text, larger than a block, incompressible.
pub(crate) fn contents() -> Vec<Vec<u8>> {
    let text = |lines: usize| (0..lines).map(|n| format!("let line_{n} = {};\n", n * 7)).collect::<String>();
    let mut contents = vec![Vec::new(), b"a".to_vec(), b"a\r\nb\0c".to_vec()];
    contents.extend((1..60).map(|n| text(n * 3).into_bytes()));
    contents.push(text(20_000).into_bytes());
    contents.push(noise(300_000, 1));
    contents.extend((0..20).map(|seed| noise(5_000, seed + 2)));
    contents
}

/// A pack of `contents` in their order.
pub(crate) fn pack_of(contents: &[Vec<u8>]) -> Pack {
    let mut writer = PackWriter::new(PackLimits::default());
    for content in contents {
        writer.add(sha1_id(content), content).unwrap();
    }
    writer.finish().unwrap()
}
