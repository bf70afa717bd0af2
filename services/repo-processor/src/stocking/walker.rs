//! The blocking side: walks the tree, asks the store what is known, reads what is not.

use std::collections::{HashMap, HashSet};

use contracts::{ErrorKind, Failure, Oid};
use depot::{Pack, PackLimits, PackWriter};
use git::{Entry, Origin, Reader, Step};
use sha2::{Digest, Sha256};
use store::{
    Store,
    contents::{self, Content, ContentState},
    lfs::LfsPointer,
    trees::{Gone, Node},
};
use tokio::{runtime::Handle, sync::mpsc};
use tokio_util::sync::CancellationToken;

use super::lfs;
use crate::context::Context;

/// Nodes that are asked about at once.
const CHUNK: usize = 2_000;
/// Nodes or items that are written at once, even when no pack is full.
const MOST: usize = 8_000;
/// Bytes of folders that are written at once.
const FOLDER_BYTES: usize = 8 << 20;

/// A (content, hint) that is to be analysed.
pub(crate) type Item = (Oid, &'static str);

/// What one transaction writes.
#[derive(Default)]
pub(crate) struct Load {
    /// Nodes of the tree, in path order.
    pub(crate) nodes: Vec<Node>,
    /// What the base has and this tree has not.
    pub(crate) gone: Vec<Gone>,
    /// Folders as git has them.
    pub(crate) folders: Vec<(Oid, Vec<u8>)>,
    /// Contents that stand for something larger.
    pub(crate) pointers: Vec<LfsPointer>,
    /// Contents that are new to the store; those with bytes are in `pack`.
    pub(crate) contents: Vec<FreshContent>,
    /// The pack that holds them.
    pub(crate) pack: Option<Pack>,
    /// What is to be analysed, of these contents and of known ones.
    pub(crate) items: Vec<Item>,
    /// Bytes of the contents in `items`.
    pub(crate) item_bytes: u64,
}

/// A content that is new to the store.
pub(crate) struct FreshContent {
    pub(crate) oid: Oid,
    pub(crate) sha256: Option<[u8; 32]>,
    pub(crate) size: u64,
    pub(crate) state: ContentState,
}

impl Load {
    /// Nodes, and their bytes.
    pub(crate) fn weight(&self) -> (u64, u64) {
        (self.nodes.len() as u64, self.nodes.iter().map(|node| node.size).sum())
    }

    fn is_empty(&self) -> bool {
        self.nodes.is_empty()
            && self.contents.is_empty()
            && self.items.is_empty()
            && self.gone.is_empty()
            && self.folders.is_empty()
    }
}

/// What a whole walk came to.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) nodes: u64,
    pub(crate) bytes: u64,
    pub(crate) contents: u64,
}

pub(crate) struct Walker {
    store: Store,
    handle: Handle,
    analyzers: std::sync::Arc<[(&'static str, i32)]>,
    content_bytes: u64,
    force: bool,
    loads: mpsc::Sender<Load>,
    cancel: CancellationToken,
    writer: PackWriter,
    load: Load,
    folder_bytes: usize,
    /// Contents this walk has met. Sixteen bytes of an id are enough: nobody can make two contents whose
    /// ids agree in 128 bits.
    seen: HashSet<u128>,
    /// The same for (content, hint).
    asked: HashSet<(u128, &'static str)>,
    /// Contents that turned out to have no bytes for us: too large, or broken.
    lost: HashSet<u128>,
    counted: Counted,
    buffer: Vec<u8>,
}

impl Walker {
    pub(crate) fn new(
        context: &Context,
        force: bool,
        loads: mpsc::Sender<Load>,
        cancel: CancellationToken,
    ) -> Self {
        Self {
            store: context.store.clone(),
            handle: Handle::current(),
            analyzers: context.analyzers.clone(),
            content_bytes: context.content_bytes,
            force,
            loads,
            cancel,
            writer: PackWriter::new(PackLimits::default()),
            load: Load::default(),
            folder_bytes: 0,
            seen: HashSet::new(),
            asked: HashSet::new(),
            lost: HashSet::new(),
            counted: Counted::default(),
            buffer: Vec::new(),
        }
    }

    /// Walks what makes `origin` another one than the tree `base`, or all of it without one, sending a
    /// [`Load`] whenever a pack is full.
    pub(crate) fn walk(mut self, origin: &Origin, base: Option<Oid>) -> Result<Counted, Stop> {
        let mut reader = origin.reader();
        let mut chunk = Vec::with_capacity(CHUNK);
        origin.changes(base, |step| match step {
            Step::Entry(entry) => {
                chunk.push(entry);
                if chunk.len() < CHUNK {
                    return Ok(());
                }
                self.take(&mut reader, std::mem::take(&mut chunk))
            }
            Step::Gone { path, is_folder } => {
                self.load.gone.push(Gone { path, is_folder });
                if self.load.gone.len() >= MOST { self.send() } else { Ok(()) }
            }
            Step::Folder { oid, data } => {
                self.folder_bytes += data.len();
                self.load.folders.push((oid, data));
                let many = self.folder_bytes >= FOLDER_BYTES || self.load.folders.len() >= MOST;
                if many { self.send() } else { Ok(()) }
            }
        })?;
        self.take(&mut reader, chunk)?;
        self.send()?;
        Ok(self.counted)
    }

    fn take(&mut self, reader: &mut Reader, chunk: Vec<Entry>) -> Result<(), Stop> {
        if self.cancel.is_cancelled() {
            return Err(Failure::new(ErrorKind::Cancelled, "stopped on request").into());
        }
        let known = self.known(&chunk)?;
        for mut entry in chunk {
            if entry.is_held {
                // What is held is known, with its size, and stays; anything else should have been fetched.
                let held = known.contents.get(&entry.oid);
                let held = held.filter(|content| content.state != ContentState::Condemned);
                entry.size = held.ok_or(Stop::Incomplete)?.size;
            }
            if entry.kind.has_content() {
                self.content(reader, &entry, &known)?;
            }
            self.counted.nodes += 1;
            self.counted.bytes += entry.size;
            self.load.nodes.push(Node {
                path: entry.path,
                mode: entry.mode,
                oid: entry.oid,
                size: entry.size,
            });
            if self.writer.is_full() || self.load.nodes.len() >= MOST || self.load.items.len() >= MOST {
                self.send()?;
            }
        }
        Ok(())
    }

    /// What the store knows of a chunk's contents, and which (content, hint) of them lack an analysis.
    fn known(&self, chunk: &[Entry]) -> Result<Known, Failure> {
        let mut pairs: HashMap<Oid, Vec<&'static str>> = HashMap::new();
        for entry in chunk.iter().filter(|entry| entry.kind.has_content()) {
            let hint = analysis::hint(&entry.path);
            let key = key(&entry.oid);
            if entry.is_held || !self.asked.contains(&(key, hint)) {
                let hints = pairs.entry(entry.oid).or_default();
                if !hints.contains(&hint) {
                    hints.push(hint);
                }
            }
        }
        let analyzers = self.analyzers.clone();
        let oids: Vec<Oid> = pairs.keys().copied().collect();
        let known = self.handle.block_on(self.store.read(move |tx| {
            let contents = contents::known(tx, &oids)?;
            let asked: Vec<(i64, String)> = contents
                .values()
                .filter(|content| content.state == ContentState::Stored)
                .flat_map(|content| {
                    pairs[&content.oid].iter().map(move |hint| (content.id, (*hint).to_owned()))
                })
                .collect();
            let lacking = contents::unanalyzed(tx, &asked, &analyzers)?.into_iter().collect();
            Ok(Known { contents, lacking })
        }))?;
        Ok(known)
    }

    fn content(&mut self, reader: &mut Reader, entry: &Entry, known: &Known) -> Result<(), Stop> {
        let (key, hint) = (key(&entry.oid), analysis::hint(&entry.path));
        let first = self.seen.insert(key);
        let first_of_hint = self.asked.insert((key, hint));
        self.counted.contents += u64::from(first);
        let stored = known.contents.get(&entry.oid).filter(|content| content.state == ContentState::Stored);
        if let Some(content) = stored.filter(|_| !self.force) {
            if first_of_hint && known.lacking.contains(&(content.id, hint.to_owned())) {
                self.item(entry, hint);
            }
            return Ok(());
        }
        if entry.is_held {
            // It was too large or unreadable when it was met, and is so still.
            return Ok(());
        }
        let mut state = ContentState::Stored;
        if first {
            state = self.read(reader, entry)?;
        }
        // What was met before under another name is in a pack, or was found to have no bytes.
        if first_of_hint && state == ContentState::Stored && !self.lost.contains(&key) {
            self.item(entry, hint);
        }
        if state != ContentState::Stored {
            self.lost.insert(key);
        }
        Ok(())
    }

    fn item(&mut self, entry: &Entry, hint: &'static str) {
        self.load.items.push((entry.oid, hint));
        self.load.item_bytes += entry.size;
    }

    /// Reads a content that was never stored, into the pack.
    fn read(&mut self, reader: &mut Reader, entry: &Entry) -> Result<ContentState, Stop> {
        let mut fresh =
            FreshContent { oid: entry.oid, sha256: None, size: entry.size, state: ContentState::Stored };
        if entry.size > self.content_bytes {
            fresh.state = ContentState::TooLarge;
        } else if let Err(error) = reader.read(entry, &mut self.buffer) {
            // A broken object is that file's failure; a disk or server that went away is the visit's.
            if error.kind().is_transient() {
                return Err(failure(error).into());
            }
            tracing::warn!(path = %String::from_utf8_lossy(&entry.path), %error, "content unreadable");
            fresh.state = ContentState::Unreadable;
        } else {
            fresh.sha256 = Some(Sha256::digest(&self.buffer).into());
            // Large contents get packs of their own, so that what is in memory at once is bounded by bytes.
            if !self.writer.has_room_for(self.buffer.len() as u64) {
                self.send()?;
            }
            self.load.pointers.extend(lfs::pointer(entry.oid, &self.buffer));
            self.writer.add(entry.oid, &self.buffer).map_err(|error| Failure::new(error.kind(), error))?;
        }
        let state = fresh.state;
        self.load.contents.push(fresh);
        Ok(state)
    }

    fn send(&mut self) -> Result<(), Stop> {
        self.folder_bytes = 0;
        let mut load = std::mem::take(&mut self.load);
        if !self.writer.is_empty() {
            let pack = self.writer.finish().map_err(|error| Failure::new(error.kind(), error))?;
            load.pack = Some(pack);
        }
        if load.is_empty() {
            return Ok(());
        }
        // The other side hangs up when it failed, and says why itself.
        self.loads.blocking_send(load).map_err(|error| {
            Failure::new(ErrorKind::Cancelled, format!("the writing side has stopped: {error}")).into()
        })
    }
}

/// What ends a walk early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Less is held than the fetch was told: it is to be done again without building on anything.
    Incomplete,
    /// The visit cannot go on.
    Failed(Failure),
}

impl From<git::GitError> for Stop {
    fn from(error: git::GitError) -> Self {
        Self::Failed(failure(error))
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

struct Known {
    contents: HashMap<Oid, Content>,
    lacking: HashSet<(i64, String)>,
}

fn key(oid: &Oid) -> u128 {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&oid.as_bytes()[..16]);
    u128::from_le_bytes(bytes)
}

fn failure(error: git::GitError) -> Failure {
    Failure::new(error.kind(), error)
}
