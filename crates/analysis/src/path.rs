//! What a path alone says of a file.

mod patterns;

use patterns::{DOCUMENTATION, GENERATED, Pattern, TEST, VENDORED};

/// What a path alone says of a file; a pure function of the path, so it is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PathClass {
    /// Somebody else's code, kept in this repository.
    pub vendored: bool,
    /// Documentation rather than code.
    pub documentation: bool,
    /// A test, or data for tests.
    pub test: bool,
    /// Written by a program, by its name.
    pub generated: bool,
}

/// Classifies a path with `/` between its parts, relative to the repository; any bytes.
pub fn classify(path: &[u8]) -> PathClass {
    let path = Path::new(path);
    let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| path.fits(pattern));
    PathClass {
        vendored: any(VENDORED),
        documentation: any(DOCUMENTATION),
        test: any(TEST),
        generated: any(GENERATED),
    }
}

/// A path taken apart once for all patterns.
struct Path<'a> {
    directories: Vec<&'a [u8]>,
    name: &'a [u8],
    /// The name up to its first dot.
    stem: &'a [u8],
}

impl<'a> Path<'a> {
    fn new(path: &'a [u8]) -> Path<'a> {
        let mut parts: Vec<&[u8]> =
            path.split(|&byte| byte == b'/').filter(|part| !part.is_empty()).collect();
        let name = parts.pop().unwrap_or_default();
        let stem = memchr::memchr(b'.', name).and_then(|dot| name.get(..dot)).unwrap_or(name);
        Path { directories: parts, name, stem }
    }

    fn fits(&self, pattern: &Pattern) -> bool {
        let same = |part: &[u8], wanted: &str| part.eq_ignore_ascii_case(wanted.as_bytes());
        match *pattern {
            Pattern::Directory(wanted) => self.directories.iter().any(|part| same(part, wanted)),
            Pattern::Top(wanted) => self.directories.first().is_some_and(|part| same(part, wanted)),
            Pattern::Within(outer, inner) => self
                .directories
                .windows(2)
                .any(|pair| matches!(pair, [a, b] if same(a, outer) && same(b, inner))),
            Pattern::Name(wanted) => self.name == wanted.as_bytes(),
            Pattern::Stem(wanted) => same(self.stem, wanted),
            Pattern::Starts(start, end) => {
                self.name.starts_with(start.as_bytes())
                    && self.name.get(start.len()..).is_some_and(|rest| rest.ends_with(end.as_bytes()))
            }
            Pattern::Ends(end) => self
                .name
                .len()
                .checked_sub(end.len())
                .and_then(|at| self.name.get(at..))
                .is_some_and(|tail| same(tail, end)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(path: &str) -> String {
        let PathClass { vendored, documentation, test, generated } = classify(path.as_bytes());
        let words = [
            (vendored, "vendored"),
            (documentation, "documentation"),
            (test, "test"),
            (generated, "generated"),
        ];
        words.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn paths_tell() {
        for (path, expected) in [
            ("src/main.rs", ""),
            ("", ""),
            ("node_modules/a/index.js", "vendored"),
            ("a/Vendor/b.c", "vendored"),
            ("third_party/x/y.h", "vendored"),
            ("web/jquery-3.1.js", "vendored"),
            ("web/app.min.js", "vendored"),
            ("types/index.d.ts", "vendored"),
            ("gradle/wrapper/gradle-wrapper.properties", "vendored"),
            ("test/fixtures/a.js", "vendored test"),
            ("docs/guide.md", "documentation"),
            ("README.md", "documentation"),
            ("LICENSE", "documentation"),
            ("src/docs/guide.rs", ""),
            ("tests/it.rs", "test"),
            ("pkg/a_test.go", "test"),
            ("app/test_views.py", "test"),
            ("src/FooTest.java", "test"),
            ("src/latest.java", ""),
            ("ui/a.spec.ts", "test"),
            ("Cargo.lock", "generated"),
            ("api/a.pb.go", "generated"),
            ("api/a_pb2.py", "generated"),
            ("ui/Form.Designer.cs", "generated"),
            (".idea/workspace.xml", "generated"),
        ] {
            assert_eq!(class(path), expected, "{path}");
        }
        assert_eq!(classify(b"caf\xe9/\xff\xfe"), PathClass::default());
    }
}
