//! Findings: what checks have to say of nodes on their way into a stock, and who decided otherwise.

use contracts::{AuditId, Oid, RepositoryId, SnapshotId, policy::Level};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, JoinOnDsl, NullableExpressionMethods, QueryDsl,
    Queryable, RunQueryDsl,
};
use sha2::{Digest, Sha256};

use crate::{
    StoreError, Tx,
    bulk::copy_in,
    connection::each,
    keys::storable,
    schema::{finding_overrides, findings},
    types::{Hash, Id, Instant},
    values::{from_db, to_db},
};

mod overrides;

pub use overrides::{Override, count_open_blocking, override_many};

/// A finding that is to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct NewFinding {
    /// The repository.
    pub repository: RepositoryId,
    /// Its canonical clone URL.
    pub url: String,
    /// The node's path.
    pub path: Vec<u8>,
    /// The node's content.
    pub oid: Oid,
    /// The check.
    pub check: String,
    /// Which of the things that the check can find.
    pub code: String,
    /// What it is taken for.
    pub level: Level,
    /// What was found, in words that a person can act on. Never a secret itself.
    pub message: String,
    /// The line, from 1, where one can be named.
    pub line: Option<u64>,
}

impl NewFinding {
    /// Names the same finding in every audit of the same snapshot.
    pub fn key(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        let line = self.line.unwrap_or_default().to_le_bytes();
        let fields: [&[u8]; 7] = [
            self.url.as_bytes(),
            &self.path,
            self.oid.as_bytes(),
            self.check.as_bytes(),
            self.code.as_bytes(),
            self.message.as_bytes(),
            &line,
        ];
        for field in fields {
            digest.update((field.len() as u64).to_le_bytes());
            digest.update(field);
        }
        digest.finalize().into()
    }
}

/// What a check has to say of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Which one; later ones of an audit are larger.
    pub id: i64,
    /// The audit.
    pub audit: AuditId,
    /// The repository.
    pub repository: RepositoryId,
    /// Its canonical clone URL.
    pub url: String,
    /// The node's path.
    pub path: Vec<u8>,
    /// The node's content.
    pub oid: Oid,
    /// The check.
    pub check: String,
    /// Which of the things that the check can find.
    pub code: String,
    /// What it is taken for.
    pub level: Level,
    /// What was found.
    pub message: String,
    /// The line, from 1.
    pub line: Option<u64>,
    /// Who decided that it does not forbid the commit.
    pub overridden: Option<Override>,
}

/// Which findings; all by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindingFilter {
    /// Those of this level.
    pub level: Option<Level>,
    /// Those of this check.
    pub check: Option<String>,
    /// Those of this repository.
    pub repository: Option<RepositoryId>,
    /// Only those that somebody has overridden, or only those that nobody has.
    pub overridden: Option<bool>,
    /// Those with these ids; all when empty. At most 1,000.
    pub ids: Vec<i64>,
}

#[derive(Insertable)]
#[diesel(table_name = findings, treat_none_as_default_value = false)]
struct NewRow {
    audit_id: Id,
    repository_id: Id,
    url: String,
    path: Vec<u8>,
    oid: Hash,
    check_id: String,
    code: String,
    level: &'static str,
    message: String,
    line: Option<i64>,
    key: Vec<u8>,
}

#[derive(Queryable)]
struct Row {
    id: i64,
    audit: Id,
    repository: Id,
    url: String,
    path: Vec<u8>,
    oid: Hash,
    check: String,
    code: String,
    level: String,
    message: String,
    line: Option<i64>,
}

type OverrideRow = (Option<String>, Option<String>, Option<Instant>);

fn finding(row: Row, by: OverrideRow) -> Result<Finding, StoreError> {
    let overridden = match by {
        (Some(reason), Some(person), Some(at)) => Some(Override { reason, person, at: at.into() }),
        _ => None,
    };
    Ok(Finding {
        id: row.id,
        audit: row.audit.into(),
        repository: row.repository.into(),
        url: row.url,
        path: row.path,
        oid: row.oid.into(),
        check: row.check,
        code: row.code,
        level: Level::from_name(&row.level)
            .ok_or_else(|| StoreError::unknown("findings.level", &row.level))?,
        message: row.message,
        line: row.line.map(from_db),
        overridden,
    })
}

/// Keeps findings of an audit that is being made.
///
/// # Errors
/// When the database does not answer.
pub fn insert_many(tx: &mut Tx, audit: AuditId, new: &[NewFinding]) -> Result<(), StoreError> {
    let row = |finding: &NewFinding| NewRow {
        audit_id: audit.into(),
        repository_id: finding.repository.into(),
        url: finding.url.clone(),
        path: finding.path.clone(),
        oid: Hash(finding.oid),
        check_id: storable(&finding.check).into_owned(),
        code: storable(&finding.code).into_owned(),
        level: finding.level.as_str(),
        message: storable(&finding.message).into_owned(),
        line: finding.line.map(to_db),
        key: finding.key().to_vec(),
    };
    let rows: Vec<NewRow> = new.iter().map(row).collect();
    copy_in!(tx, findings::table, &rows)?;
    Ok(())
}

/// Drops what an attempt that did not come to the end of a repository has found about it.
///
/// # Errors
/// When the database does not answer.
pub fn drop_of_repository(tx: &mut Tx, audit: AuditId, repository: RepositoryId) -> Result<(), StoreError> {
    let left = findings::table
        .filter(findings::audit_id.eq(Id::from(audit)))
        .filter(findings::repository_id.eq(Id::from(repository)));
    diesel::delete(left).execute(tx.conn())?;
    Ok(())
}

/// Up to `limit` findings of the audit in the order in which they were made, those behind `after`.
///
/// # Errors
/// When the database does not answer.
pub fn of_audit(
    tx: &mut Tx,
    audit: AuditId,
    filter: &FindingFilter,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<Finding>, StoreError> {
    let Some(snapshot) = snapshot_of(tx, audit)? else { return Ok(Vec::new()) };
    let overridden =
        finding_overrides::key.eq(findings::key).and(finding_overrides::snapshot_id.eq(Id::from(snapshot)));
    let rows: Vec<(Row, OverrideRow)> = each!(tx, c => {
        let mut query = findings::table
            .left_join(finding_overrides::table.on(overridden))
            .filter(findings::audit_id.eq(Id::from(audit)))
            .filter(findings::id.gt(after.unwrap_or_default()))
            .order(findings::id)
            .limit(limit.into())
            .select((
                (
                    findings::id,
                    findings::audit_id,
                    findings::repository_id,
                    findings::url,
                    findings::path,
                    findings::oid,
                    findings::check_id,
                    findings::code,
                    findings::level,
                    findings::message,
                    findings::line,
                ),
                (
                    finding_overrides::reason.nullable(),
                    finding_overrides::person.nullable(),
                    finding_overrides::created_at.nullable(),
                ),
            ))
            .into_boxed();
        if let Some(level) = filter.level {
            query = query.filter(findings::level.eq(level.as_str()));
        }
        if let Some(check) = &filter.check {
            query = query.filter(findings::check_id.eq(check));
        }
        if let Some(repository) = filter.repository {
            query = query.filter(findings::repository_id.eq(Id::from(repository)));
        }
        match filter.overridden {
            Some(true) => query = query.filter(finding_overrides::key.nullable().is_not_null()),
            Some(false) => query = query.filter(finding_overrides::key.nullable().is_null()),
            None => {}
        }
        if !filter.ids.is_empty() {
            query = query.filter(findings::id.eq_any(&filter.ids));
        }
        query.load(c)
    })?;
    rows.into_iter().map(|(row, by)| finding(row, by)).collect()
}

fn snapshot_of(tx: &mut Tx, audit: AuditId) -> Result<Option<SnapshotId>, StoreError> {
    Ok(crate::audits::get(tx, audit)?.map(|audit| audit.snapshot))
}
