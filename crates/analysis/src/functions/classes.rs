//! The smallest example of every class of differences from lizard, as the documentation names them: what
//! lizard makes of it, and what we make of it.

use super::{Quirks, analyze_with, reader};

/// Name, parameters, complexity and first line of every function, and the file's tokens.
fn found(language: &str, text: &str, quirks: Quirks) -> (Vec<(String, u32, i64, u32)>, u64) {
    let found = analyze_with(reader(language).expect("a known language"), text, quirks);
    let functions = found
        .functions
        .into_iter()
        .map(|function| (function.name, function.parameters, function.complexity, function.start_line))
        .collect();
    (functions, found.metrics.token_count)
}

fn names(language: &str, text: &str, quirks: Quirks) -> Vec<String> {
    found(language, text, quirks).0.into_iter().map(|function| function.0).collect()
}

#[test]
fn rust_characters() {
    let text = "fn f() { g('a'); }\nfn h() { g('b'); }\nfn i() {}\n";
    assert_eq!(names("Rust", text, Quirks::NONE), ["f", "h", "i"]);
    assert_eq!(names("Rust", text, Quirks::RUST_CHARACTERS), ["f", "i"]);
    let lifetime = "fn f<'a>(a: &'a str) -> &'a str { a }";
    assert_eq!(found("Rust", lifetime, Quirks::NONE), found("Rust", lifetime, Quirks::LIZARD));
}

#[test]
fn rust_attributes() {
    let text = "#[inline] fn f() {}\n#[test]\nfn g() {}\n";
    assert_eq!(names("Rust", text, Quirks::NONE), ["f", "g"]);
    assert_eq!(names("Rust", text, Quirks::RUST_ATTRIBUTES), ["g"]);
}

#[test]
fn jsx_lines() {
    let text = "const a = <p id=\"a\">{b}\n  <i/>\n  {c}</p>;\nfunction f() {}\n";
    assert_eq!(found("TSX", text, Quirks::NONE).0.last().map(|function| function.3), Some(4));
    assert_eq!(found("TSX", text, Quirks::JSX_LINES).0.last().map(|function| function.3), Some(3));
}

#[test]
fn java_local_annotations() {
    let text = "class A {\n  void f() {\n    @B(1) int a;\n  }\n  void g() {}\n}\n";
    assert_eq!(names("Java", text, Quirks::NONE), ["A::f", "A::g"]);
    assert_ne!(names("Java", text, Quirks::JAVA_LOCAL_ANNOTATIONS), ["A::f", "A::g"]);
}

#[test]
fn php_parameters() {
    let text = "<?php function f($a, $b = 1) {}";
    assert_eq!(found("PHP", text, Quirks::NONE).0[0].1, 2);
    assert_eq!(found("PHP", text, Quirks::PHP_PARAMETERS).0[0].1, 1);
}

#[test]
fn php_hashes() {
    let text = "<?php # a comment\n#[A] function f() {}";
    assert_eq!(names("PHP", text, Quirks::NONE), ["f"]);
    assert!(names("PHP", text, Quirks::PHP_HASHES).is_empty());
}

#[test]
fn perl_blanks() {
    let text = "sub f { 1 }";
    assert_eq!(found("Perl", text, Quirks::NONE).1, 5);
    assert_eq!(found("Perl", text, Quirks::PERL_BLANKS).1, 9);
}

#[test]
fn slash_lines() {
    let text = "sub f { return $a // ($b && $c); }";
    assert_eq!(found("Perl", text, Quirks::NONE).0.len(), 1);
    assert_eq!(found("Perl", text, Quirks::SLASH_LINES).0.len(), 0);
}

#[test]
fn lua_length() {
    let text = "function f(a) if #a > 1 and b then c() end end";
    assert_eq!(found("Lua", text, Quirks::NONE).0[0].2, 3);
    assert!(names("Lua", text, Quirks::LUA_LENGTH).is_empty());
}

#[test]
fn array_parameters() {
    let text = "int main(int argc, char *argv[]) { return 0; }";
    assert_eq!(found("C", text, Quirks::NONE).0[0].1, 2);
    assert_eq!(found("C", text, Quirks::ARRAY_PARAMETERS).0[0].1, 1);
}
