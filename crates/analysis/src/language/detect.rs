//! Which language a content is in.

use super::{Language, ambiguous, at, find, modeline, shebang, table};

/// How much of a content is looked at, in bytes.
const HEAD: usize = 50 * 1024;

/// The language of a content, by its hint and its text (without byte order mark, in an encoding that
/// keeps ASCII).
///
/// What says more goes first: a modeline, a known file name, a `#!` line, the extension; where that
/// leaves several, what is in the text; then a leading `<?xml`.
pub(crate) fn detect(hint: &str, body: &[u8]) -> Option<&'static Language> {
    let head = body.get(..HEAD).unwrap_or(body);
    if let Some(language) = modeline::language(body) {
        return Some(language);
    }
    let named = find(&table::FILENAMES, hint);
    let run_by = if let [_] = named { &[] } else { shebang::languages(head) };
    let extension = find(&table::EXTENSIONS, hint);
    match narrow(&[named, run_by, extension]).as_slice() {
        [] => head.trim_ascii_start().starts_with(b"<?xml version").then(|| super::by_name("XML")).flatten(),
        [only] => Some(only),
        several => ambiguous::choose(hint, several, head),
    }
}

/// Each answer narrows the ones before; an answer that contradicts them is not listened to, and the
/// first one that leaves a single language ends it.
fn narrow(answers: &[&[u16]]) -> Vec<&'static Language> {
    let mut left: Vec<u16> = Vec::new();
    for answer in answers {
        if left.is_empty() {
            left = answer.to_vec();
        } else {
            let both: Vec<u16> = left.iter().copied().filter(|language| answer.contains(language)).collect();
            if !both.is_empty() {
                left = both;
            }
        }
        if left.len() == 1 {
            break;
        }
    }
    left.into_iter().filter_map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(hint: &str, text: &str) -> Option<&'static str> {
        detect(hint, text.as_bytes()).map(|language| language.name)
    }

    #[test]
    fn by_name_extension_and_first_line() {
        assert_eq!(name("Makefile", "all:\n"), Some("Makefile"));
        assert_eq!(name(".py", "print()\n"), Some("Python"));
        assert_eq!(name("", "#!/usr/bin/env python3\n"), Some("Python"));
        assert_eq!(name("", "#!/bin/bash -e\n"), Some("Shell"));
        assert_eq!(name("", "<?xml version=\"1.0\"?>\n<a/>"), Some("XML"));
        assert_eq!(name("", "hello"), None);
        assert_eq!(name("", ""), None);
        assert_eq!(name("no such hint", "x"), None);
    }

    #[test]
    fn a_modeline_overrules_the_extension() {
        assert_eq!(name(".h", "/* -*- mode: C++ -*- */\n"), Some("C++"));
        assert_eq!(name(".txt", "text\n# vim: set ft=ruby :\n"), Some("Ruby"));
    }

    #[test]
    fn a_first_line_decides_between_languages_of_one_extension() {
        assert_eq!(name(".cgi", "#!/usr/bin/perl\n"), Some("Perl"));
        assert_eq!(name(".fcgi", "#!/usr/bin/env ruby\n"), Some("Ruby"));
    }
}
