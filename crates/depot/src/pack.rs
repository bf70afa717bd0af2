//! A pack in memory: as it was just built, or as it came back from the depot.

use bytes::Bytes;
use contracts::Oid;

use crate::{
    Check, DepotError,
    decode::Decoder,
    format::{self, Index},
};

/// Where a content lies in a pack. What the store keeps of it is enough to make it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackEntry {
    /// The content's git blob id.
    pub oid: Oid,
    /// Where the block that holds it begins, in bytes from the beginning of the pack.
    pub offset: u64,
    /// The length of that block in the pack, in bytes. Neighbours in one block have the same.
    pub length: u32,
    /// The size of the content itself, in bytes.
    pub size: u64,
}

/// A finished pack that is not yet in a depot.
#[derive(Clone, Debug)]
pub struct Pack {
    /// A digest of the bytes and a UUID, 64 digits of lowercase hexadecimal; see [`crate`].
    pub name: String,
    /// The pack, byte for byte as it is stored.
    pub bytes: Bytes,
    /// Its contents, in the order they were added.
    pub entries: Vec<PackEntry>,
}

/// A whole pack that came back from the depot.
#[derive(Clone, Debug)]
pub struct PackFile {
    name: String,
    bytes: Bytes,
    index: Index,
}

impl PackFile {
    /// Reads the index of a pack's bytes. Damage of the blocks is found by [`Self::for_each`].
    ///
    /// # Errors
    /// When header, index or footer are not as a writer makes them, or when a content has more than
    /// `max_content_bytes`.
    pub fn parse(name: &str, bytes: Bytes, max_content_bytes: u64) -> Result<Self, DepotError> {
        let index = format::read_index(&bytes).map_err(|reason| DepotError::damaged_pack(name, reason))?;
        if let Some(entry) = index.entries.iter().find(|entry| entry.size > max_content_bytes) {
            let what = format!("content {} in pack {name}", entry.oid);
            return Err(DepotError::TooLarge { what, bytes: entry.size, limit: max_content_bytes });
        }
        Ok(Self { name: name.to_owned(), bytes, index })
    }

    /// The pack's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The contents, in the order they were added.
    pub fn entries(&self) -> &[PackEntry] {
        &self.index.entries
    }

    /// Hands over every content in order, each verified, or what is wrong with it. Takes the memory of one
    /// block at a time.
    pub fn for_each(&self, mut take: impl FnMut(&PackEntry, Result<&[u8], DepotError>)) {
        let mut decoder = Decoder::new(&self.name);
        let mut entries = self.index.entries.as_slice();
        for block in &self.index.blocks {
            // The index was checked when it was read: the entries suffice and the range lies inside.
            let (members, rest) = entries.split_at(block.records as usize);
            entries = rest;
            let start = block.offset as usize;
            let decoded = decoder.block(&self.bytes[start..start + block.length as usize], members);
            for entry in members {
                match &decoded {
                    Ok(decoded) => match decoder.content(decoded, entry, Check::Digest) {
                        Ok(content) => take(entry, Ok(&content)),
                        Err(error) => take(entry, Err(error)),
                    },
                    Err(error) => take(entry, Err(error.of(entry.oid))),
                }
            }
        }
    }
}
