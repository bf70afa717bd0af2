//! The tables of histories; `migrations/*_histories` makes them and says what the columns mean.

use diesel::table;

use super::{domain::repositories, fetching::held_heads};

table! {
    use diesel::sql_types::{BigInt, Binary, Bool, Double, Nullable, Text};
    use crate::types::sql::{Id, Instant};

    histories (repository_id) {
        repository_id -> Id,
        tip -> Nullable<Binary>,
        commits -> BigInt,
        is_cut -> Bool,
        merges -> BigInt,
        features -> BigInt,
        fixes -> BigInt,
        configs -> BigInt,
        unclassified -> BigInt,
        chars -> BigInt,
        words -> BigInt,
        fog -> Double,
        writer -> Nullable<Id>,
        error_kind -> Nullable<Text>,
        error_reason -> Nullable<Text>,
        updated_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Double, Integer, Nullable, Text};
    use crate::types::sql::Id;

    commits (repository_id, position) {
        repository_id -> Id,
        position -> BigInt,
        oid -> Binary,
        parents -> Binary,
        parent_count -> BigInt,
        author_name -> Text,
        author_email -> Text,
        authored_at -> Nullable<BigInt>,
        author_offset -> Integer,
        committer_name -> Text,
        committer_email -> Text,
        committed_at -> Nullable<BigInt>,
        committer_offset -> Integer,
        message -> Text,
        message_bytes -> BigInt,
        kind -> Text,
        chars -> BigInt,
        words -> BigInt,
        mean_word_length -> Double,
        fog -> Double,
    }
}

diesel::allow_tables_to_appear_in_same_query!(histories, repositories);
diesel::allow_tables_to_appear_in_same_query!(histories, held_heads);
