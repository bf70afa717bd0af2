//! Subscriptions: who wants to be told of what, and the secrets that they know us by.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{DestinationId, WebhookId};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    StoreError, Tx,
    connection::each,
    keys::storable,
    names::names,
    schema::{webhook_deliveries as deliveries, webhooks},
    types::{Id, Instant},
};

/// The webhook that the hooks of assets are signed by. It has no URL: each asset names its own.
pub const ASSET_HOOKS: WebhookId = WebhookId(Uuid::from_u128(1));

names! {
    /// Whether a webhook is told.
    pub enum WebhookState in "webhooks.state" {
        /// It is.
        Active = "active",
        /// A person has stopped it.
        Paused = "paused",
        /// It failed too long, or asked not to be told any more.
        SwitchedOff = "switched_off",
    }
}

/// A key that deliveries are signed with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// `whsec_…` or `whsk_…`.
    pub key: String,
    /// Until when it is used, when another has taken its place.
    pub until: Option<Timestamp>,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").field("until", &self.until).finish_non_exhaustive()
    }
}

/// Someone who wants to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// Which one.
    pub id: WebhookId,
    /// A name for people.
    pub name: String,
    /// Where to.
    pub url: String,
    /// Whether it is told.
    pub state: WebhookState,
    /// The events: `snapshot.committed`, `snapshot.*` or `*`.
    pub events: Vec<String>,
    /// For each field, the values of which an event must have one.
    pub filters: BTreeMap<String, Vec<String>>,
    /// The keys that it is signed with, newest first.
    pub secrets: Vec<Secret>,
    /// Why it was switched off.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

#[derive(Queryable)]
struct Row {
    id: Id,
    name: String,
    url: String,
    state: String,
    events: String,
    filters: String,
    secrets: String,
    reason: Option<String>,
    created_at: Instant,
    updated_at: Instant,
}

impl TryFrom<Row> for Webhook {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id: WebhookId = row.id.into();
        let corrupt = |error: serde_json::Error| StoreError::Corrupt(format!("webhook {id}: {error}"));
        Ok(Self {
            id,
            name: row.name,
            url: row.url,
            state: WebhookState::stored(&row.state)?,
            events: serde_json::from_str(&row.events).map_err(corrupt)?,
            filters: serde_json::from_str(&row.filters).map_err(corrupt)?,
            secrets: serde_json::from_str(&row.secrets).map_err(corrupt)?,
            reason: row.reason,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}

fn json(value: &impl Serialize) -> String {
    // Texts, lists and times always have a JSON form.
    serde_json::to_string(value).unwrap_or_default()
}

/// Writes a webhook. One with this id that is there already stays as it is; returns whether it is new.
///
/// # Errors
/// When the database does not answer.
pub fn insert(tx: &mut Tx, new: &Webhook) -> Result<bool, StoreError> {
    let (events, filters) = (json(&new.events), json(&new.filters));
    let row = (
        webhooks::id.eq(Id::from(new.id)),
        webhooks::name.eq(storable(&new.name)),
        webhooks::url.eq(storable(&new.url)),
        webhooks::state.eq(new.state.as_str()),
        webhooks::events.eq(storable(&events)),
        webhooks::filters.eq(storable(&filters)),
        webhooks::secrets.eq(json(&new.secrets)),
        webhooks::reason.eq(new.reason.as_deref()),
        webhooks::created_at.eq(Instant(new.created_at)),
        webhooks::updated_at.eq(Instant(new.updated_at)),
    );
    let inserted =
        each!(tx, c => diesel::insert_into(webhooks::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(inserted > 0)
}

/// Writes what a person may change of a webhook: all but its id and when it was made. False when there is
/// none with this id.
///
/// # Errors
/// When the database does not answer.
pub fn update(tx: &mut Tx, webhook: &Webhook, now: Timestamp) -> Result<bool, StoreError> {
    let (events, filters) = (json(&webhook.events), json(&webhook.filters));
    let changed = diesel::update(webhooks::table.find(Id::from(webhook.id)))
        .set((
            webhooks::name.eq(storable(&webhook.name)),
            webhooks::url.eq(storable(&webhook.url)),
            webhooks::state.eq(webhook.state.as_str()),
            webhooks::events.eq(storable(&events)),
            webhooks::filters.eq(storable(&filters)),
            webhooks::secrets.eq(json(&webhook.secrets)),
            webhooks::reason.eq(webhook.reason.as_deref()),
            webhooks::updated_at.eq(Instant(now)),
        ))
        .execute(tx.conn())?;
    Ok(changed > 0)
}

/// The webhook with this id.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
    let row = webhooks::table.find(Id::from(id)).first::<Row>(tx.conn()).optional()?;
    row.map(Webhook::try_from).transpose()
}

/// The webhooks with these ids; those that are gone are left out.
///
/// # Errors
/// When the database does not answer.
pub fn by_ids(tx: &mut Tx, ids: &BTreeSet<WebhookId>) -> Result<Vec<Webhook>, StoreError> {
    let ids: Vec<Id> = ids.iter().map(|id| Id::from(*id)).collect();
    let mut found = Vec::with_capacity(ids.len());
    for part in ids.chunks(crate::values::KEYS) {
        let rows: Vec<Row> = webhooks::table.filter(webhooks::id.eq_any(part)).load(tx.conn())?;
        found.extend(rows.into_iter().map(Webhook::try_from).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(found)
}

/// Every webhook that is told of events. There are as many as people have made: not many.
///
/// # Errors
/// When the database does not answer.
pub fn active(tx: &mut Tx) -> Result<Vec<Webhook>, StoreError> {
    let rows: Vec<Row> = webhooks::table
        .filter(webhooks::state.eq(WebhookState::Active.as_str()))
        .filter(webhooks::id.ne(Id::from(ASSET_HOOKS)))
        .order(webhooks::id.asc())
        .load(tx.conn())?;
    rows.into_iter().map(Webhook::try_from).collect()
}

/// Up to `limit` webhooks, newest first, those older than `before`.
///
/// # Errors
/// When the database does not answer.
pub fn list(tx: &mut Tx, before: Option<WebhookId>, limit: u32) -> Result<Vec<Webhook>, StoreError> {
    let mut query = webhooks::table.order(webhooks::id.desc()).limit(limit.into()).into_boxed();
    if let Some(before) = before {
        query = query.filter(webhooks::id.lt(Id::from(before)));
    }
    query.load::<Row>(tx.conn())?.into_iter().map(Webhook::try_from).collect()
}

/// Removes a webhook. What is still on its way to it is given up. False when there is none.
///
/// # Errors
/// When the database does not answer.
pub fn remove(tx: &mut Tx, id: WebhookId, now: Timestamp) -> Result<bool, StoreError> {
    let pending = deliveries::table
        .filter(deliveries::webhook_id.eq(Id::from(id)))
        .filter(deliveries::state.eq("pending"));
    diesel::update(pending)
        .set((
            deliveries::state.eq("failed"),
            deliveries::reason.eq("the webhook was removed"),
            deliveries::ended_at.eq(Instant(now)),
        ))
        .execute(tx.conn())?;
    Ok(diesel::delete(webhooks::table.find(Id::from(id))).execute(tx.conn())? > 0)
}

/// Switches a webhook off for this reason. Returns it when it was active until now.
///
/// # Errors
/// When the database does not answer.
pub fn switch_off(
    tx: &mut Tx,
    id: WebhookId,
    reason: &str,
    now: Timestamp,
) -> Result<Option<Webhook>, StoreError> {
    let active = webhooks::table
        .find(Id::from(id))
        .filter(webhooks::state.eq(WebhookState::Active.as_str()))
        .filter(webhooks::url.ne(""));
    let changed = diesel::update(active)
        .set((
            webhooks::state.eq(WebhookState::SwitchedOff.as_str()),
            webhooks::reason.eq(storable(reason)),
            webhooks::updated_at.eq(Instant(now)),
        ))
        .execute(tx.conn())?;
    if changed == 0 { Ok(None) } else { get(tx, id) }
}

/// The webhooks that something was sent to a destination for.
///
/// # Errors
/// When the database does not answer.
pub fn of_destination(tx: &mut Tx, destination: DestinationId) -> Result<Vec<WebhookId>, StoreError> {
    let ids: Vec<Id> = deliveries::table
        .filter(deliveries::destination_id.eq(Id::from(destination)))
        .filter(deliveries::state.eq("pending"))
        .select(deliveries::webhook_id)
        .distinct()
        .load(tx.conn())?;
    Ok(ids.into_iter().map(Into::into).collect())
}
