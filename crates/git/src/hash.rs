//! Git's object ids, computed the way git does.

use std::io::{self, Read};

use contracts::Oid;
use sha1::{Digest, Sha1};

/// The id that stands for content that could not be read.
pub(crate) fn null_oid() -> Oid {
    Oid::from([0; 20])
}

/// The id of the tree without entries, which git knows without storing it.
pub(crate) fn empty_tree_oid() -> Oid {
    object_oid("tree", &[])
}

/// The id of an object of this kind with these bytes.
pub(crate) fn object_oid(kind: &str, bytes: &[u8]) -> Oid {
    let mut hasher = header(kind, bytes.len() as u64);
    hasher.update(bytes);
    finish(hasher)
}

/// The blob id of what `source` has, which must be exactly `size` bytes; `None` when it is not.
pub(crate) fn blob_oid_of(
    source: &mut dyn Read,
    size: u64,
    buffer: &mut [u8],
    mut each: impl FnMut(usize) -> io::Result<()>,
) -> io::Result<Option<Oid>> {
    let mut hasher = header("blob", size);
    let mut left = size;
    loop {
        let count = match source.read(buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let Some(rest) = left.checked_sub(count as u64) else { return Ok(None) };
        left = rest;
        hasher.update(&buffer[..count]);
        each(count)?;
    }
    Ok((left == 0).then(|| finish(hasher)))
}

/// Computes the id of a blob whose size is known before its bytes are.
pub(crate) struct BlobHasher(Sha1);

impl BlobHasher {
    pub(crate) fn new(size: u64) -> Self {
        Self(header("blob", size))
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> Oid {
        finish(self.0)
    }
}

fn header(kind: &str, size: u64) -> Sha1 {
    let mut hasher = Sha1::new();
    hasher.update(format!("{kind} {size}\0"));
    hasher
}

fn finish(hasher: Sha1) -> Oid {
    Oid::from(<[u8; 20]>::from(hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_every_git_user_knows() {
        assert_eq!(object_oid("blob", b"").to_string(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(empty_tree_oid().to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    }

    #[test]
    fn content_of_another_length_has_no_id() {
        let mut buffer = [0; 4];
        let mut oid_of = |size| blob_oid_of(&mut &b"hello\n"[..], size, &mut buffer, |_| Ok(())).unwrap();
        assert_eq!(oid_of(6).unwrap().to_string(), "ce013625030ba8dba906f756967f9e9ca394464a");
        assert_eq!(oid_of(5), None);
        assert_eq!(oid_of(7), None);
    }
}
