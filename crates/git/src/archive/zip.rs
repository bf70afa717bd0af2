//! Zip archives: PKWARE's APPNOTE 6.3, without encryption and without splitting.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
};

use super::{Collector, Found};
use crate::{EntryKind, GitError};

const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
const LOCATOR_64: &[u8] = b"PK\x06\x07";
const CENTRAL: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
/// The end record and the longest comment behind it.
const LONGEST_END: u64 = 22 + 65_535;
/// The most that the list of entries may take.
const MOST_DIRECTORY: u64 = 1 << 30;

/// Hands every entry of the archive to `collector`.
pub(super) fn read(mut file: File, collector: &mut Collector<'_>) -> Result<(), GitError> {
    let (offset, size) = directory(&mut file)?;
    if size > MOST_DIRECTORY {
        return Err(GitError::too_large(format_args!("the archive's list of entries has {size} bytes")));
    }
    let mut list = file.try_clone().map_err(failed)?;
    list.seek(SeekFrom::Start(offset)).map_err(failed)?;
    let mut data = Vec::new();
    list.take(size).read_to_end(&mut data).map_err(failed)?;
    let mut rest = &data[..];
    while rest.starts_with(CENTRAL) {
        let (listed, length) = Listed::read(rest)?;
        rest = rest.get(length..).unwrap_or_default();
        entry(&mut file, listed, collector)?;
    }
    Ok(())
}

fn failed(error: std::io::Error) -> GitError {
    GitError::io("the archive", &error)
}

fn broken(what: &str) -> GitError {
    GitError::invalid(format_args!("the archive {what}"))
}

fn number(data: &[u8], at: usize, length: usize) -> Result<u64, GitError> {
    let end = at.checked_add(length);
    let field = end.and_then(|end| data.get(at..end)).ok_or_else(|| broken("is cut off"))?;
    Ok(field.iter().rev().fold(0, |value, byte| (value << 8) | u64::from(*byte)))
}

/// Where the list of entries is, and how long.
fn directory(file: &mut File) -> Result<(u64, u64), GitError> {
    let length = file.metadata().map_err(failed)?.len();
    let start = length.saturating_sub(LONGEST_END);
    file.seek(SeekFrom::Start(start)).map_err(failed)?;
    let mut tail = Vec::new();
    file.take(LONGEST_END).read_to_end(&mut tail).map_err(failed)?;
    let found = tail.windows(END.len()).rposition(|window| window == END);
    let at = found.ok_or_else(|| broken("is no zip archive, or is cut off"))?;
    let (size, offset) = (number(&tail, at + 12, 4)?, number(&tail, at + 16, 4)?);
    if offset != u64::from(u32::MAX) && size != u64::from(u32::MAX) {
        return Ok((offset, size));
    }
    let locator = at.checked_sub(20).filter(|locator| tail[*locator..].starts_with(LOCATOR_64));
    let locator = locator.ok_or_else(|| broken("is broken: it says that it is large, but not how"))?;
    file.seek(SeekFrom::Start(number(&tail, locator + 8, 8)?)).map_err(failed)?;
    let mut end = Vec::new();
    file.take(56).read_to_end(&mut end).map_err(failed)?;
    if !end.starts_with(END_64) {
        return Err(broken("is broken: its end is not where it says"));
    }
    Ok((number(&end, 48, 8)?, number(&end, 40, 8)?))
}

/// What the list says of an entry.
struct Listed {
    name: Vec<u8>,
    method: u64,
    is_encrypted: bool,
    crc: u64,
    packed: u64,
    size: u64,
    offset: u64,
    /// Mode bits, when a Unix system wrote it.
    mode: Option<u32>,
}

impl Listed {
    /// The entry that `data` begins with, and how long it is.
    fn read(data: &[u8]) -> Result<(Self, usize), GitError> {
        let (name_length, extra_length) = (number(data, 28, 2)? as usize, number(data, 30, 2)? as usize);
        let length = 46 + name_length + extra_length + number(data, 32, 2)? as usize;
        let name = data.get(46..46 + name_length).ok_or_else(|| broken("is cut off"))?.to_vec();
        let extra = data.get(46 + name_length..46 + name_length + extra_length);
        let extra = extra.ok_or_else(|| broken("is cut off"))?;
        let is_unix = number(data, 5, 1)? == 3;
        let mode = u32::try_from(number(data, 40, 2)?).ok().filter(|mode| is_unix && *mode != 0);
        let mut listed = Self {
            name,
            method: number(data, 10, 2)?,
            is_encrypted: number(data, 8, 2)? & 1 == 1,
            crc: number(data, 16, 4)?,
            packed: number(data, 20, 4)?,
            size: number(data, 24, 4)?,
            offset: number(data, 42, 4)?,
            mode,
        };
        listed.widen(extra)?;
        Ok((listed, length))
    }

    /// What does not fit into four bytes stands in an extra field.
    fn widen(&mut self, mut extra: &[u8]) -> Result<(), GitError> {
        while extra.len() >= 4 {
            let (id, length) = (number(extra, 0, 2)?, number(extra, 2, 2)? as usize);
            let field = extra.get(4..4 + length).ok_or_else(|| broken("is cut off"))?;
            if id == 1 {
                let mut at = 0;
                for value in [&mut self.size, &mut self.packed, &mut self.offset] {
                    if *value == u64::from(u32::MAX) {
                        *value = number(field, at, 8)?;
                        at += 8;
                    }
                }
            }
            extra = &extra[4 + length..];
        }
        Ok(())
    }

    fn kind(&self) -> EntryKind {
        match self.mode {
            Some(mode) if mode & 0o170_000 == 0o120_000 => EntryKind::Symlink,
            Some(mode) if mode & 0o100 != 0 => EntryKind::Executable,
            _ => EntryKind::File,
        }
    }
}

fn entry(file: &mut File, listed: Listed, collector: &mut Collector<'_>) -> Result<(), GitError> {
    let Some(path) = collector.path_of(&listed.name)? else { return Ok(()) };
    if listed.name.ends_with(b"/") {
        return Ok(());
    }
    let found = Found { path, kind: listed.kind(), size: listed.size };
    if listed.is_encrypted {
        collector.without_content(found, "is encrypted in the archive");
        return Ok(());
    }
    file.seek(SeekFrom::Start(listed.offset)).map_err(failed)?;
    let mut head = [0; 30];
    file.read_exact(&mut head).map_err(|_end| broken("is cut off"))?;
    if !head.starts_with(LOCAL) {
        return Err(broken("is broken: an entry is not where the list says"));
    }
    let behind = number(&head, 26, 2)? + number(&head, 28, 2)?;
    file.seek(SeekFrom::Current(i64::try_from(behind).unwrap_or(i64::MAX))).map_err(failed)?;
    let packed = BufReader::new(file.take(listed.packed));
    let source: Box<dyn Read + '_> = match listed.method {
        0 => Box::new(packed),
        8 => Box::new(flate2::bufread::DeflateDecoder::new(packed)),
        93 => Box::new(zstd::stream::read::Decoder::with_buffer(packed).map_err(failed)?),
        other => {
            collector
                .without_content(found, &format!("is compressed by method {other}, which is not known here"));
            return Ok(());
        }
    };
    let mut source = flate2::CrcReader::new(source);
    let name = found.path.clone();
    collector.content(found, &mut source)?;
    if u64::from(source.crc().sum()) != listed.crc {
        return Err(GitError::invalid(format_args!(
            "the archive is broken: {:?} has another sum than the list says",
            String::from_utf8_lossy(&name)
        )));
    }
    Ok(())
}
