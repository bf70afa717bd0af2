//! Code that somebody could have written, damaged in ways that nobody would: the same damage in every run.
//!
//! `STOCKTAKE_FUZZ_ROUNDS` asks for more of it and `STOCKTAKE_FUZZ_SEED` for other damage. The targets in
//! `crates/analysis/fuzz` go on from there, led by what the code does.

use crate::robustness::{TOKENS, check, check_lines};
use analysis::language;

/// A piece of everything that has a reader or a rule of its own, by hint.
const SAMPLES: &[(&str, &str)] = &[
    (
        ".c",
        "/* a */\n#define A(x) \\\n  ((x) + 1)\nstatic int f(const char *argv[], int n)\n{\n\tif (n && argv) return n ? 1 : '\\'';\n\tswitch (n) { case 1: break; }\n}\n",
    ),
    (
        ".cpp",
        "namespace a { template <class T> class B : public C { int f(T x[]) const noexcept { return R\"(\")\"; } bool operator<(B &b); }; }\n",
    ),
    (
        ".cs",
        "using A;\n[B(\"c\")] class D<T> where T : E { public int F { get; set; } async Task<int> G(int? a) => a ?? @\"x\"\"\"; }\n",
    ),
    (
        ".go",
        "package a\n\nfunc (r *T[K]) F(a, b int) (int, error) {\n\tgo func() { x := `raw` }()\n\tfor i := range b { }\n}\nvar g = func(a int) {}\n",
    ),
    (
        ".java",
        "@A(b = 1) class C<T> { @Override public void f(List<? extends T> a) throws E { new B() { int g() { return 1; } }; } record R(int a) {} }\n",
    ),
    (
        ".js",
        "const f = async ({a = 1, b}, c = () => 2) => { `x${a ? `${b}` : 1}y`; return a ?? b / 2; }; class A { get x() { return /[/\\]]/g } }\n",
    ),
    (
        ".tsx",
        "export function A<T,>(p: { a: T }) { return <div onClick={() => go(p.a)} b='c'>text {p.a && <b/>}\n  </div>; }\n",
    ),
    (
        ".ts",
        "interface A { f(a: number): string; }\nenum E { A = 1 }\nconst g = <T>(a: T): a is T => { switch (a) { case 1: return true } };\n",
    ),
    (
        ".kt",
        "@A fun <T> List<T>.f(a: Int = 1): Int = when (a) { 1 -> \"${a + \"b\"}\".length else -> 3 }\nval x: Int get() = 1\n",
    ),
    (
        ".lua",
        "local f = function(a, ...) return #a end -- c\nfunction m.f() if a then b() elseif c then d([==[x]==]) end end --[[ e ]]\n",
    ),
    (
        ".m",
        "@interface A : NSObject\n@end\n@implementation A\n- (void)f:(int)a with:(NSString *)b { if (a) { [self g:^(int c) { return @\"x\"; }]; } }\n@end\n",
    ),
    (
        ".php",
        "<html><?php namespace A; #[B] class C { public function f(int $a, ...$b): ?int { return match($a) { 1 => \"{$b[0]}\", default => 3 }; } } ?> x <?= $y ?>\n",
    ),
    (
        ".pl",
        "package A;\nsub f($$) { my ($a, %b) = @_; return sub { $a // 1 } unless s/a/b/; }\n=pod\n\ndoc\n\n=cut\nmy $h = <<EOF;\nx\nEOF\n",
    ),
    (
        ".py",
        "@d\nasync def f(a, *b: list[int], c=lambda x: {1: 2}, **d) -> int:\n    \"\"\"doc\"\"\"\n    try:\n        return f\"{a!r:>{b}}\"\n    except* E as e:\n        match a:\n            case [1, *_] if b: pass\n",
    ),
    (".py", "print >>f, 'a' % b\nexec \"x\" in d\ntry:\n    raise E, 'no'\nexcept E, e:\n    print `e`\n"),
    (
        ".rb",
        "# a\nclass A < B\n  def self.f(a, b = {}, *c)\n    %w(a b).each { |x| puts \"#{x + \"y\"}\" if x =~ /z/i }\n    <<~E\n      h\n    E\n  end\nend\n=begin\nx\n=end\n",
    ),
    (
        ".rs",
        "//! Docs\n//!\n//! ```\n//! a();\n//! ```\n#[a(b)]\nimpl<'a, T: B> A<'a, T> where T: C { /// d\n    fn f(&self) -> char { match x { 'a' => '\\'', _ if c => r#\"x\"#, } /* /* n */ */ } }\n",
    ),
    (
        ".scala",
        "object A extends B { def f[T](a: Int)(implicit b: C): Int = a match { case 1 if b => s\"${a}\" case _ => 3 } }\n",
    ),
    (
        ".sol",
        "pragma solidity ^0.8.0;\ncontract A is B { modifier m() { _; } function f(uint a) public returns (uint) { return a > 1 ? 1 : 2; } }\n",
    ),
    (
        ".swift",
        "class A<T>: B { var x: Int { get { 1 } set(v) { \"\\(a + \"b\")\" } }; init?(if a: Int) throws { guard let b = a else { return } } }\n",
    ),
    (
        ".zig",
        "const A = struct { pub fn f(a: u8) !u8 { return if (a > 1) try g() else b orelse c catch |e| switch (e) { else => 1 }; } };\n",
    ),
    (
        ".html",
        "<!-- a -->\n<script type=\"text/x-python\">\n# b\n</script>\n<style lang=\"scss\">\n/* c */ d { e: f }\n</style>\n<p>x</p>\n",
    ),
    (
        ".vue",
        "<template lang=\"pug\">\np x\n</template>\n<script lang=\"ts\">\n// a\nexport default {}\n</script>\n",
    ),
    (".md", "# T\n\n```rust\n// a\nfn b() {}\n```\n\n~~~\nx\n~~~\n<script>\na()\n</script>\n"),
    (
        ".ipynb",
        "{\"cells\":[{\"cell_type\":\"code\",\"source\":[\"a = 1\\n\",\"# b\"],\"outputs\":[]},{\"cell_type\":\"markdown\",\"source\":\"T\"}],\"metadata\":{\"kernelspec\":{\"language\":\"python\"}}}",
    ),
    (".hs", "{- a {- b -} -}\nmodule C where\n-- d\nf :: Int -> Int\nf x = \"\\\"\" ++ x\n"),
    (".sh", "#!/usr/bin/env bash\n# a\nf() { case $x in a) echo \"$(b \"c\")\";; esac; }\ncat <<'E'\nd\nE\n"),
    (".sql", "-- a\nCREATE FUNCTION f() RETURNS int AS $$ BEGIN /* b */ RETURN 'c''d'; END $$;\n"),
    (".h", "#ifndef A\n#define A\n@class B;\nclass C;\n#endif /* -*- mode: c++ -*- */\n"),
    (
        "LICENSE",
        "MIT License\n\nCopyright (c) 2020 A\n\nPermission is hereby granted, free of charge, to any person obtaining a copy\nof this software and associated documentation files (the \"Software\"), to deal\n",
    ),
    (
        ".c",
        "/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */\n/* This program is free software; you can redistribute it under the terms of the GNU General Public License version 2 or later. */\n",
    ),
    ("", "#!/usr/bin/perl -w\n# vim: set ft=ruby :\nuse strict;\n"),
];

/// Numbers that are the same in every run.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

#[expect(clippy::disallowed_methods, reason = "tests are told of their surroundings by the environment")]
pub(crate) fn asked(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// One to six things happen to the bytes.
fn damage(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..1 + numbers.below(6) {
        let at = numbers.below(bytes.len() + 1);
        let end = (at + numbers.below(24)).min(bytes.len());
        match numbers.below(8) {
            // Gone, doubled, moved to another place.
            0 => drop(bytes.drain(at..end)),
            1 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            2 => {
                let piece: Vec<u8> = bytes.drain(at..end).collect();
                let to = numbers.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            // Something that means something, once or very often.
            3 | 4 => {
                let token = TOKENS[numbers.below(TOKENS.len())].as_bytes();
                let times = if numbers.below(10) == 0 { 200 } else { 1 };
                bytes.splice(at..at, token.repeat(times));
            }
            // A bit the other way, another byte.
            5 if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
            6 if at < bytes.len() => bytes[at] = numbers.next() as u8,
            // The rest is missing; or it is a piece of another language.
            7 if numbers.below(3) == 0 => bytes.truncate(at),
            _ => {
                let (_, other) = SAMPLES[numbers.below(SAMPLES.len())];
                let from = numbers.below(other.len());
                let to = (from + numbers.below(80)).min(other.len());
                bytes.splice(at..at, other.as_bytes()[from..to].iter().copied());
            }
        }
    }
}

#[test]
fn damaged_code_of_every_language_is_read() {
    let hints: Vec<&str> = language::hints().chain([""]).collect();
    let rounds = asked("STOCKTAKE_FUZZ_ROUNDS", 300);
    let seed = asked("STOCKTAKE_FUZZ_SEED", 1);
    for round in 0..rounds {
        for (number, (hint, text)) in (0_u64..).zip(SAMPLES) {
            let mut numbers = Numbers(seed.wrapping_mul(0x1_0000_0001) ^ (round << 8) ^ number);
            let mut bytes = text.as_bytes().to_vec();
            damage(&mut bytes, &mut numbers);
            let hint = if numbers.below(4) == 0 { hints[numbers.below(hints.len())] } else { hint };
            // What is damaged is said by the asserts themselves: hint and bytes.
            check(hint, &bytes);
            check_lines(hint, &bytes);
        }
    }
}
