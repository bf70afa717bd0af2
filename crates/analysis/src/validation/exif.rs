//! What a camera wrote beside the picture: only whether it can be read, and whether it says where.

use super::{Format, image::sniff, jpeg};

/// What was found of EXIF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exif {
    /// There is some.
    pub present: bool,
    /// It cannot be read.
    pub broken: bool,
    /// It says where the picture was taken.
    pub located: bool,
}

/// The directory of places, in the first directory.
const GPS: u16 = 0x8825;
/// Entries of one directory that are looked at.
const MOST: u16 = 1_000;

/// Looks for EXIF in a JPEG, PNG or `WebP`.
pub fn exif(bytes: &[u8]) -> Exif {
    let mut sum = Exif::default();
    for tiff in blocks(bytes) {
        let one = directory(tiff);
        sum.present = true;
        sum.broken |= one.is_none();
        sum.located |= one.unwrap_or(false);
    }
    // XMP is a text beside it, which can say the same.
    if sniff(bytes) == Some(Format::Jpeg) {
        let says = |payload: &&[u8]| memchr::memmem::find(payload, b"exif:GPSLatitude").is_some();
        sum.located |= jpeg::application(bytes, 1).iter().any(says);
    }
    sum
}

fn blocks(bytes: &[u8]) -> Vec<&[u8]> {
    match sniff(bytes) {
        Some(Format::Jpeg) => jpeg::application(bytes, 1)
            .into_iter()
            .filter_map(|payload| payload.strip_prefix(b"Exif\0\0"))
            .collect(),
        Some(Format::Png) => chunks(bytes, 8, b"eXIf", u32::from_be_bytes, 4, 0),
        Some(Format::Webp) => chunks(bytes, 12, b"EXIF", u32::from_le_bytes, 0, 4)
            .into_iter()
            .map(|block| block.strip_prefix(b"Exif\0\0").unwrap_or(block))
            .collect(),
        _ => Vec::new(),
    }
}

/// The payloads of chunks with this name: of PNG, where the length stands before the name, or of RIFF.
fn chunks<'a>(
    bytes: &'a [u8],
    begin: usize,
    wanted: &[u8; 4],
    number: fn([u8; 4]) -> u32,
    name_at: usize,
    length_at: usize,
) -> Vec<&'a [u8]> {
    let (mut at, mut found) = (begin, Vec::new());
    let four = |at: usize| bytes.get(at..at + 4)?.try_into().ok();
    while let (Some(name), Some(length)) = (four(at + name_at), four(at + length_at)) {
        let length = number(length) as usize;
        let Some(end) = (at + 8).checked_add(length).filter(|end| *end <= bytes.len()) else { break };
        if &name == wanted
            && let Some(payload) = bytes.get(at + 8..end)
        {
            found.push(payload);
        }
        // PNG has a checksum behind each, RIFF fills up to even lengths.
        at = if length_at == 0 { end + 4 } else { end + (length & 1) };
    }
    found
}

/// Whether the first directory names a place; `None` when it cannot be read.
fn directory(tiff: &[u8]) -> Option<bool> {
    let big = match tiff.get(..4)? {
        b"MM\0*" => true,
        b"II*\0" => false,
        _ => return None,
    };
    let u16_at = |at: usize| {
        let pair: [u8; 2] = tiff.get(at..at + 2)?.try_into().ok()?;
        Some(if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
    };
    let u32_at = |at: usize| {
        let four: [u8; 4] = tiff.get(at..at + 4)?.try_into().ok()?;
        Some(if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    };
    let first = u32_at(4)? as usize;
    let count = u16_at(first)?;
    for index in 0..count.min(MOST) {
        let entry = first.checked_add(2 + usize::from(index) * 12)?;
        if u16_at(entry)? == GPS {
            let at = u32_at(entry + 8)? as usize;
            // A directory without entries says nothing of a place.
            return Some(u16_at(at)? > 0);
        }
        u32_at(entry + 8)?;
    }
    Some(false)
}
