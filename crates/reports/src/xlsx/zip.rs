//! A zip archive written into a stream that need not seek (APPNOTE 6.3.10): sizes stand behind each entry
//! and in the directory at the end. Entries are compressed, have no date, and are under 4 GiB each; the
//! archive may be larger.

use std::io::{self, Write};

use super::deflate::Compressor;

const LOCAL: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const DIRECTORY: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
/// Deflated, with a descriptor behind, and the name in UTF-8.
const FLAGS: u16 = 1 << 3 | 1 << 11;
const DEFLATED: u16 = 8;
const VERSION: u16 = 20;
const VERSION_64: u16 = 45;
/// The first of January 1980, the earliest date that a zip knows.
const DATE: u16 = 1 << 5 | 1;

pub(super) struct Zip<W: Write> {
    out: Counted<W>,
    compressor: Compressor,
    entries: Vec<Entry>,
    open: Option<Entry>,
}

struct Entry {
    name: String,
    offset: u64,
    crc: u32,
    size: u64,
    compressed: u64,
}

struct Counted<W> {
    inner: W,
    count: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: Write> Zip<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out: Counted { inner: out, count: 0 },
            compressor: Compressor::new(),
            entries: Vec::new(),
            open: None,
        }
    }

    /// A whole entry.
    pub(super) fn entry(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.begin(name)?;
        self.write(bytes)?;
        self.end()
    }

    /// Begins an entry; the one before has ended.
    pub(super) fn begin(&mut self, name: &str) -> io::Result<()> {
        let entry = Entry { name: name.to_owned(), offset: self.out.count, crc: 0, size: 0, compressed: 0 };
        let mut head = Record::new(LOCAL);
        head.u16(VERSION).u16(FLAGS).u16(DEFLATED).u16(0).u16(DATE);
        head.u32(0).u32(0).u32(0).u16(length(name)?).u16(0).bytes(name.as_bytes());
        self.out.write_all(&head.0)?;
        self.open = Some(entry);
        Ok(())
    }

    /// Goes on with the open entry.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(entry) = &mut self.open else { return Err(io::Error::other("no entry is open")) };
        entry.crc = zlib_rs::crc32::crc32(entry.crc, bytes);
        entry.size += bytes.len() as u64;
        self.compressor.write(bytes, &mut self.out)
    }

    /// Bytes of the open entry so far, before they were compressed.
    pub(super) fn written(&self) -> u64 {
        self.open.as_ref().map_or(0, |entry| entry.size)
    }

    /// Ends the open entry.
    pub(super) fn end(&mut self) -> io::Result<()> {
        let Some(mut entry) = self.open.take() else { return Ok(()) };
        entry.compressed = self.compressor.end(&mut self.out)?;
        let mut descriptor = Record::new(DESCRIPTOR);
        descriptor.u32(entry.crc).u32(small(entry.compressed)?).u32(small(entry.size)?);
        self.out.write_all(&descriptor.0)?;
        self.entries.push(entry);
        Ok(())
    }

    /// Writes the directory, and gives the stream back.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let start = self.out.count;
        for entry in &self.entries {
            self.out.write_all(&directory_entry(entry)?.0)?;
        }
        let size = self.out.count - start;
        let count = u16::try_from(self.entries.len()).map_err(io::Error::other)?;
        let far = u32::try_from(start).is_err();
        if far {
            let at = self.out.count;
            let mut end = Record::new(END_64);
            end.u64(44).u16(VERSION_64).u16(VERSION_64).u32(0).u32(0);
            end.u64(count.into()).u64(count.into()).u64(size).u64(start);
            end.u32(LOCATOR_64).u32(0).u64(at).u32(1);
            self.out.write_all(&end.0)?;
        }
        let mut end = Record::new(END);
        end.u16(0).u16(0).u16(count).u16(count).u32(small(size)?);
        end.u32(if far { u32::MAX } else { small(start)? }).u16(0);
        self.out.write_all(&end.0)?;
        self.out.flush()?;
        Ok(self.out.inner)
    }
}

fn directory_entry(entry: &Entry) -> io::Result<Record> {
    let far = entry.offset >= u32::MAX.into();
    let version = if far { VERSION_64 } else { VERSION };
    let mut record = Record::new(DIRECTORY);
    record.u16(version).u16(version).u16(FLAGS).u16(DEFLATED).u16(0).u16(DATE);
    record.u32(entry.crc).u32(small(entry.compressed)?).u32(small(entry.size)?);
    record.u16(length(&entry.name)?).u16(if far { 12 } else { 0 }).u16(0).u16(0).u16(0).u32(0);
    record.u32(if far { u32::MAX } else { small(entry.offset)? }).bytes(entry.name.as_bytes());
    if far {
        record.u16(1).u16(8).u64(entry.offset);
    }
    Ok(record)
}

fn length(name: &str) -> io::Result<u16> {
    u16::try_from(name.len()).map_err(io::Error::other)
}

fn small(number: u64) -> io::Result<u32> {
    u32::try_from(number).map_err(|error| io::Error::other(format!("an entry is larger than 4 GiB: {error}")))
}

/// A record of the archive: little-endian numbers one after the other.
struct Record(Vec<u8>);

impl Record {
    fn new(signature: u32) -> Self {
        Self(signature.to_le_bytes().to_vec())
    }

    fn u16(&mut self, number: u16) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    fn u32(&mut self, number: u32) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    fn u64(&mut self, number: u64) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }
}
