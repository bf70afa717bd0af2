//! The columns of every section: what they are called, what they mean, and what stands in them.

use super::{
    path::PathText,
    rows::{Change, Finding, Section, State},
};
use crate::xlsx::Cell;

/// A column of a section with rows `R`.
pub(super) struct Column<R> {
    pub(super) name: String,
    meaning: String,
    /// How wide it is shown, in characters.
    pub(super) width: u8,
    value: R,
}

/// Whose value it is.
enum Of {
    Change(for<'r> fn(&'r Change<'r>) -> Cell<'r>),
    Before(Field),
    After(Field),
    /// On the side where there is one; the newer one where there are both.
    Either(Field),
}

type Field = for<'r> fn(&State<'r>) -> Cell<'r>;

/// The columns of changes of one section.
pub(super) struct ChangeColumns(Vec<Column<Of>>);

/// The columns of findings.
pub(super) struct FindingColumns(Vec<Column<OfFinding>>);

type OfFinding = for<'r> fn(&'r Finding<'r>) -> Cell<'r>;

/// What a state has, with the meaning of it.
const FIELDS: [(&str, u8, Field, &str); 8] = [
    (
        "mode",
        8,
        |of| mode(of.mode),
        "git's mode in octal: 100644 a file, 100755 one to be run, 120000 a symbolic link, 160000 a submodule",
    ),
    ("digest", 42, |of| Cell::Hex(of.digest), "git's id of the content, in hexadecimal"),
    ("size", 10, |of| count(of.size), "the content's size in bytes"),
    (
        "language",
        14,
        |of| of.language.map_or(Cell::Empty, Cell::Repeated),
        "the language; empty where none was recognised",
    ),
    (
        "lines",
        9,
        |of| of.lines.map_or(Cell::Empty, count),
        "lines of any kind; empty where they were not counted, as in binary files",
    ),
    ("code", 9, |of| of.code.map_or(Cell::Empty, count), "lines with code"),
    (
        "complexity",
        10,
        |of| of.complexity.map_or(Cell::Empty, count),
        "the cyclomatic complexity of its most complex function; empty where there is none, or none is looked for",
    ),
    (
        "licences",
        18,
        |of| licences(of.licences),
        "SPDX identifiers of the licences that it names or is the text of, with commas between them",
    ),
];

impl ChangeColumns {
    pub(super) fn of(section: Section) -> Self {
        let mut columns = Vec::new();
        let mut add = |name: &str, width, value, meaning: &str| {
            columns.push(Column { name: name.to_owned(), meaning: meaning.to_owned(), width, value });
        };
        add("repository", 40, Of::Change(|change| Cell::Repeated(change.repository)), "the repository's URL");
        add(
            "path",
            48,
            Of::Change(|change| path(change.path)),
            "the path in it; in double quotes, as git quotes it, when it is no UTF-8. `repository/path` is the node's name",
        );
        match section {
            Section::Moved => {
                let old = Of::Change(|change| change.old_path.map_or(Cell::Empty, path));
                add("old_path", 48, old, "the path that it had");
            }
            Section::Modified | Section::Attributes => {
                add(
                    "changed",
                    24,
                    Of::Change(changed),
                    "the columns, without `_before` and `_after`, that differ",
                );
            }
            _ => {}
        }
        for (name, width, field, meaning) in FIELDS {
            match section {
                Section::Modified | Section::Attributes => {
                    add(
                        &format!("{name}_before"),
                        width,
                        Of::Before(field),
                        &format!("in the stock: {meaning}"),
                    );
                    add(
                        &format!("{name}_after"),
                        width,
                        Of::After(field),
                        &format!("in the snapshot: {meaning}"),
                    );
                }
                _ => add(name, width, Of::Either(field), meaning),
            }
        }
        Self(columns)
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, u8, &str)> {
        self.0.iter().map(|column| (column.name.as_str(), column.width, column.meaning.as_str()))
    }

    pub(super) fn cells<'r>(&self, change: &'r Change<'r>) -> Vec<Cell<'r>> {
        let cell = |column: &Column<Of>| match &column.value {
            Of::Change(value) => value(change),
            Of::Before(field) => change.before.as_ref().map_or(Cell::Empty, field),
            Of::After(field) => change.after.as_ref().map_or(Cell::Empty, field),
            Of::Either(field) => change.after.as_ref().or(change.before.as_ref()).map_or(Cell::Empty, field),
        };
        self.0.iter().map(cell).collect()
    }
}

impl FindingColumns {
    pub(super) fn new() -> Self {
        let column = |(name, width, value, meaning): (&str, u8, OfFinding, &str)| Column {
            name: name.to_owned(),
            meaning: meaning.to_owned(),
            width,
            value,
        };
        let all: [(&str, u8, OfFinding, &str); 11] = [
            ("id", 9, |of| Cell::Number(of.id), "the finding's number, by which it is overridden"),
            ("level", 8, |of| Cell::Repeated(of.level.as_str()), "`info`, `warn` or `block`"),
            ("check", 14, |of| Cell::Repeated(of.check), "the check's name"),
            ("code", 18, |of| Cell::Repeated(of.code), "which of the things that the check can find"),
            ("repository", 40, |of| Cell::Repeated(of.repository), "the URL of the node's repository"),
            ("path", 48, |of| path(of.path), "the node's path in it"),
            ("line", 8, |of| of.line.map_or(Cell::Empty, count), "the line, where one can be named"),
            ("message", 60, |of| Cell::Text(of.message), "what was found"),
            (
                "overridden_by",
                18,
                |of| of.pass.map_or(Cell::Empty, |pass| Cell::Repeated(pass.person)),
                "who let it pass; empty where nobody has",
            ),
            ("override_reason", 40, |of| of.pass.map_or(Cell::Empty, |pass| Cell::Text(pass.reason)), "why"),
            (
                "overridden_at",
                28,
                |of| of.pass.map_or(Cell::Empty, |pass| Cell::Text(pass.at)),
                "when, as RFC 3339",
            ),
        ];
        Self(all.into_iter().map(column).collect())
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, u8, &str)> {
        self.0.iter().map(|column| (column.name.as_str(), column.width, column.meaning.as_str()))
    }

    pub(super) fn cells<'r>(&self, finding: &'r Finding<'r>) -> Vec<Cell<'r>> {
        self.0.iter().map(|column| (column.value)(finding)).collect()
    }
}

/// The columns of the section `summary`.
pub(super) const SUMMARY: [(&str, u8, &str); 2] =
    [("name", 24, "what it is"), ("value", 60, "how it is; each row is listed under the summary's names")];

/// Every section with its columns and their meanings, as the documentation has them (Markdown).
pub fn reference() -> String {
    let mut text = String::new();
    for (section, columns) in all_columns() {
        text += &format!("### {section}\n\n| column | meaning |\n|---|---|\n");
        for (name, meaning) in columns {
            text += &format!("| `{name}` | {meaning} |\n");
        }
        text.push('\n');
    }
    text
}

/// Every section with the names and meanings of its columns.
pub(super) fn all_columns() -> Vec<(Section, Vec<(String, String)>)> {
    let owned = |(name, _, meaning): (&str, u8, &str)| (name.to_owned(), meaning.to_owned());
    let of = |section: Section| match section {
        Section::Findings => FindingColumns::new().columns().map(owned).collect(),
        Section::Summary => SUMMARY.into_iter().map(owned).collect(),
        changes => ChangeColumns::of(changes).columns().map(owned).collect(),
    };
    Section::ALL.into_iter().map(|section| (section, of(section))).collect()
}

fn path(bytes: &[u8]) -> Cell<'_> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cell::Text(text),
        Err(_) => Cell::Made(PathText::from(bytes).text.into_owned()),
    }
}

fn licences(names: &[String]) -> Cell<'_> {
    match names {
        [] => Cell::Empty,
        [one] => Cell::Repeated(one),
        many => Cell::Made(many.join(", ")),
    }
}

fn count(number: u64) -> Cell<'static> {
    Cell::Number(number.try_into().unwrap_or(i64::MAX))
}

fn mode(mode: u32) -> Cell<'static> {
    match mode {
        0o100_644 => Cell::Repeated("100644"),
        0o100_755 => Cell::Repeated("100755"),
        0o120_000 => Cell::Repeated("120000"),
        0o160_000 => Cell::Repeated("160000"),
        other => Cell::Made(format!("{other:06o}")),
    }
}

fn changed<'r>(change: &'r Change<'r>) -> Cell<'r> {
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => Cell::Made(before.differences(after).join(" ")),
        _ => Cell::Empty,
    }
}
