//! The shapes of webhooks in requests and answers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::webhooks::subscriptions::{self, WebhookState};
use utoipa::ToSchema;
use uuid::Uuid;

/// An event that webhooks can be told of.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookEvent)]
pub(super) struct Event {
    #[schema(example = "snapshot.committed")]
    pub(super) name: &'static str,
    /// What it says.
    pub(super) meaning: &'static str,
}

/// Someone who is told over HTTP. Its keys are never shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct Webhook {
    id: Uuid,
    name: String,
    url: String,
    /// `active`, `paused`, or `switched_off` when it failed too long or asked not to be told any more.
    #[schema(example = "active")]
    state: &'static str,
    /// The events it is told of.
    events: Vec<String>,
    /// For each field of an event's data, the values of which it must have one.
    filters: BTreeMap<String, Vec<String>>,
    /// How many keys it is signed with: two while one takes the place of the other.
    keys: usize,
    /// Why it was switched off.
    reason: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<subscriptions::Webhook> for Webhook {
    fn from(row: subscriptions::Webhook) -> Self {
        Self {
            id: row.id.0,
            name: row.name,
            url: row.url,
            state: row.state.as_str(),
            events: row.events,
            filters: row.filters,
            keys: row.secrets.len(),
            reason: row.reason,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// How the two sides know each other.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookScheme)]
pub(super) enum Scheme {
    /// HMAC-SHA256 under a secret that both know.
    #[default]
    Shared,
    /// ed25519: the receiver knows a public key.
    Asymmetric,
}

/// A webhook that is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhook)]
pub(super) struct New {
    /// For people; the URL when absent.
    pub(super) name: Option<String>,
    #[schema(example = "https://example.org/hook")]
    pub(super) url: String,
    /// Events, `subject.*` or `*`.
    #[schema(example = json!(["snapshot.*", "task.failed"]))]
    pub(super) events: Vec<String>,
    /// For each field of an event's data, the values of which it must have one.
    #[serde(default)]
    #[schema(example = json!({ "stock_name": ["default"] }))]
    pub(super) filters: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    #[schema(inline)]
    pub(super) scheme: Scheme,
}

/// Whether a webhook is told.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookWanted)]
pub(super) enum Wanted {
    /// It is.
    Active,
    /// It is not told of what happens from now on.
    Paused,
}

impl From<Wanted> for WebhookState {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Active => Self::Active,
            Wanted::Paused => Self::Paused,
        }
    }
}

/// What a webhook is to be from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookChange)]
pub(super) struct Change {
    /// For people; the URL when absent.
    pub(super) name: Option<String>,
    pub(super) url: String,
    /// Events, `subject.*` or `*`.
    pub(super) events: Vec<String>,
    /// For each field of an event's data, the values of which it must have one.
    #[serde(default)]
    pub(super) filters: BTreeMap<String, Vec<String>>,
    /// Whether it is told; as it was when absent.
    #[schema(inline)]
    pub(super) state: Option<Wanted>,
}

/// Whether a webhook is told from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookNewState)]
pub(super) struct NewState {
    #[schema(inline)]
    pub(super) state: Wanted,
}

/// How a key is replaced.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookRotation)]
pub(super) struct Rotate {
    #[serde(default)]
    #[schema(inline)]
    pub(super) scheme: Scheme,
    /// For how many hours the old key is used beside the new one.
    #[schema(minimum = 0, maximum = 720, default = 24)]
    pub(super) overlap_hours: Option<u32>,
}

/// A webhook with what the receiver needs for verifying. It is shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookMade)]
pub(super) struct Made {
    pub(super) webhook: Webhook,
    /// `whsec_…`, the shared secret, or `whpk_…`, the public key.
    pub(super) secret: String,
}

/// What is told again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookReplay)]
pub(super) struct Replay {
    /// What was said since then.
    pub(super) since: Timestamp,
    /// Also what was delivered, not only what was given up.
    #[serde(default)]
    pub(super) all: bool,
}

/// What is on its way again.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookReplayed)]
pub(super) struct Replayed {
    /// How many deliveries; at most 10,000 for one request.
    pub(super) deliveries: usize,
}
