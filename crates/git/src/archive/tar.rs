//! Tar archives: POSIX.1-2001 (`ustar` and `pax`) and what GNU tar adds for long names.

use std::io::{self, Read};

use super::{Collector, Found};
use crate::{EntryKind, GitError};

const BLOCK: usize = 512;
/// Names and attributes that come as entries of their own.
const MOST_EXTENSION: u64 = 1 << 20;

/// What entries in front of an entry say of it.
#[derive(Default)]
struct Ahead {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
}

/// Hands every entry of the archive to `collector`.
pub(super) fn read(source: &mut dyn Read, collector: &mut Collector<'_>) -> Result<(), GitError> {
    let mut ahead = Ahead::default();
    let mut block = [0; BLOCK];
    let mut is_first = true;
    loop {
        if !next_block(source, &mut block).map_err(|error| collector.broken(&error))? {
            return if is_first { Err(broken("is empty")) } else { Ok(()) };
        }
        if block.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        check_sum(&block)?;
        is_first = false;
        let size = match ahead.size {
            Some(size) => size,
            None => number(&block[124..136])?,
        };
        match block[156] {
            b'x' | b'g' => {
                let data = extension(source, number(&block[124..136])?, collector)?;
                // What is said of all entries is the commit, or times: nothing that we record.
                if block[156] == b'x' {
                    pax(&data, &mut ahead)?;
                }
            }
            b'L' => ahead.path = Some(text(&extension(source, size, collector)?)),
            b'K' => ahead.link = Some(text(&extension(source, size, collector)?)),
            kind => {
                let Ahead { path, link, .. } = std::mem::take(&mut ahead);
                let name = path.unwrap_or_else(|| name_of(&block));
                let link = link.unwrap_or_else(|| text(&block[157..257]));
                entry(kind, &name, &link, &block, size, source, collector)?;
            }
        }
    }
}

fn entry(
    kind: u8,
    name: &[u8],
    link: &[u8],
    block: &[u8],
    size: u64,
    source: &mut dyn Read,
    collector: &mut Collector<'_>,
) -> Result<(), GitError> {
    let path = collector.path_of(name)?;
    match (kind, path) {
        (b'0' | 0 | b'7', Some(path)) if !name.ends_with(b"/") => {
            let mode = u32::try_from(number(&block[100..108])? & 0o7777).unwrap_or(0);
            let kind = if mode & 0o100 == 0 { EntryKind::File } else { EntryKind::Executable };
            collector.content(Found { path, kind, size }, source)?;
            skip(source, padding(size), collector)
        }
        (b'1', Some(path)) => {
            let Some(other) = collector.path_of(link)? else {
                return Err(broken("links to its own root"));
            };
            collector.same_as(path, &other)?;
            skip(source, size + padding(size), collector)
        }
        (b'2', Some(path)) => {
            let found = Found { path, kind: EntryKind::Symlink, size: link.len() as u64 };
            collector.content(found, &mut &link[..])?;
            skip(source, size + padding(size), collector)
        }
        (b'S', Some(_)) => Err(broken("has a sparse file, in GNU's own form")),
        (b'3' | b'4' | b'6', Some(_)) => {
            collector.skipped.special += 1;
            skip(source, size + padding(size), collector)
        }
        // Folders are recorded by what is in them.
        _ => skip(source, size.saturating_add(padding(size)), collector),
    }
}

fn broken(what: &str) -> GitError {
    GitError::invalid(format_args!("the archive {what}"))
}

/// Fills the block; false when there is none any more.
fn next_block(source: &mut dyn Read, block: &mut [u8; BLOCK]) -> io::Result<bool> {
    let mut filled = 0;
    while filled < BLOCK {
        match source.read(&mut block[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

fn check_sum(block: &[u8; BLOCK]) -> Result<(), GitError> {
    let said = number(&block[148..156])?;
    let sum = |byte: (usize, &u8)| if (148..156).contains(&byte.0) { 32 } else { u64::from(*byte.1) };
    if block.iter().enumerate().map(sum).sum::<u64>() == said {
        Ok(())
    } else {
        Err(broken("is broken: an entry's head has another sum than it says"))
    }
}

/// Octal digits, or GNU's binary form for what does not fit.
fn number(field: &[u8]) -> Result<u64, GitError> {
    let wrong = || broken("is broken: an entry has something that is no number");
    if field.first().is_some_and(|byte| byte & 0x80 != 0) {
        let mut value = u64::from(field[0] & 0x7f);
        for byte in &field[1..] {
            value = value.checked_mul(256).ok_or_else(wrong)? + u64::from(*byte);
        }
        return Ok(value);
    }
    let digits =
        field.iter().skip_while(|byte| **byte == b' ').take_while(|byte| !matches!(**byte, 0 | b' '));
    let mut value = 0_u64;
    for digit in digits {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 8).ok_or_else(wrong)?;
        value = value.checked_mul(8).ok_or_else(wrong)? + u64::from(digit);
    }
    Ok(value)
}

fn text(field: &[u8]) -> Vec<u8> {
    field.iter().copied().take_while(|byte| *byte != 0).collect()
}

fn name_of(block: &[u8; BLOCK]) -> Vec<u8> {
    let name = text(&block[..100]);
    // GNU's old form has times where POSIX has the beginning of a long name.
    let prefix = if &block[257..263] == b"ustar\0" { text(&block[345..500]) } else { Vec::new() };
    if prefix.is_empty() { name } else { [&prefix[..], b"/", &name].concat() }
}

fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

fn skip(source: &mut dyn Read, bytes: u64, collector: &Collector<'_>) -> Result<(), GitError> {
    let mut left = bytes;
    let mut buffer = [0; 8 * 1024];
    while left > 0 {
        collector.meter.check().map_err(|_stopped| collector.meter.verdict(GitError::cancelled))?;
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        match source.read(&mut buffer[..most]) {
            Ok(0) => return Err(broken("ends in the middle of an entry")),
            Ok(count) => left -= count as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(collector.broken(&error)),
        }
    }
    Ok(())
}

fn extension(source: &mut dyn Read, size: u64, collector: &Collector<'_>) -> Result<Vec<u8>, GitError> {
    if size > MOST_EXTENSION {
        return Err(GitError::too_large(format_args!("a name in the archive has {size} bytes")));
    }
    let mut data = Vec::new();
    source.take(size).read_to_end(&mut data).map_err(|error| collector.broken(&error))?;
    if (data.len() as u64) < size {
        return Err(broken("ends in the middle of an entry"));
    }
    skip(source, padding(size), collector)?;
    Ok(data)
}

/// Records `LENGTH KEY=VALUE\n`.
fn pax(data: &[u8], ahead: &mut Ahead) -> Result<(), GitError> {
    let wrong = || broken("is broken: an entry has attributes that are none");
    let mut rest = data;
    while !rest.is_empty() {
        let space = rest.iter().position(|byte| *byte == b' ').ok_or_else(wrong)?;
        let length: usize =
            std::str::from_utf8(&rest[..space]).ok().and_then(|text| text.parse().ok()).ok_or_else(wrong)?;
        let record =
            rest.get(space + 1..length).and_then(|record| record.strip_suffix(b"\n")).ok_or_else(wrong)?;
        let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(wrong)?;
        let (key, value) = (&record[..equals], &record[equals + 1..]);
        match key {
            b"path" => ahead.path = Some(value.to_vec()),
            b"linkpath" => ahead.link = Some(value.to_vec()),
            b"size" => {
                let size = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                ahead.size = Some(size.ok_or_else(wrong)?);
            }
            b"GNU.sparse.major" | b"GNU.sparse.map" => {
                return Err(broken("has a sparse file, in GNU's own form"));
            }
            _ => {}
        }
        rest = rest.get(length..).ok_or_else(wrong)?;
    }
    Ok(())
}
