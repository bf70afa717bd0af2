//! The bytes of a pack around its blocks: header, records, index, footer. The crate's documentation has the
//! layout; this file is its only reader and writer.
//!
//! Reading trusts nothing: every count and length is checked against the bytes that are there before memory
//! is taken for it. Reasons are returned as text, the caller knows the pack's name.

use std::collections::HashSet;

use bytes::Bytes;
use contracts::Oid;

use crate::PackEntry;

/// What a pack begins with.
pub(crate) const HEADER: &[u8; 8] = b"STKPACK\x01";
const TRAILER: &[u8; 8] = b"STKINDX\x01";
const FOOTER_BYTES: usize = 56;
const BLOCK_ENTRY_BYTES: usize = 20;
/// The largest decompressed block that holds more than one record.
pub(crate) const MAX_SHARED_BLOCK: u64 = 1 << 20;

/// What the index says of one block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) offset: u64,
    pub(crate) length: u32,
    pub(crate) raw: u32,
    pub(crate) records: u32,
}

/// A pack's index. Entries of one block follow each other and share its offset.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub(crate) blocks: Vec<Block>,
    pub(crate) entries: Vec<PackEntry>,
}

/// The length of a record's head in front of its content.
pub(crate) fn record_head_bytes(oid: &Oid) -> u64 {
    1 + oid.as_bytes().len() as u64 + 4
}

/// Appends the head of a record.
pub(crate) fn write_record_head(out: &mut Vec<u8>, oid: &Oid, size: u32) {
    // The length of an id is 20 or 32.
    out.push(oid.as_bytes().len() as u8);
    out.extend_from_slice(oid.as_bytes());
    out.extend_from_slice(&size.to_le_bytes());
}

/// Appends index and footer to `out`, which ends with the last block.
pub(crate) fn write_index(out: &mut Vec<u8>, blocks: &[Block], entries: &[PackEntry]) {
    let start = out.len();
    for block in blocks {
        out.extend_from_slice(&block.offset.to_le_bytes());
        out.extend_from_slice(&block.length.to_le_bytes());
        out.extend_from_slice(&block.raw.to_le_bytes());
        out.extend_from_slice(&block.records.to_le_bytes());
    }
    for entry in entries {
        // The writer refuses contents of 4 GiB and more.
        write_record_head(out, &entry.oid, entry.size as u32);
    }
    let index_end = out.len();
    out.extend_from_slice(&(start as u64).to_le_bytes());
    out.extend_from_slice(&(blocks.len() as u32).to_le_bytes());
    out.extend_from_slice(&(entries.len() as u32).to_le_bytes());
    let digest = index_digest(&out[start..index_end], &out[index_end..]);
    out.extend_from_slice(&digest);
    out.extend_from_slice(TRAILER);
}

fn index_digest(index: &[u8], counts: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(index);
    hasher.update(counts);
    *hasher.finalize().as_bytes()
}

/// Reads and checks the index of a whole pack.
pub(crate) fn read_index(pack: &Bytes) -> Result<Index, String> {
    if !pack.starts_with(HEADER) {
        return Err("it does not begin as a pack of version 1 does".to_owned());
    }
    let Some(footer_at) = pack.len().checked_sub(FOOTER_BYTES).filter(|at| *at >= HEADER.len()) else {
        return Err(format!("it is cut short: {} bytes", pack.len()));
    };
    let mut footer = Cursor(&pack[footer_at..]);
    if !pack.ends_with(TRAILER) {
        return Err("it does not end as a pack of version 1 does, it may be cut short".to_owned());
    }
    let (index_at, blocks, records) = (footer.u64()?, footer.u32()?, footer.u32()?);
    let index_at = usize::try_from(index_at)
        .ok()
        .filter(|at| (HEADER.len()..=footer_at).contains(at))
        .ok_or("its index lies outside of it")?;
    let index = &pack[index_at..footer_at];
    if index_digest(index, &pack[footer_at..footer_at + 16]) != footer.take(32)? {
        return Err("its index does not match its checksum".to_owned());
    }
    // From here on a mistake is one of whoever wrote the pack, which is no reason to trust it more.
    let smallest = blocks as u64 * BLOCK_ENTRY_BYTES as u64 + records as u64 * 25;
    if smallest > index.len() as u64 {
        return Err("its index is shorter than its counts say".to_owned());
    }
    let mut cursor = Cursor(index);
    let blocks = read_blocks(&mut cursor, blocks, index_at as u64)?;
    let entries = read_entries(&mut cursor, &blocks, records)?;
    if !cursor.0.is_empty() {
        return Err("its index is longer than its counts say".to_owned());
    }
    Ok(Index { blocks, entries })
}

fn read_blocks(cursor: &mut Cursor<'_>, count: u32, end: u64) -> Result<Vec<Block>, String> {
    let mut next = HEADER.len() as u64;
    let mut blocks = Vec::with_capacity(count as usize);
    for number in 0..count {
        let block = Block {
            offset: cursor.u64()?,
            length: cursor.u32()?,
            raw: cursor.u32()?,
            records: cursor.u32()?,
        };
        if block.offset != next || block.length == 0 || block.records == 0 {
            return Err(format!("block {number} does not follow the one before it"));
        }
        if block.records > 1 && u64::from(block.raw) > MAX_SHARED_BLOCK {
            return Err(format!("block {number} is too large to be shared: {} bytes", block.raw));
        }
        next = block.offset + u64::from(block.length);
        if next > end {
            return Err(format!("block {number} reaches into the index"));
        }
        blocks.push(block);
    }
    if next != end {
        return Err("its blocks do not fill it".to_owned());
    }
    Ok(blocks)
}

fn read_entries(cursor: &mut Cursor<'_>, blocks: &[Block], count: u32) -> Result<Vec<PackEntry>, String> {
    let mut entries = Vec::with_capacity(count as usize);
    let mut seen = HashSet::with_capacity(count as usize);
    for (number, block) in blocks.iter().enumerate() {
        let mut raw = 0;
        for _ in 0..block.records {
            let (oid, size) = cursor.record_head()?;
            if !seen.insert(oid) {
                return Err(format!("content {oid} is in it twice"));
            }
            raw += record_head_bytes(&oid) + u64::from(size);
            let entry = PackEntry { oid, offset: block.offset, length: block.length, size: u64::from(size) };
            entries.push(entry);
        }
        if raw != u64::from(block.raw) {
            return Err(format!("the records of block {number} do not fill it"));
        }
    }
    if entries.len() != count as usize {
        return Err("its blocks have not as many records as it says".to_owned());
    }
    Ok(entries)
}

/// The records of a decompressed block, up to the first that does not fit.
pub(crate) struct Records<'a> {
    cursor: Cursor<'a>,
    length: usize,
}

impl<'a> Records<'a> {
    pub(crate) fn of(block: &'a [u8]) -> Self {
        Self { cursor: Cursor(block), length: block.len() }
    }
}

impl Iterator for Records<'_> {
    /// The id, and where the content lies in the block.
    type Item = Result<(Oid, std::ops::Range<usize>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.cursor.0.is_empty() {
            return None;
        }
        let mut record = || {
            let (oid, size) = self.cursor.record_head()?;
            let start = self.length - self.cursor.0.len();
            self.cursor.take(size as usize)?;
            Ok((oid, start..start + size as usize))
        };
        let record = record();
        if record.is_err() {
            self.cursor.0 = &[];
        }
        Some(record)
    }
}

/// Reads from the front of bytes that may end too early.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let Some((taken, rest)) = self.0.split_at_checked(length) else {
            return Err(format!("{length} bytes were expected where {} are left", self.0.len()));
        };
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let Some((taken, rest)) = self.0.split_first_chunk() else {
            return Err(format!("{N} bytes were expected where {} are left", self.0.len()));
        };
        self.0 = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, String> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, String> {
        self.array().map(u64::from_le_bytes)
    }

    fn record_head(&mut self) -> Result<(Oid, u32), String> {
        let [length] = self.array()?;
        let oid = Oid::from_bytes(self.take(usize::from(length))?)
            .map_err(|error| format!("a record has an id of {length} bytes: {error}"))?;
        Ok((oid, self.u32()?))
    }
}
