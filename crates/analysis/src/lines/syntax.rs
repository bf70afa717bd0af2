//! What a language's comments and strings look like: one row per group of languages that agree.

mod rows_a_to_l;
mod rows_beyond;
mod rows_m_to_z;

use std::sync::LazyLock;

use crate::language::Kind;

/// A pair that opens and closes.
pub(crate) type Pair = (&'static str, &'static str);

const C_BLOCK: &[Pair] = &[("/*", "*/")];
const XML_BLOCK: &[Pair] = &[("<!--", "-->")];
const DOUBLE: &[Pair] = &[("\"", "\"")];
const BOTH: &[Pair] = &[("\"", "\""), ("'", "'")];
const THREE: &[Pair] = &[("\"", "\""), ("'", "'"), ("`", "`")];
const TRIPLE: &[Pair] = &[("\"\"\"", "\"\"\""), ("'''", "'''")];

/// One row. Where several tokens could match, the first one listed does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Syntax {
    /// The languages of this row, by linguist's names.
    pub(crate) languages: &'static [&'static str],
    /// Other names that a code fence may give, in lower case.
    pub(crate) also: &'static [&'static str],
    /// What starts a comment that ends with its line.
    pub(crate) line: &'static [&'static str],
    /// What opens and closes a comment of several lines.
    pub(crate) block: &'static [Pair],
    /// Comments that nest although the others do not.
    pub(crate) nesting: &'static [Pair],
    /// All comments nest.
    pub(crate) nested: bool,
    /// Strings in which `\` escapes.
    pub(crate) strings: &'static [Pair],
    /// Strings in which nothing escapes.
    pub(crate) raw: &'static [Pair],
    /// Strings that also serve as documentation.
    pub(crate) docs: &'static [Pair],
    /// Prose: every line is a comment, but for embedded code.
    pub(crate) literate: bool,
    /// The same, but only in the first column.
    pub(crate) column: &'static [&'static str],
    /// What announces code of another language.
    pub(crate) embeds: &'static [&'static str],
}

const fn of(languages: &'static [&'static str]) -> Syntax {
    Syntax {
        languages,
        also: &[],
        line: &[],
        block: &[],
        nesting: &[],
        nested: false,
        strings: &[],
        raw: &[],
        docs: &[],
        literate: false,
        column: &[],
        embeds: &[],
    }
}

impl Syntax {
    const fn also(self, also: &'static [&'static str]) -> Syntax {
        Syntax { also, ..self }
    }
    const fn line(self, line: &'static [&'static str]) -> Syntax {
        Syntax { line, ..self }
    }
    const fn block(self, block: &'static [Pair]) -> Syntax {
        Syntax { block, ..self }
    }
    const fn nesting(self, nesting: &'static [Pair]) -> Syntax {
        Syntax { nesting, ..self }
    }
    const fn nested(self) -> Syntax {
        Syntax { nested: true, ..self }
    }
    const fn strings(self, strings: &'static [Pair]) -> Syntax {
        Syntax { strings, ..self }
    }
    const fn raw(self, raw: &'static [Pair]) -> Syntax {
        Syntax { raw, ..self }
    }
    const fn docs(self, docs: &'static [Pair]) -> Syntax {
        Syntax { docs, ..self }
    }
    const fn literate(self) -> Syntax {
        Syntax { literate: true, ..self }
    }
    const fn column(self, column: &'static [&'static str]) -> Syntax {
        Syntax { column, ..self }
    }
    const fn embeds(self, embeds: &'static [&'static str]) -> Syntax {
        Syntax { embeds, ..self }
    }

    /// Every pair that opens a comment.
    pub(crate) fn comments(&self) -> impl Iterator<Item = &'static Pair> {
        self.block.iter().chain(self.nesting)
    }
}

/// Data without comments: every line that is not blank is code.
static DATA: Syntax = of(&[]);
/// Prose: every line that is not blank is a comment.
static PROSE: Syntax = of(&[]).literate();

fn rows() -> impl Iterator<Item = &'static Syntax> {
    rows_a_to_l::ROWS.iter().chain(rows_m_to_z::ROWS).chain(rows_beyond::ROWS)
}

/// Languages that line counters do not take after a code fence, since they call them otherwise.
const NOT_FENCED: &[&str] = &[
    "dm", "ec", "fortran", "gherkin", "jinja", "luau", "metal", "plpgsql", "plsql", "ron", "scss",
    "starlark", "sugarss", "text", "tsql", "urweb", "vba", "wgsl", "xslt",
];

type Index = Vec<(String, &'static Syntax)>;

fn index(names: impl Iterator<Item = (String, &'static Syntax)>) -> Index {
    let mut index: Index = names.collect();
    index.sort_by(|a, b| a.0.cmp(&b.0));
    index
}

static BY_LANGUAGE: LazyLock<Index> = LazyLock::new(|| {
    index(rows().flat_map(|row| row.languages.iter().map(move |name| ((*name).to_owned(), row))))
});

static BY_FENCE: LazyLock<Index> = LazyLock::new(|| {
    let rows = rows_a_to_l::ROWS.iter().chain(rows_m_to_z::ROWS);
    let names =
        rows.flat_map(|row| row.languages.iter().chain(row.also).map(move |name| (name.to_lowercase(), row)));
    index(names.filter(|(name, _)| !NOT_FENCED.contains(&name.as_str())))
});

fn lookup(index: &Index, name: &str) -> Option<&'static Syntax> {
    let at = index.binary_search_by(|(row, _)| row.as_str().cmp(name)).ok()?;
    index.get(at).map(|(_, syntax)| *syntax)
}

/// The row of a language by linguist's name.
pub(crate) fn of_language(name: &str) -> Option<&'static Syntax> {
    lookup(&BY_LANGUAGE, name)
}

/// The row for a language that has none of its own.
pub(crate) fn of_kind(kind: Kind) -> Option<&'static Syntax> {
    match kind {
        Kind::Data => Some(&DATA),
        Kind::Prose => Some(&PROSE),
        Kind::Programming | Kind::Markup => None,
    }
}

/// The row that the word after a code fence names, in any case.
pub(crate) fn of_fence(word: &[u8]) -> Option<&'static Syntax> {
    let word = str::from_utf8(word).ok().filter(|word| word.len() <= 64)?;
    lookup(&BY_FENCE, &word.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::by_name;

    #[test]
    fn every_row_names_languages_and_none_twice() {
        for index in [&*BY_LANGUAGE, &*BY_FENCE] {
            for pair in index.windows(2) {
                assert_ne!(pair[0].0, pair[1].0, "listed twice");
            }
        }
        for (name, _) in BY_LANGUAGE.iter() {
            assert!(by_name(name).is_some(), "{name} is not a language");
        }
    }

    #[test]
    fn tokens_are_never_empty_nor_blank() {
        for row in rows() {
            let pairs = [row.block, row.nesting, row.strings, row.raw, row.docs];
            let tokens =
                pairs.iter().flat_map(|pairs| pairs.iter().flat_map(|(open, close)| [*open, *close]));
            for token in tokens.chain(row.line.iter().copied()).chain(row.embeds.iter().copied()) {
                let first = token.as_bytes().first().copied();
                assert!(
                    first.is_some_and(|byte| !byte.is_ascii_whitespace()),
                    "{:?}: {token:?}",
                    row.languages
                );
            }
        }
    }
}
