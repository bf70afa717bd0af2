//! Messages that could not be handled and wait for a person, bytes and all.

use contracts::{Envelope, ErrorKind, Failure, SetAsideId};
use diesel::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable,
    SelectableHelper, upsert::excluded,
};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    StoreError, Tx,
    connection::each,
    inbox, keys,
    schema::set_aside,
    types::{Id, Instant},
};

/// A message that is to be set aside.
#[derive(Clone, Debug)]
pub struct NewSetAside {
    /// The service that gave up on it.
    pub service: String,
    /// The queue that it came from.
    pub queue: String,
    /// The message's id; made up from the body when it has none.
    pub message_id: String,
    /// The routing key that it came with.
    pub routing_key: String,
    /// What it came with beside its body: an [`Envelope`] as JSON, or a stranger's headers.
    pub headers: Value,
    /// The body as it came.
    pub body: Vec<u8>,
    /// Why it could not be handled.
    pub failure: Failure,
    /// How often it was tried.
    pub tries: u32,
    /// When it was first seen, or said.
    pub first_at: Timestamp,
    /// When it was given up.
    pub last_at: Timestamp,
}

/// A message that was set aside.
#[derive(Clone, Debug, PartialEq)]
pub struct SetAside {
    /// Its id among the messages set aside.
    pub id: SetAsideId,
    /// The service that gave up on it.
    pub service: String,
    /// The queue that it came from.
    pub queue: String,
    /// The message's id.
    pub message_id: String,
    /// The routing key that it came with.
    pub routing_key: String,
    /// What it came with beside its body.
    pub headers: Value,
    /// The body as it came.
    pub body: Vec<u8>,
    /// Why it could not be handled the last time.
    pub failure: Failure,
    /// How often it was tried in all.
    pub tries: u64,
    /// When it was first seen, or said.
    pub first_at: Timestamp,
    /// When it was last given up.
    pub last_at: Timestamp,
}

/// Which messages are listed. What is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct SetAsideFilter {
    /// Only those that this service gave up on.
    pub service: Option<String>,
    /// Only those with this routing key.
    pub routing_key: Option<String>,
}

#[derive(Insertable)]
#[diesel(table_name = set_aside)]
struct NewRow<'a> {
    id: Id,
    service: &'a str,
    message_key: &'a str,
    queue: &'a str,
    message_id: &'a str,
    routing_key: &'a str,
    headers: String,
    body: &'a [u8],
    error_kind: &'static str,
    error_reason: &'a str,
    tries: i64,
    first_at: Instant,
    last_at: Instant,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = set_aside)]
struct Row {
    id: Id,
    service: String,
    queue: String,
    message_id: String,
    routing_key: String,
    headers: String,
    body: Vec<u8>,
    error_kind: String,
    error_reason: String,
    tries: i64,
    first_at: Instant,
    last_at: Instant,
}

impl Row {
    fn set_aside(self) -> Result<SetAside, StoreError> {
        let kind = ErrorKind::from_name(&self.error_kind)
            .ok_or_else(|| StoreError::unknown("an error kind", &self.error_kind))?;
        let headers = serde_json::from_str(&self.headers)
            .map_err(|error| StoreError::Corrupt(format!("headers that are no JSON: {error}")))?;
        Ok(SetAside {
            id: self.id.into(),
            service: self.service,
            queue: self.queue,
            message_id: self.message_id,
            routing_key: self.routing_key,
            headers,
            body: self.body,
            failure: Failure { kind, reason: self.error_reason },
            tries: self.tries.unsigned_abs(),
            first_at: self.first_at.into(),
            last_at: self.last_at.into(),
        })
    }
}

/// Sets a message aside. One that this service has set aside before stays one row: the tries add up,
/// and the reason is the newest.
///
/// # Errors
/// When the database does not answer.
pub fn put(tx: &mut Tx, new: &NewSetAside) -> Result<(), StoreError> {
    let row = NewRow {
        id: SetAsideId::new().into(),
        service: &new.service,
        message_key: &keys::of(&new.message_id),
        queue: &new.queue,
        message_id: &keys::storable(&new.message_id),
        routing_key: &keys::storable(&new.routing_key),
        headers: new.headers.to_string(),
        body: &new.body,
        error_kind: new.failure.kind.as_str(),
        error_reason: &keys::storable(&new.failure.reason),
        tries: i64::from(new.tries),
        first_at: new.first_at.into(),
        last_at: new.last_at.into(),
    };
    each!(tx, c => diesel::insert_into(set_aside::table)
        .values(&row)
        .on_conflict((set_aside::service, set_aside::message_key))
        .do_update()
        .set((
            set_aside::tries.eq(set_aside::tries + excluded(set_aside::tries)),
            set_aside::error_kind.eq(excluded(set_aside::error_kind)),
            set_aside::error_reason.eq(excluded(set_aside::error_reason)),
            set_aside::last_at.eq(excluded(set_aside::last_at)),
        ))
        .execute(c))?;
    Ok(())
}

/// Messages that are set aside, newest first, up to `limit`, from behind the one `after`.
///
/// # Errors
/// When the database does not answer.
pub fn list(
    tx: &mut Tx,
    filter: &SetAsideFilter,
    after: Option<SetAsideId>,
    limit: i64,
) -> Result<Vec<SetAside>, StoreError> {
    let mut query = set_aside::table.into_boxed();
    if let Some(service) = &filter.service {
        query = query.filter(set_aside::service.eq(service));
    }
    if let Some(routing_key) = &filter.routing_key {
        query = query.filter(set_aside::routing_key.eq(routing_key));
    }
    if let Some(after) = after {
        query = query.filter(set_aside::id.lt(Id::from(after)));
    }
    let rows: Vec<Row> =
        query.order(set_aside::id.desc()).limit(limit).select(Row::as_select()).load(tx.conn())?;
    rows.into_iter().map(Row::set_aside).collect()
}

/// How many messages are set aside.
///
/// # Errors
/// When the database does not answer.
pub fn len(tx: &mut Tx) -> Result<u64, StoreError> {
    let count: i64 = set_aside::table.count().get_result(tx.conn())?;
    Ok(count.unsigned_abs())
}

/// The message with this id.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, id: SetAsideId) -> Result<Option<SetAside>, StoreError> {
    let row: Option<Row> =
        set_aside::table.find(Id::from(id)).select(Row::as_select()).first(tx.conn()).optional()?;
    row.map(Row::set_aside).transpose()
}

/// Takes a message back into circulation: its row and the memory of its handling are removed, and it
/// is returned as new, for the caller to push to the outbox in the same transaction. It keeps its id, so
/// that services which have handled it do not handle it again.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such message.
pub fn replay(tx: &mut Tx, id: SetAsideId, now: Timestamp) -> Result<Envelope, StoreError> {
    let kept = get(tx, id)?.ok_or_else(|| not_found(id))?;
    drop_one(tx, id)?;
    inbox::forget(tx, &kept.service, &kept.message_id)?;
    // What we understood when it came has an envelope of its own; a stranger's gets one from its key.
    Ok(match serde_json::from_value::<Envelope>(kept.headers) {
        Ok(envelope) => Envelope { attempt: 0, body: kept.body, ..envelope },
        Err(_) => Envelope { id: kept.message_id, ..Envelope::from_bare(&kept.routing_key, kept.body, now) },
    })
}

/// Drops a message for good.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such message.
pub fn drop_one(tx: &mut Tx, id: SetAsideId) -> Result<(), StoreError> {
    match diesel::delete(set_aside::table.find(Id::from(id))).execute(tx.conn())? {
        0 => Err(not_found(id)),
        _ => Ok(()),
    }
}

fn not_found(id: SetAsideId) -> StoreError {
    StoreError::NotFound(format!(
        "no message with the id {id} is set aside; it may have been replayed or dropped"
    ))
}
