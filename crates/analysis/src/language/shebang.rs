//! The `#!` line.

use super::{find, table};

/// The languages whose interpreter the first line names.
pub(super) fn languages(head: &[u8]) -> &'static [u16] {
    let Some(rest) = head.strip_prefix(b"#!") else { return &[] };
    let line = rest.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let Ok(line) = str::from_utf8(line.get(..256).unwrap_or(line)) else { return &[] };
    let Some(program) = program(line) else { return &[] };
    if program == "sh"
        && let Some(other) = handed_over(head)
    {
        return lookup(other);
    }
    lookup(program)
}

fn program(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let mut program = base(words.next()?);
    if program == "env" {
        // `env -S VAR=1 python3 -u`: options and assignments come before the program.
        program = base(words.find(|word| !word.starts_with('-') && !word.contains('='))?);
    }
    Some(program)
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Where there is no row for `python3.12`, there is one for `python3` or for `python`.
fn lookup(program: &str) -> &'static [u16] {
    let major = program.split_once('.').map_or(program, |(major, _)| major);
    let bare =
        program.trim_end_matches(|character: char| character.is_ascii_digit() || ".-".contains(character));
    for candidate in [program, major, bare] {
        let found = find(&table::INTERPRETERS, candidate);
        if !found.is_empty() {
            return found;
        }
    }
    &[]
}

/// A script of another language that starts as a shell script: `exec tclsh "$0" "$@"` on an early line.
fn handed_over(head: &[u8]) -> Option<&str> {
    head.split(|&byte| byte == b'\n').take(5).find_map(|line| {
        let line = str::from_utf8(line.get(..256).unwrap_or(line)).ok()?;
        let (_, after) = line.split_once("exec ")?;
        let word = base(after.split_whitespace().next()?.trim_matches('"'));
        (line.contains("$0") && line.contains("$@")).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::at;

    fn names(head: &str) -> Vec<&'static str> {
        languages(head.as_bytes())
            .iter()
            .filter_map(|&index| at(index))
            .map(|language| language.name)
            .collect()
    }

    #[test]
    fn programs_with_versions_options_and_assignments() {
        assert_eq!(names("#!/usr/bin/python3.12 -u\n"), ["Python"]);
        assert_eq!(names("#! /usr/local/bin/perl5.30.1\n"), ["Perl", "Pod"]);
        assert_eq!(names("#!/usr/bin/env -S A=1 ruby -w\n"), ["Ruby"]);
        assert_eq!(names("#!/bin/sh\n# \\\nexec tclsh \"$0\" \"$@\"\n"), ["Tcl"]);
    }

    #[test]
    fn what_is_not_a_program_is_nothing() {
        for head in
            ["", "#!", "#!\n", "#! \t\n", "#!/usr/bin/env\n", "#!/usr/bin/env -S\n", "#![allow(x)]\n", "x"]
        {
            assert!(names(head).is_empty(), "{head:?}");
        }
        assert!(languages(b"#!\xff\xfe\n").is_empty());
    }
}
