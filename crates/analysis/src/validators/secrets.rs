//! `secrets`: it has no keys in it that open something.

use super::Validator;
use crate::validation::{Found, Kind, Params, Subject};

/// What begins so and goes on with so many characters of a key is one.
const PREFIXES: &[(&str, usize, &str)] = &[
    ("AKIA", 16, "an AWS access key"),
    ("ASIA", 16, "an AWS access key"),
    ("ghp_", 36, "a GitHub token"),
    ("gho_", 36, "a GitHub token"),
    ("ghs_", 36, "a GitHub token"),
    ("github_pat_", 50, "a GitHub token"),
    ("glpat-", 20, "a GitLab token"),
    ("xoxb-", 20, "a Slack token"),
    ("xoxp-", 20, "a Slack token"),
    ("sk_live_", 20, "a Stripe key"),
    ("rk_live_", 20, "a Stripe key"),
    ("AIza", 35, "a Google key"),
    ("npm_", 36, "an npm token"),
    ("pypi-", 60, "a PyPI token"),
    ("SG.", 60, "a SendGrid key"),
    ("whsec_", 32, "a webhook's secret"),
    ("whsk_", 80, "a webhook's private key"),
];

pub(super) struct Secrets;

impl Validator for Secrets {
    fn id(&self) -> &'static str {
        "secrets"
    }

    fn meaning(&self) -> &'static str {
        "It has no private keys and no tokens of known services in it."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Source]
    }

    fn validate(&self, subject: &Subject<'_>, _: &Params) -> Vec<Found> {
        let bytes = subject.bytes();
        let mut found = Vec::new();
        // Never with the secret in the text: only what it is, and where.
        let mut say = |at: usize, what: &str| {
            let line = 1 + memchr::memchr_iter(b'\n', bytes.get(..at).unwrap_or_default()).count();
            found.push(Found { key: "secrets", text: format!("Asset has {what} in line {line}.") });
        };
        for at in memchr::memmem::find_iter(bytes, b"-----BEGIN ") {
            let line = bytes.get(at..).unwrap_or_default();
            let line = line.get(..line.len().min(80)).unwrap_or_default();
            if memchr::memmem::find(line, b"PRIVATE KEY-----").is_some() {
                say(at, "a private key");
            }
        }
        for (prefix, least, what) in PREFIXES {
            for at in memchr::memmem::find_iter(bytes, prefix.as_bytes()) {
                let part_of_a_word = at > 0
                    && bytes.get(at - 1).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
                let rest = bytes.get(at + prefix.len()..).unwrap_or_default();
                let is_key = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-./+=".contains(byte);
                if !part_of_a_word && rest.iter().take_while(is_key).count() >= *least {
                    say(at, what);
                }
            }
        }
        found
    }
}
