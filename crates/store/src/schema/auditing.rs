//! The tables of what audits found and people decided; `migrations/*_audits` makes them.

use diesel::table;

table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::types::sql::Id;

    audit_parts (audit_id, url) {
        audit_id -> Id,
        url -> Text,
        repository_id -> Id,
        revision_id -> Id,
        old_tree -> Nullable<BigInt>,
        since -> Nullable<BigInt>,
        new_tree -> BigInt,
        result_tree -> BigInt,
        new -> BigInt,
        modified -> BigInt,
        removed -> BigInt,
        moved -> BigInt,
        attributes -> BigInt,
        kept -> BigInt,
        unchanged -> BigInt,
        digest -> Binary,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::types::sql::Id;

    findings (id) {
        id -> BigInt,
        audit_id -> Id,
        repository_id -> Id,
        url -> Text,
        path -> Binary,
        oid -> Binary,
        check_id -> Text,
        code -> Text,
        level -> Text,
        message -> Text,
        line -> Nullable<BigInt>,
        key -> Binary,
    }
}

table! {
    use diesel::sql_types::{Binary, Text};
    use crate::types::sql::{Id, Instant};

    finding_overrides (snapshot_id, key) {
        snapshot_id -> Id,
        key -> Binary,
        reason -> Text,
        person -> Text,
        created_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::types::sql::{Id, Instant};

    stock_versions (stock_id, version) {
        stock_id -> Id,
        version -> BigInt,
        snapshot_id -> Id,
        audit_id -> Id,
        auditor -> Text,
        analyzers -> Text,
        report_digest -> Text,
        entries -> BigInt,
        committed_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary};

    tree_pages (tree_id, seq) {
        tree_id -> BigInt,
        seq -> BigInt,
        first_path -> Binary,
        nodes -> BigInt,
        digest -> Binary,
        body -> Binary,
    }
}
