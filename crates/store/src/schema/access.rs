//! API keys, answers that are given again, and events.

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Id, Instant};

    api_keys (id) {
        id -> Id,
        digest -> Binary,
        prefix -> Text,
        name -> Text,
        scopes -> Text,
        rate_per_minute -> Nullable<BigInt>,
        daily_quota -> Nullable<BigInt>,
        created_at -> Instant,
        expires_at -> Nullable<Instant>,
        revoked_at -> Nullable<Instant>,
        parent_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Id, Instant};

    idempotency (key_id, token) {
        key_id -> Id,
        token -> Text,
        fingerprint -> Binary,
        status -> Nullable<Integer>,
        headers -> Text,
        body -> Binary,
        begun_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::Instant;

    events (seq) {
        seq -> BigInt,
        message_id -> Text,
        kind -> Text,
        time -> Instant,
        body -> Text,
    }
}
