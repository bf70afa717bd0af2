//! Snapshots with what became of their revisions and audits, and repairs. They have no names, so each
//! is digested by itself and the digests are put in order.

use contracts::{SnapshotId, repair::RepairSubject};
use diesel::{ExpressionMethods, JoinOnDsl, OptionalExtension, QueryDsl, RunQueryDsl};

use super::{Fields, add_sorted};
use crate::{
    StoreError, Tx, audits,
    audits::AuditState,
    repairs, revisions,
    schema::{self, trees},
    snapshots::{self, Snapshot, SnapshotFilter},
    types::{Hash, Id},
};

const PAGE: u32 = 1_000;

pub(super) fn add_snapshots(tx: &mut Tx, digest: &mut Fields) -> Result<(), StoreError> {
    let mut parts = Vec::new();
    let mut before = None;
    loop {
        let page = snapshots::list(tx, &SnapshotFilter::default(), before, PAGE)?;
        for snapshot in &page {
            parts.push(of_snapshot(tx, snapshot)?);
        }
        match page.last() {
            Some(snapshot) => before = Some(snapshot.id),
            None => break,
        }
    }
    add_sorted(digest, parts);
    Ok(())
}

fn of_snapshot(tx: &mut Tx, snapshot: &Snapshot) -> Result<[u8; 32], StoreError> {
    let stock: Option<String> = schema::stocks::table
        .find(Id::from(snapshot.stock))
        .select(schema::stocks::name)
        .first(tx.conn())
        .optional()?;
    let mut digest = Fields::default();
    digest
        .maybe(stock.as_deref().map(str::as_bytes))
        .text(snapshot.state.as_str())
        .number(snapshot.auto_commit.into());
    add_audit(tx, &mut digest, snapshot.id)?;
    let mut parts = Vec::new();
    let mut after = None;
    loop {
        let page = revisions::of_snapshot(tx, snapshot.id, None, after, PAGE)?;
        for revision in &page {
            let tree: Option<Hash> = match revision.tree {
                Some(tree) => trees::table.find(tree).select(trees::oid).first(tx.conn()).optional()?,
                None => None,
            };
            let mut part = Fields::default();
            part.text(&revision.url)
                .text(revision.state.as_str())
                .maybe(revision.commit.as_ref().map(|commit| commit.as_bytes()))
                .maybe(tree.as_ref().map(|tree| tree.0.as_bytes()))
                .maybe(revision.failure.as_ref().map(|failure| failure.kind.as_str().as_bytes()));
            parts.push(part.finish());
        }
        match page.last() {
            Some(revision) => after = Some(revision.id),
            None => break,
        }
    }
    add_sorted(&mut digest, parts);
    Ok(digest.finish())
}

/// The newest audit that is finished; how many came to nothing before it does not matter.
fn add_audit(tx: &mut Tx, digest: &mut Fields, snapshot: SnapshotId) -> Result<(), StoreError> {
    let finished = audits::of_snapshot(tx, snapshot, None, PAGE)?
        .into_iter()
        .find(|audit| audit.state == AuditState::Finished);
    match finished {
        None => digest.text("not audited"),
        Some(audit) => {
            let counts = audit.counts;
            let fields = [
                counts.new,
                counts.modified,
                counts.removed,
                counts.moved,
                counts.attributes,
                counts.kept,
                counts.unchanged,
                audit.findings.block,
            ];
            digest.bytes(&fields.map(u64::to_le_bytes).concat())
        }
    };
    Ok(())
}

pub(super) fn add_repairs(tx: &mut Tx, digest: &mut Fields) -> Result<(), StoreError> {
    let mut parts = Vec::new();
    let mut before = None;
    loop {
        let page = repairs::list(tx, None, before, PAGE)?;
        for repair in &page {
            let mut part = Fields::default();
            part.text(repair.action.as_str()).text(repair.state.as_str());
            match &repair.subject {
                RepairSubject::Repository(id) => {
                    let url: Option<String> = schema::repositories::table
                        .find(Id::from(*id))
                        .select(schema::repositories::url)
                        .first(tx.conn())
                        .optional()?;
                    part.text("repository").maybe(url.as_deref().map(str::as_bytes));
                }
                RepairSubject::Revision(id) => {
                    let url: Option<String> = schema::revisions::table
                        .inner_join(
                            schema::repositories::table
                                .on(schema::repositories::id.eq(schema::revisions::repository_id)),
                        )
                        .filter(schema::revisions::id.eq(Id::from(*id)))
                        .select(schema::repositories::url)
                        .first(tx.conn())
                        .optional()?;
                    part.text("revision").maybe(url.as_deref().map(str::as_bytes));
                }
                named @ (RepairSubject::RepositoryUrl(_) | RepairSubject::Content(_)) => {
                    part.text(&named.to_string());
                }
            }
            parts.push(part.finish());
        }
        match page.last() {
            Some(repair) => before = Some(repair.id),
            None => break,
        }
    }
    add_sorted(digest, parts);
    Ok(())
}
