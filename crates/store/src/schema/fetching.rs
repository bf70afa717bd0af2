//! The tables of fetching; `migrations/*_fetching` makes them and says what the columns mean.

use diesel::table;

use super::domain::trees;

table! {
    use diesel::sql_types::Binary;

    folders (oid) {
        oid -> Binary,
        data -> Binary,
    }
}

table! {
    use diesel::sql_types::Binary;

    folder_links (child, parent) {
        child -> Binary,
        parent -> Binary,
    }
}

table! {
    use diesel::sql_types::Binary;

    folders_going (oid) {
        oid -> Binary,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Text};
    use crate::types::sql::{Id, Instant};

    held_heads (repository_id) {
        repository_id -> Id,
        slug -> Text,
        commit_id -> Binary,
        tree_id -> BigInt,
        tree_oid -> Binary,
        seen_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Text};

    lfs_pointers (oid) {
        oid -> Binary,
        target -> Text,
        size -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::types::sql::{Id, Instant};

    repository_failures (repository_id) {
        repository_id -> Id,
        in_a_row -> BigInt,
        error_kind -> Text,
        error_reason -> Text,
        failed_at -> Instant,
        rests_until -> Nullable<Instant>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(folders, held_heads, trees);
