//! Objects that are none of ours, read where an operator allows it.

use std::{fmt, sync::Arc};

use bytes::{Bytes, BytesMut};
use contracts::{ErrorKind, Failure};
use futures_util::TryStreamExt as _;
use object_store::{ObjectStoreExt as _, path::Path};

use crate::{DepotOptions, StorageOptions, storage::Storage};

/// A bucket, or a part of one: what may be read. Cheap to clone.
#[derive(Clone)]
pub struct Objects {
    /// The URL of the part, without a slash at its end.
    root: String,
    storage: Arc<Storage>,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Objects").field(&self.storage.shown).finish()
    }
}

impl Objects {
    /// What lies below `root`: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.
    ///
    /// # Errors
    /// When the URL or an option is not understood.
    pub fn open(root: &str, options: StorageOptions) -> Result<Self, Failure> {
        let options = DepotOptions { storage: options, ..DepotOptions::default() };
        let storage = Storage::open(root, &options).map_err(|error| Failure::new(error.kind(), error))?;
        Ok(Self { root: root.trim_end_matches('/').to_owned(), storage: Arc::new(storage) })
    }

    /// Where in the bucket the object with this URL is; `None` when it is not below the root.
    fn path_of(&self, url: &str) -> Option<Path> {
        let below = url.strip_prefix(&self.root)?.strip_prefix('/')?;
        let mut path = self.storage.prefix.clone();
        for part in below.split('/') {
            if matches!(part, "" | "." | "..") {
                return None;
            }
            path = path.join(part);
        }
        Some(path)
    }

    /// Whether the object with this URL is below the root, so that it may be read.
    pub fn holds(&self, url: &str) -> bool {
        self.path_of(url).is_some()
    }

    /// The size of the object with this URL, in bytes.
    ///
    /// # Errors
    /// When it is not below the root, not there, or the storage does not answer.
    pub async fn size(&self, url: &str) -> Result<u64, Failure> {
        let path = self.path_of(url).ok_or_else(|| outside(url))?;
        self.storage.store.head(&path).await.map(|meta| meta.size).map_err(|error| self.failure(&error))
    }

    /// The bytes of the object with this URL: at most `most`. `stop` is shown what has come whenever more
    /// has, and says whether the rest can be left. The second of the answer says whether these are all.
    ///
    /// # Errors
    /// As [`Self::size`], and [`ErrorKind::TooLarge`].
    pub async fn get(
        &self,
        url: &str,
        most: u64,
        stop: impl Fn(&[u8]) -> bool,
    ) -> Result<(Bytes, bool), Failure> {
        let path = self.path_of(url).ok_or_else(|| outside(url))?;
        let found = self.storage.store.get(&path).await.map_err(|error| self.failure(&error))?;
        let larger = || Failure::new(ErrorKind::TooLarge, format!("it is larger than {most} bytes"));
        if found.meta.size > most {
            return Err(larger());
        }
        let (mut stream, mut bytes) = (found.into_stream(), BytesMut::new());
        while let Some(part) = stream.try_next().await.map_err(|error| self.failure(&error))? {
            if (bytes.len() + part.len()) as u64 > most {
                return Err(larger());
            }
            bytes.extend_from_slice(&part);
            if stop(&bytes) {
                return Ok((bytes.freeze(), false));
            }
        }
        Ok((bytes.freeze(), true))
    }

    fn failure(&self, error: &object_store::Error) -> Failure {
        use object_store::Error as E;
        let kind = match error {
            E::NotFound { .. } => ErrorKind::NotFound,
            E::PermissionDenied { .. } | E::Unauthenticated { .. } => ErrorKind::Forbidden,
            _ => ErrorKind::Unavailable,
        };
        Failure::new(kind, self.storage.redactor.clean(&error.to_string()))
    }
}

fn outside(url: &str) -> Failure {
    Failure::new(ErrorKind::Forbidden, format!("{url} is not below a configured root"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_below_the_root_is_held() {
        let directory = tempfile::tempdir().unwrap();
        let root = format!("file://{}", directory.path().display());
        let objects = Objects::open(&root, StorageOptions::default()).unwrap();
        assert!(objects.holds(&format!("{root}/a/b.jpg")));
        for outside in [
            root.clone(),
            format!("{root}x/a"),
            format!("{root}/../a"),
            format!("{root}//a"),
            "s3://b/a".to_owned(),
        ] {
            assert!(!objects.holds(&outside), "{outside}");
        }
    }
}
