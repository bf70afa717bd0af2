//! Scripts, styles and templates in HTML and what is like it.

use memchr::{memchr, memmem, memrchr};

use super::super::machine::is_white;
use super::super::syntax::{self, Syntax};
use super::{Machine, add, row, trim};

/// A tag whose content is another language's.
struct Tag {
    open: &'static str,
    close: &'static [u8],
    /// The attribute that names the language.
    attribute: &'static [u8],
    language: fn(&[u8]) -> Option<&'static Syntax>,
}

static TAGS: [Tag; 3] = [
    Tag { open: "<script", close: b"</script>", attribute: b"type=\"", language: script },
    Tag { open: "<style", close: b"</style>", attribute: b"lang=\"", language: style },
    Tag { open: "<template", close: b"</template>", attribute: b"lang=\"", language: template },
];

fn script(kind: &[u8]) -> Option<&'static Syntax> {
    row(match kind {
        b"text/css" => "CSS",
        b"text/html" => "HTML",
        b"text/plain" => "Text",
        b"text/x-python" => "Python",
        b"application/json" | b"application/manifest+json" => "JSON",
        _ => "JavaScript",
    })
}

fn style(language: &[u8]) -> Option<&'static Syntax> {
    syntax::of_fence(language).or_else(|| row("CSS"))
}

fn template(language: &[u8]) -> Option<&'static Syntax> {
    syntax::of_fence(language).or_else(|| row("HTML"))
}

/// What is known of each tag.
#[derive(Default)]
pub(super) struct Seen {
    /// The line that was searched for an opening tag, and what was found.
    opening: [Option<(usize, Option<Opening>)>; 3],
    /// No closing tag comes any more.
    unclosed: [bool; 3],
}

#[derive(Clone, Copy)]
struct Opening {
    start: usize,
    /// Where the content starts.
    content: usize,
    /// The attribute's value.
    value: (usize, usize),
}

/// Counts the content of a tag in its own language; the opening tag is a line of code.
pub(super) fn block(machine: &mut Machine<'_>, line: usize, here: usize, end: usize) -> Option<usize> {
    let text = machine.text;
    let rest = text.get(here..)?;
    let which = TAGS.iter().position(|tag| rest.starts_with(tag.open.as_bytes()))?;
    let tag = TAGS.get(which)?;
    if machine.seen.tags.unclosed.get(which) != Some(&false) || !announced(machine, tag, line, end) {
        return None;
    }
    let slot = machine.seen.tags.opening.get_mut(which)?;
    let opening = match slot {
        Some((seen, opening)) if *seen == line => *opening,
        _ => slot.insert((line, first(text, tag, line, end))).1,
    }
    .filter(|opening| opening.start == here)?;
    let inside = text.get(opening.content..)?;
    let Some(length) = memmem::find(inside, tag.close) else {
        if let Some(unclosed) = machine.seen.tags.unclosed.get_mut(which) {
            *unclosed = true;
        }
        return None;
    };
    let content = inside.get(..length)?;
    if trim(content).is_empty() {
        return None;
    }
    let value = text.get(opening.value.0..opening.value.1).map(trim).unwrap_or_default();
    machine.counts.code += 1;
    add(machine, (tag.language)(value), inner_lines(content));
    Some(opening.content + length)
}

/// A tag that does not itself announce code in this language does so only on a line with something else
/// that matters.
fn announced(machine: &Machine<'_>, tag: &Tag, line: usize, end: usize) -> bool {
    let syntax = machine.syntax;
    if syntax.embeds.contains(&tag.open) {
        return true;
    }
    let text = machine.text.get(line..end).unwrap_or_default();
    let opens = syntax.strings.iter().chain(syntax.block).map(|(open, _)| *open);
    opens.chain(syntax.embeds.iter().copied()).any(|token| memmem::find(text, token.as_bytes()).is_some())
}

/// The first opening tag of a line that also ends on it. Of several attributes that could name the
/// language the last one counts, and its value goes to the last quote with a `>` after it.
fn first(text: &[u8], tag: &Tag, line: usize, end: usize) -> Option<Opening> {
    let start = line + memmem::find(text.get(line..end)?, tag.open.as_bytes())?;
    let after = start + tag.open.len();
    let rest = text.get(after..end)?;
    let last = memrchr(b'>', rest)?;
    if let Some(attribute) = memmem::rfind(rest.get(..last)?, tag.attribute) {
        // An earlier attribute's value can end at a later one's opening quote.
        let earlier = memmem::rfind(rest.get(..attribute)?, tag.attribute);
        for found in [Some(attribute), earlier].into_iter().flatten() {
            let value = found + tag.attribute.len();
            if let Some(length) = memrchr(b'"', rest.get(value..last)?) {
                let quote = value + length;
                let close = quote + memchr(b'>', rest.get(quote..)?)?;
                return Some(Opening {
                    start,
                    content: after + close + 1,
                    value: (after + value, after + quote),
                });
            }
        }
    }
    let close = memchr(b'>', rest)?;
    Some(Opening { start, content: after + close + 1, value: (0, 0) })
}

/// The content without the rest of the opening tag's line and without the indentation of the closing tag.
fn inner_lines(content: &[u8]) -> &[u8] {
    let edge = |byte: &u8| *byte == b'\n' || !is_white(*byte);
    let last = content.len().saturating_sub(1);
    let start = content.iter().position(edge).map_or(0, |at| (at + 1).min(last));
    let end = content.iter().rposition(edge).map_or(last, |at| match at.checked_sub(1) {
        Some(before) if content.get(before) == Some(&b'\r') && content.get(at) == Some(&b'\n') => before,
        _ => at,
    });
    content.get(start..=end).unwrap_or_default()
}
