//! The blocks of a GIF, counted without decoding anything.

/// Where the blocks begin: behind the header and its table of colours.
fn begin(bytes: &[u8]) -> Option<usize> {
    Some(13 + table(*bytes.get(10)?))
}

/// The bytes of a table of colours that these flags announce.
fn table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Behind a chain of sub-blocks.
fn skip_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}

/// Counts the frames, and where the trailer is.
fn walk(bytes: &[u8]) -> (u64, Option<usize>) {
    let mut frames = 0;
    let Some(mut at) = begin(bytes) else { return (0, None) };
    loop {
        let next = match bytes.get(at) {
            Some(0x3b) => return (frames, Some(at + 1)),
            Some(0x21) => skip_blocks(bytes, at + 2),
            Some(0x2c) => {
                frames += 1;
                // Behind the descriptor, its own table, and the size of a code.
                bytes.get(at + 9).and_then(|flags| skip_blocks(bytes, at + 10 + table(*flags) + 1))
            }
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return (frames, None),
        }
    }
}

/// How many frames there are.
pub(super) fn frames(bytes: &[u8]) -> Result<u64, String> {
    match walk(bytes) {
        (frames, Some(_)) => Ok(frames),
        (_, None) => Err("its end is missing".to_owned()),
    }
}

/// Where it ends.
pub(super) fn end(bytes: &[u8]) -> Option<usize> {
    walk(bytes).1
}
