//! The segments of a JPEG.

mod bits;
mod scan;
mod whole;

pub(super) use whole::whole;

/// What its frame header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: u8,
}

impl Frame {
    pub(super) const fn colour(self) -> &'static str {
        match self.components {
            1 => "grey",
            4 => "cmyk",
            _ => "rgb",
        }
    }
}

/// A segment: its marker, and where its payload is.
struct Segment {
    marker: u8,
    payload: (usize, usize),
}

/// The segment at `at`, which may be behind filling bytes.
fn segment(bytes: &[u8], mut at: usize) -> Option<Segment> {
    if *bytes.get(at)? != 0xff {
        return None;
    }
    while *bytes.get(at)? == 0xff {
        at += 1;
    }
    let marker = *bytes.get(at)?;
    at += 1;
    if marker == 0xd9 || marker == 0x01 || (0xd0..=0xd8).contains(&marker) {
        return Some(Segment { marker, payload: (at, at) });
    }
    let length = usize::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let end = at.checked_add(length)?;
    (length >= 2 && end <= bytes.len()).then_some(Segment { marker, payload: (at + 2, end) })
}

/// The frame header.
pub(super) fn frame(bytes: &[u8]) -> Option<Frame> {
    let mut at = 2;
    loop {
        let Segment { marker, payload: (start, end) } = segment(bytes, at)?;
        // The frames, without the tables (C4), the extension (C8) and the conditioning (CC).
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let payload = bytes.get(start..end)?;
            let number =
                |at: usize| Some(u32::from(u16::from_be_bytes(payload.get(at..at + 2)?.try_into().ok()?)));
            return Some(Frame { height: number(1)?, width: number(3)?, components: *payload.get(5)? });
        }
        if matches!(marker, 0xd9 | 0xda) {
            return None;
        }
        at = end;
    }
}

/// Where it ends: behind the marker that says so. `None` when there is none before the bytes end.
pub(super) fn end(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        let Segment { marker, payload: (_, end) } = segment(bytes, at)?;
        at = end;
        if marker == 0xd9 {
            return Some(at);
        }
        if marker == 0xda {
            // Behind a scan's header come its bits, up to a marker that is no restart and no stuffing.
            loop {
                let next = at + memchr::memchr(0xff, bytes.get(at..)?)?;
                match *bytes.get(next + 1)? {
                    0x00 | 0xd0..=0xd7 => at = next + 2,
                    0xff => at = next + 1,
                    _ => {
                        at = next;
                        break;
                    }
                }
            }
        }
    }
}

/// The payloads of application segments with this number before the first scan.
pub(super) fn application(bytes: &[u8], number: u8) -> Vec<&[u8]> {
    let (mut at, mut found) = (2, Vec::new());
    while let Some(Segment { marker, payload: (start, end) }) = segment(bytes, at) {
        if matches!(marker, 0xd9 | 0xda) {
            break;
        }
        if marker == 0xe0 + number
            && let Some(payload) = bytes.get(start..end)
        {
            found.push(payload);
        }
        at = end;
    }
    found
}
