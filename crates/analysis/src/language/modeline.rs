//! What an author told an editor: Emacs and Vim modelines.

use super::{Language, by_alias};

/// How many lines at either end are looked at.
const LINES: usize = 5;

/// A longer line is not a modeline; in bytes.
const LONGEST: usize = 1024;

/// The language that a modeline in the first or last lines names.
pub(super) fn language(body: &[u8]) -> Option<&'static Language> {
    head(body).chain(tail(body)).find_map(|line| {
        let line = str::from_utf8(line).ok()?;
        emacs(line).or_else(|| vim(line)).and_then(by_alias)
    })
}

fn head(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = body;
    (0..LINES).map_while(move |_| {
        if rest.is_empty() {
            return None;
        }
        let window = rest.get(..LONGEST).unwrap_or(rest);
        match memchr::memchr(b'\n', window) {
            Some(end) => {
                let line = rest.get(..end);
                rest = rest.get(end + 1..).unwrap_or_default();
                line
            }
            // The rest of an over-long line is not searched for its end.
            None => Some(std::mem::take(&mut rest)).filter(|line| line.len() <= LONGEST),
        }
    })
}

fn tail(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let window = body.get(body.len().saturating_sub(LINES * LONGEST)..).unwrap_or(body);
    window.rsplit(|&byte| byte == b'\n').take(LINES + 1).filter(|line| line.len() <= LONGEST)
}

/// `-*- mode: ruby; coding: utf-8 -*-` or `-*- ruby -*-`.
fn emacs(line: &str) -> Option<&str> {
    let (_, after) = line.split_once("-*-")?;
    let (inside, _) = after.split_once("-*-")?;
    if !inside.contains(':') {
        return Some(inside.trim());
    }
    inside.split(';').find_map(|part| {
        let (key, value) = part.split_once(':')?;
        key.trim().eq_ignore_ascii_case("mode").then_some(value.trim())
    })
}

/// `vim: set ft=ruby sw=2:` or `vi: filetype=ruby`.
fn vim(line: &str) -> Option<&str> {
    let after = ["vim:", "vi:", "ex:", "Vim:"].iter().find_map(|mark| {
        let (before, after) = line.split_once(mark)?;
        before.chars().next_back().is_none_or(char::is_whitespace).then_some(after)
    })?;
    after.split([':', ' ', '\t']).find_map(|option| {
        let (key, value) = option.split_once('=')?;
        matches!(key, "ft" | "filetype" | "syntax").then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(body: &str) -> Option<&'static str> {
        language(body.as_bytes()).map(|language| language.name)
    }

    #[test]
    fn both_editors_at_both_ends() {
        assert_eq!(name("# -*- ruby -*-\n"), Some("Ruby"));
        assert_eq!(name("/* -*- tab-width: 2; mode: c++; -*- */\n"), Some("C++"));
        assert_eq!(name("x\ny\nz\n# vim: set sw=2 ft=python :\n"), Some("Python"));
        assert_eq!(name("// vi: filetype=rust\n"), Some("Rust"));
        assert_eq!(name(&format!("{}# vim: ft=perl\n", "x\n".repeat(100))), Some("Perl"));
    }

    #[test]
    fn neither_in_the_middle_nor_unknown() {
        assert_eq!(name("# -*- coding: utf-8 -*-\n"), None);
        assert_eq!(name("# -*- mode: nonesuch -*-\n"), None);
        let middle = format!("{0}# vim: ft=perl\n{0}", "x\n".repeat(100));
        assert_eq!(name(&middle), None);
        assert_eq!(name("-*-"), None);
        assert_eq!(name("vim:ft="), None);
        assert_eq!(name(&"x".repeat(5000)), None);
    }
}
