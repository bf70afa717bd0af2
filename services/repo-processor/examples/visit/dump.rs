//! What a visit has stored, to the last byte: what `cargo xtask compare git` compares with git.
//!
//! A node is a line `node MODE ID SIZE PATH BYTES`, the path in hexadecimal, and behind it so many bytes and the
//! end of a line; `-` stands for the bytes of what has none. A commit is a line `commit ID PARENTS AUTHOR EMAIL TIME
//! OFFSET COMMITTER EMAIL TIME OFFSET MESSAGE`, texts in hexadecimal, parents with commas, `-` for nothing.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use contracts::{ErrorKind, Failure, RepositoryId};
use depot::{Depot, PackEntry};
use store::{
    Store, StoreError, contents,
    histories::{self, Signature},
    trees::{self, Node},
};

/// Nodes, or commits, of one look.
const PAGE: u32 = 500;

pub(crate) async fn tree(store: &Store, depot: &Depot, tree: i64) -> Result<(), Failure> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let from = after.take();
        let read: Result<_, StoreError> = store
            .read(move |tx| {
                let nodes = trees::nodes_page(tx, tree, from.as_deref(), PAGE)?;
                let oids: Vec<_> = nodes.iter().map(|node| node.oid).collect();
                let known = contents::known(tx, &oids)?;
                Ok((nodes, known))
            })
            .await;
        let (nodes, known) = read?;
        let Some(last) = nodes.last() else { return Ok(()) };
        after = Some(last.path.clone());
        let mut of_pack: BTreeMap<String, Vec<PackEntry>> = BTreeMap::new();
        for content in known.values() {
            if let Some(place) = &content.location {
                let entry = PackEntry {
                    oid: content.oid,
                    offset: place.offset,
                    length: place.length,
                    size: content.size,
                };
                of_pack.entry(place.pack.clone()).or_default().push(entry);
            }
        }
        let mut read = BTreeMap::new();
        for (pack, mut entries) in of_pack {
            entries.sort_by_key(|entry| entry.offset);
            let bytes =
                depot.read(&pack, &entries).await.map_err(|error| Failure::new(error.kind(), error))?;
            read.extend(entries.iter().map(|entry| entry.oid).zip(bytes));
        }
        for node in &nodes {
            print(node, read.get(&node.oid).map(AsRef::as_ref)).map_err(unprintable)?;
        }
    }
}

fn print(node: &Node, bytes: Option<&[u8]>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let length = bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.len().to_string());
    let (mode, oid, size, path) = (node.mode, node.oid, node.size, hex(&node.path));
    writeln!(out, "node {mode:06o} {oid} {size} {path} {length}")?;
    out.write_all(bytes.unwrap_or_default())?;
    out.write_all(b"\n")
}

pub(crate) async fn commits(store: &Store, repository: RepositoryId) -> Result<(), Failure> {
    let mut before = None;
    loop {
        let page = store.read(move |tx| histories::list(tx, repository, before, PAGE)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        before = Some(last.position);
        let mut out = io::stdout().lock();
        for commit in &page {
            let parents: Vec<String> = commit.parents.iter().map(ToString::to_string).collect();
            let parents = if parents.is_empty() { "-".to_owned() } else { parents.join(",") };
            let (author, committer) = (signature(&commit.author), signature(&commit.committer));
            let message = hex(commit.message.as_bytes());
            writeln!(out, "commit {} {parents} {author} {committer} {message}", commit.oid)
                .map_err(unprintable)?;
        }
    }
}

fn signature(of: &Signature) -> String {
    let at = of.at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    format!("{} {} {at} {}", hex(of.name.as_bytes()), hex(of.email.as_bytes()), of.offset)
}

fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "-".to_owned();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unprintable(error: io::Error) -> Failure {
    Failure::new(ErrorKind::Internal, error)
}
