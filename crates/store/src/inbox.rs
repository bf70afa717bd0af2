//! Which messages a service has handled, so that a second delivery does nothing.

use std::collections::HashSet;

use diesel::{ExpressionMethods, Insertable, QueryDsl, RunQueryDsl};
use jiff::Timestamp;

use crate::{StoreError, Tx, connection::AnyConnection, keys, schema::inbox, types::Instant};

#[derive(Insertable)]
#[diesel(table_name = inbox)]
struct NewRow<'a> {
    service: &'a str,
    message_id: &'a str,
    handled_at: Instant,
}

/// Notes that `service` handles the message in this transaction. False when it has handled it before;
/// waits for a transaction that is handling it right now.
///
/// # Errors
/// When the database does not answer.
pub fn insert(tx: &mut Tx, service: &str, message_id: &str, now: Timestamp) -> Result<bool, StoreError> {
    Ok(insert_many(tx, service, &[message_id], now)?.first().copied().unwrap_or(false))
}

/// Notes that `service` handles these messages in this transaction. For each, in order: whether it is
/// the first time; of an id that is given twice, only the first counts as new.
///
/// # Errors
/// When the database does not answer.
pub fn insert_many(
    tx: &mut Tx,
    service: &str,
    message_ids: &[&str],
    now: Timestamp,
) -> Result<Vec<bool>, StoreError> {
    let keys: Vec<_> = message_ids.iter().map(|id| keys::of(id)).collect();
    // In the order of keys, so that two services that handle the same messages cannot wait for each
    // other in a circle.
    let mut sorted: Vec<&str> = keys.iter().map(AsRef::as_ref).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let rows: Vec<NewRow<'_>> =
        sorted.iter().map(|message_id| NewRow { service, message_id, handled_at: Instant(now) }).collect();
    let mut new: HashSet<String> = HashSet::with_capacity(rows.len());
    match tx.conn() {
        AnyConnection::Postgres(conn) => {
            for part in rows.chunks(crate::bulk::ROWS) {
                let insert = diesel::insert_into(inbox::table).values(part).on_conflict_do_nothing();
                new.extend(insert.returning(inbox::message_id).get_results::<String>(conn)?);
            }
        }
        AnyConnection::Sqlite(conn) => {
            for row in &rows {
                let insert = diesel::insert_into(inbox::table).values(row).on_conflict_do_nothing();
                if insert.execute(conn)? == 1 {
                    new.insert(row.message_id.to_owned());
                }
            }
        }
    }
    Ok(keys.iter().map(|key| new.remove(key.as_ref())).collect())
}

/// Forgets that `service` has handled the message, so that it can be handled again.
pub(crate) fn forget(tx: &mut Tx, service: &str, message_id: &str) -> Result<(), StoreError> {
    let key = keys::of(message_id);
    diesel::delete(inbox::table.find((service, key.as_ref()))).execute(tx.conn())?;
    Ok(())
}

/// Forgets messages that were handled before `before`. Returns how many.
///
/// # Errors
/// When the database does not answer.
pub fn purge(tx: &mut Tx, before: Timestamp) -> Result<usize, StoreError> {
    let old = inbox::table.filter(inbox::handled_at.lt(Instant(before)));
    Ok(diesel::delete(old).execute(tx.conn())?)
}

/// How many messages are remembered as handled, by all services.
///
/// # Errors
/// When the database does not answer.
pub fn len(tx: &mut Tx) -> Result<u64, StoreError> {
    let count: i64 = inbox::table.count().get_result(tx.conn())?;
    Ok(count.unsigned_abs())
}
