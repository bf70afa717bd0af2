//! Tests that no plain sign can express.

use memchr::{memchr, memchr_iter, memmem};

/// A clause of Prolog: `:-` on a line without `#` before it.
pub(super) fn prolog_clause(text: &[u8]) -> bool {
    memmem::find_iter(text, b":-").any(|at| {
        let start =
            memchr::memrchr(b'\n', text.get(..at).unwrap_or_default()).map_or(0, |newline| newline + 1);
        memchr(b'#', text.get(start..at).unwrap_or_default()).is_none()
    })
}

/// A rule of make: `target: …` at the start of a line, its target a path or a file name.
pub(super) fn make_rule(text: &[u8]) -> bool {
    text.split(|&byte| byte == b'\n').take(50).any(|line| {
        let Some(colon) = memchr(b':', line) else { return false };
        let (target, rest) = line.split_at(colon);
        let named = !target.is_empty()
            && target.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"_-./\\$() ".contains(&byte))
            && target.iter().any(|byte| b"./".contains(byte));
        named && matches!(rest, [b':', b' ' | b'\t', ..] | [b':'] | [b':', b'\r'])
    })
}

/// Forth defines words with a colon in the first column.
pub(super) fn forth_word(text: &[u8]) -> bool {
    text.starts_with(b": ") || memmem::find(text, b"\n: ").is_some()
}

/// Fortran in fixed form: a comment mark in column one, or a statement after six blanks.
pub(super) fn fortran(text: &[u8]) -> bool {
    text.split(|&byte| byte == b'\n').take(200).any(|line| {
        let line = line.to_ascii_lowercase();
        let statement = [&b"      subroutine "[..], b"      program ", b"      end", b"      data "];
        statement.iter().any(|start| line.starts_with(start))
            || matches!(*line.as_slice(), [b'c' | b'*', second, ..] if !matches!(second, b'a' | b'b' | b'd'..=b'z'))
            || line.trim_ascii_start().starts_with(b"!")
    })
}

/// A request of troff: a dot and two letters at the start of a line.
pub(super) fn roff_request(text: &[u8]) -> bool {
    text.starts_with(b".\\\"")
        || text.split(|&byte| byte == b'\n').any(|line| {
            matches!(line, [b'.' | b'\'', a, b, rest @ ..]
                if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && rest.first().is_none_or(u8::is_ascii_whitespace))
                || line.starts_with(b".\\\"")
        })
}

/// A manual page: a title and a heading, in either macro package.
pub(super) fn man_page(text: &[u8]) -> bool {
    let has = |request: &[u8]| {
        memmem::find_iter(text, request).any(|at| at == 0 || text.get(at - 1) == Some(&b'\n'))
    };
    (has(b".TH ") && has(b".SH ")) || (has(b".Dd ") && has(b".Dt ") && has(b".Sh "))
}

/// A word of drill, mill and plotter files: `D01*`, `G04`, `M30` alone on a line.
pub(super) fn gerber(text: &[u8]) -> bool {
    text.split(|&byte| byte == b'\n').take(50).any(|line| {
        matches!(line.trim_ascii_end(), [b'D' | b'G' | b'M' | b'T', a, b, b'*'] if a.is_ascii_digit() && b.is_ascii_digit())
            || line.starts_with(b"G04 ")
    })
}

/// `key = value` lines.
pub(super) fn key_equals_value(text: &[u8]) -> bool {
    text.split(|&byte| byte == b'\n').any(|line| {
        !matches!(line.first(), None | Some(b'#' | b'!' | b';'))
            && memchr(b'=', line).is_some_and(|at| at > 0)
    })
}

/// A line that begins with a digit before anything else: BASIC with line numbers.
pub(super) fn numbered(text: &[u8]) -> bool {
    text.trim_ascii_start().first().is_some_and(u8::is_ascii_digit)
}

/// `![\w ]+methodsFor: `: a Smalltalk chunk.
pub(super) fn smalltalk_chunk(text: &[u8]) -> bool {
    memmem::find(text, b" methodsFor: ").is_some() && memchr_iter(b'!', text).next().is_some()
}

/// Comment marks of Wolfram at both ends of some line's text.
pub(super) fn wolfram_comment(text: &[u8]) -> bool {
    memmem::find(text, b"(*").is_some()
        && text.split(|&byte| byte == b'\n').any(|line| line.trim_ascii_end().ends_with(b"*)"))
}

/// A brace or bracket first: JSON.
pub(super) fn json(text: &[u8]) -> bool {
    matches!(text.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// `fn name(…) … {` or `$if`, which only V has among the languages of `.v`.
pub(super) fn v_lang(text: &[u8]) -> bool {
    text.split(|&byte| byte == b'\n').any(|line| {
        let line = line.trim_ascii();
        let line = line.strip_prefix(b"pub ").unwrap_or(line);
        (line.starts_with(b"fn ") && memchr(b'(', line).is_some() && line.ends_with(b"{"))
            || line.starts_with(b"$if ")
            || line == b"for {"
            || (line.starts_with(b"module ") && !line.ends_with(b";") && memchr(b'(', line).is_none())
    })
}

/// `def_name(` and the like at the first column: a Texinfo-like head of a GCC machine description.
pub(super) fn gcc_machine(text: &[u8]) -> bool {
    let has =
        |start: &[u8]| memmem::find_iter(text, start).any(|at| at == 0 || text.get(at - 1) == Some(&b'\n'));
    has(b";;") && (has(b"(define_") || memmem::find(text, b"\n# ").is_none() && !has(b"# "))
}
