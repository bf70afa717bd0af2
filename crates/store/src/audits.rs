//! Audits: what a snapshot would change in its stock.

use contracts::{AuditId, ErrorKind, Failure, SnapshotId, StockId, TaskId, policy::StockPolicy};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    keys::storable,
    names::names,
    schema::audits,
    types::{Id, Instant},
    values::{from_db, to_db},
};

mod parts;
mod plan;

pub use parts::{Part, add_parts, clear, last_part, parts, tally};
pub use plan::{AUDIT, Planned, plan};

names! {
    /// How far an audit has come; the names are those of its task's states.
    pub enum AuditState in "audits.state" {
        /// Nobody has begun it.
        Created = "created",
        /// It is being made.
        Running = "running",
        /// It is done.
        Finished = "finished",
        /// What it was asked for could not be audited.
        ErrorTrigger = "error_trigger",
        /// It broke off.
        ErrorRuntime = "error_runtime",
        /// Someone asked it to stop.
        Cancelled = "cancelled",
    }
}

/// What a snapshot would change, in nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditCounts {
    /// Nodes whose name the stock does not hold.
    pub new: u64,
    /// Nodes whose name the stock holds with another content.
    pub modified: u64,
    /// Nodes that the stock holds and the snapshot's revision of the repository has no longer.
    pub removed: u64,
    /// Nodes whose content the stock holds under another name of the same repository, which is gone.
    pub moved: u64,
    /// Nodes whose name the stock holds with the same content, in another mode or analysed otherwise.
    pub attributes: u64,
    /// Nodes that the repository has no longer and the stock keeps.
    pub kept: u64,
    /// Nodes that the stock holds just so.
    pub unchanged: u64,
}

impl AuditCounts {
    /// Adds what another part would change.
    pub fn add(&mut self, more: &Self) {
        self.new += more.new;
        self.modified += more.modified;
        self.removed += more.removed;
        self.moved += more.moved;
        self.attributes += more.attributes;
        self.kept += more.kept;
        self.unchanged += more.unchanged;
    }

    /// How many rows a list of the changes has.
    pub const fn changes(&self) -> u64 {
        self.new + self.modified + self.removed + self.moved + self.attributes
    }

    /// How many nodes of the snapshot were compared.
    pub const fn compared(&self) -> u64 {
        self.new + self.modified + self.moved + self.attributes + self.unchanged
    }
}

/// How many findings an audit has, by level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FindingCounts {
    /// Good to know.
    pub info: u64,
    /// Worth a look.
    pub warn: u64,
    /// Forbidding the commit, whether overridden or not.
    pub block: u64,
}

/// What a finished audit found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditResult {
    /// Changes.
    pub counts: AuditCounts,
    /// Findings.
    pub findings: FindingCounts,
    /// Repositories that were compared.
    pub repositories: u64,
    /// Repositories of the snapshot that failed and were not.
    pub repositories_failed: u64,
    /// SHA-256 of everything that was found, in hexadecimal.
    pub digest: String,
}

/// One audit of one snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// Which one.
    pub id: AuditId,
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// The stock that it is compared with.
    pub stock: StockId,
    /// The stock's version that it is compared with.
    pub stock_version: i64,
    /// The task that makes it.
    pub task: TaskId,
    /// How far it has come.
    pub state: AuditState,
    /// What it found; zeros before it is finished.
    pub counts: AuditCounts,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Repositories that were compared; 0 before it is finished.
    pub repositories: u64,
    /// Repositories of the snapshot that failed and were not compared.
    pub repositories_failed: u64,
    /// How many findings it has.
    pub findings: FindingCounts,
    /// The stock's policy that it was made under.
    pub policy: StockPolicy,
    /// Which of the stock's policies that was.
    pub policy_version: i64,
    /// The analyzers and versions whose results were looked at, as `analysis::fingerprint` names them.
    pub analyzers: String,
    /// The version of the auditor that made it.
    pub auditor: String,
    /// SHA-256 of everything that it found, in hexadecimal; none before it is finished.
    pub report_digest: Option<String>,
    /// Why it broke off.
    pub failure: Option<Failure>,
}

/// An audit that is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NewAudit {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// The stock that it is compared with.
    pub stock: StockId,
    /// The stock's version that it is compared with.
    pub stock_version: i64,
    /// The task that makes it.
    pub task: TaskId,
}

#[derive(Queryable)]
struct Row {
    id: Id,
    snapshot: Id,
    stock: Id,
    stock_version: i64,
    task: Id,
    state: String,
    new: i64,
    modified: i64,
    removed: i64,
    unchanged: i64,
    created_at: Instant,
    finished_at: Option<Instant>,
    moved: i64,
    attributes: i64,
    kept: i64,
    repositories: i64,
    repositories_failed: i64,
    findings_info: i64,
    findings_warn: i64,
    findings_block: i64,
    policy: String,
    policy_version: i64,
    analyzers: String,
    auditor: String,
    report_digest: Option<String>,
    error_kind: Option<String>,
    error_reason: Option<String>,
}

impl TryFrom<Row> for Audit {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let policy = serde_json::from_str(&row.policy)
            .map_err(|error| StoreError::Corrupt(format!("no policy with audit {}: {error}", row.id.0)))?;
        let kind = row.error_kind.as_deref().map(|name| {
            ErrorKind::from_name(name).ok_or_else(|| StoreError::unknown("audits.error_kind", name))
        });
        let reason = row.error_reason.unwrap_or_default();
        let failure = kind.transpose()?.map(|kind| Failure { kind, reason });
        Ok(Self {
            id: row.id.into(),
            snapshot: row.snapshot.into(),
            stock: row.stock.into(),
            stock_version: row.stock_version,
            task: row.task.into(),
            state: AuditState::stored(&row.state)?,
            counts: AuditCounts {
                new: from_db(row.new),
                modified: from_db(row.modified),
                removed: from_db(row.removed),
                moved: from_db(row.moved),
                attributes: from_db(row.attributes),
                kept: from_db(row.kept),
                unchanged: from_db(row.unchanged),
            },
            created_at: row.created_at.into(),
            finished_at: row.finished_at.map(Into::into),
            repositories: from_db(row.repositories),
            repositories_failed: from_db(row.repositories_failed),
            findings: FindingCounts {
                info: from_db(row.findings_info),
                warn: from_db(row.findings_warn),
                block: from_db(row.findings_block),
            },
            policy,
            policy_version: row.policy_version,
            analyzers: row.analyzers,
            auditor: row.auditor,
            report_digest: row.report_digest,
            failure,
        })
    }
}

/// Notes an audit that is asked for.
///
/// # Errors
/// When the snapshot or stock is not there, or the database does not answer.
pub fn create(tx: &mut Tx, new: &NewAudit, now: Timestamp) -> Result<AuditId, StoreError> {
    let id = AuditId::new();
    diesel::insert_into(audits::table)
        .values((
            audits::id.eq(Id::from(id)),
            audits::snapshot_id.eq(Id::from(new.snapshot)),
            audits::stock_id.eq(Id::from(new.stock)),
            audits::stock_version.eq(new.stock_version),
            audits::task_id.eq(Id::from(new.task)),
            audits::state.eq(AuditState::Created.as_str()),
            audits::new.eq(0),
            audits::modified.eq(0),
            audits::removed.eq(0),
            audits::unchanged.eq(0),
            audits::created_at.eq(Instant(now)),
        ))
        .execute(tx.conn())?;
    Ok(id)
}

/// The audit with this id.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, id: AuditId) -> Result<Option<Audit>, StoreError> {
    let row = audits::table.find(Id::from(id)).first::<Row>(tx.conn()).optional()?;
    row.map(Audit::try_from).transpose()
}

/// The newest audit that this task makes.
///
/// # Errors
/// When the database does not answer.
pub fn by_task(tx: &mut Tx, task: TaskId) -> Result<Option<Audit>, StoreError> {
    let row = audits::table
        .filter(audits::task_id.eq(Id::from(task)))
        .order(audits::id.desc())
        .first::<Row>(tx.conn())
        .optional()?;
    row.map(Audit::try_from).transpose()
}

/// The newest audit of the snapshot.
///
/// # Errors
/// When the database does not answer.
pub fn latest_of_snapshot(tx: &mut Tx, snapshot: SnapshotId) -> Result<Option<Audit>, StoreError> {
    Ok(of_snapshot(tx, snapshot, None, 1)?.pop())
}

/// Up to `limit` audits of the snapshot, newest first, those older than `before`.
///
/// # Errors
/// When the database does not answer.
pub fn of_snapshot(
    tx: &mut Tx,
    snapshot: SnapshotId,
    before: Option<AuditId>,
    limit: u32,
) -> Result<Vec<Audit>, StoreError> {
    let mut query = audits::table
        .filter(audits::snapshot_id.eq(Id::from(snapshot)))
        .order(audits::id.desc())
        .limit(limit.into())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(audits::id.lt(Id::from(before)));
    }
    query.load::<Row>(tx.conn())?.into_iter().map(Audit::try_from).collect()
}

/// What an audit is made against, and by whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Ground {
    /// The stock's version.
    pub stock_version: i64,
    /// The stock's policy.
    pub policy: StockPolicy,
    /// Which of the stock's policies that is.
    pub policy_version: i64,
    /// The analyzers and versions whose results are looked at.
    pub analyzers: String,
    /// The version of the auditor.
    pub auditor: String,
}

/// Begins the audit, or goes on with it. What an earlier attempt found on other ground is dropped. Returns
/// false when it has ended or there is none.
///
/// # Errors
/// When the database does not answer.
pub fn begin(tx: &mut Tx, id: AuditId, ground: &Ground) -> Result<bool, StoreError> {
    let Some(audit) = get(tx, id)?.filter(|audit| audit.finished_at.is_none()) else { return Ok(false) };
    let same = audit.state == AuditState::Running
        && audit.stock_version == ground.stock_version
        && audit.policy_version == ground.policy_version
        && audit.analyzers == ground.analyzers
        && audit.auditor == ground.auditor;
    if same {
        return Ok(true);
    }
    clear(tx, id)?;
    let policy = serde_json::to_string(&ground.policy)
        .map_err(|error| StoreError::Invalid(format!("a policy that is no JSON: {error}")))?;
    diesel::update(audits::table.find(Id::from(id)))
        .set((
            audits::state.eq(AuditState::Running.as_str()),
            audits::stock_version.eq(ground.stock_version),
            audits::policy.eq(storable(&policy)),
            audits::policy_version.eq(ground.policy_version),
            audits::analyzers.eq(&ground.analyzers),
            audits::auditor.eq(&ground.auditor),
        ))
        .execute(tx.conn())?;
    Ok(true)
}

/// Notes that the audit is finished and what it found. Returns false when it had ended already.
///
/// # Errors
/// When the database does not answer.
pub fn finish(tx: &mut Tx, id: AuditId, found: &AuditResult, now: Timestamp) -> Result<bool, StoreError> {
    let open = audits::table.find(Id::from(id)).filter(audits::finished_at.is_null());
    let AuditCounts { new, modified, removed, moved, attributes, kept, unchanged } = found.counts;
    let changed = diesel::update(open)
        .set((
            audits::state.eq(AuditState::Finished.as_str()),
            (
                audits::new.eq(to_db(new)),
                audits::modified.eq(to_db(modified)),
                audits::removed.eq(to_db(removed)),
                audits::moved.eq(to_db(moved)),
                audits::attributes.eq(to_db(attributes)),
                audits::kept.eq(to_db(kept)),
                audits::unchanged.eq(to_db(unchanged)),
            ),
            (
                audits::findings_info.eq(to_db(found.findings.info)),
                audits::findings_warn.eq(to_db(found.findings.warn)),
                audits::findings_block.eq(to_db(found.findings.block)),
                audits::repositories.eq(to_db(found.repositories)),
                audits::repositories_failed.eq(to_db(found.repositories_failed)),
            ),
            audits::report_digest.eq(&found.digest),
            audits::finished_at.eq(Instant(now)),
        ))
        .execute(tx.conn())?;
    Ok(changed > 0)
}

/// Notes that the audit broke off in this state, and drops what it had found. Returns false when it had ended
/// already.
///
/// # Errors
/// When the database does not answer.
pub fn break_off(
    tx: &mut Tx,
    id: AuditId,
    state: AuditState,
    failure: Option<&Failure>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let open = audits::table.find(Id::from(id)).filter(audits::finished_at.is_null());
    let changed = diesel::update(open)
        .set((
            audits::state.eq(state.as_str()),
            audits::error_kind.eq(failure.map(|failure| failure.kind.as_str())),
            audits::error_reason.eq(failure.map(|failure| storable(&failure.reason))),
            audits::finished_at.eq(Instant(now)),
        ))
        .execute(tx.conn())?;
    if changed > 0 {
        clear(tx, id)?;
    }
    Ok(changed > 0)
}
