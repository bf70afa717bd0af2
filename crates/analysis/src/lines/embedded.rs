//! Code of one language inside a text of another.

mod fence;
mod rust_docs;
mod tags;

use super::LineCounts;
use super::machine::{Machine, count_at, trim};
use super::syntax::{self, Syntax};

pub(super) use rust_docs::mend_before_docs;

/// What was already looked for in vain or found, so that no stretch of text is searched twice.
#[derive(Default)]
pub(super) struct Seen {
    tags: tags::Seen,
    fence: Option<(usize, Option<fence::Opening>)>,
}

/// Counts the code that another language starts at `here`, on the line `line..end`, and says where the
/// text goes on after it; nothing where there is none.
pub(super) fn code(machine: &mut Machine<'_>, line: usize, here: usize, end: usize) -> Option<usize> {
    match machine.text.get(here)? {
        b'/' => rust_docs::block(machine, line, here),
        b'`' => fence::block(machine, line, here, end),
        b'<' => tags::block(machine, line, here, end),
        _ => None,
    }
}

fn add(machine: &mut Machine<'_>, syntax: Option<&'static Syntax>, text: &[u8]) {
    let counts = match syntax {
        Some(syntax) => count_at(machine.steps, syntax, text, machine.depth + 1),
        None => LineCounts::default(),
    };
    machine.counts.add(counts);
}

/// The row of a language that is always there.
fn row(language: &str) -> Option<&'static Syntax> {
    syntax::of_language(language)
}
