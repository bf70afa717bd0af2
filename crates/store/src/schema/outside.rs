//! The tables of assets and webhooks; `migrations/*_assets` and `*_webhooks` make them and say what the
//! columns mean.

use diesel::{allow_tables_to_appear_in_same_query, table};

table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::types::sql::{Id, Instant};

    asset_submissions (id) {
        id -> Id,
        key -> Nullable<Text>,
        digest -> Binary,
        assets -> BigInt,
        created_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::types::sql::{Id, Instant};

    assets (id) {
        id -> Id,
        submission_id -> Id,
        kind -> Text,
        provider -> Text,
        path -> Text,
        on_start -> Nullable<Text>,
        on_success -> Nullable<Text>,
        on_failure -> Nullable<Text>,
        state -> Text,
        errors -> Nullable<Text>,
        warnings -> Nullable<Text>,
        sha256 -> Nullable<Binary>,
        size -> Nullable<BigInt>,
        created_at -> Instant,
        updated_at -> Instant,
        announced_at -> Instant,
        ended_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Integer, Nullable, Text};
    use crate::types::sql::{Id, Instant};

    webhook_destinations (id) {
        id -> Id,
        origin -> Text,
        next_due_at -> Nullable<Instant>,
        leased_until -> Nullable<Instant>,
        fence -> BigInt,
        failures -> Integer,
        failing_since -> Nullable<Instant>,
        open_until -> Nullable<Instant>,
        switched_off_at -> Nullable<Instant>,
        created_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::types::sql::{Id, Instant};

    webhooks (id) {
        id -> Id,
        name -> Text,
        url -> Text,
        state -> Text,
        events -> Text,
        filters -> Text,
        secrets -> Text,
        reason -> Nullable<Text>,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{Integer, Nullable, Text};
    use crate::types::sql::{Id, Instant};

    webhook_deliveries (id) {
        id -> Id,
        destination_id -> Id,
        webhook_id -> Id,
        subject -> Nullable<Id>,
        event -> Text,
        url -> Text,
        body -> Text,
        state -> Text,
        tries -> Integer,
        reason -> Nullable<Text>,
        due_at -> Instant,
        created_at -> Instant,
        ended_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Integer, Nullable, Text};
    use crate::types::sql::{Id, Instant};

    webhook_attempts (id) {
        id -> BigInt,
        delivery_id -> Id,
        at -> Instant,
        micros -> BigInt,
        status -> Nullable<Integer>,
        error -> Nullable<Text>,
        answer -> Text,
    }
}

allow_tables_to_appear_in_same_query!(
    asset_submissions,
    assets,
    webhook_destinations,
    webhooks,
    webhook_deliveries,
    webhook_attempts
);
