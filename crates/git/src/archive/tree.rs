//! The ids of the folders that sorted paths make.

use contracts::Oid;

use crate::{EntryKind, GitError, hash::object_oid};

/// Open folders, from the root to the one that the last path was in.
pub(super) struct Builder(Vec<Folder>);

#[derive(Default)]
struct Folder {
    name: Vec<u8>,
    /// The tree object so far.
    data: Vec<u8>,
    /// The name of the last file, which no folder may have too.
    last: Vec<u8>,
}

impl Default for Builder {
    fn default() -> Self {
        Self(vec![Folder::default()])
    }
}

impl Builder {
    /// Adds a file. Paths come sorted by their bytes, which is git's order, each once.
    pub(super) fn add(&mut self, path: &[u8], kind: EntryKind, oid: &Oid) -> Result<(), GitError> {
        let mut parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
        let name = parts.pop().unwrap_or_default();
        let open =
            self.0.iter().skip(1).zip(&parts).take_while(|(folder, part)| folder.name == **part).count();
        self.close_to(open + 1);
        for part in parts.into_iter().skip(open) {
            // Between `a` and `a/b` there may be `a.b`, so the last file is not the only one to look at.
            let there = self.0.last().is_some_and(|folder| folder.last == part || folder.has_file(part));
            if there {
                return Err(GitError::invalid(format_args!(
                    "the archive has {:?} as a file and as a folder",
                    String::from_utf8_lossy(part)
                )));
            }
            self.0.push(Folder { name: part.to_vec(), ..Folder::default() });
        }
        if let Some(folder) = self.0.last_mut() {
            folder.push(kind, name, oid);
            folder.last = name.to_vec();
        }
        Ok(())
    }

    fn close_to(&mut self, depth: usize) {
        while self.0.len() > depth {
            let Some(folder) = self.0.pop() else { return };
            let oid = object_oid("tree", &folder.data);
            if let Some(parent) = self.0.last_mut() {
                parent.push(EntryKind::Directory, &folder.name, &oid);
            }
        }
    }

    pub(super) fn finish(mut self) -> Oid {
        self.close_to(1);
        object_oid("tree", &self.0.pop().unwrap_or_default().data)
    }
}

impl Folder {
    fn push(&mut self, kind: EntryKind, name: &[u8], oid: &Oid) {
        self.data.extend_from_slice(format!("{:o} ", kind.mode()).as_bytes());
        self.data.extend_from_slice(name);
        self.data.push(0);
        self.data.extend_from_slice(oid.as_bytes());
    }

    /// Whether a file has this name, in a tree that is being written.
    fn has_file(&self, name: &[u8]) -> bool {
        let mut rest = &self.data[..];
        while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
            let Some(end) = rest[space..].iter().position(|byte| *byte == 0) else { return false };
            if &rest[space + 1..space + end] == name {
                return true;
            }
            rest = rest.get(space + end + 21..).unwrap_or_default();
        }
        false
    }
}
