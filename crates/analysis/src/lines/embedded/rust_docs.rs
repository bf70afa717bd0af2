//! Rust's documentation comments: Markdown, with examples in Rust.

use memchr::memchr;

use super::super::machine::is_white;
use super::{Machine, add, row, trim};

const DOCS: [&[u8]; 2] = [b"///", b"//!"];

/// Counts a run of documentation lines as Markdown. Blank lines between them are left to the caller's
/// reckoning of what is missing.
pub(super) fn block(machine: &mut Machine<'_>, line: usize, here: usize) -> Option<usize> {
    let text = machine.text;
    let mark = *DOCS.iter().find(|mark| text.get(here..).is_some_and(|rest| rest.starts_with(mark)))?;
    if !machine.syntax.embeds.contains(&"///") {
        return None;
    }
    if !text.get(line..here)?.iter().all(|&byte| is_white(byte)) {
        // After code on the same line it is a comment like any other, and the line is code; a scan that
        // hands it over as documentation forgets the code.
        machine.counts.mended.code += 1;
        machine.counts.mended.comments -= 1;
        return None;
    }
    let mut markdown = Vec::new();
    let mut at = line;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(skipped) = rest.iter().position(|&byte| !is_white(byte)) else { break };
        let start = at + skipped;
        let Some(inside) = text.get(start..).and_then(|rest| rest.strip_prefix(mark)) else { break };
        let length = memchr(b'\n', inside).map_or(inside.len(), |newline| newline + 1);
        markdown.extend_from_slice(inside.get(..length).unwrap_or_default());
        at = start + mark.len() + length;
    }
    add(machine, row("Markdown"), trim(&markdown));
    Some(at)
}

/// Where documentation follows the line that ends at `end`, blank lines apart, a scan that looks ahead
/// over white space takes it for the rest of this line, and loses the line and the blank ones after it.
/// They are counted as the lines that they are; here is written down that they were.
pub(in super::super) fn mend_before_docs(machine: &mut Machine<'_>, end: usize, comment: bool) {
    if !machine.syntax.embeds.contains(&"///") {
        return;
    }
    let rest = machine.text.get(end..).unwrap_or_default();
    let Some(skipped) = rest.iter().position(|&byte| !is_white(byte)) else { return };
    let (white, after) = rest.split_at(skipped);
    if DOCS.iter().any(|mark| after.starts_with(mark)) {
        let blanks = memchr::memchr_iter(b'\n', white).count();
        let mended = &mut machine.counts.mended;
        *if comment { &mut mended.comments } else { &mut mended.code } += 1;
        mended.blanks += i64::try_from(blanks).unwrap_or(i64::MAX);
    }
}
