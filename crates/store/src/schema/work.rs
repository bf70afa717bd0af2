//! Inbox, outbox, tasks, set-aside messages and schedules.

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::Instant;

    inbox (service, message_id) {
        service -> Text,
        message_id -> Text,
        handled_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::Instant;

    outbox (id) {
        id -> BigInt,
        message_id -> Text,
        source -> Text,
        kind -> Text,
        time -> Instant,
        traceparent -> Nullable<Text>,
        lane -> Text,
        attempt -> Integer,
        body -> Binary,
        due_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Id, Instant};

    tasks (id) {
        id -> Id,
        kind -> Text,
        subject -> Id,
        label -> Text,
        lane -> Text,
        state -> Text,
        attempt -> Integer,
        fence -> BigInt,
        owner -> Nullable<Text>,
        lease_until -> Nullable<Instant>,
        not_before -> Nullable<Instant>,
        progress_done -> BigInt,
        progress_total -> BigInt,
        cancel_requested -> Bool,
        error_kind -> Nullable<Text>,
        error_reason -> Nullable<Text>,
        wake_kind -> Text,
        wake_body -> Text,
        woken_at -> Instant,
        created_at -> Instant,
        started_at -> Nullable<Instant>,
        finished_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Id, Instant};

    set_aside (id) {
        id -> Id,
        service -> Text,
        message_key -> Text,
        queue -> Text,
        message_id -> Text,
        routing_key -> Text,
        headers -> Text,
        body -> Binary,
        error_kind -> Text,
        error_reason -> Text,
        tries -> BigInt,
        first_at -> Instant,
        last_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::Instant;

    schedules (name) {
        name -> Text,
        taken_at -> Instant,
    }
}
