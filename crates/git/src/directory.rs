//! Plain directories: what git would make of them, without git and without writing into them.

use std::{
    ffi::OsStr,
    fs::{self, File, Metadata},
    io::{self, Read},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::MetadataExt,
    },
    path::{Path, PathBuf},
    sync::atomic::Ordering::Relaxed,
};

use contracts::{ErrorKind, Failure, Oid};

use crate::{
    Entry, EntryKind, GitError, Limits, Skipped,
    hash::{blob_oid_of, null_oid, object_oid},
    meter::Meter,
};

mod listing;

pub(crate) use listing::{ListingReader, ListingWriter};

/// What was found out about a plain directory.
pub(crate) struct Scanned {
    pub(crate) tree: Oid,
    pub(crate) skipped: Skipped,
}

/// Reads every file below `root` once and writes its entry to `out`, sorted by path.
///
/// The tree's id is what `git write-tree` would say. Content that cannot be read is listed with a
/// problem and takes part in the tree's id with an id of zeros, so that the tree is another one once
/// it can be read.
pub(crate) fn scan(
    root: &Path,
    exclude: &[PathBuf],
    out: ListingWriter,
    meter: &Meter,
) -> Result<Scanned, GitError> {
    let mut scan = Scan {
        exclude,
        out,
        meter,
        limits: meter.limits(),
        buffer: vec![0; 128 * 1024],
        path: Vec::new(),
        folders: 0,
        entries: 0,
        skipped: Skipped::default(),
    };
    let children = children_of(root).map_err(|error| GitError::io(root.display(), &error))?;
    let tree = scan.folder(root, children, 0)?.unwrap_or_else(|| object_oid("tree", &[]));
    let Scan { out, skipped, .. } = scan;
    out.finish().map_err(|error| GitError::io("the listing in the scratch folder", &error))?;
    Ok(Scanned { tree, skipped })
}

struct Scan<'a> {
    exclude: &'a [PathBuf],
    out: ListingWriter,
    meter: &'a Meter,
    limits: &'a Limits,
    buffer: Vec<u8>,
    /// The path from the root of what is being looked at.
    path: Vec<u8>,
    folders: u64,
    entries: u64,
    skipped: Skipped,
}

struct Child {
    name: Vec<u8>,
    is_folder: bool,
}

impl Scan<'_> {
    /// The id of the folder's tree; `None` when there is nothing in it, which git does not record.
    fn folder(
        &mut self,
        on_disk: &Path,
        children: Vec<Child>,
        depth: usize,
    ) -> Result<Option<Oid>, GitError> {
        self.folders += 1;
        check_limits(self.limits, &self.path, depth, self.folders)?;
        let mut tree = Vec::new();
        for child in children {
            let parent = self.path.len();
            if parent > 0 {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(&child.name);
            let here = on_disk.join(OsStr::from_bytes(&child.name));
            if let Some((mode, oid)) = self.child(&here, child.is_folder, depth)? {
                tree.extend_from_slice(format!("{mode:o} ").as_bytes());
                tree.extend_from_slice(&child.name);
                tree.push(0);
                tree.extend_from_slice(oid.as_bytes());
            }
            self.path.truncate(parent);
        }
        Ok((!tree.is_empty()).then(|| object_oid("tree", &tree)))
    }

    fn child(&mut self, here: &Path, is_folder: bool, depth: usize) -> Result<Option<(u32, Oid)>, GitError> {
        self.check()?;
        if is_folder {
            if self.exclude.iter().any(|folder| folder == here) {
                self.skipped.excluded += 1;
                return Ok(None);
            }
            return match children_of(here) {
                Ok(children) => {
                    Ok(self.folder(here, children, depth + 1)?.map(|oid| (EntryKind::Directory.mode(), oid)))
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => {
                    self.record(EntryKind::Directory, null_oid(), 0, Some(unreadable(&error))).map(Some)
                }
            };
        }
        let meta = match fs::symlink_metadata(here) {
            Ok(meta) => meta,
            // It was there a moment ago: whoever removed it wants it not to be there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return self.record(EntryKind::File, null_oid(), 0, Some(unreadable(&error))).map(Some);
            }
        };
        let (kind, hashed) = if meta.is_symlink() {
            let target = fs::read_link(here).map(|target| target.into_os_string().into_vec());
            (EntryKind::Symlink, target.map(|bytes| (object_oid("blob", &bytes), bytes.len() as u64)))
        } else if meta.is_file() {
            (EntryKind::from_mode(meta.mode()), self.hash_file(here, &meta))
        } else {
            self.skipped.special += 1;
            return Ok(None);
        };
        self.check()?;
        match hashed {
            Ok((oid, size)) => self.record(kind, oid, size, None).map(Some),
            Err(error) => self.record(kind, null_oid(), meta.len(), Some(unreadable(&error))).map(Some),
        }
    }

    fn hash_file(&mut self, here: &Path, meta: &Metadata) -> io::Result<(Oid, u64)> {
        let mut file = open_regular(here, meta)?;
        let meter = self.meter;
        if let Some(oid) = blob_oid_of(&mut file, meta.len(), &mut self.buffer, |count| meter.read(count))? {
            return Ok((oid, meta.len()));
        }
        // Its length is not what it said: it is being written to, or made up by the kernel as it is read.
        let mut bytes = Vec::new();
        let limit = self.limits.content_bytes;
        File::open(here)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::Error::other("its length changes while it is read"));
        }
        Ok((object_oid("blob", &bytes), bytes.len() as u64))
    }

    fn record(
        &mut self,
        kind: EntryKind,
        oid: Oid,
        size: u64,
        problem: Option<Failure>,
    ) -> Result<(u32, Oid), GitError> {
        self.entries += 1;
        check_limits(self.limits, &self.path, 0, self.entries)?;
        let entry =
            Entry { path: self.path.clone(), mode: kind.mode(), kind, oid, size, problem, is_held: false };
        self.out.write(&entry).map_err(|error| GitError::io("the listing in the scratch folder", &error))?;
        self.meter.objects.fetch_add(1, Relaxed);
        Ok((entry.mode, oid))
    }

    fn check(&self) -> Result<(), GitError> {
        self.meter.check().map_err(|_stopped| self.meter.verdict(GitError::cancelled))
    }
}

/// Whether one more entry or folder, `count` so far, is within the limits.
pub(crate) fn check_limits(limits: &Limits, path: &[u8], depth: usize, count: u64) -> Result<(), GitError> {
    if count > limits.files {
        return Err(GitError::too_large(format_args!(
            "more than {} entries, the limit of one revision",
            limits.files
        )));
    }
    if path.len() > limits.path_bytes {
        let start = String::from_utf8_lossy(&path[..path.len().min(80)]).into_owned();
        return Err(GitError::too_large(format_args!(
            "the path that starts with {start:?} has {} bytes, over the limit of {}",
            path.len(),
            limits.path_bytes
        )));
    }
    if depth > limits.depth {
        return Err(GitError::too_large(format_args!("folders more than {} deep, the limit", limits.depth)));
    }
    Ok(())
}

/// The folder's children in the order of their full paths, which is git's: a folder's name sorts as if
/// it ended in `/`. Repositories' own `.git` is left out.
fn children_of(folder: &Path) -> io::Result<Vec<Child>> {
    let mut children = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_vec();
        if name != b".git" {
            children.push(Child { name, is_folder: entry.file_type()?.is_dir() });
        }
    }
    children.sort_unstable_by(|a, b| key(a).cmp(key(b)));
    Ok(children)
}

fn key(child: &Child) -> impl Iterator<Item = &u8> {
    child.name.iter().chain(child.is_folder.then_some(&b'/'))
}

/// Opens a file that was looked at before. Should it have become something else, a link for instance,
/// it is refused.
fn open_regular(path: &Path, expected: &Metadata) -> io::Result<File> {
    let file = File::open(path)?;
    let meta = file.metadata()?;
    if meta.is_file() && (meta.dev(), meta.ino()) == (expected.dev(), expected.ino()) {
        Ok(file)
    } else {
        Err(io::Error::other("it was replaced while it was read"))
    }
}

fn unreadable(error: &io::Error) -> Failure {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => ErrorKind::Forbidden,
        _ => ErrorKind::Unavailable,
    };
    Failure::new(kind, format_args!("cannot be read: {error}"))
}

/// Reads the content of an entry that [`scan`] found, into an empty `buffer`.
pub(crate) fn read(root: &Path, entry: &Entry, buffer: &mut Vec<u8>) -> Result<(), GitError> {
    let relative = Path::new(OsStr::from_bytes(&entry.path));
    if !relative.components().all(|part| matches!(part, std::path::Component::Normal(_))) {
        return Err(GitError::invalid("the entry is none of this directory"));
    }
    let here = root.join(relative);
    let result = fs::symlink_metadata(&here).and_then(|meta| match entry.kind {
        EntryKind::Symlink => {
            fs::read_link(&here).map(|target| buffer.extend_from_slice(target.as_os_str().as_bytes()))
        }
        // One byte more than it should have is enough to see that it has changed.
        _ => open_regular(&here, &meta)?.take(entry.size + 1).read_to_end(buffer).map(drop),
    });
    match result {
        Ok(()) if object_oid("blob", buffer) == entry.oid => Ok(()),
        Ok(()) => Err(GitError::new(ErrorKind::Conflict, "it was changed after it was listed")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(GitError::new(ErrorKind::Conflict, "it was removed after it was listed"))
        }
        Err(error) => {
            let failure = unreadable(&error);
            Err(GitError::new(failure.kind, failure.reason))
        }
    }
}
