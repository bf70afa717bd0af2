//! The depot itself: puts packs, reads contents.

use std::{
    collections::BTreeMap,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use object_store::{ObjectMeta, ObjectStoreExt as _, PutPayload, WriteMultipart, path::Path};

use crate::{
    Check, DepotError, DepotOptions, Pack, PackEntry, PackFile, Verification,
    decode::Decoder,
    format::{MAX_SHARED_BLOCK, record_head_bytes},
    local, name,
    storage::{Storage, WRITING},
    verify,
};

/// Larger packs than this are sent in parts, so that a hiccup does not cost all of it.
const ONE_REQUEST_BYTES: usize = 64 << 20;

/// A store of packs. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Depot {
    pub(crate) storage: Arc<Storage>,
    max_content_bytes: u64,
    max_pack_bytes: u64,
}

/// What is known of a pack without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackInfo {
    /// The pack's name.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was written.
    pub modified: SystemTime,
}

impl fmt::Debug for Depot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Depot").field(&self.storage.shown).finish()
    }
}

impl Depot {
    /// Opens the depot at `url`: `file:///directory` (made when it is not there), `memory:`, `s3://bucket/prefix`,
    /// `gs://bucket/prefix` or `az://container/prefix`. Sends nothing yet; [`Self::check`] does.
    ///
    /// # Errors
    /// When the URL or an option is not understood, or the directory cannot be made.
    pub fn open(url: &str, options: &DepotOptions) -> Result<Self, DepotError> {
        Ok(Self {
            storage: Arc::new(Storage::open(url, options)?),
            max_content_bytes: options.max_content_bytes,
            max_pack_bytes: options.max_pack_bytes,
        })
    }

    /// Writes a pack. `Ok` means that it is durable. Writing it again is harmless, and heals a damaged copy.
    ///
    /// # Errors
    /// When the storage refuses or does not answer; then the pack is there whole or not at all.
    pub async fn put(&self, pack: &Pack) -> Result<(), DepotError> {
        let path = self.path(&pack.name)?;
        let store = &self.storage.store;
        let payload = PutPayload::from_bytes(pack.bytes.clone());
        let result = if pack.bytes.len() <= ONE_REQUEST_BYTES || self.storage.directory.is_some() {
            store.put(&path, payload).await.map(drop)
        } else {
            self.put_in_parts(&path, pack.bytes.clone()).await
        };
        result.map_err(|error| self.storage.error(WRITING, Some(&pack.name), error))?;
        tracing::debug!(pack = pack.name, bytes = pack.bytes.len(), "pack written");
        Ok(())
    }

    async fn put_in_parts(&self, path: &Path, bytes: Bytes) -> object_store::Result<()> {
        let mut write = WriteMultipart::new(self.storage.store.put_multipart(path).await?);
        write.put(bytes);
        write.finish().await.map(drop)
    }

    /// The contents at `entries` of one pack, in their order, each proven by its id.
    ///
    /// # Errors
    /// With the first content that is damaged, or when the pack is missing or the storage does not answer.
    pub async fn read(&self, pack: &str, entries: &[PackEntry]) -> Result<Vec<Bytes>, DepotError> {
        self.read_each(pack, entries, Check::Digest).await?.into_iter().collect()
    }

    /// Like [`Self::read`], but a damaged content is that content's error and the others are read.
    ///
    /// Blocks that lie beside each other are read in one request, shared blocks once. Contents of one block
    /// share its memory, which is freed with the last of them.
    ///
    /// # Errors
    /// When nothing can be read: the pack is missing or the storage does not answer.
    pub async fn read_each(
        &self,
        pack: &str,
        entries: &[PackEntry],
        check: Check,
    ) -> Result<Vec<Result<Bytes, DepotError>>, DepotError> {
        let path = self.path(pack)?;
        let mut results: Vec<_> = entries.iter().map(|entry| self.refusal(pack, entry)).collect();
        let mut wanted: BTreeMap<(u64, u32), Vec<usize>> = BTreeMap::new();
        for (position, entry) in entries.iter().enumerate().filter(|(at, _)| results[*at].is_none()) {
            wanted.entry((entry.offset, entry.length)).or_default().push(position);
        }
        let blocks = self.blocks(pack, &path, &wanted).await?;
        let (pack, entries) = (pack.to_owned(), entries.to_vec());
        let decode = move || {
            let mut decoder = Decoder::new(&pack);
            for (positions, compressed) in wanted.into_values().zip(blocks) {
                let members: Vec<_> = positions.iter().map(|at| entries[*at]).collect();
                let block = compressed.map_err(|reason| decoder.unreadable(reason));
                let block = block.and_then(|compressed| decoder.block(&compressed, &members));
                for (at, entry) in positions.into_iter().zip(&members) {
                    results[at] = Some(match &block {
                        Ok(block) => decoder.content(block, entry, check),
                        Err(error) => Err(error.of(entry.oid)),
                    });
                }
            }
            results.into_iter().flatten().collect()
        };
        blocking(decode).await
    }

    /// The compressed blocks at the given places, in order, or why one is not there.
    async fn blocks(
        &self,
        pack: &str,
        path: &Path,
        wanted: &BTreeMap<(u64, u32), Vec<usize>>,
    ) -> Result<Vec<Result<Bytes, String>>, DepotError> {
        let range = |(offset, length): &(u64, u32)| *offset..offset.saturating_add(u64::from(*length));
        let ranges: Vec<_> = wanted.keys().map(range).collect();
        if ranges.is_empty() {
            return Ok(Vec::new());
        }
        let failed = match self.storage.store.get_ranges(path, &ranges).await {
            Ok(blocks) if whole(&blocks, &ranges) => return Ok(blocks.into_iter().map(Ok).collect()),
            Ok(_) => None,
            Err(error) => Some(self.storage.error("reading", Some(pack), error)),
        };
        // A pack that was cut short answers differently in each storage. Its size says it in all of them, and
        // what lies before the cut can still be read.
        let Some(info) = self.stat(pack).await? else {
            return Err(DepotError::Missing { pack: pack.to_owned() });
        };
        if let Some(failed) = failed
            && ranges.iter().all(|range| range.end <= info.bytes)
        {
            return Err(failed);
        }
        let inside: Vec<_> = ranges.iter().filter(|range| range.end <= info.bytes).cloned().collect();
        let read = self.storage.store.get_ranges(path, &inside).await;
        let mut read = read.map_err(|error| self.storage.error("reading", Some(pack), error))?.into_iter();
        let one = |range: std::ops::Range<u64>| match range.end <= info.bytes {
            true => read.next().ok_or_else(|| "its block was not read".to_owned()),
            false => Err(format!(
                "the pack ends after {} bytes, before the end of its block at {}",
                info.bytes, range.end
            )),
        };
        Ok(ranges.into_iter().map(one).collect())
    }

    /// Why an entry is not even looked for: its sizes are beyond the limits, which are checked before memory is
    /// taken, or it has no place at all.
    fn refusal(&self, pack: &str, entry: &PackEntry) -> Option<Result<Bytes, DepotError>> {
        if entry.length == 0 {
            return Some(Err(DepotError::damaged_content(pack, entry.oid, "its block has no length")));
        }
        let what = || format!("content {} in pack {pack}", entry.oid);
        if entry.size > self.max_content_bytes {
            let limit = self.max_content_bytes;
            return Some(Err(DepotError::TooLarge { what: what(), bytes: entry.size, limit }));
        }
        // What does not compress grows a little, and a block of many is never larger than this.
        let raw = (entry.size + record_head_bytes(&entry.oid)).max(MAX_SHARED_BLOCK);
        let limit = zstd::zstd_safe::compress_bound(raw as usize) as u64;
        let bytes = u64::from(entry.length);
        (bytes > limit)
            .then(|| Err(DepotError::TooLarge { what: format!("the block of {}", what()), bytes, limit }))
    }

    /// A whole pack, for whoever wants most of it.
    ///
    /// # Errors
    /// When the pack is missing, too large for the limits, or its index is damaged, or the storage does not
    /// answer.
    pub async fn read_all(&self, pack: &str) -> Result<PackFile, DepotError> {
        let bytes = self.bytes_of(pack).await?;
        let (name, limit) = (pack.to_owned(), self.max_content_bytes);
        blocking(move || PackFile::parse(&name, bytes, limit)).await?
    }

    /// Reads a whole pack again and hashes it and everything in it.
    ///
    /// # Errors
    /// When it cannot be read at all. What is wrong with what was read is in the answer.
    pub async fn verify(&self, pack: &str) -> Result<Verification, DepotError> {
        let bytes = self.bytes_of(pack).await?;
        let (name, limit) = (pack.to_owned(), self.max_content_bytes);
        blocking(move || verify::verify(&name, bytes, limit)).await
    }

    async fn bytes_of(&self, pack: &str) -> Result<Bytes, DepotError> {
        let path = self.path(pack)?;
        let error = |error| self.storage.error("reading", Some(pack), error);
        let found = self.storage.store.get(&path).await.map_err(error)?;
        if found.meta.size > self.max_pack_bytes {
            let (bytes, limit) = (found.meta.size, self.max_pack_bytes);
            return Err(DepotError::TooLarge { what: format!("pack {pack}"), bytes, limit });
        }
        found.bytes().await.map_err(error)
    }

    /// Removes a pack; one that is not there counts as removed.
    ///
    /// # Errors
    /// When the storage refuses or does not answer.
    pub async fn delete(&self, pack: &str) -> Result<(), DepotError> {
        let path = self.path(pack)?;
        match self.storage.store.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.storage.error("removing", Some(pack), error)),
        }
    }

    /// Size and age of a pack; `None` when it is not there.
    ///
    /// # Errors
    /// When the storage refuses or does not answer.
    pub async fn stat(&self, pack: &str) -> Result<Option<PackInfo>, DepotError> {
        let path = self.path(pack)?;
        match self.storage.store.head(&path).await {
            Ok(meta) => Ok(info(meta)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.storage.error("looking for", Some(pack), error)),
        }
    }

    /// Every pack, in no particular order. Anything else that lies there is passed over.
    pub fn list(&self) -> BoxStream<'static, Result<PackInfo, DepotError>> {
        let storage = self.storage.clone();
        let found = self.storage.store.list(Some(&self.storage.packs()));
        found
            .map_err(move |error| storage.error("listing", None, error))
            .try_filter_map(|meta| async { Ok(info(meta)) })
            .boxed()
    }

    /// Removes what writers that crashed have left behind for longer than `older_than`; says how many files.
    /// Does nothing where the storage keeps no such thing: object stores expire unfinished uploads by a rule of
    /// their own.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub async fn collect_leftovers(&self, older_than: Duration) -> Result<u64, DepotError> {
        let Some(directory) = self.storage.directory.clone() else { return Ok(0) };
        let collected = blocking(move || local::collect_leftovers(&directory, older_than)).await?;
        collected.map_err(|error| self.local_error("collecting leftovers in", &error))
    }

    /// Proves that the depot can be used now, and says in a few words what it is.
    ///
    /// # Errors
    /// When the storage refuses or does not answer.
    pub async fn check(&self) -> Result<String, DepotError> {
        if let Some(directory) = self.storage.directory.clone() {
            let shown = directory.display().to_string();
            blocking(move || local::probe(&directory))
                .await?
                .map_err(|error| self.local_error("writing to", &error))?;
            return Ok(format!("local directory {shown}"));
        }
        let first = self.storage.store.list(Some(&self.storage.packs())).take(1);
        let first: Result<Vec<_>, _> = first.try_collect().await;
        first.map_err(|error| self.storage.error("listing", None, error))?;
        Ok(self.storage.shown.clone())
    }

    fn local_error(&self, doing: &str, error: &std::io::Error) -> DepotError {
        let (doing, reason) = (format!("{doing} {}", self.storage.shown), error.to_string());
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => DepotError::Forbidden { doing, reason },
            _ => DepotError::Unavailable { doing, reason },
        }
    }

    fn path(&self, pack: &str) -> Result<Path, DepotError> {
        self.storage.pack_path(pack).ok_or_else(|| DepotError::Missing { pack: pack.to_owned() })
    }
}

/// Whether every range was read to its end; some storages give what is left of a file that is too short.
fn whole(blocks: &[Bytes], ranges: &[std::ops::Range<u64>]) -> bool {
    blocks.iter().zip(ranges).all(|(block, range)| block.len() as u64 == range.end - range.start)
}

/// What a listing says of a pack; `None` for what is no pack.
fn info(meta: ObjectMeta) -> Option<PackInfo> {
    let name = meta.location.filename()?.strip_suffix(".pack")?;
    let name = name::is_name(name).then(|| name.to_owned())?;
    Some(PackInfo { name, bytes: meta.size, modified: meta.last_modified.into() })
}

/// Runs what takes the processor for milliseconds away from the threads that serve everyone.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, DepotError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| DepotError::Internal {
        doing: "reading a pack".to_owned(),
        reason: error.to_string(),
    })
}
