//! Fenced code in Markdown.

use memchr::memmem;

use super::super::machine::is_white;
use super::super::syntax;
use super::{Machine, add, trim};

const FENCE: &[u8] = b"```";

/// The first fence of a line that names a language: where it starts, and where the code does.
#[derive(Clone, Copy)]
pub(super) struct Opening {
    start: usize,
    code: usize,
}

/// Counts fenced code in a language that is known; the two fences are comments.
pub(super) fn block(machine: &mut Machine<'_>, line: usize, here: usize, end: usize) -> Option<usize> {
    let text = machine.text;
    if !machine.syntax.embeds.contains(&"```") || !text.get(here..)?.starts_with(FENCE) {
        return None;
    }
    let opening = match machine.seen.fence {
        Some((seen, opening)) if seen == line => opening,
        _ => {
            let opening = first(text, line, end);
            machine.seen.fence = Some((line, opening));
            opening
        }
    }?;
    if opening.start != here {
        return None;
    }
    let words = trim(text.get(here + FENCE.len()..opening.code)?);
    let language = words.split(|&byte| byte == b',').find_map(syntax::of_fence)?;
    let rest = text.get(opening.code..)?;
    let (code, next) = match memmem::find(rest, FENCE) {
        Some(close) => {
            let mut next = opening.code + close + FENCE.len();
            if text.get(next..).is_some_and(|rest| rest.starts_with(b"\r\n")) {
                // A scan that takes one character of white space sees a blank line in what is left.
                next += 2;
                machine.counts.mended.blanks -= 1;
            } else if text.get(next).copied().is_some_and(is_white) {
                next += 1;
            }
            machine.counts.comments += 2;
            (rest.get(..close)?, next)
        }
        None => {
            machine.counts.comments += 1;
            (rest, text.len())
        }
    };
    add(machine, Some(language), trim(code));
    Some(next)
}

/// The first fence with a word after it and white space after that, all on the line.
fn first(text: &[u8], line: usize, end: usize) -> Option<Opening> {
    let mut at = line;
    loop {
        let rest = text.get(at..end)?;
        let start = at + memmem::find(rest, FENCE)?;
        let word = text.get(start + FENCE.len()..end)?;
        // Without white space ahead, no later fence has any either.
        let length = word.iter().position(|&byte| is_white(byte))?;
        if length > 0 {
            return Some(Opening { start, code: start + FENCE.len() + length + 1 });
        }
        at = start + 1;
    }
}
