//! Repositories whose visits fail for good, one after the other, and the rest that they get.

use contracts::{ErrorKind, Failure, RepositoryId};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    connection::each,
    keys::storable,
    schema::repository_failures,
    types::{Id, Instant},
    values::{from_db, to_db},
};

/// How the newest visits of a repository failed.
#[derive(Clone, Debug, PartialEq)]
pub struct RepositoryFailures {
    /// How many did, one after the other.
    pub in_a_row: u64,
    /// The last one's reason.
    pub last: Failure,
    /// When that was.
    pub at: Timestamp,
    /// Until when it is not visited again by itself.
    pub rests_until: Option<Timestamp>,
}

/// How the newest visits of the repository failed; none when the newest went well.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, repository: RepositoryId) -> Result<Option<RepositoryFailures>, StoreError> {
    type Row = (Id, i64, String, String, Instant, Option<Instant>);
    let row: Option<Row> =
        repository_failures::table.find(Id::from(repository)).first(tx.conn()).optional()?;
    row.map(|(_, in_a_row, kind, reason, at, rests_until)| {
        let kind = ErrorKind::from_name(&kind)
            .ok_or_else(|| StoreError::unknown("repository_failures.error_kind", &kind))?;
        Ok(RepositoryFailures {
            in_a_row: from_db(in_a_row),
            last: Failure { kind, reason },
            at: at.into(),
            rests_until: rests_until.map(Into::into),
        })
    })
    .transpose()
}

/// Notes one more failure, and the rest that follows it.
///
/// # Errors
/// When the database does not answer.
pub fn put(tx: &mut Tx, repository: RepositoryId, failures: &RepositoryFailures) -> Result<(), StoreError> {
    let reason = storable(&failures.last.reason).into_owned();
    let columns = (
        repository_failures::in_a_row.eq(to_db(failures.in_a_row)),
        repository_failures::error_kind.eq(failures.last.kind.as_str()),
        repository_failures::error_reason.eq(reason),
        repository_failures::failed_at.eq(Instant(failures.at)),
        repository_failures::rests_until.eq(failures.rests_until.map(Instant)),
    );
    let row = (repository_failures::repository_id.eq(Id::from(repository)), columns.clone());
    each!(tx, c => diesel::insert_into(repository_failures::table)
        .values(row)
        .on_conflict(repository_failures::repository_id)
        .do_update()
        .set(columns)
        .execute(c))?;
    Ok(())
}

/// Forgets them: a visit went well.
///
/// # Errors
/// When the database does not answer.
pub fn clear(tx: &mut Tx, repository: RepositoryId) -> Result<(), StoreError> {
    diesel::delete(repository_failures::table.find(Id::from(repository))).execute(tx.conn())?;
    Ok(())
}
