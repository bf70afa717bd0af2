//! Notifications: messages for people, which stay until they are read.

use contracts::NotificationId;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    StoreError, Tx,
    keys::storable,
    schema::notifications,
    types::{Id, Instant},
};

/// A message for people.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// Which one.
    pub id: NotificationId,
    /// What it is about, for programs.
    pub kind: String,
    /// The entity that it is about.
    pub subject: Option<Uuid>,
    /// What it says.
    pub text: String,
    /// What it says, for programs.
    pub body: Value,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was read.
    pub read_at: Option<Timestamp>,
}

/// A message for people that is to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct NewNotification {
    /// What it is about, for programs.
    pub kind: String,
    /// The entity that it is about.
    pub subject: Option<Uuid>,
    /// What it says.
    pub text: String,
    /// What it says, for programs.
    pub body: Value,
}

#[derive(Queryable)]
struct Row {
    id: Id,
    kind: String,
    subject: Option<Id>,
    text: String,
    body: String,
    created_at: Instant,
    read_at: Option<Instant>,
}

impl TryFrom<Row> for Notification {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let body = serde_json::from_str(&row.body)
            .map_err(|error| StoreError::Corrupt(format!("no JSON in notification {}: {error}", row.id.0)))?;
        Ok(Self {
            id: row.id.into(),
            kind: row.kind,
            subject: row.subject.map(Into::into),
            text: row.text,
            body,
            created_at: row.created_at.into(),
            read_at: row.read_at.map(Into::into),
        })
    }
}

/// Writes a notification.
///
/// # Errors
/// When the database does not answer.
pub fn create(tx: &mut Tx, new: &NewNotification, now: Timestamp) -> Result<NotificationId, StoreError> {
    let id = NotificationId::new();
    diesel::insert_into(notifications::table)
        .values((
            notifications::id.eq(Id::from(id)),
            notifications::kind.eq(storable(&new.kind)),
            notifications::subject.eq(new.subject.map(Id::from)),
            notifications::text.eq(storable(&new.text)),
            notifications::body.eq(new.body.to_string()),
            notifications::created_at.eq(Instant(now)),
        ))
        .execute(tx.conn())?;
    Ok(id)
}

/// The notification with this id.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, id: NotificationId) -> Result<Option<Notification>, StoreError> {
    let row = notifications::table.find(Id::from(id)).first::<Row>(tx.conn()).optional()?;
    row.map(Notification::try_from).transpose()
}

/// Up to `limit` notifications, newest first, those older than `before`; all or those not read.
///
/// # Errors
/// When the database does not answer.
pub fn list(
    tx: &mut Tx,
    unread_only: bool,
    before: Option<NotificationId>,
    limit: u32,
) -> Result<Vec<Notification>, StoreError> {
    let mut query = notifications::table.order(notifications::id.desc()).limit(limit.into()).into_boxed();
    if unread_only {
        query = query.filter(notifications::read_at.is_null());
    }
    if let Some(before) = before {
        query = query.filter(notifications::id.lt(Id::from(before)));
    }
    query.load::<Row>(tx.conn())?.into_iter().map(Notification::try_from).collect()
}

/// Notes that the notification was read. Returns false when it had been already.
///
/// # Errors
/// When the database does not answer.
pub fn mark_read(tx: &mut Tx, id: NotificationId, now: Timestamp) -> Result<bool, StoreError> {
    let unread = notifications::table.find(Id::from(id)).filter(notifications::read_at.is_null());
    let changed = diesel::update(unread).set(notifications::read_at.eq(Instant(now))).execute(tx.conn())?;
    Ok(changed > 0)
}
