//! Proves that a pack is still what was written, or says what is wrong with it.

use bytes::Bytes;
use contracts::Oid;

use crate::{PackEntry, PackFile, name};

/// What a re-read of a whole pack found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The size of the pack as it is stored, in bytes.
    pub bytes: u64,
    /// How many contents were read and proven.
    pub intact: u64,
    /// Where those lie.
    pub entries: Vec<PackEntry>,
    /// What is wrong; empty when the pack is as it was written.
    pub problems: Vec<Problem>,
}

impl Verification {
    /// Whether nothing is wrong.
    pub fn is_intact(&self) -> bool {
        self.problems.is_empty()
    }
}

/// One thing that is wrong with a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The content concerned; none when it is the pack as such.
    pub content: Option<Oid>,
    /// What is wrong, naming pack and content.
    pub reason: String,
}

/// Hashes the pack, then every content of it.
pub(crate) fn verify(name: &str, bytes: Bytes, max_content_bytes: u64) -> Verification {
    let mut found =
        Verification { bytes: bytes.len() as u64, intact: 0, entries: Vec::new(), problems: Vec::new() };
    if let Some(digest) = name::contradicts(name, &bytes) {
        let reason = format!("pack {name} is damaged: its bytes have the digest {digest}");
        found.problems.push(Problem { content: None, reason });
    }
    match PackFile::parse(name, bytes, max_content_bytes) {
        Ok(file) => file.for_each(|entry, content| match content {
            Ok(_) => {
                found.intact += 1;
                found.entries.push(*entry);
            }
            Err(error) => {
                found.problems.push(Problem { content: Some(entry.oid), reason: error.to_string() });
            }
        }),
        Err(error) => found.problems.push(Problem { content: None, reason: error.to_string() }),
    }
    found
}
