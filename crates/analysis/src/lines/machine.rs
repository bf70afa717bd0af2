//! The scan: a state machine that jumps from one byte that can matter to the next.

use memchr::memchr;

use super::syntax::Syntax;
use super::{LineCounts, embedded};
use crate::steps::Steps;

const PLAIN: u8 = 1;
const COMMENT: u8 = 2;

/// How deep languages are embedded in one another at most. Real texts reach three: Rust, its
/// documentation, an example in it.
const DEEPEST: u8 = 6;

/// Counts a text by a row. The sum can differ from the number of lines where code is embedded.
pub(super) fn count(steps: &Steps, syntax: &'static Syntax, text: &[u8]) -> LineCounts {
    count_at(steps, syntax, text, 0)
}

/// Like [`count`], this many languages deep.
pub(super) fn count_at(steps: &Steps, syntax: &'static Syntax, text: &[u8], depth: u8) -> LineCounts {
    if depth > DEEPEST {
        return LineCounts::default();
    }
    let mut machine = Machine::new(steps, syntax, text, depth);
    let mut at = 0;
    while at < text.len() {
        let end =
            memchr(b'\n', text.get(at..).unwrap_or_default()).map_or(text.len(), |newline| at + newline + 1);
        at = machine.line(at, end);
    }
    machine.counts
}

/// White space as line counters see it.
pub(super) fn is_white(byte: u8) -> bool {
    byte == b' ' || (9..=13).contains(&byte)
}

pub(super) fn trim(text: &[u8]) -> &[u8] {
    let Some(start) = text.iter().position(|&byte| !is_white(byte)) else { return &[] };
    let end = text.iter().rposition(|&byte| !is_white(byte)).map_or(start, |last| last + 1);
    text.get(start..end).unwrap_or_default()
}

/// How a line's scan ended.
enum Scan {
    /// At the line's end, or in a comment that ends with it.
    Done {
        /// The end was reached outside of comments and strings, after something that matters.
        open: bool,
    },
    /// Other languages' code was counted on the way; go on here.
    Jump(usize),
}

pub(super) struct Machine<'a> {
    pub(super) steps: &'a Steps,
    pub(super) syntax: &'static Syntax,
    pub(super) text: &'a [u8],
    pub(super) counts: LineCounts,
    pub(super) depth: u8,
    pub(super) seen: embedded::Seen,
    /// Which bytes can start something, in plain text and in comments.
    first: [u8; 256],
    /// What closes the string that is open.
    quote: Option<&'static str>,
    /// The string that is open, or was last, takes `\` as it is.
    verbatim: bool,
    /// What closes the comments that are open.
    stack: Vec<&'static str>,
}

impl<'a> Machine<'a> {
    fn new(steps: &'a Steps, syntax: &'static Syntax, text: &'a [u8], depth: u8) -> Machine<'a> {
        let mut first = [0; 256];
        let mut mark = |token: &str, mode: u8| {
            if let Some(&byte) = token.as_bytes().first() {
                first[usize::from(byte)] |= mode;
            }
        };
        mark("\\", PLAIN | COMMENT);
        for (open, _) in syntax.docs.iter().chain(syntax.raw).chain(syntax.strings) {
            mark(open, PLAIN);
        }
        for (open, close) in syntax.comments() {
            mark(open, PLAIN | COMMENT);
            mark(close, COMMENT);
        }
        for token in syntax.line.iter().chain(syntax.embeds) {
            mark(token, PLAIN);
        }
        Machine {
            steps,
            syntax,
            text,
            counts: LineCounts::default(),
            depth,
            seen: embedded::Seen::default(),
            first,
            quote: None,
            verbatim: false,
            stack: Vec::new(),
        }
    }

    /// Counts the line `at..end` and says where the next one starts.
    fn line(&mut self, at: usize, end: usize) -> usize {
        self.steps.spend();
        let line = self.text.get(at..end).unwrap_or_default();
        let plain = self.quote.is_none() && self.stack.is_empty();
        let trimmed = trim(line);
        if plain && trimmed.is_empty() {
            self.counts.blanks += 1;
            return end;
        }
        if plain && self.syntax.column.iter().any(|token| begins(line, token)) {
            self.counts.comments += 1;
            return end;
        }
        let in_comment = !self.stack.is_empty();
        match self.scan(at, end) {
            Scan::Jump(next) => return next.max(at + 1),
            Scan::Done { open } => {
                let comment = self.syntax.literate || self.is_comment(trimmed, in_comment);
                if comment {
                    self.counts.comments += 1;
                } else {
                    self.counts.code += 1;
                }
                if open {
                    embedded::mend_before_docs(self, end, comment);
                }
            }
        }
        end
    }

    /// Whether a line is a comment, by what it starts and ends with and by the state after it.
    fn is_comment(&self, trimmed: &[u8], in_comment: bool) -> bool {
        if self.quote.is_some() {
            return false;
        }
        if in_comment {
            return true;
        }
        let may_start = |byte: &u8| self.first[usize::from(*byte)] & PLAIN != 0;
        trimmed.first().is_some_and(may_start)
            && (self.syntax.line.iter().any(|token| begins(trimmed, token))
                || self.syntax.comments().any(|(open, close)| {
                    begins(trimmed, open)
                        && (trimmed.ends_with(close.as_bytes()) || self.stack.last() == Some(close))
                }))
    }

    fn scan(&mut self, at: usize, end: usize) -> Scan {
        let mut here = at;
        let mut touched = false;
        while here < end {
            self.steps.spend();
            here = match self.quote {
                Some(close) => self.in_string(close, here, end),
                None if !self.stack.is_empty() => self.in_comment(here, end),
                None => {
                    let Some(next) = self.skip(here, end, PLAIN) else { break };
                    match self.in_plain(at, next, end) {
                        Step::To(next) => next,
                        Step::EndOfLine => return Scan::Done { open: false },
                        Step::Jump(next) => return Scan::Jump(next),
                        Step::Nothing => {
                            here = next + 1;
                            continue;
                        }
                    }
                }
            };
            touched = true;
        }
        Scan::Done { open: touched && self.quote.is_none() && self.stack.is_empty() }
    }

    /// The next byte that can start something.
    fn skip(&self, here: usize, end: usize, mode: u8) -> Option<usize> {
        let rest = self.text.get(here..end)?;
        rest.iter().position(|&byte| self.first[usize::from(byte)] & mode != 0).map(|skipped| here + skipped)
    }

    /// How long the escape at this place is, if it is one.
    fn escape(&self, rest: &[u8]) -> Option<usize> {
        if self.verbatim || rest.first() != Some(&b'\\') {
            return None;
        }
        let after = rest.get(1..).unwrap_or_default();
        let escapes = after.first() == Some(&b'\\') || starts(after, self.syntax.strings).is_some();
        escapes.then_some(2)
    }

    fn in_string(&mut self, close: &'static str, here: usize, end: usize) -> usize {
        let line = self.text.get(here..end).unwrap_or_default();
        let closing = close.as_bytes().first().copied().unwrap_or_default();
        let found = if self.verbatim { memchr(closing, line) } else { memchr::memchr2(closing, b'\\', line) };
        let Some(skipped) = found else { return end };
        let rest = self.text.get(here + skipped..).unwrap_or_default();
        if begins(rest, close) {
            self.quote = None;
            return here + skipped + close.len();
        }
        here + skipped + self.escape(rest).unwrap_or(1)
    }

    fn in_comment(&mut self, here: usize, end: usize) -> usize {
        let Some(here) = self.skip(here, end, COMMENT) else { return end };
        let rest = self.text.get(here..).unwrap_or_default();
        if let Some(skipped) = self.escape(rest) {
            return here + skipped;
        }
        if let Some(close) = self.stack.last().copied().filter(|close| begins(rest, close)) {
            self.stack.pop();
            return here + close.len();
        }
        self.open_comment(rest).map_or(here + 1, |skipped| here + skipped)
    }

    fn open_comment(&mut self, rest: &[u8]) -> Option<usize> {
        let pair = self.syntax.comments().find(|(open, _)| begins(rest, open))?;
        if self.stack.is_empty() || self.syntax.nested || self.syntax.nesting.contains(pair) {
            self.stack.push(pair.1);
        }
        Some(pair.0.len())
    }

    fn in_plain(&mut self, line: usize, here: usize, end: usize) -> Step {
        let rest = self.text.get(here..).unwrap_or_default();
        if let Some(skipped) = self.escape(rest) {
            return Step::To(here + skipped);
        }
        if !self.syntax.embeds.is_empty()
            && let Some(next) = embedded::code(self, line, here, end)
        {
            return Step::Jump(next);
        }
        let string = starts(rest, self.syntax.docs)
            .map(|pair| (pair, false))
            .or_else(|| starts(rest, self.syntax.raw).map(|pair| (pair, true)))
            .or_else(|| starts(rest, self.syntax.strings).map(|pair| (pair, false)));
        if let Some(((open, close), verbatim)) = string {
            self.quote = Some(close);
            self.verbatim = verbatim;
            return Step::To(here + open.len());
        }
        if let Some(skipped) = self.open_comment(rest) {
            return Step::To(here + skipped);
        }
        if self.syntax.line.iter().any(|token| begins(rest, token)) {
            return Step::EndOfLine;
        }
        Step::Nothing
    }
}

/// What plain text has at one place.
enum Step {
    /// Something that ends here.
    To(usize),
    /// A comment to the end of the line.
    EndOfLine,
    /// Another language's code, counted; the text goes on here.
    Jump(usize),
    /// Nothing after all.
    Nothing,
}

fn starts(
    rest: &[u8],
    pairs: &'static [(&'static str, &'static str)],
) -> Option<(&'static str, &'static str)> {
    pairs.iter().copied().find(|(open, _)| begins(rest, open))
}

/// Whether a text begins with a token. Tokens have a few bytes: looking at them is quicker than calling something.
#[inline]
fn begins(text: &[u8], token: &str) -> bool {
    let token = token.as_bytes();
    text.len() >= token.len() && token.iter().zip(text).all(|(one, other)| one == other)
}
