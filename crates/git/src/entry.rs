//! One named thing of a revision.

use contracts::{Failure, Oid};

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A file, mode 100644.
    File,
    /// A file with its executable bit set, mode 100755.
    Executable,
    /// A symbolic link, mode 120000; its content is the path that it points at. Never followed.
    Symlink,
    /// A commit of another repository (a submodule), mode 160000; its id is that commit's. Never fetched.
    Submodule,
    /// A folder that could not be listed, mode 040000; only in plain directories, always with a problem.
    Directory,
}

impl EntryKind {
    /// What git's mode bits mean. Git itself knows no other permissions than the executable bit.
    pub(crate) const fn from_mode(mode: u32) -> Self {
        match mode & 0o170_000 {
            0o040_000 => Self::Directory,
            0o120_000 => Self::Symlink,
            0o160_000 => Self::Submodule,
            _ if mode & 0o100 != 0 => Self::Executable,
            _ => Self::File,
        }
    }

    /// The mode as git writes it today.
    pub const fn mode(self) -> u32 {
        match self {
            Self::File => 0o100_644,
            Self::Executable => 0o100_755,
            Self::Symlink => 0o120_000,
            Self::Submodule => 0o160_000,
            Self::Directory => 0o040_000,
        }
    }

    /// Whether there are bytes to read: not for submodules and folders.
    pub const fn has_content(self) -> bool {
        matches!(self, Self::File | Self::Executable | Self::Symlink)
    }
}

/// One named thing of a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The full path, `/` between its parts, in the bytes that the repository has: perhaps not UTF-8,
    /// perhaps hostile. Never use it as a path on disk.
    pub path: Vec<u8>,
    /// Git's mode, for instance `0o100644`.
    pub mode: u32,
    /// What it is.
    pub kind: EntryKind,
    /// The content's blob id, or the submodule's commit; zeros when the content could not be read.
    pub oid: Oid,
    /// Bytes of the content; 0 when there is none or it is not known.
    pub size: u64,
    /// Why the content cannot be had, when that is known already.
    pub problem: Option<Failure>,
    /// Whether only the caller has the content: it was not fetched because it is held, and its size is for
    /// the caller to say. Never where nothing is held.
    pub is_held: bool,
}

/// One thing that differs between a revision and what is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// What the revision has, anew or in another form.
    Entry(Entry),
    /// What it has not any more.
    Gone {
        /// The full path.
        path: Vec<u8>,
        /// Whether it is a folder, with everything in it.
        is_folder: bool,
    },
    /// A folder of the revision that is perhaps not held yet. Comes before what is in it.
    Folder {
        /// The tree's id.
        oid: Oid,
        /// The tree object without git's header; it is what the id says.
        data: Vec<u8>,
    },
}
