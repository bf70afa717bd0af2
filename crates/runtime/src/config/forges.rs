//! `forges`: what we show forges, and what they show us.

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// What we show forges, and what they show us.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Forges {
    /// Tokens by the host of the forge's API, for instance `"api.github.com" = "TOKEN"`; several for one host with
    /// spaces between them. Their budgets are added up.
    #[schemars(extend("x-accepted" = "a text for each host"))]
    pub tokens: Secrets,
    /// The secrets that events pushed to `/api/v1/hooks/FORGE` are signed with, by `github`, `gitlab`, `gitea` (Forgejo
    /// too) and `bitbucket`; several for one with spaces between them. Without one, its events are refused.
    #[schemars(extend("x-accepted" = "a text for each forge"))]
    pub hook_secrets: Secrets,
    /// How many calls of each period and token are never made, so that people who use the same token can go on
    /// working; of a small budget a tenth at the most.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub reserved_calls: u32,
}

impl Default for Forges {
    fn default() -> Self {
        Self { tokens: Secrets::default(), hook_secrets: Secrets::default(), reserved_calls: 100 }
    }
}

/// Secrets by name. They are never printed.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// The secrets of this name, none of them empty.
    pub fn expose<'a>(&'a self, name: &str) -> Vec<&'a str> {
        self.0.get(name).map(|secrets| secrets.split_whitespace().collect()).unwrap_or_default()
    }

    /// Secrets by name, for tests.
    pub fn new(secrets: &[(&str, &str)]) -> Self {
        Self(secrets.iter().map(|(name, secret)| ((*name).to_owned(), (*secret).to_owned())).collect())
    }

    fn redacted(&self) -> BTreeMap<&str, &str> {
        self.0.keys().map(|name| (name.as_str(), "***")).collect()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.redacted().fmt(f)
    }
}

impl Serialize for Secrets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.redacted().serialize(serializer)
    }
}
