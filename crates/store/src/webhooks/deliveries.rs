//! Deliveries: one thing that one webhook is told, and each try to tell it.

mod record;

use contracts::{DeliveryId, DestinationId, WebhookId};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable,
    RunQueryDsl, Selectable, SelectableHelper,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::destinations;
use crate::{
    StoreError, Tx,
    bulk::copy_in,
    keys::storable,
    names::names,
    schema::{webhook_attempts as attempts, webhook_deliveries as deliveries},
    types::{Id, Instant},
};

pub use record::{Ended, Tried, purge, record, replay, replay_since, replay_subject, switch_off};

names! {
    /// How far a delivery has come.
    pub enum DeliveryState in "webhook_deliveries.state" {
        /// It is to be sent, for the first time or again.
        Pending = "pending",
        /// The destination has it.
        Delivered = "delivered",
        /// It was given up.
        Failed = "failed",
    }
}

/// One thing that one webhook is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Which one: the same at every try.
    pub id: DeliveryId,
    /// Where it goes.
    pub destination: DestinationId,
    /// Who is told.
    pub webhook: WebhookId,
    /// What it is about.
    pub subject: Option<Uuid>,
    /// What happened, for instance `snapshot.committed`.
    pub event: String,
    /// The URL that it is posted to.
    pub url: String,
    /// What is posted, to the byte.
    pub body: String,
    /// How far it has come.
    pub state: DeliveryState,
    /// How often it was tried since it was last put on its way.
    pub tries: u32,
    /// Why it was given up.
    pub reason: Option<String>,
    /// When it is tried next, or was.
    pub due_at: Timestamp,
    /// When it was put on its way.
    pub created_at: Timestamp,
    /// When it was delivered or given up.
    pub ended_at: Option<Timestamp>,
}

/// One thing that one webhook is to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDelivery {
    /// Who is told.
    pub webhook: WebhookId,
    /// What it is about.
    pub subject: Option<Uuid>,
    /// What happened.
    pub event: String,
    /// The URL that it is posted to.
    pub url: String,
    /// The origin of the URL: `scheme://host:port`.
    pub origin: String,
    /// What is posted, to the byte.
    pub body: String,
}

/// One try.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// The HTTP status; none when there was no answer.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// The beginning of the answer's body.
    pub answer: String,
}

#[derive(Insertable)]
#[diesel(table_name = deliveries, treat_none_as_default_value = false)]
struct NewRow<'a> {
    id: Id,
    destination_id: Id,
    webhook_id: Id,
    subject: Option<Id>,
    event: &'a str,
    url: &'a str,
    body: &'a str,
    state: &'static str,
    tries: i32,
    due_at: Instant,
    created_at: Instant,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct Row {
    id: Id,
    destination_id: Id,
    webhook_id: Id,
    subject: Option<Id>,
    event: String,
    url: String,
    body: String,
    state: String,
    tries: i32,
    reason: Option<String>,
    due_at: Instant,
    created_at: Instant,
    ended_at: Option<Instant>,
}

impl TryFrom<Row> for Delivery {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            destination: row.destination_id.into(),
            webhook: row.webhook_id.into(),
            subject: row.subject.map(Into::into),
            event: row.event,
            url: row.url,
            body: row.body,
            state: DeliveryState::stored(&row.state)?,
            tries: row.tries.unsigned_abs(),
            reason: row.reason,
            due_at: row.due_at.into(),
            created_at: row.created_at.into(),
            ended_at: row.ended_at.map(Into::into),
        })
    }
}

/// Puts deliveries on their way, due at once. Returns the destinations that have to be told of with
/// `webhooks.queued.v1`.
///
/// # Errors
/// When the database does not answer.
pub fn enqueue(tx: &mut Tx, new: &[NewDelivery], now: Timestamp) -> Result<Vec<DestinationId>, StoreError> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let origins: Vec<&str> = new.iter().map(|one| one.origin.as_str()).collect();
    let ids = destinations::ensure(tx, &origins, now)?;
    let texts: Vec<_> = new.iter().map(|one| (storable(&one.url), storable(&one.body))).collect();
    let rows: Vec<NewRow<'_>> = new
        .iter()
        .zip(&texts)
        .filter_map(|(one, (url, body))| {
            Some(NewRow {
                id: DeliveryId::new().into(),
                destination_id: Id::from(*ids.get(&one.origin)?),
                webhook_id: one.webhook.into(),
                subject: one.subject.map(Id::from),
                event: &one.event,
                url,
                body,
                state: DeliveryState::Pending.as_str(),
                tries: 0,
                due_at: Instant(now),
                created_at: Instant(now),
            })
        })
        .collect();
    copy_in!(tx, deliveries::table, &rows)?;
    Ok(ids.into_values().collect())
}

/// Up to `limit` deliveries that are due to this destination, longest due first; only those behind `after`,
/// so that a reader who goes on does not step over what was delivered meanwhile again and again.
///
/// # Errors
/// When the database does not answer.
pub fn due(
    tx: &mut Tx,
    destination: DestinationId,
    now: Timestamp,
    after: Option<(Timestamp, DeliveryId)>,
    limit: usize,
) -> Result<Vec<Delivery>, StoreError> {
    let mut query = deliveries::table
        .filter(deliveries::destination_id.eq(Id::from(destination)))
        .filter(deliveries::state.eq("pending"))
        .filter(deliveries::due_at.le(Instant(now)))
        .order((deliveries::due_at.asc(), deliveries::id.asc()))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(Row::as_select())
        .into_boxed();
    if let Some((due, id)) = after {
        // The first of the two is for the index, which knows ranges and no pairs.
        query = query
            .filter(deliveries::due_at.ge(Instant(due)))
            .filter(deliveries::due_at.gt(Instant(due)).or(deliveries::id.gt(Id::from(id))));
    }
    let rows: Vec<Row> = query.load(tx.conn())?;
    rows.into_iter().map(Delivery::try_from).collect()
}

/// The delivery with this id.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
    let row = deliveries::table.find(Id::from(id)).select(Row::as_select()).first(tx.conn()).optional()?;
    row.map(Delivery::try_from).transpose()
}

/// The tries of a delivery, oldest first.
///
/// # Errors
/// When the database does not answer.
pub fn attempts_of(tx: &mut Tx, id: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
    type Columns = (Instant, i64, Option<i32>, Option<String>, String);
    let rows: Vec<Columns> = attempts::table
        .filter(attempts::delivery_id.eq(Id::from(id)))
        .order(attempts::id.asc())
        .select((attempts::at, attempts::micros, attempts::status, attempts::error, attempts::answer))
        .load(tx.conn())?;
    Ok(rows
        .into_iter()
        .map(|(at, micros, status, error, answer)| Attempt {
            at: at.into(),
            micros: crate::values::from_db(micros),
            status: status.and_then(|status| u16::try_from(status).ok()),
            error,
            answer,
        })
        .collect())
}

/// Which deliveries are listed. What is `None` does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeliveryFilter {
    /// Only those of this webhook.
    pub webhook: Option<WebhookId>,
    /// Only those about this.
    pub subject: Option<Uuid>,
    /// Only those in this state.
    pub state: Option<DeliveryState>,
}

/// Up to `limit` deliveries, newest first, those older than `before`.
///
/// # Errors
/// When the database does not answer.
pub fn list(
    tx: &mut Tx,
    filter: &DeliveryFilter,
    before: Option<DeliveryId>,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let mut query = deliveries::table
        .order(deliveries::id.desc())
        .limit(limit.into())
        .select(Row::as_select())
        .into_boxed();
    if let Some(webhook) = filter.webhook {
        query = query.filter(deliveries::webhook_id.eq(Id::from(webhook)));
    }
    if let Some(subject) = filter.subject {
        query = query.filter(deliveries::subject.eq(Id::from(subject)));
    }
    if let Some(state) = filter.state {
        query = query.filter(deliveries::state.eq(state.as_str()));
    }
    if let Some(before) = before {
        query = query.filter(deliveries::id.lt(Id::from(before)));
    }
    query.load::<Row>(tx.conn())?.into_iter().map(Delivery::try_from).collect()
}

/// How many deliveries are still to be sent.
///
/// # Errors
/// When the database does not answer.
pub fn count_pending(tx: &mut Tx) -> Result<u64, StoreError> {
    let count: i64 =
        deliveries::table.filter(deliveries::state.eq("pending")).count().get_result(tx.conn())?;
    Ok(crate::values::from_db(count))
}
