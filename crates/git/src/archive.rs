//! Archives: what git would make of a folder that one was unpacked into, without unpacking it.
//!
//! The entries' contents go one behind the other into a file of the scratch folder; names stay names. What
//! would lead out of the archive is refused, and links are never followed: a link is its target's path.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use contracts::{ErrorKind, Failure, Oid};

use crate::{
    Entry, EntryKind, GitError, Skipped,
    directory::{ListingWriter, check_limits},
    hash::{BlobHasher, null_oid, object_oid},
    meter::Meter,
};

mod compression;
mod tar;
mod tree;
mod zip;

/// How an archive is made, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Tar(Compression),
    Zip,
}

/// What lies around a tar archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
    Xz,
}

const NAMES: &[(&str, Format)] = &[
    (".tar", Format::Tar(Compression::None)),
    (".tar.gz", Format::Tar(Compression::Gzip)),
    (".tgz", Format::Tar(Compression::Gzip)),
    (".tar.zst", Format::Tar(Compression::Zstd)),
    (".tzst", Format::Tar(Compression::Zstd)),
    (".tar.xz", Format::Tar(Compression::Xz)),
    (".txz", Format::Tar(Compression::Xz)),
    (".zip", Format::Zip),
];

/// What a name says its bearer is.
pub(crate) fn format_of(name: &str) -> Option<Format> {
    let name = name.to_ascii_lowercase();
    NAMES.iter().find(|(end, _)| name.ends_with(end) && name.len() > end.len()).map(|(_, format)| *format)
}

/// What was found in an archive.
pub(crate) struct Unpacked {
    pub(crate) tree: Oid,
    pub(crate) skipped: Skipped,
    pub(crate) contents: Contents,
}

/// The contents of an archive, by id, in one file of the scratch folder.
#[derive(Clone)]
pub(crate) struct Contents {
    path: PathBuf,
    places: Arc<HashMap<Oid, u64>>,
}

impl Contents {
    /// Puts the entry's content into the empty `buffer`.
    pub(crate) fn read(&self, entry: &Entry, buffer: &mut Vec<u8>) -> Result<(), GitError> {
        let failed = |error| GitError::io("the contents in the scratch folder", &error);
        let Some(place) = self.places.get(&entry.oid) else {
            return Err(GitError::invalid("the entry is none of this archive"));
        };
        let mut file = File::open(&self.path).map_err(failed)?;
        file.seek(SeekFrom::Start(*place)).map_err(failed)?;
        file.take(entry.size).read_to_end(buffer).map_err(failed)?;
        if object_oid("blob", buffer) == entry.oid {
            Ok(())
        } else {
            Err(GitError::new(ErrorKind::Unavailable, "the contents in the scratch folder were changed"))
        }
    }
}

/// Reads the archive in `file`, and leaves its listing and its contents in the folder `scratch`.
pub(crate) fn unpack(
    file: &Path,
    format: Format,
    scratch: &Path,
    meter: &Meter,
) -> Result<Unpacked, GitError> {
    let failed = |error| GitError::io(file.display(), &error);
    let source = File::open(file).map_err(failed)?;
    let mut collector = Collector::new(scratch, meter)?;
    match format {
        Format::Zip => zip::read(source, &mut collector)?,
        Format::Tar(compression) => {
            let source = BufReader::with_capacity(128 * 1024, source);
            let mut stream = compression::open(source, compression, scratch, meter)?;
            tar::read(&mut stream, &mut collector)?;
        }
    }
    collector.finish(scratch)
}

/// One entry as an archive has it.
struct Found {
    path: Vec<u8>,
    kind: EntryKind,
    size: u64,
}

struct Item {
    kind: EntryKind,
    oid: Oid,
    size: u64,
    problem: Option<Failure>,
}

/// Takes entries in any order; the last one of a name counts.
struct Collector<'a> {
    meter: &'a Meter,
    items: BTreeMap<Vec<u8>, Item>,
    skipped: Skipped,
    file: BufWriter<File>,
    path: PathBuf,
    written: u64,
    /// Bytes of all contents that were unpacked, kept or not.
    unpacked: u64,
    places: HashMap<Oid, u64>,
    seen: u64,
    buffer: Vec<u8>,
}

impl<'a> Collector<'a> {
    fn new(scratch: &Path, meter: &'a Meter) -> Result<Self, GitError> {
        let path = scratch.join("contents");
        let file = File::create(&path).map_err(|error| GitError::io(path.display(), &error))?;
        Ok(Self {
            meter,
            items: BTreeMap::new(),
            skipped: Skipped::default(),
            file: BufWriter::with_capacity(128 * 1024, file),
            path,
            written: 0,
            unpacked: 0,
            places: HashMap::new(),
            seen: 0,
            buffer: vec![0; 64 * 1024],
        })
    }

    /// The name as a path of a tree. `None` for what a tree does not record: the archive's own root, and the
    /// folder in which git keeps what is its own.
    fn path_of(&mut self, name: &[u8]) -> Result<Option<Vec<u8>>, GitError> {
        self.seen += 1;
        let shown = || String::from_utf8_lossy(&name[..name.len().min(200)]).into_owned();
        if name.starts_with(b"/") || name.contains(&0) {
            return Err(GitError::invalid(format_args!("the entry {:?} leads out of the archive", shown())));
        }
        let parts: Vec<&[u8]> =
            name.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".").collect();
        if parts.contains(&&b".."[..]) {
            return Err(GitError::invalid(format_args!("the entry {:?} leads out of the archive", shown())));
        }
        if parts.contains(&&b".git"[..]) {
            self.skipped.excluded += 1;
            return Ok(None);
        }
        let path = parts.join(&b'/');
        check_limits(self.meter.limits(), &path, parts.len().saturating_sub(1), self.seen)?;
        Ok(Some(path).filter(|path| !path.is_empty()))
    }

    /// Takes an entry whose content is the next `size` bytes of `source`.
    fn content(&mut self, found: Found, source: &mut dyn Read) -> Result<(), GitError> {
        let keep = found.size <= self.meter.limits().content_bytes;
        let begin = self.written;
        let mut hasher = BlobHasher::new(found.size);
        let mut left = found.size;
        while left > 0 {
            self.meter.check().map_err(|_stopped| self.meter.verdict(GitError::cancelled))?;
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(self.buffer.len());
            let count = match source.read(&mut self.buffer[..most]) {
                Ok(0) => return Err(GitError::invalid("the archive ends in the middle of an entry")),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.broken(&error)),
            };
            left -= count as u64;
            self.unpacked += count as u64;
            if self.unpacked > self.meter.limits().disk_bytes {
                return Err(GitError::too_large(format_args!(
                    "more than {} bytes once unpacked, the limit of one repository's scratch folder",
                    self.meter.limits().disk_bytes
                )));
            }
            hasher.update(&self.buffer[..count]);
            if keep {
                self.file
                    .write_all(&self.buffer[..count])
                    .map_err(|error| GitError::io(self.path.display(), &error))?;
                self.written += count as u64;
            }
        }
        let oid = hasher.finish();
        if keep {
            self.places.entry(oid).or_insert(begin);
        }
        self.put(found.path, Item { kind: found.kind, oid, size: found.size, problem: None });
        Ok(())
    }

    /// Takes an entry whose content cannot be had.
    fn without_content(&mut self, found: Found, why: &str) {
        let problem = Some(Failure::new(ErrorKind::Invalid, why));
        self.put(found.path, Item { kind: found.kind, oid: null_oid(), size: found.size, problem });
    }

    /// Takes another name of an entry that came before.
    fn same_as(&mut self, path: Vec<u8>, other: &[u8]) -> Result<(), GitError> {
        let Some(item) = self.items.get(other) else {
            return Err(GitError::invalid(format_args!(
                "the entry {:?} is another name of one that is not there",
                String::from_utf8_lossy(&path)
            )));
        };
        let item = Item { problem: item.problem.clone(), ..*item };
        self.put(path, item);
        Ok(())
    }

    fn put(&mut self, path: Vec<u8>, item: Item) {
        self.meter.objects.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.items.insert(path, item);
    }

    fn broken(&self, error: &io::Error) -> GitError {
        self.meter.verdict(|| GitError::invalid(format_args!("the archive is broken: {error}")))
    }

    fn finish(mut self, scratch: &Path) -> Result<Unpacked, GitError> {
        self.file.flush().map_err(|error| GitError::io(self.path.display(), &error))?;
        let listing = scratch.join("listing");
        let failed = |error: io::Error| GitError::io("the listing in the scratch folder", &error);
        let mut out = ListingWriter::create(&listing).map_err(failed)?;
        let mut tree = tree::Builder::default();
        for (path, Item { kind, oid, size, problem }) in self.items {
            tree.add(&path, kind, &oid)?;
            let entry = Entry { path, mode: kind.mode(), kind, oid, size, problem, is_held: false };
            out.write(&entry).map_err(failed)?;
        }
        out.finish().map_err(failed)?;
        let contents = Contents { path: self.path, places: Arc::new(self.places) };
        Ok(Unpacked { tree: tree.finish(), skipped: self.skipped, contents })
    }
}
