//! Who lets a blocking finding pass, and why.

use contracts::{AuditId, policy::Level};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, JoinOnDsl, NullableExpressionMethods, QueryDsl,
    RunQueryDsl,
};
use jiff::Timestamp;

use super::{FindingFilter, of_audit, snapshot_of};
use crate::{
    StoreError, Tx,
    bulk::upsert_many,
    connection::each,
    keys::storable,
    schema::{finding_overrides, findings},
    types::{Id, Instant},
    values::from_db,
};

/// Findings that are overridden at once.
const PAGE: u32 = 1_000;

/// A person's decision that a finding does not forbid the commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// Why.
    pub reason: String,
    /// Who.
    pub person: String,
    /// When.
    pub at: Timestamp,
}

/// How many findings of the audit forbid the commit and were not overridden.
///
/// # Errors
/// When the database does not answer.
pub fn count_open_blocking(tx: &mut Tx, audit: AuditId) -> Result<u64, StoreError> {
    let Some(snapshot) = snapshot_of(tx, audit)? else { return Ok(0) };
    let overridden =
        finding_overrides::key.eq(findings::key).and(finding_overrides::snapshot_id.eq(Id::from(snapshot)));
    let count: i64 = findings::table
        .left_join(finding_overrides::table.on(overridden))
        .filter(findings::audit_id.eq(Id::from(audit)))
        .filter(findings::level.eq(Level::Block.as_str()))
        .filter(finding_overrides::key.nullable().is_null())
        .count()
        .get_result(tx.conn())?;
    Ok(from_db(count))
}

#[derive(Insertable)]
#[diesel(table_name = finding_overrides, treat_none_as_default_value = false)]
struct NewOverride<'a> {
    snapshot_id: Id,
    key: Vec<u8>,
    reason: &'a str,
    person: &'a str,
    created_at: Instant,
}

/// Notes that a person lets blocking findings of the audit pass, all that the filter chooses. It holds for the
/// same findings of later audits of the same snapshot. Returns how many were open and are not any more; an
/// earlier decision is not changed.
///
/// # Errors
/// [`StoreError::Invalid`] when no reason or no person is given, [`StoreError::NotFound`] when there is no such
/// audit; when the database does not answer.
pub fn override_many(
    tx: &mut Tx,
    audit: AuditId,
    filter: &FindingFilter,
    (reason, person): (&str, &str),
    now: Timestamp,
) -> Result<u64, StoreError> {
    let (reason, person) = (storable(reason.trim()), storable(person.trim()));
    if reason.is_empty() || person.is_empty() {
        return Err(StoreError::Invalid(
            "an override needs a reason and the name of who gives it".to_owned(),
        ));
    }
    let Some(snapshot) = snapshot_of(tx, audit)? else {
        return Err(StoreError::NotFound(format!("no audit has the id {audit}")));
    };
    let filter = FindingFilter { level: Some(Level::Block), overridden: Some(false), ..filter.clone() };
    let (mut count, mut after) = (0, None);
    loop {
        let page = of_audit(tx, audit, &filter, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(count) };
        after = Some(last.id);
        let ids: Vec<i64> = page.iter().map(|finding| finding.id).collect();
        let mut keys: Vec<Vec<u8>> = each!(tx, c => findings::table
            .filter(findings::id.eq_any(&ids))
            .select(findings::key)
            .load(c))?;
        keys.sort_unstable();
        keys.dedup();
        let row = |key| NewOverride {
            snapshot_id: snapshot.into(),
            key,
            reason: &reason,
            person: &person,
            created_at: Instant(now),
        };
        let rows: Vec<NewOverride<'_>> = keys.into_iter().map(row).collect();
        upsert_many!(tx, &rows, rows => diesel::insert_into(finding_overrides::table)
            .values(rows)
            .on_conflict_do_nothing())?;
        count += page.len() as u64;
    }
}
