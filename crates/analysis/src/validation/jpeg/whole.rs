//! Whether a JPEG has the bits of all its pixels.
//!
//! Decoders for viewers fill up with grey what is missing. Here every code of every block is read as the
//! standard (ITU-T T.81) has it, sequential and progressive, and nothing else: pixels cannot fail.

use super::{
    Segment,
    bits::{Bits, Codes},
    scan::{Scan, read},
    segment,
};

type Outcome<T> = Result<T, &'static str>;

/// More scans than any program writes: each can cost as many steps as there are blocks, whatever its bytes.
const MOST_SCANS: u32 = 256;

/// What was read before a scan and counts for it.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) first: [Option<Codes>; 4],
    pub(super) rest: [Option<Codes>; 4],
    scales: [bool; 4],
    /// Units between two restarts; 0 for none.
    pub(super) restart: u32,
}

/// A colour of the picture.
pub(super) struct Component {
    id: u8,
    pub(super) across: u32,
    pub(super) down: u32,
    scale: u8,
    /// Blocks of it alone, in a row and in a column.
    pub(super) blocks: (u32, u32),
    /// For each block and coefficient whether it is not zero so far; for progressive pictures.
    pub(super) filled: Vec<u64>,
    /// For each coefficient how many of its low bits are missing; `None` for all.
    missing: [Option<u8>; 64],
}

/// The picture.
pub(super) struct Picture {
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
    /// Units that have all colours in them, in a row and in a column.
    pub(super) units: (u32, u32),
}

/// Reads every scan to its end.
///
/// # Errors
/// What is missing or damaged.
pub(in crate::validation) fn whole(bytes: &[u8]) -> Outcome<()> {
    let (mut tables, mut picture, mut at, mut scans) = (Tables::default(), None, 2, 0);
    loop {
        let Segment { marker, payload: (start, end) } = segment(bytes, at).ok_or("its end is missing")?;
        let payload = bytes.get(start..end).unwrap_or_default();
        at = end;
        match marker {
            0xc0..=0xc2 if picture.is_none() => picture = Some(frame(marker == 0xc2, payload)?),
            0xc0..=0xc2 => return Err("it has two frames"),
            0xc4 => codes(&mut tables, payload)?,
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Err("its kind of coding is not known here");
            }
            0xda => {
                scans += 1;
                if scans > MOST_SCANS {
                    return Err("it has very many scans");
                }
                let picture: &mut Picture = picture.as_mut().ok_or("a scan comes before its frame")?;
                let scan = scan(picture, &tables, payload)?;
                at = read(picture, &tables, &scan, Bits::new(bytes, at), bytes)?;
            }
            0xdb => scales(&mut tables, payload)?,
            0xdd => tables.restart = u32::from(be16(payload, 0).ok_or("a segment is damaged")?),
            0xd9 => {
                let picture: Picture = picture.ok_or("it has no frame")?;
                let known = |component: &Component| component.missing.iter().all(|bits| *bits == Some(0));
                let all = picture.components.iter().all(known);
                return if all { Ok(()) } else { Err("a scan is missing") };
            }
            _ => {}
        }
    }
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn scales(tables: &mut Tables, mut payload: &[u8]) -> Outcome<()> {
    while let Some((&head, rest)) = payload.split_first() {
        let length = if head >> 4 == 0 { 64 } else { 128 };
        let known = tables.scales.get_mut(usize::from(head & 15)).ok_or("a table of scales is damaged")?;
        payload = rest.get(length..).ok_or("a table of scales is damaged")?;
        *known = true;
    }
    Ok(())
}

fn codes(tables: &mut Tables, mut payload: &[u8]) -> Outcome<()> {
    let wrong = "a table of codes is damaged";
    while let Some((&head, rest)) = payload.split_first() {
        let counts = rest.first_chunk::<16>().ok_or(wrong)?;
        let length = counts.iter().map(|&count| usize::from(count)).sum::<usize>();
        let symbols = rest.get(16..16 + length).ok_or(wrong)?;
        let kind = match head >> 4 {
            0 => &mut tables.first,
            1 => &mut tables.rest,
            _ => return Err(wrong),
        };
        *kind.get_mut(usize::from(head & 15)).ok_or(wrong)? = Some(Codes::new(counts, symbols)?);
        payload = rest.get(16 + length..).ok_or(wrong)?;
    }
    Ok(())
}

fn frame(progressive: bool, payload: &[u8]) -> Outcome<Picture> {
    let wrong = "its frame is damaged";
    let number = |at| be16(payload, at).map(u32::from).ok_or(wrong);
    let (height, width, count) = (number(1)?, number(3)?, *payload.get(5).ok_or(wrong)?);
    if payload.first() != Some(&8) {
        return Err("its depth is not known here");
    }
    if width == 0 || height == 0 || !matches!(count, 1 | 3 | 4) {
        return Err(wrong);
    }
    let rows = payload.get(6..6 + usize::from(count) * 3).ok_or(wrong)?.chunks_exact(3);
    let sampled = rows.clone().map(|row| (u32::from(row[1] >> 4), u32::from(row[1] & 15)));
    if sampled.clone().any(|(across, down)| !(1..=4).contains(&across) || !(1..=4).contains(&down)) {
        return Err(wrong);
    }
    let most_across = sampled.clone().map(|(across, _)| across).max().unwrap_or(1);
    let most_down = sampled.clone().map(|(_, down)| down).max().unwrap_or(1);
    let components = rows.zip(sampled).map(|(row, (across, down))| {
        let blocks = (
            (width * across).div_ceil(most_across).div_ceil(8),
            (height * down).div_ceil(most_down).div_ceil(8),
        );
        let filled = if progressive { vec![0; blocks.0 as usize * blocks.1 as usize] } else { Vec::new() };
        Component { id: row[0], across, down, scale: row[2], blocks, filled, missing: [None; 64] }
    });
    let units = (width.div_ceil(8 * most_across), height.div_ceil(8 * most_down));
    Ok(Picture { progressive, components: components.collect(), units })
}

/// Reads the header of a scan, and notes what the scan brings.
fn scan(picture: &mut Picture, tables: &Tables, payload: &[u8]) -> Outcome<Scan> {
    let wrong = "the header of a scan is damaged";
    let count = usize::from(*payload.first().ok_or(wrong)?);
    let last = payload.get(1 + count * 2..4 + count * 2).ok_or(wrong)?;
    let (from, to, before, after) = (last[0], last[1], last[2] >> 4, last[2] & 15);
    let (from, to, before, after) =
        if picture.progressive { (from, to, before, after) } else { (0, 63, 0, 0) };
    let well = from <= to && to < 64 && after <= 13 && (before == 0 || before == after + 1);
    // The first coefficient comes alone in progressive pictures, the others of one colour at a time.
    let alone = !picture.progressive || if from == 0 { to == 0 } else { count == 1 };
    if !(1..=4).contains(&count) || !well || !alone {
        return Err(wrong);
    }
    let mut found: Vec<(usize, usize, usize)> = Vec::with_capacity(count);
    for pair in payload.get(1..1 + count * 2).ok_or(wrong)?.chunks_exact(2) {
        let place = picture.components.iter().position(|one| one.id == pair[0]).ok_or(wrong)?;
        let (first, rest) = (usize::from(pair[1] >> 4), usize::from(pair[1] & 15));
        if found.iter().any(|(known, ..)| *known == place) {
            return Err(wrong);
        }
        let has = |tables: &[Option<Codes>; 4], at: usize| tables.get(at).is_some_and(Option::is_some);
        let needs_first = from == 0 && before == 0;
        let needs_rest = to > 0;
        if (needs_first && !has(&tables.first, first)) || (needs_rest && !has(&tables.rest, rest)) {
            return Err("a table of codes is missing");
        }
        let component = picture.components.get_mut(place).ok_or(wrong)?;
        if !tables.scales.get(usize::from(component.scale)).is_some_and(|known| *known) {
            return Err("a table of scales is missing");
        }
        for missing in component.missing.get_mut(usize::from(from)..=usize::from(to)).ok_or(wrong)? {
            if *missing != (before > 0).then_some(before) {
                return Err("its scans do not follow each other");
            }
            *missing = Some(after);
        }
        found.push((place, first, rest));
    }
    let blocks = found.iter().filter_map(|(place, ..)| picture.components.get(*place));
    if count > 1 && blocks.map(|one| one.across * one.down).sum::<u32>() > 10 {
        return Err(wrong);
    }
    Ok(Scan { components: found, from, to, again: before > 0 })
}
