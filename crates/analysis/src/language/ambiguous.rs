//! Names that several languages claim: what in the text tells them apart.

mod rules;
mod signs;

use super::Language;
use rules::{Rule, TIES, Tie};
use signs::Text;

/// The language out of several that the text speaks for; else the usual one of that name.
pub(super) fn choose(hint: &str, candidates: &[&'static Language], head: &[u8]) -> Option<&'static Language> {
    let Some(tie) = ties().find(|tie| tie.hints.contains(&hint)) else {
        return candidates.first().copied();
    };
    let text = Text::new(head);
    let allowed = |name: &str| candidates.iter().copied().find(|candidate| candidate.name == name);
    let spoken_for = tie.rules.iter().find_map(|rule| allowed(rule.language).filter(|_| holds(rule, &text)));
    spoken_for.or_else(|| allowed(tie.usual)).or_else(|| candidates.first().copied())
}

fn holds(rule: &Rule, text: &Text<'_>) -> bool {
    rule.any.iter().any(|sign| text.shows(sign)) && !rule.unless.iter().any(|sign| text.shows(sign))
}

fn ties() -> impl Iterator<Item = &'static Tie> {
    TIES.iter().copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::super::{by_name, detect, find, table};
    use super::*;

    #[test]
    fn every_row_names_languages_that_claim_the_hint() {
        for tie in ties() {
            for name in tie.rules.iter().map(|rule| rule.language).chain([tie.usual]) {
                assert!(by_name(name).is_some(), "{:?}: {name} is not a language", tie.hints);
            }
            for hint in tie.hints {
                let claims: Vec<&str> = find(&table::EXTENSIONS, hint)
                    .iter()
                    .map(|&i| table::LANGUAGES[usize::from(i)].name)
                    .collect();
                assert!(claims.len() > 1, "{hint} is not ambiguous");
                assert!(claims.contains(&tie.usual), "{hint}: {} is not among {claims:?}", tie.usual);
                for rule in tie.rules {
                    assert!(
                        tie.hints.len() > 1 || claims.contains(&rule.language),
                        "{hint}: {} is not among {claims:?}",
                        rule.language
                    );
                }
            }
        }
    }

    #[test]
    fn every_ambiguous_extension_has_a_row() {
        let missing: Vec<&str> = table::EXTENSIONS
            .iter()
            .filter(|(key, languages)| languages.len() > 1 && !ties().any(|tie| tie.hints.contains(key)))
            .map(|(key, _)| *key)
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn the_text_decides() {
        for (hint, text, expected) in [
            (".h", "#include <stdio.h>\nint x;\n", "C"),
            (".h", "#pragma once\nnamespace a {\n}\n", "C++"),
            (".h", "#include <vector>\n", "C++"),
            (".h", "#import <Foundation/Foundation.h>\n@interface A\n@end\n", "Objective-C"),
            (".h", "/*\n  @end of it\n*/\nint x;\n", "C"),
            (".h", "@interface A : B\n  @property (nonatomic) int x;\n@end\n", "Objective-C"),
            (".t", "use Mojo::Base -strict;\n% if (1) {\n", "Perl"),
            (".m", "@implementation A\n@end\n", "Objective-C"),
            (".m", "% solve\nx = 1;\n", "MATLAB"),
            (".m", ":- module a.\n", "Mercury"),
            (".m", "function y = f(x)\ny = x;\n", "MATLAB"),
            (".pl", "use strict;\nmy $x = 1;\n", "Perl"),
            (".pl", "parent(a, b).\nold(X) :- parent(X, _).\n", "Prolog"),
            (".pl", "print 1;\n", "Perl"),
            (".ts", "export const a = 1;\n", "TypeScript"),
            (".ts", "<?xml version=\"1.0\"?>\n<!DOCTYPE TS>\n<TS version=\"2.1\">\n", "XML"),
            (".tsx", "export const a = <b/>;\n", "TSX"),
            (".v", "module top(input a);\nendmodule\n", "Verilog"),
            (".v", "Require Import List.\nProof. auto. Qed.\n", "Rocq Prover"),
            (".v", "fn main() {\n\tprintln('x')\n}\n", "V"),
            (".cls", "\\NeedsTeXFormat{LaTeX2e}\n", "TeX"),
            (".cls", "public class A {}\n", "Apex"),
            (".inc", "<?php\necho 1;\n", "PHP"),
            (".r", "x <- 1\n", "R"),
            (".r", "REBOL []\n", "Rebol"),
            (".t", "use strict;\nok(1);\n", "Perl"),
            (".fs", "module A\nlet x = 1\n", "F#"),
            (".fs", ": square dup * ;\n", "Forth"),
            (".fs", "#version 330\nvoid main() {}\n", "GLSL"),
            (".rs", "use std::io;\n", "Rust"),
            (".rs", "#pragma version(1)\n#pragma rs java_package_name(a)\n", "RenderScript"),
            (".cs", "using System;\n", "C#"),
            (".d", "module a.b;\nimport std.stdio;\n", "D"),
            (".d", "main.o: main.c \\\n  a.h\n", "Makefile"),
            (".ex", "defmodule A do\nend\n", "Elixir"),
            (".es", "'use strict'\n", "JavaScript"),
            (".sql", "SELECT 1;\n", "SQL"),
            (".sql", "CREATE FUNCTION f() RETURNS int AS $$\n", "PLpgSQL"),
            (".md", "# Title\n", "Markdown"),
            (".md", ";; GCC\n(define_insn \"x\")\n", "GCC Machine Description"),
            (".json", "{}\n", "JSON"),
            (".yml", "a: 1\n", "YAML"),
            (".php", "<?php echo 1;\n", "PHP"),
            (".html", "<p>\n", "HTML"),
            (".txt", "words\n", "Text"),
            (".s", "\tmovl %eax, %ebx\n", "Unix Assembly"),
            (".pm", "package A;\n", "Perl"),
            (".ml", "let rec f x = x\n", "OCaml"),
            (".1", ".TH LS 1\n.SH NAME\nls\n", "Roff Manpage"),
        ] {
            let found = detect(hint, text.as_bytes()).map(|language| language.name);
            assert_eq!(found, Some(expected), "{hint}: {text:?}");
        }
    }
}
