//! What a report says of the whole.

use contracts::{AuditId, SnapshotId, StockId};
use reports::audit::{Counts, Facts, Section};
use store::{
    StoreError, Tx, audits,
    changes::{ChangeKind, Options, Reader, Source},
    findings, snapshots, stocks,
};

use super::rows::options;

/// Changes that are counted at once.
const PAGE: usize = 4_000;

/// What is known before the first row. The changes of a difference are counted when a section is to say how many.
pub(super) fn facts(tx: &mut Tx, source: &Source, only: Option<Section>) -> Result<Facts, StoreError> {
    match *source {
        Source::Audit(id) => of_audit(tx, id),
        Source::Versions { stock, from, to } => {
            let mut facts = of_versions(tx, stock, from, to)?;
            facts.counts = counted(tx, source, only)?;
            Ok(facts)
        }
        Source::Snapshots { from, to } => {
            let mut facts = of_snapshots(tx, from, to)?;
            facts.counts = counted(tx, source, only)?;
            Ok(facts)
        }
    }
}

/// Whether there may be changes of this kind. Where nothing was counted there may.
pub(super) fn has(facts: &Facts, kind: ChangeKind, only: Option<Section>) -> bool {
    if only.is_some_and(|only| only != Section::Summary) {
        return true;
    }
    let counts = &facts.counts;
    let count = match kind {
        ChangeKind::New => counts.new,
        ChangeKind::Modified => counts.modified,
        ChangeKind::Removed => counts.removed,
        ChangeKind::Moved => counts.moved,
        ChangeKind::Attributes => counts.attributes,
    };
    count > 0
}

fn of_audit(tx: &mut Tx, id: AuditId) -> Result<Facts, StoreError> {
    let missing = || StoreError::NotFound(format!("there is no audit {id}"));
    let audit = audits::get(tx, id)?.ok_or_else(missing)?;
    let stock = stocks::get(tx, audit.stock)?.ok_or_else(missing)?;
    let block = audit.findings.block;
    let open = if block > 0 { findings::count_open_blocking(tx, id)? } else { 0 };
    let mut facts = Facts {
        title: format!("Audit of a snapshot for the stock {}", stock.name),
        counts: Counts {
            new: audit.counts.new,
            modified: audit.counts.modified,
            removed: audit.counts.removed,
            moved: audit.counts.moved,
            attributes: audit.counts.attributes,
            kept: Some(audit.counts.kept),
            unchanged: Some(audit.counts.unchanged),
            findings: Some([audit.findings.info, audit.findings.warn, block]),
            overridden: block.saturating_sub(open),
        },
        ..Facts::default()
    };
    facts
        .text("stock", stock.name)
        .text("stock_id", audit.stock.to_string())
        .number("stock_version", audit.stock_version)
        .number("policy_version", audit.policy_version)
        .text("snapshot", audit.snapshot.to_string())
        .text("audit", id.to_string())
        .text("auditor", audit.auditor)
        .text("analyzers", audit.analyzers)
        .text("created_at", audit.created_at.to_string())
        .text("finished_at", audit.finished_at.map(|at| at.to_string()).unwrap_or_default())
        .text("report_digest", audit.report_digest.unwrap_or_default())
        .number("repositories", number(audit.repositories))
        .number("repositories_failed", number(audit.repositories_failed));
    Ok(facts)
}

fn of_versions(tx: &mut Tx, stock: StockId, from: i64, to: i64) -> Result<Facts, StoreError> {
    let missing = || StoreError::NotFound(format!("there is no stock {stock}"));
    let name = stocks::get(tx, stock)?.ok_or_else(missing)?.name;
    let title = format!("Stock {name}: from version {from} to version {to}");
    let mut facts = Facts { title, ..Facts::default() };
    facts.text("stock", name).text("stock_id", stock.to_string());
    facts.number("from_version", from).number("to_version", to);
    Ok(facts)
}

fn of_snapshots(tx: &mut Tx, from: SnapshotId, to: SnapshotId) -> Result<Facts, StoreError> {
    let mut facts = Facts { title: format!("From snapshot {from} to snapshot {to}"), ..Facts::default() };
    for (names, id) in [(["from_snapshot", "from_begun_at"], from), (["to_snapshot", "to_begun_at"], to)] {
        let missing = || StoreError::NotFound(format!("there is no snapshot {id}"));
        let snapshot = snapshots::get(tx, id)?.ok_or_else(missing)?;
        facts.text(names[0], id.to_string()).text(names[1], snapshot.created_at.to_string());
    }
    Ok(facts)
}

fn counted(tx: &mut Tx, source: &Source, only: Option<Section>) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    if only.is_some_and(|only| only != Section::Summary) {
        return Ok(counts);
    }
    let mut reader = Reader::open(*source, Options { facts: false, ..options() }, None);
    loop {
        let page = reader.page(tx, PAGE)?;
        if page.is_empty() {
            return Ok(counts);
        }
        for row in page {
            match row.kind {
                ChangeKind::New => counts.new += 1,
                ChangeKind::Modified => counts.modified += 1,
                ChangeKind::Removed => counts.removed += 1,
                ChangeKind::Moved => counts.moved += 1,
                ChangeKind::Attributes => counts.attributes += 1,
            }
        }
    }
}

fn number(count: u64) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
