//! What the analyzers cost, for `cargo xtask bench analysis`; each answer is a line of JSON.
//!
//! - `measure tree DIRECTORY THREADS [ANALYZER]`: reads every file below the directory and runs every analyzer over
//!   it, or every one but this.
//! - `measure each DIRECTORY`: reads everything first, then times one analyzer after the other.
//! - `measure sizes`: every kind of text in growing sizes, and what is hardest about each.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this program talks to who runs it")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use analysis::{ANALYZERS, File, Limits, Outcome};
use serde_json::json;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tree", directory, threads] => tree(Path::new(directory), threads.parse().unwrap_or(1), ""),
        ["tree", directory, threads, without] => {
            tree(Path::new(directory), threads.parse().unwrap_or(1), without)
        }
        ["each", directory] => each(Path::new(directory)),
        ["sizes"] => {
            sizes();
            Ok(())
        }
        _ => {
            eprintln!(
                "usage: measure tree DIRECTORY THREADS [ANALYZER] | measure each DIRECTORY | measure sizes"
            );
            std::process::exit(2)
        }
    }
}

/// What a run over a tree came to.
#[derive(Default)]
struct Sums {
    files: u64,
    bytes: u64,
    results: u64,
    failures: u64,
    /// Bytes of all results: nothing of the work can be left out.
    written: u64,
}

impl Sums {
    fn add(&mut self, path: &Path, limits: &Limits, analyzers: &[&str]) {
        // A file that cannot be read is none; it is the same for the others.
        let Ok(bytes) = fs::read(path) else { return };
        self.files += 1;
        self.bytes += bytes.len() as u64;
        let hint = analysis::hint(path.as_os_str().as_encoded_bytes());
        for report in analysis::analyze_missing(hint, &bytes, limits, analyzers) {
            match report.outcome {
                Outcome::Ok(json) => {
                    self.results += 1;
                    self.written += json.len() as u64;
                }
                Outcome::Failed(_) => self.failures += 1,
                Outcome::Skipped(_) => {}
            }
        }
    }
}

fn tree(directory: &Path, threads: usize, without: &str) -> io::Result<()> {
    let analyzers: Vec<&str> =
        ANALYZERS.iter().map(|analyzer| analyzer.id()).filter(|id| *id != without).collect();
    let (paths, limits, next) = (files(directory)?, Limits::default(), AtomicUsize::new(0));
    let work = || {
        let mut sums = Sums::default();
        while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
            sums.add(path, &limits, &analyzers);
        }
        sums
    };
    let all: Vec<Sums> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
    });
    let sum = |of: fn(&Sums) -> u64| all.iter().map(of).sum::<u64>();
    println!(
        "{}",
        json!({
            "files": sum(|sums| sums.files),
            "bytes": sum(|sums| sums.bytes),
            "results": sum(|sums| sums.results),
            "failures": sum(|sums| sums.failures),
            "written": sum(|sums| sums.written),
        })
    );
    Ok(())
}

fn each(directory: &Path) -> io::Result<()> {
    let limits = Limits::default();
    let mut contents = Vec::new();
    for path in files(directory)? {
        if let Ok(bytes) = fs::read(&path) {
            contents.push((analysis::hint(path.as_os_str().as_encoded_bytes()), bytes));
        }
    }
    let bytes: usize = contents.iter().map(|(_, bytes)| bytes.len()).sum();
    for analyzer in ANALYZERS {
        let begun = Instant::now();
        let mut results = 0_u64;
        for (hint, bytes) in &contents {
            results +=
                u64::from(matches!(analyzer.analyze(&File::new(hint, bytes, &limits)), Outcome::Ok(_)));
        }
        println!(
            "{}",
            json!({
                "analyzer": analyzer.id(),
                "results": results,
                "files": contents.len(),
                "bytes": bytes,
                "seconds": begun.elapsed().as_secs_f64(),
            })
        );
    }
    Ok(())
}

/// Every regular file, links not followed.
fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                left.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    Ok(found)
}

/// A piece of code for each reader of functions, and for each language that embeds others; at the end of
/// each it can begin again, no deeper than before.
const KINDS: &[(&str, &str, &str)] = &[
    (
        "C",
        ".c",
        "/* a */\nstatic int f(const char *argv[], int n)\n{\n\tif (n && argv) return n ? 1 : '\\'';\n\tfor (;;) g(\"x\", n);\n}\n",
    ),
    (
        "C++",
        ".cpp",
        "namespace a { template <class T> class B : public C { int f(T x[]) const { return g(R\"(\")\"); } }; }\n",
    ),
    (
        "C#",
        ".cs",
        "class D<T> where T : E { public int F { get; set; } int G(int? a) { return a ?? H(@\"x\"\"\"); } }\n",
    ),
    (
        "Go",
        ".go",
        "func (r *T) F(a, b int) (int, error) {\n\tgo func() { x := `raw` }()\n\tfor i := range b { g(i) }\n}\n",
    ),
    (
        "Java",
        ".java",
        "class C { @A(b = 1) public void f(List<? extends T> a) { new B() { int g() { return a && b ? 1 : 2; } }; } }\n",
    ),
    (
        "JavaScript",
        ".js",
        "function f(a, b) {\n  const g = (c) => { return `x${c}y` || b / 2; };\n  return a ?? /[/]/g;\n}\n",
    ),
    (
        "TSX",
        ".tsx",
        "function A() { return <div onClick={() => go()} b=\"c\">text {a && <b/>}\n  </div>; }\n",
    ),
    (
        "TypeScript",
        ".ts",
        "export class A {\n  f(a: number): string {\n    switch (a) {\n      case 1: return `b`;\n    }\n  }\n}\n",
    ),
    ("Kotlin", ".kt", "fun <T> f(a: Int = 1): Int = when (a) { 1 -> 2 else -> 3 }\nval x: Int get() = 1\n"),
    (
        "Lua",
        ".lua",
        "local f = function(a, ...) return #a end -- c\nfunction m.f() if a then b() elseif c then d() end end\n",
    ),
    (
        "Objective-C",
        ".mm",
        "@implementation A\n- (void)f:(int)a with:(NSString *)b { if (a) { [self g:@\"x\"]; } }\n@end\n",
    ),
    (
        "PHP",
        ".php",
        "<?php class A { public function f($a, $b) { return match($a) { 1 => 2, default => 3 }; } } ?>\n<p>\n",
    ),
    ("Perl", ".pl", "sub f { my ($a) = @_; if ($a) { return $a // 1; } }\n# c\n"),
    (
        "Python",
        ".py",
        "@d\ndef f(a, *b, c=lambda x: {1: 2}):\n    \"\"\"doc\"\"\"\n    if a and b:\n        return f\"{a!r:>{b}}\"\n",
    ),
    (
        "Ruby",
        ".rb",
        "class A\n  def f(a, b = {})\n    return a if b\n    %w(a b).each { |x| y(x) }\n  end\nend\n",
    ),
    (
        "Rust",
        ".rs",
        "/// Docs\n///\n/// ```\n/// a();\n/// ```\nfn f<'a>(x: &'a str) -> char { match x { \"a\" => 'b', _ if c => 'd' } }\n",
    ),
    (
        "Scala",
        ".scala",
        "object A {\n  def f(a: Int): Int = a match {\n    case 1 if b => 2\n    case _ => 3\n  }\n}\n",
    ),
    (
        "Solidity",
        ".sol",
        "contract A { function f(uint a) public returns (uint) { return a > 1 ? 1 : 2; } }\n",
    ),
    (
        "Swift",
        ".swift",
        "class A { var x: Int { get { 1 } }; func f(_ a: Int) { guard let b = a else { return } } }\n",
    ),
    ("Zig", ".zig", "pub fn f(a: u8) !u8 {\n    return if (a > 1) try g() else b orelse c;\n}\n"),
    ("HTML", ".html", "<p>a</p>\n<script>\n// b\nc();\n</script>\n<style>\nd { e: f }\n</style>\n"),
    ("Markdown", ".md", "# T\n\nText.\n\n```rust\n// a\nfn b() {}\n```\n"),
    ("JSON", ".json", "{\"a\": [1, 2, \"b\\\"c\"]}\n"),
];

/// What is said over and over again where something could be slow.
const HARD: &[&str] = &[
    "{",
    "(",
    "[",
    "<",
    "\"",
    "'",
    "`",
    "/*",
    "//",
    "#",
    "\\",
    "${",
    "#{\"",
    "<<A\n",
    "<script>",
    "```a ",
    "/// a\n",
    "a b ",
    "if (a) {",
    "f(a, ",
    "class A {",
    "def f():\n ",
    "=> ",
    "a?b:",
    "match a;",
    "@a;x;",
    "label: ",
    "func(",
    "<a b={",
    "é",
    "\"\"\"",
    "f(a){}",
    ";",
    "\n",
    " ",
];

const SMALLEST: usize = 64 << 10;
const SIZES: [usize; 6] =
    [SMALLEST, SMALLEST << 2, SMALLEST << 4, SMALLEST << 6, SMALLEST << 8, SMALLEST << 10];

/// Nanoseconds for each byte, the least of so many rounds.
fn nanoseconds(hint: &str, text: &str, rounds: usize) -> f64 {
    let limits = Limits { max_bytes: u64::MAX, ..Limits::default() };
    let timed = (0..rounds).map(|_| {
        let begun = Instant::now();
        std::hint::black_box(analysis::analyze(hint, text.as_bytes(), &limits));
        begun.elapsed().as_nanos() as f64 / text.len() as f64
    });
    timed.fold(f64::INFINITY, f64::min)
}

fn sizes() {
    for (kind, hint, unit) in KINDS {
        let plain: Vec<f64> = SIZES
            .iter()
            .map(|size| {
                nanoseconds(hint, &unit.repeat(size / unit.len()), if *size < 8 << 20 { 3 } else { 1 })
            })
            .collect();
        // What is hard is looked at twice: quadratic is eight times as much a byte in the larger one.
        let (mut slowest, mut growth) = ((0.0, ""), (0.0, ""));
        for hard in HARD {
            let of = |size: usize| nanoseconds(hint, &hard.repeat(size / hard.len()), 2);
            let (small, large) = (of(SMALLEST), of(SMALLEST << 3));
            if large > slowest.0 {
                slowest = (large, *hard);
            }
            if large / small > growth.0 {
                growth = (large / small, *hard);
            }
        }
        println!(
            "{}",
            json!({
                "kind": kind, "sizes": SIZES, "nanoseconds": plain,
                "slowest": { "text": slowest.1, "nanoseconds": slowest.0 },
                "growth": { "text": growth.1, "times": growth.0 },
            })
        );
    }
}
