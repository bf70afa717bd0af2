//! A plain directory's entries in a file of the scratch folder, so that memory does not grow with them.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    path::Path,
};

use contracts::{ErrorKind, Failure, Oid};

use crate::{Entry, EntryKind};

/// Writes entries one behind the other.
pub(crate) struct ListingWriter(BufWriter<File>);

impl ListingWriter {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        File::create(path).map(|file| Self(BufWriter::with_capacity(128 * 1024, file)))
    }

    pub(crate) fn write(&mut self, entry: &Entry) -> io::Result<()> {
        self.0.write_all(&entry.mode.to_le_bytes())?;
        self.0.write_all(&entry.size.to_le_bytes())?;
        self.bytes(entry.oid.as_bytes())?;
        self.bytes(&entry.path)?;
        match &entry.problem {
            None => self.bytes(&[]),
            Some(problem) => {
                self.bytes(problem.kind.as_str().as_bytes())?;
                self.bytes(problem.reason.as_bytes())
            }
        }
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        self.0.write_all(&length.to_le_bytes())?;
        self.0.write_all(bytes)
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Reads back what was written, in the same order.
pub(crate) struct ListingReader(BufReader<File>);

impl ListingReader {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        File::open(path).map(|file| Self(BufReader::with_capacity(128 * 1024, file)))
    }

    /// The next entry; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Entry>> {
        let mut mode = [0; 4];
        match self.0.read_exact(&mut mode) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let mode = u32::from_le_bytes(mode);
        let mut size = [0; 8];
        self.0.read_exact(&mut size)?;
        let oid = Oid::from_bytes(&self.bytes()?).map_err(io::Error::other)?;
        let path = self.bytes()?;
        let problem_kind = self.bytes()?;
        let problem = if problem_kind.is_empty() {
            None
        } else {
            let kind =
                ErrorKind::from_name(&String::from_utf8_lossy(&problem_kind)).unwrap_or(ErrorKind::Internal);
            Some(Failure::new(kind, String::from_utf8_lossy(&self.bytes()?)))
        };
        let size = u64::from_le_bytes(size);
        let kind = EntryKind::from_mode(mode);
        Ok(Some(Entry { path, mode, kind, oid, size, problem, is_held: false }))
    }

    fn bytes(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}
