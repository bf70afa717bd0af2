//! The smallest examples of where our line counts and tokei's part: the classes that
//! `docs/comparison-tokei.md` names.

use analysis::{Limits, hint, lines};

/// Code, comments, blanks.
fn count(path: &str, text: &str) -> (u64, u64, u64) {
    let limits = Limits::default();
    let file = analysis::File::new(hint(path.as_bytes()), text.as_bytes(), &limits);
    let counts =
        lines::count(file.language().expect("a known language"), file.body().expect("text")).expect("rules");
    (counts.code, counts.comments, counts.blanks)
}

/// What a line counter that does not mend the seams has.
fn unmended(path: &str, text: &str) -> (i64, i64, i64) {
    let limits = Limits::default();
    let file = analysis::File::new(hint(path.as_bytes()), text.as_bytes(), &limits);
    let counts =
        lines::count(file.language().expect("a known language"), file.body().expect("text")).expect("rules");
    let signed = |count: u64| i64::try_from(count).expect("small");
    (
        signed(counts.code) - counts.mended.code,
        signed(counts.comments) - counts.mended.comments,
        signed(counts.blanks) - counts.mended.blanks,
    )
}

#[test]
fn a_line_before_documentation_is_not_lost() {
    let text = "const A: &str = \"a\";\n\n/// B.\nfn b() {}\n";
    assert_eq!(count("a.rs", text), (2, 1, 1));
    assert_eq!(unmended("a.rs", text), (1, 1, 0));
}

#[test]
fn documentation_that_ends_in_an_empty_line_keeps_it() {
    let text = "/// A.\n///\nfn a() {}\n";
    assert_eq!(count("a.rs", text), (1, 1, 1));
    assert_eq!(unmended("a.rs", text), (1, 1, 0));
}

#[test]
fn code_before_documentation_on_a_line_is_code() {
    let text = "struct A {\n    b: u8, /// B.\n}\n";
    assert_eq!(count("a.rs", text), (3, 0, 0));
    assert_eq!(unmended("a.rs", text), (2, 1, 0));
}

#[test]
fn blank_lines_at_the_ends_of_fenced_code_are_lines() {
    let text = "Text\n\n```rust\n\nlet a = 1;\n\n```\n";
    assert_eq!(count("a.md", text), (1, 3, 3));
    assert_eq!(unmended("a.md", text), (1, 3, 1));
}

#[test]
fn a_script_on_one_line_is_one_line() {
    let text = "<p>\n<script>a();</script>\n</p>\n";
    assert_eq!(count("a.html", text), (3, 0, 0));
    assert_eq!(unmended("a.html", text), (5, 0, 0));
}

#[test]
fn a_notebook_is_the_lines_of_its_cells() {
    let text = r##"{"cells":[{"cell_type":"code","source":["a = 1\n","# b\n"]},{"cell_type":"markdown","source":"Text"}],"metadata":{}}"##;
    assert_eq!(count("a.ipynb", text), (1, 2, 0));
}

#[test]
fn an_indented_comment_in_free_form_fortran_is_a_comment() {
    assert_eq!(count("a.f90", "program a\n  ! b\nend\n"), (2, 1, 0));
}

#[test]
fn comments_in_json_that_allows_them_are_comments() {
    assert_eq!(count("tsconfig.json", "{\n  // a\n}\n"), (2, 1, 0));
}

#[test]
fn a_header_of_cpp_has_raw_strings() {
    assert_eq!(count("a.hpp", "namespace b {}\nauto a = R\"(\n/*)\";\nint c;\n"), (4, 0, 0));
}

#[test]
fn what_all_agree_on() {
    assert_eq!(count("a.c", "/* a\n   b */\nint c; // d\n\n\"/*\";\n"), (2, 2, 1));
    assert_eq!(count("a.py", "\"\"\"a\n\nb\"\"\"\n# c\nd = '#'\n"), (4, 1, 0));
    assert_eq!(count("a.rs", "/* /* a */ */\nfn b() {}\n"), (1, 1, 0));
    assert_eq!(count("a.sh", "#!/bin/sh\necho '#'\n\n"), (1, 1, 1));
    assert_eq!(count("a.html", "<script>\n// a\nb();\n</script>\n"), (3, 1, 0));
    assert_eq!(count("a.md", "Text\n```python\na = 1\n```\n"), (1, 3, 0));
}
