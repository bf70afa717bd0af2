//! What is looked at grows with the size of a text and with nothing else, counted in steps, not timed.

use crate::{ANALYZERS, File, Limits};

/// What opens, closes, separates and begins things, in many languages.
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
    "\"\"\"",
    "/*",
    "*/",
    "//",
    "///",
    "//!",
    "#",
    "#!",
    "#[",
    "--",
    "--[[",
    "]]",
    "<!--",
    "-->",
    "\\",
    "\n",
    "\n",
    "\n    ",
    "\r\n",
    " ",
    "\t",
    ":",
    ";",
    ",",
    ".",
    "=",
    "=>",
    "->",
    "?",
    "!",
    "@",
    "@a",
    "$",
    "${",
    "#{",
    "%(",
    "&&",
    "||",
    "a",
    "b1 ",
    "é",
    "0x1'2",
    "1.5",
    "f\"",
    "f'{",
    "r#\"",
    "R\"(",
    ")\"",
    "<<A\n",
    "<<<A\n",
    "=begin\n",
    "=end\n",
    "<?php ",
    "?>",
    "<a>",
    "</a>",
    "<a b={",
    "<script>",
    "</script>",
    "<script",
    "<style lang=\"",
    "```",
    "```rust\n",
    "if ",
    "else ",
    "for ",
    "def f",
    "fn f",
    "func f(",
    "function ",
    "class A ",
    "type ",
    "match ",
    "match a",
    "case ",
    "try:",
    "except ",
    "except *",
    "lambda ",
    "label: ",
    "get ",
    "sub ",
    "var ",
    "new ",
    "do ",
    "end ",
    "where ",
    "template<",
    "operator",
    "import ",
    "async ",
    "await ",
    "yield ",
    "not ",
    "in ",
];

/// What decides the language: every reader of functions, and what embeds others.
const HINTS: &[&str] = &[
    ".c", ".cc", ".cs", ".go", ".java", ".js", ".jsx", ".kt", ".lua", ".mm", ".php", ".pl", ".py", ".rb",
    ".rs", ".scala", ".sol", ".swift", ".ts", ".tsx", ".zig", ".html", ".vue", ".svelte", ".md", ".sh",
    ".sql", ".tex", ".hs", ".ipynb",
];

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}

/// The most steps for each byte that any analyzer takes, in hundredths, and which it is.
fn cost(hint: &str, text: &str) -> (u64, &'static str) {
    // Enough to tell what is quadratic, and not enough to wait for it.
    let limits = Limits { steps_per_byte: 1_000, ..Limits::default() };
    let file = File::new(hint, text.as_bytes(), &limits);
    let each = ANALYZERS.iter().map(|analyzer| {
        file.steps().refill();
        let run = std::panic::AssertUnwindSafe(|| analyzer.analyze(&file));
        let ended = std::panic::catch_unwind(run);
        assert!(ended.is_ok(), "{} does not end on {hint} {text:.60?}…", analyzer.id());
        (file.steps().spent() * 100 / text.len() as u64, analyzer.id())
    });
    each.max().unwrap_or_default()
}

/// The steps that a text costs for each byte are the same whether it is long or short: what is quadratic
/// in any way takes hundreds at this size. The limit of a real run is five times what is allowed here.
#[test]
fn no_repetition_costs_more_than_its_length() {
    const SIZE: usize = 24_000;
    let mut numbers = Numbers(1);
    let mut worst = (0, String::new());
    for _ in 0..1_500 {
        let count = 1 + numbers.below(6);
        let unit: String = (0..count).map(|_| PIECES[numbers.below(PIECES.len())]).collect();
        // A beginning that opens something, and then the same thing over and over.
        let begin = PIECES[numbers.below(PIECES.len())];
        let hint = HINTS[numbers.below(HINTS.len())];
        let text = [begin, &unit.repeat(SIZE / unit.len())].concat();
        let (hundredths, analyzer) = cost(hint, &text);
        if hundredths > worst.0 {
            worst = (hundredths, format!("{analyzer} on {hint}: {begin:?} and {unit:?} over and over"));
        }
    }
    assert!(worst.0 <= 300, "{} steps in 100 bytes: {}", worst.0, worst.1);
}

/// What once took a look at the rest of the text from every place in it.
#[test]
fn what_was_quadratic_is_not() {
    for unit in ["match a;", "@a;x;", "try: ", "match ):", "label: ", "@a\n", "case (;", "#"] {
        let text = unit.repeat(40_000 / unit.len());
        for hint in HINTS {
            let (hundredths, analyzer) = cost(hint, &text);
            assert!(hundredths <= 300, "{hundredths} steps in 100 bytes: {analyzer} on {hint}: {unit:?}");
        }
    }
    // Deep nesting, then one long statement within it.
    let mut text: String = (0..200).map(|depth| format!("{}try:\n", " ".repeat(depth))).collect();
    text.push_str(&" ".repeat(200));
    text.push_str(&"a;".repeat(20_000));
    assert!(cost(".py", &text).0 <= 300);
}
