//! The tables of the domain; `migrations/*_domain` makes them and says what the columns mean.

use diesel::{allow_tables_to_appear_in_same_query, table};

use super::auditing::{audit_parts, finding_overrides, findings, stock_versions, tree_pages};

table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::types::sql::{Id, Instant};

    stocks (id) {
        id -> Id,
        name -> Text,
        version -> BigInt,
        created_at -> Instant,
        policy -> Text,
        policy_version -> BigInt,
        oldest_version -> BigInt,
    }
}

table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::types::sql::{Id, Instant};

    sources (id) {
        id -> Id,
        kind -> Text,
        name -> Text,
        params -> Text,
        stock_id -> Id,
        state -> Text,
        cursor -> Nullable<Text>,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::types::sql::{Id, Instant};

    repositories (id) {
        id -> Id,
        url -> Text,
        name -> Text,
        created_at -> Instant,
        last_revision_id -> Nullable<Id>,
        last_commit -> Nullable<Binary>,
        last_tree_id -> Nullable<BigInt>,
        last_visited_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use crate::types::sql::{Id, Instant};

    snapshots (id) {
        id -> Id,
        stock_id -> Id,
        source_id -> Nullable<Id>,
        state -> Text,
        auto_commit -> Bool,
        repair_id -> Nullable<Id>,
        created_at -> Instant,
        indexed_at -> Nullable<Instant>,
        ready_at -> Nullable<Instant>,
        audited_at -> Nullable<Instant>,
        ended_at -> Nullable<Instant>,
        stock_version -> Nullable<BigInt>,
        origin -> Text,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
    use crate::types::sql::{Id, Instant};

    revisions (id) {
        id -> Id,
        snapshot_id -> Id,
        repository_id -> Id,
        state -> Text,
        force -> Bool,
        pinned_commit -> Nullable<Binary>,
        commit_id -> Nullable<Binary>,
        tree_id -> Nullable<BigInt>,
        unchanged -> Bool,
        error_kind -> Nullable<Text>,
        error_reason -> Nullable<Text>,
        nodes -> BigInt,
        bytes -> BigInt,
        contents -> BigInt,
        to_analyze -> BigInt,
        analyzed -> BigInt,
        failed -> BigInt,
        batches_total -> BigInt,
        batches_done -> BigInt,
        repair_id -> Nullable<Id>,
        created_at -> Instant,
        fetched_at -> Nullable<Instant>,
        ended_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary};
    use crate::types::sql::{Id, Instant};

    tree_drafts (id) {
        id -> BigInt,
        oid -> Binary,
        revision_id -> Id,
        created_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary};

    trees (id) {
        id -> BigInt,
        oid -> Binary,
        nodes -> BigInt,
        bytes -> BigInt,
        contents -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer};

    nodes (tree_id, path) {
        tree_id -> BigInt,
        path -> Binary,
        mode -> Integer,
        oid -> Binary,
        size -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};

    tree_summaries (tree_id, fingerprint) {
        tree_id -> BigInt,
        fingerprint -> Text,
        summary -> Text,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::types::sql::Instant;

    packs (id) {
        id -> BigInt,
        name -> Text,
        bytes -> BigInt,
        contents -> BigInt,
        created_at -> Instant,
        content_bytes -> BigInt,
        state -> Text,
        round_id -> Nullable<BigInt>,
        condemned_at -> Nullable<Instant>,
        verified_at -> Nullable<Instant>,
        damage -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Bool};
    use crate::types::sql::Instant;

    depot_rounds (id) {
        id -> BigInt,
        sealed -> Bool,
        begun_at -> Instant,
    }
}

table! {
    use diesel::sql_types::BigInt;
    use crate::types::sql::Id;

    depot_waits (round_id, task_id) {
        round_id -> BigInt,
        task_id -> Id,
        fence -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};

    contents (id) {
        id -> BigInt,
        oid -> Binary,
        sha256 -> Nullable<Binary>,
        size -> BigInt,
        state -> Text,
        pack_id -> Nullable<BigInt>,
        pack_offset -> BigInt,
        pack_length -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Integer, Nullable, Text};

    metrics (content_id, hint, analyzer, version) {
        content_id -> BigInt,
        hint -> Text,
        analyzer -> Text,
        version -> Integer,
        outcome -> Text,
        reason -> Nullable<Text>,
        result -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use crate::types::sql::{Id, Instant};

    batches (id) {
        id -> Id,
        revision_id -> Nullable<Id>,
        repair_id -> Nullable<Id>,
        state -> Text,
        force -> Bool,
        items -> Text,
        contents -> BigInt,
        bytes -> BigInt,
        lane -> Text,
        created_at -> Instant,
        announced_at -> Instant,
        ended_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable};
    use crate::types::sql::Id;

    stock_entries (stock_id, repository_id, since) {
        stock_id -> Id,
        repository_id -> Id,
        since -> BigInt,
        until -> Nullable<BigInt>,
        revision_id -> Id,
        tree_id -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::types::sql::{Id, Instant};

    audits (id) {
        id -> Id,
        snapshot_id -> Id,
        stock_id -> Id,
        stock_version -> BigInt,
        task_id -> Id,
        state -> Text,
        new -> BigInt,
        modified -> BigInt,
        removed -> BigInt,
        unchanged -> BigInt,
        created_at -> Instant,
        finished_at -> Nullable<Instant>,
        moved -> BigInt,
        attributes -> BigInt,
        kept -> BigInt,
        repositories -> BigInt,
        repositories_failed -> BigInt,
        findings_info -> BigInt,
        findings_warn -> BigInt,
        findings_block -> BigInt,
        policy -> Text,
        policy_version -> BigInt,
        analyzers -> Text,
        auditor -> Text,
        report_digest -> Nullable<Text>,
        error_kind -> Nullable<Text>,
        error_reason -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::types::sql::{Id, Instant};

    repairs (id) {
        id -> Id,
        message_id -> Text,
        action -> Text,
        subject -> Text,
        state -> Text,
        reason -> Nullable<Text>,
        note -> Nullable<Text>,
        requested_at -> Instant,
        ended_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::types::sql::{Id, Instant};

    notifications (id) {
        id -> Id,
        kind -> Text,
        subject -> Nullable<Id>,
        text -> Text,
        body -> Text,
        created_at -> Instant,
        read_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::types::sql::Instant;

    back_fills (fingerprint) {
        fingerprint -> Text,
        after_content -> BigInt,
        begun_at -> Instant,
        ended_at -> Nullable<Instant>,
    }
}

allow_tables_to_appear_in_same_query!(
    stocks,
    sources,
    repositories,
    snapshots,
    revisions,
    tree_drafts,
    trees,
    nodes,
    tree_summaries,
    packs,
    contents,
    metrics,
    batches,
    stock_entries,
    audits,
    repairs,
    notifications,
    audit_parts,
    findings,
    finding_overrides,
    stock_versions,
    tree_pages
);
