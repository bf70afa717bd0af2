//! What one repository's part of a snapshot would change, and what checks have to say of it.

use std::sync::Arc;

use contracts::{AuditId, Failure, RepositoryId, policy::Removed};
use sha2::{Digest, Sha256};
use store::{
    audits::{AuditCounts, Part},
    changes::{ChangeRow, Pair, PartReader, Side},
    findings::{self, NewFinding},
    revisions::Revision,
    stocks::{self, Entry},
    trees,
};
use worker::Running;

use super::Begun;
use crate::{context::Context, looking::Looking};

/// Changes that are held at once.
const ROWS: usize = 4_000;
/// Findings that are held at once.
const FINDINGS: usize = 2_000;

/// What is known of one revision's part before anything is compared, and what is to be compared for the rest; none when
/// it has no tree. The cost of an audit follows the change: a tree that the stock holds already is counted.
pub(super) async fn plan(
    context: &Context,
    begun: &Begun,
    revision: Revision,
    entry: Option<Entry>,
) -> Result<Option<(Part, Option<Pair>)>, Failure> {
    let Some(new_tree) = revision.tree else { return Ok(None) };
    let keep = begun.policy.removed == Removed::Keep;
    let mut part = Part {
        url: revision.url.clone(),
        repository: revision.repository,
        revision: revision.id,
        old_tree: entry.as_ref().map(|entry| entry.tree),
        since: entry.as_ref().map(|entry| entry.since),
        new_tree,
        result_tree: new_tree,
        counts: AuditCounts { unchanged: revision.nodes, ..AuditCounts::default() },
        digest: Sha256::digest([]).into(),
    };
    let now_used = analysis::fingerprint();
    let then_used = entry.as_ref().and_then(|entry| entry.analyzers.clone());
    let then_used = then_used.unwrap_or_else(|| now_used.clone());
    if let Some(entry) = entry.filter(|_| then_used == now_used) {
        if entry.tree == new_tree {
            return Ok(Some((part, None)));
        }
        if keep && entry.seen_tree == Some(new_tree) {
            let held = context.store.read(move |tx| trees::get(tx, entry.tree)).await?;
            part.counts.kept = held.map_or(0, |held| held.nodes.saturating_sub(revision.nodes));
            part.result_tree = entry.tree;
            return Ok(Some((part, None)));
        }
    }
    let pair = Pair {
        repository: revision.repository,
        url: revision.url,
        old: part.old_tree,
        new: Some(new_tree),
        keep,
        no_moves: false,
        analyzers: Some((then_used, now_used)),
        hint: analysis::hint,
    };
    Ok(Some((part, Some(pair))))
}

/// Fills a part with what its reader finds and the checks say of it.
pub(super) async fn fill(
    context: &Context,
    running: &Running,
    looking: &Looking,
    audit: AuditId,
    (mut part, reader): (Part, PartReader),
) -> Result<Part, Failure> {
    (part.counts, part.digest) = changes(context, running, looking, (audit, part.repository), reader).await?;
    if let Some(old) = part.old_tree.filter(|_| part.counts.kept > 0) {
        let (id, new_tree, now) = (part.revision, part.new_tree, running.now());
        let union =
            running.commit(move |tx| Ok((stocks::union(tx, (old, new_tree), id, now)?, Vec::new()))).await?;
        part.result_tree = union.id;
    }
    Ok(part)
}

/// Reads the changes, lets the checks look at them, and sums both up.
async fn changes(
    context: &Context,
    running: &Running,
    looking: &Looking,
    (audit, repository): (AuditId, RepositoryId),
    reader: PartReader,
) -> Result<(AuditCounts, [u8; 32]), Failure> {
    let mut written = Written { audit, repository, waiting: Vec::new(), began: false };
    let mut digest = Sha256::new();
    let mut reader = reader;
    while !reader.has_ended() {
        running.check_cancelled()?;
        let rows;
        if let Some(held) = reader.read_held() {
            rows = held;
        } else {
            (reader, rows) = context
                .store
                .read(move |tx| {
                    let rows = reader.read(tx, ROWS)?;
                    Ok((reader, rows))
                })
                .await?;
        }
        rows.iter().for_each(|row| add_row(&mut digest, row));
        for finding in looking.at(context, rows).await? {
            digest.update(finding.key());
            digest.update(finding.level.as_str());
            written.waiting.push(finding);
        }
        if written.waiting.len() >= FINDINGS {
            written.write(running).await?;
        }
    }
    if !written.waiting.is_empty() {
        written.write(running).await?;
    }
    Ok((reader.counts(), digest.finalize().into()))
}

/// Findings of one repository on their way into the store.
struct Written {
    audit: AuditId,
    repository: RepositoryId,
    waiting: Vec<NewFinding>,
    began: bool,
}

impl Written {
    /// What an attempt that broke off has left is dropped first.
    async fn write(&mut self, running: &Running) -> Result<(), Failure> {
        let (audit, repository) = (self.audit, self.repository);
        let is_first = !std::mem::replace(&mut self.began, true);
        let waiting = Arc::new(std::mem::take(&mut self.waiting));
        running
            .commit(move |tx| {
                if is_first {
                    findings::drop_of_repository(tx, audit, repository)?;
                }
                Ok((findings::insert_many(tx, audit, &waiting)?, Vec::new()))
            })
            .await
    }
}

fn add_row(digest: &mut Sha256, row: &ChangeRow) {
    let mut field = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    };
    field(row.kind.as_str().as_bytes());
    field(&row.path);
    field(row.old_path.as_deref().unwrap_or_default());
    for side in [&row.before, &row.after] {
        match side {
            None => field(b""),
            Some(Side { oid, mode, size, .. }) => {
                field(oid.as_bytes());
                field(&mode.to_le_bytes());
                field(&size.to_le_bytes());
            }
        }
    }
}
