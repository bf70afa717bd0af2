//! URLs that may hold a password.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const HIDDEN: &str = "***";

/// The URL of something we depend on. It may hold a password: every way of printing it hides that.
#[derive(Clone, Default)]
pub struct ServiceUrl(SecretString);

impl ServiceUrl {
    /// A URL as it stands.
    pub fn new(url: impl Into<String>) -> Self {
        Self(SecretString::from(url.into()))
    }

    /// The URL with its password.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What stands before the first colon, in lower case; empty when there is none.
    pub fn scheme(&self) -> String {
        self.expose().split_once(':').map_or_else(String::new, |(scheme, _)| scheme.to_ascii_lowercase())
    }

    /// Whether nothing was given.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

/// `url` without its password, and without the values of its query that look like secrets. Errs on the
/// side of hiding: a password may hold any character, an `@` or `?` too.
pub(super) fn redact(url: &str) -> String {
    let mut shown = String::new();
    let mut rest = url;
    if let Some((scheme, after)) = url.split_once("://") {
        shown = format!("{scheme}://");
        rest = after;
        if !matches!(scheme, "file" | "sqlite")
            && let Some((user, host)) = after.rsplit_once('@')
        {
            match user.split_once(':') {
                Some((name, _)) => shown.push_str(&format!("{name}:{HIDDEN}@")),
                None => shown.push_str(&format!("{user}@")),
            }
            rest = host;
        }
    }
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    shown.push_str(before);
    for (index, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        shown.push(if index == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((name, _)) if is_secret(name) => shown.push_str(&format!("{name}={HIDDEN}")),
            _ => shown.push_str(pair),
        }
    }
    shown
}

/// Whether a setting of this name holds a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "secret", "token", "key", "sig", "credential"].iter().any(|part| name.contains(part))
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact(self.expose()))
    }
}

impl fmt::Debug for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ServiceUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ServiceUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl JsonSchema for ServiceUrl {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ServiceUrl".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-secret": true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_whatever_they_hold() {
        for (url, shown) in [
            ("postgres://me:pa@ss/wo:rd@db.example:5432/stock", "postgres://me:***@db.example:5432/stock"),
            ("amqp://guest:guest@host/%2f", "amqp://guest:***@host/%2f"),
            ("amqp://guest@host", "amqp://guest@host"),
            ("amqp://guest:what?now@host", "amqp://guest:***@host"),
            (
                "postgres://h/db?sslmode=require&password=x&sslkey=y",
                "postgres://h/db?sslmode=require&password=***&sslkey=***",
            ),
            ("sqlite:///home/a:b@c/stock.db", "sqlite:///home/a:b@c/stock.db"),
            ("memory:", "memory:"),
        ] {
            let url = ServiceUrl::new(url);
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), shown);
            assert_eq!(serde_json::to_value(&url).unwrap(), shown);
        }
    }
}
