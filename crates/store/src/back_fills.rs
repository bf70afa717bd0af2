//! Back-fills: how far what older analyzers have analysed was offered to the newer ones.
//!
//! One row for each set of analyzers and versions, by its fingerprint. Contents are looked at by id, so a
//! row need not remember more than the last one.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    connection::{AnyConnection, each},
    schema::back_fills,
    types::Instant,
};

/// The content up to which this back-fill has come; it is begun when nobody has yet. `None` when it is
/// over. Nobody else goes on with it until this transaction ends.
///
/// # Errors
/// When the database does not answer.
pub fn go_on(tx: &mut Tx, fingerprint: &str, now: Timestamp) -> Result<Option<i64>, StoreError> {
    each!(tx, c => diesel::insert_into(back_fills::table)
        .values((
            back_fills::fingerprint.eq(fingerprint),
            back_fills::after_content.eq(0),
            back_fills::begun_at.eq(Instant(now)),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    let open = back_fills::table
        .find(fingerprint)
        .filter(back_fills::ended_at.is_null())
        .select(back_fills::after_content);
    Ok(match tx.conn() {
        AnyConnection::Postgres(conn) => open.for_no_key_update().first(conn).optional()?,
        AnyConnection::Sqlite(conn) => open.first(conn).optional()?,
    })
}

/// Whether this back-fill was begun and is over.
///
/// # Errors
/// When the database does not answer.
pub fn is_over(tx: &mut Tx, fingerprint: &str) -> Result<bool, StoreError> {
    let over = back_fills::table.find(fingerprint).filter(back_fills::ended_at.is_not_null());
    Ok(diesel::select(diesel::dsl::exists(over)).get_result(tx.conn())?)
}

/// It has come up to this content.
///
/// # Errors
/// When the database does not answer.
pub fn advance(tx: &mut Tx, fingerprint: &str, after: i64) -> Result<(), StoreError> {
    diesel::update(back_fills::table.find(fingerprint))
        .set(back_fills::after_content.eq(after))
        .execute(tx.conn())?;
    Ok(())
}

/// It is over: every content was looked at.
///
/// # Errors
/// When the database does not answer.
pub fn end(tx: &mut Tx, fingerprint: &str, now: Timestamp) -> Result<(), StoreError> {
    diesel::update(back_fills::table.find(fingerprint))
        .set(back_fills::ended_at.eq(Some(Instant(now))))
        .execute(tx.conn())?;
    Ok(())
}
