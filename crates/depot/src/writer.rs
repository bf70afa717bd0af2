//! Builds a pack in memory.

use std::collections::HashSet;

use bytes::Bytes;
use contracts::Oid;
use zstd::zstd_safe::{self, CCtx, CParameter, InBuffer, OutBuffer, zstd_sys::ZSTD_EndDirective};

use crate::{
    DepotError, Pack, PackEntry,
    format::{self, Block, MAX_SHARED_BLOCK, record_head_bytes},
    name,
};

/// When a pack is full, and how it is compressed.
#[derive(Clone, Copy, Debug)]
pub struct PackLimits {
    /// A pack with this many bytes of content, before compression, is full.
    pub target_bytes: u64,
    /// A pack with this many contents is full.
    pub max_contents: usize,
    /// Contents share a compressed block up to this size in bytes, at most 1 MiB; a larger content has a
    /// block to itself. 0 gives every content its own.
    pub block_bytes: u64,
    /// The zstd level, 1 to 19.
    pub level: i32,
}

impl Default for PackLimits {
    fn default() -> Self {
        Self { target_bytes: 4 << 20, max_contents: 1024, block_bytes: 128 << 10, level: 1 }
    }
}

/// Collects contents into a pack. Compresses while it collects, so that it holds little more than the
/// compressed pack; to be used where blocking is allowed.
pub struct PackWriter {
    limits: PackLimits,
    /// Made with the first block, because setting it up can fail.
    compressor: Option<CCtx<'static>>,
    out: Vec<u8>,
    block: Vec<u8>,
    compressed: Vec<u8>,
    blocks: Vec<Block>,
    entries: Vec<PackEntry>,
    seen: HashSet<Oid>,
    /// The entries before this one are in finished blocks.
    block_start: usize,
    content_bytes: u64,
}

impl PackWriter {
    /// An empty pack.
    pub fn new(limits: PackLimits) -> Self {
        let limits = PackLimits { block_bytes: limits.block_bytes.min(MAX_SHARED_BLOCK), ..limits };
        Self {
            limits,
            compressor: None,
            out: format::HEADER.to_vec(),
            block: Vec::new(),
            compressed: Vec::new(),
            blocks: Vec::new(),
            entries: Vec::new(),
            seen: HashSet::new(),
            block_start: 0,
            content_bytes: 0,
        }
    }

    /// Adds a content. `oid` must be its git blob id: it is not hashed here, but it is when it is read. A
    /// content that is in the pack already is not added again.
    ///
    /// # Errors
    /// When the content has 4 GiB or more, or when memory is short.
    pub fn add(&mut self, oid: Oid, bytes: &[u8]) -> Result<(), DepotError> {
        let size = u32::try_from(bytes.len()).ok().filter(|size| *size <= u32::MAX - 64);
        let Some(size) = size else {
            let (bytes, limit) = (bytes.len() as u64, u64::from(u32::MAX - 64));
            return Err(DepotError::TooLarge { what: format!("content {oid}"), bytes, limit });
        };
        if !self.seen.insert(oid) {
            return Ok(());
        }
        let record = record_head_bytes(&oid) + bytes.len() as u64;
        if !self.block.is_empty() && self.block.len() as u64 + record > self.limits.block_bytes {
            self.finish_block()?;
        }
        // The block's place is not known before it is compressed.
        self.entries.push(PackEntry { oid, offset: 0, length: 0, size: u64::from(size) });
        self.content_bytes += u64::from(size);
        if record >= self.limits.block_bytes {
            return self.add_alone(oid, size, bytes);
        }
        self.block.reserve(record as usize);
        format::write_record_head(&mut self.block, &oid, size);
        self.block.extend_from_slice(bytes);
        Ok(())
    }

    /// Whether it is time to finish this pack and begin another.
    pub fn is_full(&self) -> bool {
        self.content_bytes >= self.limits.target_bytes || self.entries.len() >= self.limits.max_contents
    }

    /// Whether a content of so many bytes still belongs into this pack. One that is larger than a whole pack has
    /// a pack to itself, so that no pack is much larger than its limit or than its only content.
    pub fn has_room_for(&self, bytes: u64) -> bool {
        let fits = self.content_bytes.saturating_add(bytes) <= self.limits.target_bytes;
        self.is_empty() || (fits && self.entries.len() < self.limits.max_contents)
    }

    /// The number of contents.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing has been added.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The bytes of the contents before compression.
    pub fn content_bytes(&self) -> u64 {
        self.content_bytes
    }

    /// The finished pack. The writer is empty afterwards and can build the next one, with the same compressor.
    ///
    /// # Errors
    /// When memory is short.
    pub fn finish(&mut self) -> Result<Pack, DepotError> {
        self.finish_block()?;
        format::write_index(&mut self.out, &self.blocks, &self.entries);
        let bytes = Bytes::from(std::mem::replace(&mut self.out, format::HEADER.to_vec()));
        let name = name::of(&bytes);
        self.blocks.clear();
        self.seen.clear();
        (self.block_start, self.content_bytes) = (0, 0);
        Ok(Pack { name, bytes, entries: std::mem::take(&mut self.entries) })
    }

    /// A content with a block to itself goes from where it is into the pack, without a copy in between: it may
    /// be large.
    fn add_alone(&mut self, oid: Oid, size: u32, bytes: &[u8]) -> Result<(), DepotError> {
        let mut head = Vec::new();
        format::write_record_head(&mut head, &oid, size);
        let raw = head.len() + bytes.len();
        let start = self.out.len();
        self.out.reserve(zstd_safe::compress_bound(raw));
        let compressor = compressor(&mut self.compressor, self.limits.level)?;
        compressor.set_pledged_src_size(Some(raw as u64)).map_err(internal)?;
        let mut out = OutBuffer::around_pos(&mut self.out, start);
        let last = ZSTD_EndDirective::ZSTD_e_end;
        for (part, directive) in [(head.as_slice(), ZSTD_EndDirective::ZSTD_e_continue), (bytes, last)] {
            let mut part = InBuffer::around(part);
            loop {
                let before = (out.pos(), part.pos);
                let left = compressor.compress_stream2(&mut out, &mut part, directive).map_err(internal)?;
                let taken = part.pos == part.src.len();
                if taken && (directive != last || left == 0) {
                    break;
                }
                if before == (out.pos(), part.pos) {
                    let reason = "no room where there was room for all of it".to_owned();
                    return Err(DepotError::Internal { doing: "compressing a content".to_owned(), reason });
                }
            }
        }
        let length = self.out.len() - start;
        self.note_block(start, length, raw)
    }

    fn finish_block(&mut self) -> Result<(), DepotError> {
        if self.block.is_empty() {
            return Ok(());
        }
        self.compressed.clear();
        self.compressed.reserve(zstd_safe::compress_bound(self.block.len()));
        let compressor = compressor(&mut self.compressor, self.limits.level)?;
        compressor.compress2(&mut self.compressed, &self.block).map_err(internal)?;
        let start = self.out.len();
        self.out.extend_from_slice(&self.compressed);
        let raw = self.block.len();
        self.block.clear();
        self.note_block(start, self.compressed.len(), raw)
    }

    /// The block that was just appended holds every entry that has no place yet.
    fn note_block(&mut self, start: usize, length: usize, raw: usize) -> Result<(), DepotError> {
        let Ok(length) = u32::try_from(length) else {
            let (bytes, limit) = (length as u64, u64::from(u32::MAX));
            return Err(DepotError::TooLarge { what: "a block".to_owned(), bytes, limit });
        };
        let offset = start as u64;
        let members = &mut self.entries[self.block_start..];
        for entry in members.iter_mut() {
            (entry.offset, entry.length) = (offset, length);
        }
        // Both fit: a block is at most one content of less than 4 GiB less 64 bytes, and its head.
        let (raw, records) = (raw as u32, members.len() as u32);
        self.blocks.push(Block { offset, length, raw, records });
        self.block_start = self.entries.len();
        Ok(())
    }
}

/// The one context of a writer, made when it is first needed.
fn compressor<'a>(
    made: &'a mut Option<CCtx<'static>>,
    level: i32,
) -> Result<&'a mut CCtx<'static>, DepotError> {
    match made {
        Some(context) => Ok(context),
        none => {
            let mut context = CCtx::create();
            for parameter in [
                CParameter::CompressionLevel(level),
                CParameter::ChecksumFlag(true),
                CParameter::ContentSizeFlag(true),
            ] {
                context.set_parameter(parameter).map_err(internal)?;
            }
            Ok(none.insert(context))
        }
    }
}

fn internal(code: usize) -> DepotError {
    let reason = zstd_safe::get_error_name(code).to_owned();
    DepotError::Internal { doing: "compressing a pack".to_owned(), reason }
}
