//! Keys: made, listed, rotated, revoked; and who is asking.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::CACHE_CONTROL,
    post,
    web::{self, Path},
};
use contracts::{Failure, KeyId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::{
    Tx,
    api_keys::{self, ApiKey, NewKey, Scope as StoredScope, SecretKey},
};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{Answer, found};
use crate::{
    access::{Caller, REVOKED_AFTER},
    context::Shared,
    error::Problem,
    error_docs::{Changing, Finding, Listing, Making},
    extract::{IfSaid, Json},
    paging::{List, Page, Paging},
};

/// The longest name.
const NAME: usize = 200;
/// The longest time that an old key goes on beside the new one: a week.
const GRACE: u32 = 7 * 86_400;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(create).service(one).service(rotate).service(revoke).service(caller);
}

/// What a key may do.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Scope {
    /// Read everything but keys and usage.
    Read,
    /// Hand in repositories and files.
    Submit,
    /// Decide: sources, runs, commits, cancellations, replays; and all that `read` and `submit` allow.
    Operate,
    /// Everything, keys and usage included.
    Admin,
}

impl From<StoredScope> for Scope {
    fn from(scope: StoredScope) -> Self {
        match scope {
            StoredScope::Read => Self::Read,
            StoredScope::Submit => Self::Submit,
            StoredScope::Operate => Self::Operate,
            StoredScope::Admin => Self::Admin,
        }
    }
}

impl From<Scope> for StoredScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Submit => Self::Submit,
            Scope::Operate => Self::Operate,
            Scope::Admin => Self::Admin,
        }
    }
}

/// A key, without what makes it one.
#[derive(Serialize, ToSchema)]
struct Key {
    id: Uuid,
    /// How its text begins, by which a person recognises it.
    #[schema(example = "stk_7qk3mzxa")]
    prefix: String,
    /// For people.
    #[schema(example = "nightly report")]
    name: String,
    scopes: Vec<Scope>,
    /// Requests a minute; null when the usual number holds, 0 when there is no limit.
    #[schema(required)]
    rate_per_minute: Option<u32>,
    /// Requests a day (UTC); null when the usual number holds, 0 when there is no limit.
    #[schema(required)]
    daily_quota: Option<u64>,
    created_at: Timestamp,
    /// From when on it is worth nothing.
    #[schema(required)]
    expires_at: Option<Timestamp>,
    /// Since when it is worth nothing.
    #[schema(required)]
    revoked_at: Option<Timestamp>,
}

impl From<ApiKey> for Key {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.0,
            prefix: key.prefix,
            name: key.name,
            scopes: key.scopes.into_iter().map(Scope::from).collect(),
            rate_per_minute: key.rate_per_minute,
            daily_quota: key.daily_quota,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// A key that was made.
#[derive(Serialize, ToSchema)]
struct MadeKey {
    #[serde(flatten)]
    key: Key,
    /// The key itself. It is told here and nowhere else.
    #[schema(example = "stk_7qk3mzxa_…")]
    secret: String,
}

/// What a key is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewKey)]
struct New {
    /// For people.
    #[schema(min_length = 1, max_length = 200, example = "nightly report")]
    name: String,
    #[schema(min_items = 1)]
    scopes: Vec<Scope>,
    /// Requests a minute; the usual number when it is not said, 0 for no limit.
    rate_per_minute: Option<u32>,
    /// Requests a day (UTC); the usual number when it is not said, 0 for no limit.
    daily_quota: Option<u64>,
    /// From when on it is worth nothing.
    expires_at: Option<Timestamp>,
}

/// How a key is to be rotated.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRotation {
    /// For how many seconds the old key goes on; 0 when it is not said.
    #[serde(default)]
    #[schema(maximum = 604_800)]
    grace_seconds: u32,
}

/// Who is asking.
#[derive(Serialize, ToSchema)]
#[schema(as = Caller)]
struct Told {
    /// The key; null for whoever has none.
    #[schema(required)]
    key: Option<Key>,
    /// What the caller may do.
    scopes: Vec<Scope>,
}

/// Lists keys, newest first.
#[utoipa::path(tag = "keys", params(Paging), security(("key" = ["admin"])), responses(
    (status = 200, description = "A page of keys", body = Page<Key>), Listing))]
#[get("/keys")]
async fn list(context: Shared, asked: List<Uuid>) -> Result<HttpResponse, Problem> {
    let read = |tx: &mut Tx, before: Option<Uuid>, wanted| api_keys::list(tx, before.map(KeyId), wanted);
    asked.pages.by_one_statement().answer::<_, Key>(context, |row| row.id.0, read).await
}

/// Makes a key. Its text is in this answer and kept nowhere.
#[utoipa::path(tag = "keys", request_body = New, security(("key" = ["admin"])), responses(
    (status = 201, description = "The key, made", body = MadeKey,
        headers(("Location" = String, description = "Where it is"))), Making))]
#[post("/keys")]
async fn create(context: Shared, body: Json<New>) -> Result<HttpResponse, Problem> {
    let New { name, scopes, rate_per_minute, daily_quota, expires_at } = body.0;
    if name.trim().is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
        return Err(Problem::invalid(
            "name",
            format!("it has 1 to {NAME} characters, none of them for control"),
        ));
    }
    if scopes.is_empty() {
        return Err(Problem::invalid("scopes", "a key without a scope may do nothing; name one"));
    }
    let now = context.now();
    if expires_at.is_some_and(|end| end <= now) {
        return Err(Problem::invalid("expires_at", "it is past already"));
    }
    let scopes = scopes.into_iter().map(StoredScope::from).collect();
    let new = NewKey { name, scopes, rate_per_minute, daily_quota, expires_at };
    let made = context.engine.store.write(move |tx| api_keys::create(tx, &new, now)).await?;
    Ok(told_once(made))
}

fn told_once((key, secret): (ApiKey, SecretKey)) -> HttpResponse {
    let location = format!("/api/v1/keys/{}", key.id);
    let made = MadeKey { key: key.into(), secret: secret.expose().to_owned() };
    HttpResponse::Created()
        .insert_header(("Location", location))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(made)
}

/// One key.
#[utoipa::path(tag = "keys", params(("id" = Uuid, Path, description = "The key's id")),
    security(("key" = ["admin"])), responses((status = 200, description = "The key", body = Key), Finding))]
#[get("/keys/{id}")]
async fn one(context: Shared, id: Path<Uuid>) -> Answer<Key> {
    let id = KeyId(*id);
    found(&context, ("key", id), move |tx| api_keys::get(tx, id)).await
}

/// Makes a key that may do what this one may, and ends this one.
#[utoipa::path(tag = "keys", params(("id" = Uuid, Path, description = "The key's id")),
    request_body = Option<NewRotation>, security(("key" = ["admin"])), responses(
    (status = 201, description = "The new key", body = MadeKey,
        headers(("Location" = String, description = "Where it is"))), Changing))]
#[post("/keys/{id}/rotate")]
async fn rotate(context: Shared, id: Path<Uuid>, body: IfSaid<NewRotation>) -> Result<HttpResponse, Problem> {
    let (id, now) = (KeyId(*id), context.now());
    if body.0.grace_seconds > GRACE {
        return Err(Problem::invalid("grace_seconds", format!("the most is {GRACE}")));
    }
    let until = now + SignedDuration::from_secs(body.0.grace_seconds.into());
    let made = context.engine.store.write(move |tx| api_keys::rotate(tx, id, until, now)).await?;
    context.keys.forget();
    Ok(told_once(made))
}

/// Ends a key.
///
/// This gateway refuses it from now on, and every other within half a minute. Revoking it again changes
/// nothing.
#[utoipa::path(tag = "keys", params(("id" = Uuid, Path, description = "The key's id")),
    security(("key" = ["admin"])), responses(
    (status = 200, description = "The key as it is now", body = Key), Changing))]
#[post("/keys/{id}/revoke")]
async fn revoke(context: Shared, id: Path<Uuid>) -> Answer<Key> {
    let (id, now) = (KeyId(*id), context.now());
    let key =
        context.engine.store.write(move |tx| api_keys::revoke(tx, id, now).map_err(Failure::from)).await?;
    context.keys.forget();
    tracing::info!(key = key.prefix, elsewhere_after = ?REVOKED_AFTER, "key revoked");
    Ok(web::Json(key.into()))
}

/// Who is asking, and what that one may do.
#[utoipa::path(tag = "keys", responses((status = 200, description = "The caller", body = Told), Listing))]
#[get("/caller")]
async fn caller(context: Shared, request: HttpRequest) -> Answer<Told> {
    let key = Caller::of(&request).and_then(|caller| caller.key);
    let scopes = match &key {
        Some(key) => key.scopes.iter().copied().map(Scope::from).collect(),
        None if context.anonymous_reads => vec![Scope::Read],
        None => Vec::new(),
    };
    Ok(web::Json(Told { key: key.map(|key| Key::from(ApiKey::clone(&key))), scopes }))
}
