//! The rows of a report.

use std::{fmt, str::FromStr};

use super::UnknownName;

/// A section of a report. Sections are ordered as they stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Nodes whose name the stock does not hold.
    New,
    /// Nodes whose name the stock holds with another content.
    Modified,
    /// Nodes that leave the stock.
    Removed,
    /// Nodes whose content the stock holds under another name, which it loses.
    Moved,
    /// Nodes with the same content, and another mode or analysis.
    Attributes,
    /// What the checks found.
    Findings,
    /// What is known of the audit as a whole.
    Summary,
}

impl Section {
    /// Every section, in the order of a report.
    pub const ALL: [Self; 7] = [
        Self::New,
        Self::Modified,
        Self::Removed,
        Self::Moved,
        Self::Attributes,
        Self::Findings,
        Self::Summary,
    ];

    /// The sections whose rows are changes.
    pub const CHANGES: [Self; 5] = [Self::New, Self::Modified, Self::Removed, Self::Moved, Self::Attributes];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Modified => "modified",
            Self::Removed => "removed",
            Self::Moved => "moved",
            Self::Attributes => "attributes",
            Self::Findings => "findings",
            Self::Summary => "summary",
        }
    }

    /// The name for people, and that of its sheet.
    pub const fn title(self) -> &'static str {
        match self {
            Self::New => "New",
            Self::Modified => "Modified",
            Self::Removed => "Removed",
            Self::Moved => "Moved",
            Self::Attributes => "Attributes",
            Self::Findings => "Findings",
            Self::Summary => "Summary",
        }
    }

    /// Whether its rows are changes.
    pub const fn has_changes(self) -> bool {
        !matches!(self, Self::Findings | Self::Summary)
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Section {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|section| section.as_str() == name);
        found.ok_or_else(|| UnknownName::new(name, "section of a report", &Self::ALL.map(Self::as_str)))
    }
}

/// What becomes of one node. Its section says in which way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change<'a> {
    /// The repository's URL.
    pub repository: &'a str,
    /// The path in it, any bytes but zero.
    pub path: &'a [u8],
    /// The path that it had, when that is another one.
    pub old_path: Option<&'a [u8]>,
    /// As the stock holds it, where it does.
    pub before: Option<State<'a>>,
    /// As the snapshot has it, where it does.
    pub after: Option<State<'a>>,
}

/// A node as it stands on one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State<'a> {
    /// Its mode as git has it, for instance `0o100644`.
    pub mode: u32,
    /// Git's id of its content.
    pub digest: &'a [u8],
    /// The content's size in bytes.
    pub size: u64,
    /// The language, where it was recognised.
    pub language: Option<&'a str>,
    /// Lines of any kind, where they were counted.
    pub lines: Option<u64>,
    /// Lines with code.
    pub code: Option<u64>,
    /// The cyclomatic complexity of its most complex function, where there is one.
    pub complexity: Option<u64>,
    /// SPDX identifiers of the licences that it names or is the text of.
    pub licences: &'a [String],
}

impl State<'_> {
    /// In which fields two states differ, by the names of the columns.
    pub(super) fn differences(&self, other: &Self) -> Vec<&'static str> {
        [
            ("mode", self.mode != other.mode),
            ("digest", self.digest != other.digest),
            ("size", self.size != other.size),
            ("language", self.language != other.language),
            ("lines", self.lines != other.lines),
            ("code", self.code != other.code),
            ("complexity", self.complexity != other.complexity),
            ("licences", self.licences != other.licences),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
    }
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// To be known.
    Info,
    /// To be looked at.
    Warn,
    /// Forbids the commit until a person overrides it.
    Block,
}

impl Level {
    /// Every level, the gravest last.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warn, Self::Block];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

/// What one check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding<'a> {
    /// The finding's number.
    pub id: i64,
    /// How grave it is.
    pub level: Level,
    /// The check's name.
    pub check: &'a str,
    /// Which of the things that the check can find.
    pub code: &'a str,
    /// The repository's URL.
    pub repository: &'a str,
    /// The node's path in it.
    pub path: &'a [u8],
    /// The line, from 1, where one can be named.
    pub line: Option<u64>,
    /// What was found, for people.
    pub message: &'a str,
    /// The decision that lets it pass, where there is one.
    pub pass: Option<Override<'a>>,
}

/// Why a blocking finding does not block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Override<'a> {
    /// Who decided it.
    pub person: &'a str,
    /// Why.
    pub reason: &'a str,
    /// When, as RFC 3339.
    pub at: &'a str,
}
