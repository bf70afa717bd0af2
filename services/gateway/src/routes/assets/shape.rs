//! The shapes of assets in requests and answers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::assets::{self, Findings};
use utoipa::ToSchema;
use uuid::Uuid;

/// A single file that is checked for fitness.
#[derive(Serialize, ToSchema)]
pub(super) struct Asset {
    id: Uuid,
    /// The request that brought it.
    submission: Uuid,
    /// `image`, `source` or `archive`.
    kind: String,
    /// What its bytes are found by: `local`, `object`, `web` or `upload`.
    #[schema(example = "web")]
    provider: &'static str,
    /// Where they are.
    location: String,
    /// `queued`, `in_progress`, `complete` or `failed`.
    #[schema(example = "complete")]
    state: &'static str,
    /// What is wrong with it, by key.
    errors: BTreeMap<String, Vec<String>>,
    /// What is odd about it, by key.
    warnings: BTreeMap<String, Vec<String>>,
    /// The SHA-256 of its bytes in hexadecimal, once they were read whole.
    sha256: Option<String>,
    /// How many bytes it has.
    size: Option<u64>,
    created_at: Timestamp,
    updated_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl From<assets::Asset> for Asset {
    fn from(row: assets::Asset) -> Self {
        let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            id: row.id.0,
            submission: row.submission.0,
            kind: row.kind,
            provider: row.provider.as_str(),
            location: row.path,
            state: row.state.as_str(),
            errors: row.errors,
            warnings: row.warnings,
            sha256: row.sha256.map(hex),
            size: row.size,
            created_at: row.created_at,
            updated_at: row.updated_at,
            ended_at: row.ended_at,
        }
    }
}

/// An asset that is submitted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAsset)]
pub(super) struct New {
    /// A path below a configured root, `s3://`, `gs://` or `az://` below one, `http://` or `https://`.
    #[schema(example = "https://example.org/picture.jpg")]
    pub(super) location: String,
    /// Who is told when it starts.
    pub(super) on_start: Option<String>,
    /// Who is told when it is complete.
    pub(super) on_success: Option<String>,
    /// Who is told when it has failed.
    pub(super) on_failure: Option<String>,
}

/// Assets that were accepted.
#[derive(Serialize, ToSchema)]
pub(super) struct Accepted {
    /// The asset, when it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Uuid>,
    /// `queued`; what has become of it since, when the request was sent before.
    pub(super) state: &'static str,
    /// This request.
    pub(super) submission: Uuid,
    /// How many assets it brought.
    pub(super) assets: u64,
    /// Where they are.
    pub(super) href: String,
}

/// The old shape in a list: errors are null when there are none.
#[derive(Serialize, ToSchema)]
pub(super) struct OldListed {
    id: Uuid,
    state: &'static str,
    errors: Option<Findings>,
}

impl From<assets::Asset> for OldListed {
    fn from(row: assets::Asset) -> Self {
        Self {
            id: row.id.0,
            state: row.state.as_str(),
            errors: (!row.errors.is_empty()).then_some(row.errors),
        }
    }
}

/// The old shape of one: errors only when there are some.
#[derive(Serialize, ToSchema)]
pub(super) struct OldAsset {
    id: Uuid,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Findings>,
}

impl From<assets::Asset> for OldAsset {
    fn from(row: assets::Asset) -> Self {
        let OldListed { id, state, errors } = row.into();
        Self { id, state, errors }
    }
}
