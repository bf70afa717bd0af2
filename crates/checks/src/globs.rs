//! Patterns of paths.
//!
//! `?` is any byte but a slash, `*` any number of them; `**` as a whole part of the path is any number of parts,
//! also none. Everything else is itself. Matching takes time linear in pattern times path.

/// Patterns, one of which fits or none.
#[derive(Debug, Default)]
pub(crate) struct Globs(Vec<Vec<Part>>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// `**`
    AnyParts,
    /// A part with `*` and `?` in it.
    Like(Vec<u8>),
}

impl Globs {
    /// Reads patterns.
    pub(crate) fn new(patterns: &[String]) -> Result<Self, String> {
        let read = |pattern: &String| {
            if pattern.is_empty() {
                return Err("a pattern is empty".to_owned());
            }
            if pattern.contains(['[', ']', '{', '}']) {
                return Err(format!("pattern {pattern:?}: only *, ** and ? have a meaning"));
            }
            let part = |part: &str| match part {
                "**" => Part::AnyParts,
                part => Part::Like(part.as_bytes().to_vec()),
            };
            Ok(pattern.trim_start_matches('/').split('/').map(part).collect())
        };
        Ok(Self(patterns.iter().map(read).collect::<Result<_, _>>()?))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of the patterns fits the path.
    pub(crate) fn fit(&self, path: &[u8]) -> bool {
        let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
        let same = |pattern: &Part, part: &&[u8]| match pattern {
            Part::AnyParts => false,
            Part::Like(pattern) => {
                wild(pattern, part, |byte| *byte == b'*', |pattern, byte| *pattern == b'?' || pattern == byte)
            }
        };
        self.0.iter().any(|pattern| wild(pattern, &parts, |part| *part == Part::AnyParts, same))
    }
}

/// Whether a pattern fits, in which some items stand for any number of the subject's and the others for one each.
fn wild<P, S>(
    pattern: &[P],
    subject: &[S],
    is_star: impl Fn(&P) -> bool,
    same: impl Fn(&P, &S) -> bool,
) -> bool {
    let (mut at, mut of) = (0, 0);
    // The last star, and what it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while let Some(item) = subject.get(at) {
        match pattern.get(of) {
            Some(wanted) if is_star(wanted) => {
                star = Some((of, at));
                of += 1;
            }
            Some(wanted) if same(wanted, item) => {
                at += 1;
                of += 1;
            }
            _ => match &mut star {
                None => return false,
                Some((place, taken)) => {
                    *taken += 1;
                    (of, at) = (*place + 1, *taken);
                }
            },
        }
    }
    pattern.iter().skip(of).all(is_star)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_people_expect() {
        for (pattern, path, fits) in [
            ("a", "a", true),
            ("a", "b/a", false),
            ("*.rs", "a.rs", true),
            ("*.rs", "src/a.rs", false),
            ("**/*.rs", "a.rs", true),
            ("**/*.rs", "src/deep/a.rs", true),
            ("src/**", "src/a/b", true),
            ("src/**/b?.c", "src/b1.c", true),
            ("src/**/b?.c", "src/x/y/b.c", false),
            ("/src/*", "src/a", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbY", false),
            ("**", "", true),
        ] {
            let globs = Globs::new(&[pattern.to_owned()]).unwrap();
            assert_eq!(globs.fit(path.as_bytes()), fits, "{pattern} {path}");
        }
        assert!(Globs::new(&["a[".to_owned()]).unwrap_err().contains("a["));
        assert!(!Globs::default().fit(b"a"));
    }
}
