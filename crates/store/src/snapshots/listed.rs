//! Repositories of a snapshot whose nodes somebody lists, instead of a visit.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contracts::{
    Lane, Oid, Outgoing, RepositoryId, SnapshotId,
    messages::{BatchStored, ManifestEntry, ManifestNode, RevisionAnalyzed},
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::{
    StoreError, Tx,
    batches::{self, NewBatch},
    contents::{self, Content, ContentState},
    revisions::{self, NewRevisions, RevisionState},
    trees::{self, Node},
};

/// The most nodes of one list.
pub const MAX_LISTED: usize = 200_000;
/// The longest path, in bytes.
const LONGEST: usize = 4_096;
/// How many of what is wrong are named.
const NAMED: usize = 20;
/// Items of one batch.
const BATCH: usize = 1_024;
const FILE: u32 = 0o100_644;
const LINK: u32 = 0o120_000;
const EXECUTABLE: u32 = 0o100_755;
const SUBMODULE: u32 = 0o160_000;

/// How contents are analysed that nobody has looked at yet.
#[derive(Clone, Debug)]
pub struct Analyzing {
    /// What decides from a path what a content is taken for: `analysis::hint`.
    pub hint: fn(&[u8]) -> &str,
    /// Every analyzer with its version: `analysis::versions()`.
    pub analyzers: Vec<(&'static str, i32)>,
}

/// Gives each of these repositories the nodes that are listed for it.
pub(super) fn take(
    tx: &mut Tx,
    snapshot: SnapshotId,
    listed: &[(&RepositoryId, &(ManifestEntry, String))],
    analyzing: &Analyzing,
    now: Timestamp,
) -> Result<Vec<Outgoing>, StoreError> {
    let count: usize = listed.iter().filter_map(|(_, (entry, _))| entry.nodes.as_ref()).map(Vec::len).sum();
    if count > MAX_LISTED {
        let text = format!("a list of {count} nodes; it takes {MAX_LISTED} at the most");
        return Err(StoreError::Invalid(text));
    }
    let mut of_repository: BTreeMap<RepositoryId, (&str, Vec<&ManifestNode>)> = BTreeMap::new();
    for (repository, (entry, _)) in listed {
        let nodes = &mut of_repository.entry(**repository).or_insert((&entry.url, Vec::new())).1;
        nodes.extend(entry.nodes.iter().flatten());
    }
    let mut outgoing = Vec::new();
    for (repository, (url, nodes)) in of_repository {
        let nodes = read(&nodes).map_err(|wrong| StoreError::Invalid(format!("{url}: {wrong}")))?;
        outgoing.extend(write(tx, snapshot, (repository, url), nodes, analyzing, now)?);
    }
    Ok(outgoing)
}

/// What a node says that its content is.
enum Named {
    Oid(Oid),
    Sha256([u8; 32]),
}

struct Wanted<'a> {
    mode: u32,
    content: Named,
    size: Option<u64>,
    /// As it was written.
    digest: &'a str,
}

/// The nodes by path, or what is wrong with them.
fn read<'a>(nodes: &[&'a ManifestNode]) -> Result<BTreeMap<&'a str, Wanted<'a>>, String> {
    let mut by_path = BTreeMap::new();
    for node in nodes {
        let wrong = |what: &str| format!("{:?}: {what}", node.path);
        let is_path = node.path.len() <= LONGEST
            && !node.path.contains('\0')
            && node.path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !is_path {
            return Err(wrong("no path: names with `/` between them, none of them empty, `.` or `..`"));
        }
        let mode = match node.mode.as_deref() {
            None | Some("100644") => FILE,
            Some("100755") => EXECUTABLE,
            Some("120000") => LINK,
            Some("160000") => SUBMODULE,
            Some(_) => return Err(wrong("no mode; known: 100644, 100755, 120000, 160000")),
        };
        let content = named(&node.digest).ok_or_else(|| {
            wrong("no digest: a git blob id, swh:1:cnt: and one, or sha256: and the SHA-256 of the bytes")
        })?;
        let wanted = Wanted { mode, content, size: node.size, digest: &node.digest };
        if by_path.insert(node.path.as_str(), wanted).is_some() {
            return Err(wrong("it stands in the list twice"));
        }
    }
    for path in by_path.keys() {
        let above = path.match_indices('/').find_map(|(at, _)| by_path.get_key_value(path.get(..at)?));
        if let Some((above, _)) = above {
            return Err(format!("{above:?} is a file, and a folder with {path:?} in it"));
        }
    }
    Ok(by_path)
}

fn named(digest: &str) -> Option<Named> {
    if let Some(hex) = digest.strip_prefix("sha256:") {
        let oid: Oid = hex.parse().ok()?;
        return oid.as_bytes().try_into().ok().map(Named::Sha256);
    }
    let id = digest.strip_prefix("swh:1:cnt:").unwrap_or(digest);
    id.parse().ok().map(Named::Oid)
}

/// The contents that are held of those that are wanted, by what names them.
struct Held {
    by_oid: HashMap<Oid, Content>,
    by_sha256: HashMap<[u8; 32], Content>,
}

impl Held {
    fn find(tx: &mut Tx, nodes: &BTreeMap<&str, Wanted<'_>>) -> Result<Self, StoreError> {
        let (mut oids, mut digests) = (BTreeSet::new(), BTreeSet::new());
        for wanted in nodes.values().filter(|wanted| wanted.mode != SUBMODULE) {
            match wanted.content {
                Named::Oid(oid) => {
                    oids.insert(oid);
                }
                Named::Sha256(digest) => {
                    digests.insert(digest);
                }
            }
        }
        let by_oid = contents::known(tx, &oids.into_iter().collect::<Vec<_>>())?;
        let mut by_sha256 = HashMap::new();
        for digest in digests {
            if let Some(content) = contents::by_sha256(tx, &digest)? {
                by_sha256.insert(digest, content);
            }
        }
        Ok(Self { by_oid, by_sha256 })
    }

    fn of(&self, wanted: &Wanted<'_>) -> Option<&Content> {
        let content = match &wanted.content {
            Named::Oid(oid) => self.by_oid.get(oid),
            Named::Sha256(digest) => self.by_sha256.get(digest),
        };
        content.filter(|content| content.state == ContentState::Stored)
    }
}

fn write(
    tx: &mut Tx,
    snapshot: SnapshotId,
    (repository, url): (RepositoryId, &str),
    wanted: BTreeMap<&str, Wanted<'_>>,
    analyzing: &Analyzing,
    now: Timestamp,
) -> Result<Vec<Outgoing>, StoreError> {
    let held = Held::find(tx, &wanted)?;
    let (mut nodes, mut missing) = (Vec::with_capacity(wanted.len()), Vec::new());
    let mut pairs = BTreeSet::new();
    for (path, wanted) in &wanted {
        let node = |oid, size| Node { path: path.as_bytes().to_vec(), mode: wanted.mode, oid, size };
        match (&wanted.content, held.of(wanted)) {
            (Named::Oid(commit), _) if wanted.mode == SUBMODULE => nodes.push(node(*commit, 0)),
            (_, None) => missing.push(format!("{path} ({})", wanted.digest)),
            (_, Some(content)) if wanted.size.is_some_and(|size| size != content.size) => {
                let size = wanted.size.unwrap_or_default();
                let text = format!("{url}: {path:?}: {size} bytes; what is held has {}", content.size);
                return Err(StoreError::Invalid(text));
            }
            (_, Some(content)) => {
                pairs.insert((content.id, (analyzing.hint)(path.as_bytes()).to_owned()));
                nodes.push(node(content.oid, content.size));
            }
        }
    }
    if !missing.is_empty() {
        let named = missing.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if missing.len() > NAMED { ", and others" } else { "" };
        let text = format!(
            "{url}: {} contents are not held: {named}{more}; visit or scan what has them first",
            missing.len()
        );
        return Err(StoreError::Invalid(text));
    }
    let made = revisions::create_many(tx, snapshot, &[repository], &NewRevisions::default(), now)?;
    let Some((revision, _)) = made.first().copied() else { return Ok(Vec::new()) };
    let oid = tree_id(&nodes);
    let tree = match trees::find(tx, &oid)? {
        Some(tree) => tree.id,
        None => {
            let draft = trees::begin(tx, &oid, revision, now)?;
            trees::insert_nodes(tx, draft, &nodes)?;
            let contents: BTreeSet<Oid> =
                nodes.iter().filter(|node| node.mode != SUBMODULE).map(|node| node.oid).collect();
            let bytes = nodes.iter().map(|node| node.size).sum();
            trees::complete(tx, draft, nodes.len() as u64, bytes, contents.len() as u64)?.id
        }
    };
    let pairs: Vec<(i64, String)> = pairs.into_iter().collect();
    let mut outgoing = Vec::new();
    for items in contents::unanalyzed(tx, &pairs, &analyzing.analyzers)?.chunks(BATCH) {
        let new = NewBatch {
            revision: Some(revision),
            repair: None,
            force: false,
            items: items.to_vec(),
            bytes: 0,
            lane: Lane::Normal,
        };
        outgoing.push(Outgoing::new(&BatchStored { batch: batches::create(tx, &new, now)? }));
    }
    if revisions::stored(tx, revision, None, tree, now)? == RevisionState::Analyzed {
        outgoing.push(Outgoing::new(&RevisionAnalyzed { revision, snapshot }));
    }
    Ok(outgoing)
}

/// Names the tree that these nodes are, in the order of their paths. With 32 bytes it is never taken for one that git
/// has named.
fn tree_id(nodes: &[Node]) -> Oid {
    let mut digest = Sha256::new_with_prefix(b"a list of nodes\0");
    for node in nodes {
        digest.update((node.path.len() as u64).to_le_bytes());
        digest.update(&node.path);
        digest.update(node.mode.to_le_bytes());
        digest.update([node.oid.as_bytes().len() as u8]);
        digest.update(node.oid.as_bytes());
    }
    Oid::from(<[u8; 32]>::from(digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOB: &str = "ce013625030ba8dba906f756967f9e9ca394464a";

    fn node(path: &str, digest: &str, mode: Option<&str>) -> ManifestNode {
        ManifestNode { path: path.into(), digest: digest.into(), size: None, mode: mode.map(str::to_owned) }
    }

    fn wrong(nodes: &[ManifestNode]) -> Option<String> {
        read(&nodes.iter().collect::<Vec<_>>()).err()
    }

    #[test]
    fn a_name_stands_once_and_is_a_path() {
        let good = ["a", "a.b/=c", "d/e/f", "new\nline", "\u{5e9}\u{5dc}", "a,\"b\""];
        let good: Vec<ManifestNode> = good.map(|path| node(path, BLOB, None)).into();
        assert_eq!(wrong(&good), None);
        for (path, says) in [
            ("a", "twice"),
            ("d/e", "is a file, and a folder"),
            ("d/e/f/g", "is a file, and a folder"),
            ("", "no path"),
            ("/x", "no path"),
            ("x/../y", "no path"),
            ("x/", "no path"),
            ("nul\0", "no path"),
        ] {
            let mut nodes = good.clone();
            nodes.push(node(path, BLOB, None));
            let said = wrong(&nodes).unwrap_or_default();
            assert!(said.contains(says), "{path:?}: {said}");
        }
    }

    #[test]
    fn digests_and_modes_have_their_forms() {
        let sha256 = format!("sha256:{}", "ab".repeat(32));
        for digest in [BLOB, &format!("swh:1:cnt:{BLOB}"), &sha256] {
            assert_eq!(wrong(&[node("a", digest, Some("100755"))]), None, "{digest}");
        }
        for digest in ["", "xyz", "sha256:ab", "swh:1:dir:ce013625030ba8dba906f756967f9e9ca394464a"] {
            assert!(wrong(&[node("a", digest, None)]).unwrap().contains("no digest"), "{digest}");
        }
        assert!(wrong(&[node("a", BLOB, Some("644"))]).unwrap().contains("100644, 100755"));
    }
}
