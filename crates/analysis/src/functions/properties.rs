//! What holds for every text in every language.

use proptest::prelude::*;

use super::{FileFunctions, Quirks, Reader, analyze_with, reader};

const LANGUAGES: &[&str] = &[
    "C",
    "C#",
    "C++",
    "Go",
    "JSX",
    "Java",
    "JavaScript",
    "Kotlin",
    "Lua",
    "Objective-C",
    "PHP",
    "Perl",
    "Python",
    "Ruby",
    "Rust",
    "Scala",
    "Solidity",
    "Swift",
    "TSX",
    "TypeScript",
    "Zig",
];

/// Pieces that mean something somewhere.
const PIECES: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "\"",
    "'",
    "`",
    "/*",
    "*/",
    "//",
    "#",
    "\n",
    "\\",
    "\\\n",
    "=>",
    "=",
    ":",
    "${",
    "#{",
    "\"\"\"",
    "<?php ",
    "?>",
    "é",
    "\u{2028}",
    "f\"",
    "%(",
    " if ",
    " def ",
    " fn ",
    " class ",
    " type ",
    " func ",
    " case ",
    " get ",
    "\n=begin\n",
    "\n=end\n",
    "--[[",
    "[==[",
    "\0",
    "?",
    "::",
    "->",
    " it ",
    " do ",
    " end ",
    "a",
    "b1",
    ",",
    ";",
    "@",
    " new ",
    " match ",
    " when ",
    " sub ",
    " var ",
    "\t",
    "    ",
    "/x/",
    "<a>",
    "</a>",
    "<a b={",
    "&&",
    "..",
    "~",
    "$x",
    "fun ",
    "function ",
    " static ",
    "R\"(",
    ")\"",
    "0x1'2",
    "1.5",
    "<<<A",
];

/// Code of every kind, to be cut up.
const SAMPLES: &[&str] = &[
    "namespace a { class B { int f(int x[], char *y) const { if (x && y) return x ? 1 : 2; } }; }\n#define A \\\n b\n",
    "class A { @Test(x) void f(List<? extends T> a) throws E { new B() { int g() { return 1; } }; } record R(int a) {} }",
    "func (r *T) f(a, b int) (int, error) { go func() { x := `raw` }() }\nvar g = func(a int) { }\n",
    "const f = async ({a = 1, b}, c = () => 2) => { `x${a}y`; return a ?? b; }; class A { get x() { return /[/]/g } }",
    "function A() { return <div onClick={() => go()} b=\"c\">text {a && <b/>}\n  </div>; }",
    "fun <T> f(a: Int = 1): Int = when (a) { 1 -> 2 else -> 3 }\nval x: Int get() = 1\n",
    "<?php class A { public function f($a, $b) { return match($a) { 1 => 2, default => 3 }; } } ?> html <?= $x ?>",
    "@d\nasync def f(a, *b: list[int], c=lambda x: {1: 2}, **d) -> int:\n    \"\"\"doc\"\"\"\n    return f\"{a!r:>{b}}\"\n",
    "def self.f(a, b = {})\n  it \"x #{a}\" do\n    %w(a b).each { |x| y if x }\n  end\nend\n",
    "#[a(b)] impl<'a> A<'a> { fn f(&self) -> char { match x { 'a' => 'b', _ if c => { let Some(x) = y else { } } } } }",
    "class A { var x: Int { get { 1 } set(v) { \"\\(a + \"b\")\" } }; init?(if: Int) throws {} }",
    "local f = function(a, ...) return #a end -- c\nfunction m.f() if a then b() elseif c then end end",
    "package A; sub f($$) { my ($a) = @_; return sub { $a // 1 }; } my $g = sub { 1 };",
];

fn check(text: &str) {
    for language in LANGUAGES {
        let reader: Reader = reader(language).expect("every language has a reader");
        for quirks in [Quirks::NONE, Quirks::LIZARD] {
            let found = analyze_with(reader, text, quirks);
            let lines = text.lines().count() as u32 + 1;
            assert!(
                found.metrics.token_count <= 4 * text.len() as u64 + 4,
                "{language}: more tokens than text"
            );
            assert_eq!(found.metrics.function_count, found.totals.functions);
            assert!(found.functions.len() <= FileFunctions::MOST);
            for function in &found.functions {
                assert!(function.start_line <= lines + 64, "{language}: {function:?}");
            }
        }
    }
    crate::python::measure(text);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_soup_of_tokens_is_read(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..200)) {
        check(&pieces.concat());
    }

    #[test]
    fn code_with_holes_is_read(
        sample in prop::sample::select(SAMPLES),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..9usize, prop::sample::select(PIECES)), 1..12),
    ) {
        let mut chars: Vec<char> = sample.chars().collect();
        for (at, length, piece) in cuts {
            let at = at.index(chars.len() + 1);
            let end = (at + length).min(chars.len());
            chars.splice(at..end, piece.chars());
        }
        check(&chars.into_iter().collect::<String>());
    }
}

#[test]
fn deep_nesting_needs_no_stack_and_no_time() {
    for piece in [
        "{",
        "(",
        "[",
        "<",
        "\"",
        "'",
        "`${",
        "=/[",
        "/*",
        "func(",
        "type ",
        "namespace a{",
        "if(a){",
        "f(a)",
        "#{\"",
        "\"\\(",
        "[=[",
        "%(",
        "<<<A ",
        "var x ",
        "a?b:",
        "(a=(b)=>",
        "class A{",
        "@a(",
        "lambda:",
        "not ",
        "f'{",
    ] {
        check(&piece.repeat(20_000 / piece.len()));
    }
}

#[test]
fn what_is_not_followed_is_said() {
    let text = "class A {".repeat(3_000);
    let found = analyze_with(Reader::Java, &text, Quirks::NONE);
    assert_eq!(found.cut_short, Some("nested deeper than 2000 levels"));
}

#[test]
fn functions_beyond_the_cap_are_counted_and_not_listed() {
    let text = "int f(int a) { return a && 1; }\n".repeat(FileFunctions::MOST + 500);
    let found = analyze_with(Reader::C, &text, Quirks::NONE);
    assert_eq!(found.functions.len(), FileFunctions::MOST);
    assert_eq!(found.metrics.function_count, FileFunctions::MOST as u64 + 500);
    assert_eq!(found.totals.complexity, 2 * (FileFunctions::MOST as i64 + 500));
    assert_eq!(found.metrics.average_parameter_count, 1.0);
}
