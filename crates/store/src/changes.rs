//! Changes: what one set of trees would change in another, as rows for people and reports.
//!
//! Nothing of it is stored. Trees never change, so what an audit saw is what is read here, at any later time,
//! and it costs what the change costs. Rows come by URL of the repository and path. A [`Reader`] holds a bounded
//! part of them in memory and may be used in one transaction after another.

use contracts::{Facts, Oid, RepositoryId};
use serde::{Deserialize, Serialize};

mod moves;
mod pairs;
mod part;
mod reader;

pub use pairs::{Pair, Source};
pub use part::PartReader;
pub use reader::Reader;

/// What becomes of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Its name is new.
    New,
    /// Its name has another content.
    Modified,
    /// Its name is gone, and its content with it.
    Removed,
    /// Its name is new; its content stood under another name of the repository, which is gone.
    Moved,
    /// Its content is the same; its mode, or what the analyzers say of it, is not.
    Attributes,
}

impl ChangeKind {
    /// Every kind, in the order of reports.
    pub const ALL: &[Self] = &[Self::New, Self::Modified, Self::Removed, Self::Moved, Self::Attributes];

    /// The stable name, as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Modified => "modified",
            Self::Removed => "removed",
            Self::Moved => "moved",
            Self::Attributes => "attributes",
        }
    }

    /// The kind with this stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

/// One side of a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Git's id of the content.
    pub oid: Oid,
    /// The mode as git has it, for instance `0o100644`.
    pub mode: u32,
    /// The content's size in bytes.
    pub size: u64,
    /// What is known of the content; none when it was not asked for, or the content is not known: a submodule.
    pub facts: Option<Facts>,
}

/// A row of a list of changes.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeRow {
    /// What becomes of the node.
    pub kind: ChangeKind,
    /// The repository.
    pub repository: RepositoryId,
    /// Its canonical clone URL; the node's name is `<url>/<path>`.
    pub url: String,
    /// The path: the new one of what moved.
    pub path: Vec<u8>,
    /// The path that it had; only for what moved.
    pub old_path: Option<Vec<u8>>,
    /// As it was; none for what is new.
    pub before: Option<Side>,
    /// As it would be; none for what is removed.
    pub after: Option<Side>,
}

impl ChangeRow {
    /// Where to go on behind this row.
    pub fn cursor(&self) -> Cursor {
        Cursor { url: self.url.clone(), path: self.path.clone() }
    }
}

/// A place in a list of changes: behind this row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The row's URL.
    pub url: String,
    /// The row's path.
    pub path: Vec<u8>,
}

/// How changes are read.
#[derive(Clone, Debug)]
pub struct Options {
    /// Only rows of these kinds; all when empty.
    pub kinds: Vec<ChangeKind>,
    /// Only rows of this repository.
    pub repository: Option<RepositoryId>,
    /// Whether [`Side::facts`] are wanted.
    pub facts: bool,
    /// What decides from a path what a content is taken for: `analysis::hint`.
    pub hint: fn(&[u8]) -> &str,
    /// The analyzers whose results are taken where it is not recorded which: `analysis::fingerprint()`.
    pub analyzers: String,
}
