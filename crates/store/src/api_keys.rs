//! API keys: who may use the gateway, and for what. Of a key only its digest is kept.
//!
//! A person who signs in at a page gets a session: a key that is made of another one, may do what that one
//! may, and ends with it.

mod secret;

use contracts::KeyId;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable,
    RunQueryDsl, Selectable, SelectableHelper,
};
use jiff::Timestamp;

pub use secret::{KeyDigest, SecretKey};

use crate::{
    StoreError, Tx,
    keys::storable,
    names::names,
    schema::api_keys,
    types::{Id, Instant},
    values::{from_db, to_db},
};

names! {
    /// What a key may do.
    pub enum Scope in "api_keys.scopes" {
        /// Read everything but keys and usage.
        Read = "read",
        /// Hand in repositories and files.
        Submit = "submit",
        /// Decide: sources, runs, commits, cancellations, replays. With it goes all that read and submit allow.
        Operate = "operate",
        /// Everything, keys and usage included.
        Admin = "admin",
    }
}

impl Scope {
    /// Whether having this scope is enough where `wanted` is asked for.
    pub const fn covers(self, wanted: Self) -> bool {
        match self {
            Self::Admin => true,
            Self::Operate => !matches!(wanted, Self::Admin),
            Self::Submit => matches!(wanted, Self::Submit),
            Self::Read => matches!(wanted, Self::Read),
        }
    }
}

/// A key, without what makes it one.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiKey {
    /// Which one.
    pub id: KeyId,
    /// How its text begins, by which a person recognises it.
    pub prefix: String,
    /// Its name, for people.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Requests of one minute; none when the usual number holds, 0 when there is no limit.
    pub rate_per_minute: Option<u32>,
    /// Requests of one day (UTC); none when the usual number holds, 0 when there is no limit.
    pub daily_quota: Option<u64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is worth nothing.
    pub expires_at: Option<Timestamp>,
    /// Since when it is worth nothing.
    pub revoked_at: Option<Timestamp>,
    /// The key that a session was made of.
    pub parent: Option<KeyId>,
}

impl ApiKey {
    /// Whether it may do what asks for `wanted`.
    pub fn may(&self, wanted: Scope) -> bool {
        self.scopes.iter().any(|scope| scope.covers(wanted))
    }

    /// The key whose limits it uses up: a session uses those of the key that it was made of.
    pub fn account(&self) -> KeyId {
        self.parent.unwrap_or(self.id)
    }
}

/// A key that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewKey {
    /// Its name, for people.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Requests of one minute; none for the usual number, 0 for no limit.
    pub rate_per_minute: Option<u32>,
    /// Requests of one day; none for the usual number, 0 for no limit.
    pub daily_quota: Option<u64>,
    /// From when on it is worth nothing.
    pub expires_at: Option<Timestamp>,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
struct Row {
    id: Id,
    prefix: String,
    name: String,
    scopes: String,
    rate_per_minute: Option<i64>,
    daily_quota: Option<i64>,
    created_at: Instant,
    expires_at: Option<Instant>,
    revoked_at: Option<Instant>,
    parent_id: Option<Id>,
}

impl TryFrom<Row> for ApiKey {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let scopes: Result<_, _> =
            row.scopes.split(',').filter(|name| !name.is_empty()).map(Scope::stored).collect();
        Ok(Self {
            id: row.id.into(),
            prefix: row.prefix,
            name: row.name,
            scopes: scopes?,
            rate_per_minute: row.rate_per_minute.map(|rate| u32::try_from(rate).unwrap_or(u32::MAX)),
            daily_quota: row.daily_quota.map(from_db),
            created_at: row.created_at.into(),
            expires_at: row.expires_at.map(Into::into),
            revoked_at: row.revoked_at.map(Into::into),
            parent: row.parent_id.map(Into::into),
        })
    }
}

/// Makes a key. Its text is returned here and nowhere else.
///
/// # Errors
/// When the database does not answer, or the system has no random numbers.
pub fn create(tx: &mut Tx, new: &NewKey, now: Timestamp) -> Result<(ApiKey, SecretKey), StoreError> {
    insert(tx, new, None, now)
}

/// Makes a session of a key: for whoever signed in with it, until `expires_at`. Sessions that have ended
/// are removed on the way.
///
/// # Errors
/// As [`create`].
pub fn begin_session(
    tx: &mut Tx,
    of: &ApiKey,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<SecretKey, StoreError> {
    diesel::delete(
        api_keys::table
            .filter(api_keys::parent_id.is_not_null())
            .filter(api_keys::expires_at.le(Instant(now)).or(api_keys::revoked_at.is_not_null())),
    )
    .execute(tx.conn())?;
    let expires_at = of.expires_at.map_or(expires_at, |end| end.min(expires_at));
    let new = NewKey {
        name: format!("session of {}", of.name),
        scopes: of.scopes.clone(),
        rate_per_minute: of.rate_per_minute,
        daily_quota: of.daily_quota,
        expires_at: Some(expires_at),
    };
    insert(tx, &new, Some(of.account()), now).map(|(_, secret)| secret)
}

fn insert(
    tx: &mut Tx,
    new: &NewKey,
    parent: Option<KeyId>,
    now: Timestamp,
) -> Result<(ApiKey, SecretKey), StoreError> {
    let secret = SecretKey::new()?;
    let mut scopes = new.scopes.clone();
    scopes.sort_unstable();
    scopes.dedup();
    let row = || Row {
        id: KeyId::new().into(),
        prefix: secret.prefix().to_owned(),
        name: storable(&new.name).into_owned(),
        scopes: scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(","),
        rate_per_minute: new.rate_per_minute.map(i64::from),
        daily_quota: new.daily_quota.map(to_db),
        created_at: now.into(),
        expires_at: new.expires_at.map(Instant),
        revoked_at: None,
        parent_id: parent.map(Id::from),
    };
    let row = row();
    let id = row.id;
    let digest = api_keys::digest.eq(secret.digest().0.to_vec());
    diesel::insert_into(api_keys::table).values((digest, row)).execute(tx.conn())?;
    let key = get(tx, id.into())?.ok_or_else(|| StoreError::NotFound("the key is gone".to_owned()))?;
    Ok((key, secret))
}

/// The key with this digest. A session whose key was revoked counts as revoked.
///
/// # Errors
/// When the database does not answer.
pub fn by_digest(tx: &mut Tx, digest: &KeyDigest) -> Result<Option<ApiKey>, StoreError> {
    let row: Option<Row> = api_keys::table
        .filter(api_keys::digest.eq(digest.0.to_vec()))
        .select(Row::as_select())
        .first(tx.conn())
        .optional()?;
    let Some(mut key) = row.map(ApiKey::try_from).transpose()? else { return Ok(None) };
    if let Some(parent) = key.parent {
        let Some(parent) = get(tx, parent)? else { return Ok(None) };
        key.revoked_at = key.revoked_at.or(parent.revoked_at);
    }
    Ok(Some(key))
}

/// The key with this id.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, id: KeyId) -> Result<Option<ApiKey>, StoreError> {
    let row: Option<Row> =
        api_keys::table.find(Id::from(id)).select(Row::as_select()).first(tx.conn()).optional()?;
    row.map(ApiKey::try_from).transpose()
}

/// Up to `limit` keys, newest first, those older than `before`. Sessions are left out.
///
/// # Errors
/// When the database does not answer.
pub fn list(tx: &mut Tx, before: Option<KeyId>, limit: u32) -> Result<Vec<ApiKey>, StoreError> {
    let mut query = api_keys::table
        .filter(api_keys::parent_id.is_null())
        .order(api_keys::id.desc())
        .limit(limit.into())
        .select(Row::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(api_keys::id.lt(Id::from(before)));
    }
    let rows: Vec<Row> = query.load(tx.conn())?;
    rows.into_iter().map(ApiKey::try_from).collect()
}

/// Whether there is any key at all.
///
/// # Errors
/// When the database does not answer.
pub fn any(tx: &mut Tx) -> Result<bool, StoreError> {
    Ok(!list(tx, None, 1)?.is_empty())
}

/// Makes a key worth nothing from `now` on, and the sessions that were made of it. Revoking it again
/// changes nothing.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such key; when the database does not answer.
pub fn revoke(tx: &mut Tx, id: KeyId, now: Timestamp) -> Result<ApiKey, StoreError> {
    let gone = || StoreError::NotFound(format!("there is no key {id}"));
    get(tx, id)?.ok_or_else(gone)?;
    let these = api_keys::id.eq(Id::from(id)).or(api_keys::parent_id.eq(Id::from(id)));
    diesel::update(api_keys::table.filter(these).filter(api_keys::revoked_at.is_null()))
        .set(api_keys::revoked_at.eq(Instant(now)))
        .execute(tx.conn())?;
    get(tx, id)?.ok_or_else(gone)
}

/// Makes a key that may do what this one may, and lets this one end at `until`, so that whoever uses it has
/// the time to change over.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such key; [`StoreError::Conflict`] when it is worth nothing
/// any more; as [`create`].
pub fn rotate(
    tx: &mut Tx,
    id: KeyId,
    until: Timestamp,
    now: Timestamp,
) -> Result<(ApiKey, SecretKey), StoreError> {
    let old = get(tx, id)?.ok_or_else(|| StoreError::NotFound(format!("there is no key {id}")))?;
    if old.revoked_at.is_some() || old.expires_at.is_some_and(|end| end <= now) {
        let text = format!("key {id} is revoked or has expired; make a new one instead");
        return Err(StoreError::Conflict(text));
    }
    let new = NewKey {
        name: old.name.clone(),
        scopes: old.scopes.clone(),
        rate_per_minute: old.rate_per_minute,
        daily_quota: old.daily_quota,
        expires_at: old.expires_at,
    };
    let made = create(tx, &new, now)?;
    let until = old.expires_at.map_or(until, |end| end.min(until));
    let these = api_keys::id.eq(Id::from(id)).or(api_keys::parent_id.eq(Id::from(id)));
    diesel::update(api_keys::table.filter(these))
        .set(api_keys::expires_at.eq(Instant(until)))
        .execute(tx.conn())?;
    Ok(made)
}
