//! Counting lines: code, comments and blanks, as line counters mean the words.
//!
//! A line is blank when it has nothing but white space outside of comments and strings; a comment when
//! nothing but comment is on it; else code. A line inside a multi-line string is code, one inside a
//! multi-line comment a comment, blank or not. In literate prose every line is a comment, but for fenced
//! code. Code of another language inside (scripts and styles in HTML, fenced code, examples in Rust's
//! documentation) is counted by its own language's rules and is part of the file's sums.

mod embedded;
mod machine;
mod notebook;
mod syntax;

use crate::language::Language;
use crate::steps::Steps;

/// Numbers of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LineCounts {
    /// Lines with code on them.
    pub code: u64,
    /// Lines with nothing but comment.
    pub comments: u64,
    /// Lines with nothing.
    pub blanks: u64,
    /// What was put right to make the sum the number of lines in the file: see [`count`].
    pub mended: Mended,
}

/// Where code is embedded, a scan that hands slices of the text to other languages loses lines at the
/// seams or sees one line twice. The three counts have this put right; here is by how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mended {
    /// Added to the code.
    pub code: i64,
    /// Added to the comments.
    pub comments: i64,
    /// Added to the blanks.
    pub blanks: i64,
}

impl LineCounts {
    /// The number of lines: the sum of the three.
    pub fn total(&self) -> u64 {
        self.code + self.comments + self.blanks
    }

    fn add(&mut self, other: LineCounts) {
        self.code += other.code;
        self.comments += other.comments;
        self.blanks += other.blanks;
        self.mended.code += other.mended.code;
        self.mended.comments += other.mended.comments;
        self.mended.blanks += other.mended.blanks;
    }
}

/// Counts the lines of a text in a language; nothing for a language whose comments are not known.
///
/// The sum is the number of lines: of the text, or for a notebook of its cells. One pass, linear in the
/// text's size.
pub fn count(language: &Language, body: &[u8]) -> Option<LineCounts> {
    count_within(&Steps::unbounded(), language, body)
}

/// The same within so many steps.
pub(crate) fn count_within(steps: &Steps, language: &Language, body: &[u8]) -> Option<LineCounts> {
    if language.name == "Jupyter Notebook" {
        return notebook::count(steps, body);
    }
    let syntax = syntax::of_language(language.name).or_else(|| syntax::of_kind(language.kind))?;
    Some(settle(machine::count(steps, syntax, body), body))
}

/// Makes the sum the number of lines in the text. What the seams lost was white space, and what they
/// saw twice was code, if there is any.
fn settle(mut counts: LineCounts, body: &[u8]) -> LineCounts {
    let ends = memchr::memchr_iter(b'\n', body).count();
    let open = usize::from(body.last().is_some_and(|&byte| byte != b'\n'));
    let lines = u64::try_from(ends + open).unwrap_or(u64::MAX);
    let sum = counts.total();
    if sum < lines {
        counts.blanks += lines - sum;
        counts.mended.blanks += signed(lines - sum);
    } else if sum > lines {
        let mut excess = sum - lines;
        let mended = &mut counts.mended;
        for (count, mended) in [
            (&mut counts.code, &mut mended.code),
            (&mut counts.comments, &mut mended.comments),
            (&mut counts.blanks, &mut mended.blanks),
        ] {
            let twice = excess.min(*count);
            *count -= twice;
            *mended -= signed(twice);
            excess -= twice;
        }
    }
    counts
}

/// Whether a language is counted by the same rules as the language that a line counter gives this name.
/// For comparisons: where the rules differ, so may the counts.
pub fn counted_alike(language: &Language, name: &str) -> bool {
    let ours = syntax::of_language(language.name);
    let theirs = syntax::of_fence(name.as_bytes());
    ours.zip(theirs).is_some_and(|(ours, theirs)| std::ptr::eq(ours, theirs))
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
