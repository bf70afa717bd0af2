//! From the compressed bytes of a block to proven contents.

use bytes::Bytes;
use contracts::Oid;
use sha1::Digest as _;
use zstd::zstd_safe;

use crate::{
    Check, DepotError, PackEntry,
    format::{MAX_SHARED_BLOCK, Records, record_head_bytes},
};

/// The git blob id that `bytes` have: SHA-1, or SHA-256 when `like` is a SHA-256 id.
pub fn blob_id(like: &Oid, bytes: &[u8]) -> Oid {
    let head = format!("blob {}\0", bytes.len());
    if like.as_bytes().len() == 20 {
        let digest: [u8; 20] = sha1::Sha1::new().chain_update(&head).chain_update(bytes).finalize().into();
        return Oid::from(digest);
    }
    let digest = sha2::Sha256::new().chain_update(&head).chain_update(bytes).finalize();
    // A SHA-256 digest has the 32 bytes that an id may have.
    Oid::from_bytes(&digest).unwrap_or(Oid::from([0; 20]))
}

/// A decompressed block.
pub(crate) struct Block {
    bytes: Bytes,
    records: Result<Vec<(Oid, std::ops::Range<usize>)>, String>,
}

/// Why a block could not be read, so that it can be said of each of its contents.
pub(crate) struct BlockError {
    pack: String,
    reason: String,
}

impl BlockError {
    pub(crate) fn of(&self, content: Oid) -> DepotError {
        DepotError::damaged_content(&self.pack, content, self.reason.clone())
    }
}

/// Decompresses the blocks of one pack, one after the other, with one reused context.
pub(crate) struct Decoder<'a> {
    pack: &'a str,
    context: zstd_safe::DCtx<'static>,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(pack: &'a str) -> Self {
        Self { pack, context: zstd_safe::DCtx::create() }
    }

    /// Decompresses a block that is said to hold `wanted`, whose sizes were checked against the limits: they
    /// bound the memory that is taken, whatever the bytes themselves say.
    pub(crate) fn block(&mut self, compressed: &[u8], wanted: &[PackEntry]) -> Result<Block, BlockError> {
        let largest = wanted.iter().map(|entry| record_head_bytes(&entry.oid) + entry.size).max();
        let limit = largest.unwrap_or(0).max(MAX_SHARED_BLOCK);
        let pack = self.pack;
        let fail = |reason: String| BlockError { pack: pack.to_owned(), reason };
        let raw = match zstd_safe::get_frame_content_size(compressed) {
            Ok(Some(raw)) if raw <= limit => raw as usize,
            Ok(Some(raw)) => {
                return Err(fail(format!(
                    "its block says that it has {raw} bytes where {limit} are possible"
                )));
            }
            Ok(None) | Err(_) => return Err(fail("its block is no zstd frame of ours".to_owned())),
        };
        let mut bytes = Vec::with_capacity(raw);
        let written = self.context.decompress(&mut bytes, compressed).map_err(|code| {
            fail(format!("its block does not decompress: {}", zstd_safe::get_error_name(code)))
        })?;
        if written != raw {
            return Err(fail(format!("its block has {written} bytes where {raw} were expected")));
        }
        let records = Records::of(&bytes).collect();
        Ok(Block { bytes: bytes.into(), records })
    }

    /// What to say of the contents of a block that could not be read at all.
    pub(crate) fn unreadable(&self, reason: String) -> BlockError {
        BlockError { pack: self.pack.to_owned(), reason }
    }

    /// The content of `entry` out of its block, proven.
    pub(crate) fn content(
        &self,
        block: &Block,
        entry: &PackEntry,
        check: Check,
    ) -> Result<Bytes, DepotError> {
        let damaged = |reason: String| DepotError::damaged_content(self.pack, entry.oid, reason);
        let records = block.records.as_ref().map_err(|reason| damaged(format!("in its block {reason}")))?;
        let Some((_, range)) = records.iter().find(|(oid, _)| *oid == entry.oid) else {
            return Err(damaged(format!("it is not in the block at {}", entry.offset)));
        };
        if range.len() as u64 != entry.size {
            return Err(damaged(format!("it has {} bytes, not {}", range.len(), entry.size)));
        }
        let bytes = block.bytes.slice(range.clone());
        if check == Check::Digest {
            let found = blob_id(&entry.oid, &bytes);
            if found != entry.oid {
                return Err(damaged(format!("its bytes have the id {found}")));
            }
        }
        Ok(bytes)
    }
}
