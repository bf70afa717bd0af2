//! What a check is shown, and what it answers.

use std::borrow::Cow;

use contracts::Facts;

/// A node on its way into a stock.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its path within the repository, any bytes.
    pub path: &'a [u8],
    /// Its mode as git has it, for instance `0o100644`.
    pub mode: u32,
    /// Its size in bytes.
    pub size: u64,
    /// What the analyzers said; none when nobody [`Needs`] it, or the content is not known.
    pub facts: Option<&'a Facts>,
    /// Its bytes; none when nobody [`Needs`] them, or they cannot be had.
    pub bytes: Option<&'a [u8]>,
    /// Why the bytes cannot be had, though somebody [`Needs`] them and they should be held.
    pub unreadable: Option<&'a str>,
    /// Another name under which the stock holds the content.
    pub stocked: Option<&'a Stocked>,
}

impl Subject<'_> {
    /// Whether it is a file, rather than a link or a submodule.
    pub const fn is_file(&self) -> bool {
        self.mode & 0o170_000 == 0o100_000
    }

    /// Whether it is a symbolic link.
    pub const fn is_link(&self) -> bool {
        self.mode & 0o170_000 == 0o120_000
    }

    /// Whether it is a submodule.
    pub const fn is_submodule(&self) -> bool {
        self.mode & 0o170_000 == 0o160_000
    }

    /// The path as people read it.
    pub fn shown(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.path)
    }
}

/// A name that a stock holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stocked {
    /// The repository's canonical clone URL.
    pub url: String,
    /// The path.
    pub path: Vec<u8>,
}

/// What a check wants to be shown beside names, modes and sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// What the analyzers said.
    pub facts: bool,
    /// The bytes.
    pub bytes: bool,
    /// Another name of the content in the stock.
    pub stocked: bool,
}

impl Needs {
    /// What either wants.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            facts: self.facts || other.facts,
            bytes: self.bytes || other.bytes,
            stocked: self.stocked || other.stocked,
        }
    }
}

/// Something that a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which of the things that the check can find.
    pub code: Cow<'static, str>,
    /// What it is, in words that a person can act on.
    pub message: String,
    /// The line, from 1.
    pub line: Option<u64>,
}

impl Found {
    /// Something about the whole node.
    pub fn new(code: &'static str, message: String) -> Self {
        Self { code: code.into(), message, line: None }
    }
}
