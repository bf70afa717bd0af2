//! Reading contents, one reader per thread.

use contracts::ErrorKind;
use gix::{
    ObjectId,
    objs::{Find, Kind},
};

use crate::{Entry, GitError, Limits, directory, error::chain, origin::Root, tree::verified};

/// Reads the contents of one revision. Make one for each thread: it keeps buffers and open files.
pub struct Reader {
    source: Source,
    content_bytes: u64,
}

enum Source {
    Git(Box<gix::Repository>),
    Directory(Root),
    Empty,
}

impl Reader {
    pub(crate) fn git(repo: gix::Repository, limits: &Limits) -> Self {
        Self { source: Source::Git(Box::new(repo)), content_bytes: limits.content_bytes }
    }

    pub(crate) fn directory(root: Root, limits: &Limits) -> Self {
        Self { source: Source::Directory(root), content_bytes: limits.content_bytes }
    }

    pub(crate) fn empty() -> Self {
        Self { source: Source::Empty, content_bytes: 0 }
    }

    /// Replaces what is in `buffer` by the entry's content, and checks that it is what the id says.
    ///
    /// # Errors
    /// `TooLarge` over the limit of one content; `Invalid` when the object is missing or broken;
    /// `Conflict` when a plain directory's file has changed since it was listed; the entry's own problem
    /// when it has one. After an error `buffer` is empty.
    pub fn read(&mut self, entry: &Entry, buffer: &mut Vec<u8>) -> Result<(), GitError> {
        buffer.clear();
        let result = self.read_into(entry, buffer);
        if result.is_err() {
            buffer.clear();
        }
        result.map_err(|error| error.at(format_args!("{:?}", String::from_utf8_lossy(&entry.path))))
    }

    fn read_into(&mut self, entry: &Entry, buffer: &mut Vec<u8>) -> Result<(), GitError> {
        if let Some(problem) = &entry.problem {
            return Err(GitError::new(problem.kind, &problem.reason));
        }
        if !entry.kind.has_content() {
            return Err(GitError::invalid("a submodule or folder has no content of its own"));
        }
        if entry.is_held {
            return Err(GitError::not_found("the content was not fetched, because it is held"));
        }
        self.check_size(entry.size)?;
        match &self.source {
            Source::Directory(Root::Folder(root)) => directory::read(root, entry, buffer),
            Source::Directory(Root::Archive(contents)) => contents.read(entry, buffer),
            Source::Git(repo) => self.read_object(repo, entry, buffer),
            Source::Empty => Err(GitError::invalid("the entry is none of this revision")),
        }
    }

    fn read_object(
        &self,
        repo: &gix::Repository,
        entry: &Entry,
        buffer: &mut Vec<u8>,
    ) -> Result<(), GitError> {
        let id = ObjectId::try_from(entry.oid.as_bytes()).map_err(GitError::invalid)?;
        let broken = |what: &dyn std::fmt::Display| {
            GitError::new(ErrorKind::Invalid, format_args!("the object {id} {what}"))
        };
        let (kind, length) = match repo.objects.try_find(&id, buffer) {
            Ok(Some(data)) => (data.kind, data.data.len()),
            Ok(None) => return Err(broken(&"is missing in the repository")),
            Err(error) => return Err(broken(&format_args!("cannot be read: {}", chain(&error)))),
        };
        // Another size than the listed one is possible when the entry comes from elsewhere.
        self.check_size(length as u64)?;
        buffer.truncate(length);
        if kind == Kind::Blob && verified(kind, buffer, &id) {
            Ok(())
        } else {
            Err(broken(&"is broken: its content is not what its id says"))
        }
    }

    fn check_size(&self, size: u64) -> Result<(), GitError> {
        if size <= self.content_bytes {
            return Ok(());
        }
        Err(GitError::too_large(format_args!(
            "has {size} bytes, over the limit of {} for one content",
            self.content_bytes
        )))
    }
}
