//! A node as the API shows it.

use std::collections::BTreeMap;

use contracts::{Oid, RepositoryId};
use serde::Serialize;
use serde_json::value::RawValue;
use store::{
    metrics::{self, Outcome},
    trees::TreeContent,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::quoting::PathText;

/// The type bits of a mode.
const TYPE: u32 = 0o170_000;
/// A submodule: the node is a commit of another repository.
const SUBMODULE: u32 = 0o160_000;

/// A file, link or submodule of a repository.
#[derive(Serialize, ToSchema)]
pub(crate) struct Node {
    /// The repository's id.
    repository: Uuid,
    /// From the root, with `/`. When it is no UTF-8 it is quoted as git does, and `path_base64` is there.
    #[schema(example = "src/main.rs")]
    path: String,
    /// The bytes of a path that is no UTF-8, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    /// git's mode: `100644` and `100755` files, `120000` links, `160000` submodules.
    #[schema(example = "100644")]
    mode: String,
    /// The git id of the content, or of the commit of a submodule.
    #[schema(example = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")]
    oid: String,
    /// The `SWHID`; null for ids that are no SHA-1.
    #[schema(required, example = "swh:1:cnt:e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")]
    swhid: Option<String>,
    /// In bytes.
    size: u64,
    /// `stored`, `too_large` or `unreadable`; null for what has no bytes of its own.
    #[schema(required, example = "stored")]
    content: Option<&'static str>,
    /// What each analyzer found, by its name; one that has not been there yet is missing.
    metrics: BTreeMap<String, Metric>,
}

/// What an analyzer found in one content.
#[derive(Serialize, ToSchema)]
struct Metric {
    /// The analyzer's version.
    version: i32,
    /// `ok`, `failed` or `skipped`.
    #[schema(example = "ok")]
    outcome: &'static str,
    /// Why it failed or was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What was found; each analyzer has fields of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    result: Option<Box<RawValue>>,
}

impl Node {
    /// The node, with those of its content's metrics that its name asks for.
    pub(super) fn new(repository: RepositoryId, row: TreeContent, of_content: &[metrics::Metric]) -> Self {
        let hint = analysis::hint(&row.node.path);
        let of_name = of_content.iter().filter(|metric| metric.hint == hint);
        let metrics =
            of_name.map(|metric| (metric.analyzer.clone().into_owned(), Metric::from(metric))).collect();
        let PathText { path, base64 } = row.node.path.into();
        Self {
            repository: repository.0,
            path,
            path_base64: base64,
            mode: format!("{:06o}", row.node.mode),
            oid: row.node.oid.to_string(),
            swhid: swhid(&row.node.oid, row.node.mode),
            size: row.node.size,
            content: row.content.map(|(_, state)| state.as_str()),
            metrics,
        }
    }
}

fn swhid(oid: &Oid, mode: u32) -> Option<String> {
    if oid.as_bytes().len() != 20 {
        return None;
    }
    Some(if mode & TYPE == SUBMODULE { format!("swh:1:rev:{oid}") } else { oid.to_content_swhid() })
}

impl From<&metrics::Metric> for Metric {
    fn from(row: &metrics::Metric) -> Self {
        let (outcome, reason, result) = match &row.outcome {
            // What an analyzer wrote is JSON.
            Outcome::Ok(json) => ("ok", None, RawValue::from_string(json.clone()).ok()),
            Outcome::Failed(reason) => ("failed", Some(reason.clone()), None),
            Outcome::Skipped(reason) => ("skipped", Some(reason.clone()), None),
        };
        Self { version: row.version, outcome, reason, result }
    }
}
