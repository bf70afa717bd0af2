//! The tables of the indexers; `migrations/*_indexers` makes them and says what the columns mean.

use diesel::{allow_tables_to_appear_in_same_query, table};

use super::domain::{repositories, revisions, sources};

table! {
    use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
    use crate::types::sql::{Id, Instant};

    source_states (source_id) {
        source_id -> Id,
        visits -> Text,
        every_seconds -> Nullable<BigInt>,
        freshness_seconds -> Nullable<BigInt>,
        priority -> Integer,
        next_run_at -> Nullable<Instant>,
        waiting_until -> Nullable<Instant>,
        waiting_reason -> Nullable<Text>,
        waiting_subject -> Nullable<Id>,
        pass_began_at -> Nullable<Instant>,
        pass_calls -> BigInt,
        pass_found -> BigInt,
        pass_refused -> BigInt,
        last_began_at -> Nullable<Instant>,
        last_ended_at -> Nullable<Instant>,
        last_calls -> Nullable<BigInt>,
        last_found -> Nullable<BigInt>,
        history -> Bool,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::types::sql::{Id, Instant};

    source_failures (id) {
        id -> BigInt,
        source_id -> Id,
        subject -> Text,
        reason -> Text,
        at -> Instant,
    }
}

table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::types::sql::Id;

    page_tags (source_id, request) {
        source_id -> Id,
        request -> Text,
        tag -> Text,
        repositories -> Text,
        next_cursor -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Integer, Nullable, Text};
    use crate::types::sql::Instant;

    call_budgets (forge, token, resource) {
        forge -> Text,
        token -> Text,
        resource -> Text,
        calls_limit -> Nullable<BigInt>,
        remaining -> Nullable<BigInt>,
        reset_at -> Nullable<Instant>,
        blocked_until -> Nullable<Instant>,
        blocked_reason -> Nullable<Text>,
        strikes -> Integer,
        bad_reason -> Nullable<Text>,
        calls -> BigInt,
        updated_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{Binary, Bool, Nullable, Text};
    use crate::types::sql::{Id, Instant};

    forge_facts (repository_id) {
        repository_id -> Id,
        source_id -> Nullable<Id>,
        forge -> Text,
        forge_id -> Nullable<Text>,
        state -> Text,
        reason -> Nullable<Text>,
        moved_to -> Nullable<Id>,
        archived -> Bool,
        pushed_at -> Nullable<Instant>,
        facts -> Text,
        raw -> Nullable<Text>,
        digest -> Binary,
        first_seen_at -> Instant,
        changed_at -> Instant,
        seen_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
    use crate::types::sql::{Id, Instant};

    visit_plans (repository_id, stock_id) {
        repository_id -> Id,
        stock_id -> Id,
        source_id -> Nullable<Id>,
        state -> Text,
        lane -> Integer,
        next_at -> Instant,
        asked_again -> Bool,
        revision_id -> Nullable<Id>,
        queued_at -> Nullable<Instant>,
        visited_at -> Nullable<Instant>,
        pause_seconds -> BigInt,
        changed_at -> Nullable<Instant>,
        failures -> Integer,
        permanent -> Integer,
        visits -> Integer,
        reason -> Nullable<Text>,
    }
}

allow_tables_to_appear_in_same_query!(forge_facts, repositories);
allow_tables_to_appear_in_same_query!(visit_plans, repositories);
allow_tables_to_appear_in_same_query!(visit_plans, revisions);
allow_tables_to_appear_in_same_query!(source_states, sources);
