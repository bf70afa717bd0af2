//! `secrets`: keys, tokens and passwords.
//!
//! One pass over the bytes looks for the keywords of all rules at once; only around a keyword is a rule's
//! expression tried. What it finds must look random enough, and not like an example. The secret itself is never
//! repeated in a finding.

mod entropy;
mod keywords;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use regex_lite::{Regex, RegexBuilder};
use serde::Deserialize;
use serde_json::Value;

use super::{Check, Look};
use crate::{Found, Needs, Subject, globs::Globs, params::read};
use entropy::{entropy, is_placeholder};
use keywords::Keywords;
use rules::RULES;

/// How far around a keyword a rule's expression is tried, in bytes. What it finds begins there; it may be longer.
const BEFORE: usize = 128;
const AFTER: usize = 256;
/// How far behind its beginning what a policy's own rule finds may reach, in bytes.
const LONGEST: usize = 512;
/// The most findings of one file: a file with more is a list of them.
const MOST: usize = 50;
/// The size of a compiled expression of a policy's own rule, in bytes.
const COMPILED: usize = 1 << 20;

pub(super) struct Secrets;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Rules of one's own.
    #[serde(default)]
    rules: Vec<OwnRule>,
    /// Names of rules that are left out.
    #[serde(default)]
    without: Vec<String>,
    /// Patterns of paths that are not looked at.
    #[serde(default)]
    ignore: Vec<String>,
    /// Larger files are not looked at.
    #[serde(default = "max_bytes")]
    max_bytes: u64,
}

fn max_bytes() -> u64 {
    10_000_000
}

/// A rule of a policy.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnRule {
    id: String,
    /// What it finds, for people.
    description: String,
    /// An expression; its first group, or all of it, is the secret.
    regex: String,
    /// Words one of which stands near every secret, in any case. Without them nothing is found.
    keywords: Vec<String>,
    /// The least entropy of the secret, in bits for each byte.
    #[serde(default)]
    entropy: f32,
}

struct Rule {
    id: String,
    description: String,
    regex: Regex,
    entropy: f32,
    /// A byte without which the expression cannot fit: to look for it costs less.
    needs: Option<u8>,
    /// How far behind its beginning a secret may reach, in bytes.
    longest: usize,
}

struct Ready {
    rules: Vec<Rule>,
    keywords: Keywords,
    ignore: Globs,
    max_bytes: u64,
}

impl Check for Secrets {
    fn id(&self) -> &'static str {
        "secrets"
    }

    fn summary(&self) -> &'static str {
        "Finds keys, tokens and passwords."
    }

    fn needs(&self) -> Needs {
        Needs { bytes: true, ..Needs::default() }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Look>, String> {
        let params: Params = read(params)?;
        if let Some(unknown) = params.without.iter().find(|id| RULES.iter().all(|rule| rule.id != **id)) {
            let known: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
            return Err(format!("no rule is named {unknown:?}; known: {}", known.join(", ")));
        }
        let mut rules = Vec::new();
        let mut by_keyword: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        let built_in = RULES.iter().filter(|rule| !params.without.iter().any(|id| id == rule.id));
        for rule in built_in {
            let keywords = rule.keywords.iter().map(|word| (*word).to_owned()).collect();
            let of =
                (rule.id, rule.description, rule.regex, keywords, rule.entropy, rule.needs, rule.longest);
            add(of, &mut rules, &mut by_keyword)?;
        }
        for OwnRule { id, description, regex, keywords, entropy } in params.rules {
            add((&id, &description, &regex, keywords, entropy, None, LONGEST), &mut rules, &mut by_keyword)?;
        }
        let keywords = Keywords::new(by_keyword)?;
        let ignore = Globs::new(&params.ignore)?;
        Ok(Box::new(Ready { rules, keywords, ignore, max_bytes: params.max_bytes }))
    }
}

/// Id, description, expression, keywords, entropy, the byte that is needed, and how far it may reach.
type Text<'a> = (&'a str, &'a str, &'a str, Vec<String>, f32, Option<u8>, usize);

fn add(
    (id, description, regex, keywords, entropy, needs, longest): Text<'_>,
    rules: &mut Vec<Rule>,
    by_keyword: &mut BTreeMap<String, BTreeSet<usize>>,
) -> Result<(), String> {
    if keywords.is_empty() {
        return Err(format!("rule {id:?} has no keywords"));
    }
    let regex = RegexBuilder::new(regex)
        .size_limit(COMPILED)
        .build()
        .map_err(|error| format!("rule {id:?}: {error}"))?;
    for keyword in keywords {
        by_keyword.entry(keyword.to_ascii_lowercase()).or_default().insert(rules.len());
    }
    let (id, description) = (id.to_owned(), description.to_owned());
    rules.push(Rule { id, description, regex, entropy, needs, longest });
    Ok(())
}

impl Look for Ready {
    fn look(&self, subject: &Subject<'_>, found: &mut Vec<Found>) {
        let Some(bytes) = subject.bytes.filter(|_| self.wants_bytes(subject)) else { return };
        // Up to where each rule has looked: what two windows share is looked at once.
        let mut looked = vec![0; self.rules.len()];
        let mut hits: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        self.keywords.each(bytes, |start, end, rules| {
            for &rule in rules {
                let from = start.saturating_sub(BEFORE).max(looked[rule]);
                let to = bytes.len().min(end + AFTER);
                if from < to {
                    looked[rule] = self.rules[rule].find(bytes, from, to, |at| {
                        hits.entry(at).or_insert(rule);
                    });
                }
            }
            hits.len() < MOST
        });
        self.tell(bytes, hits, found);
    }

    fn wants_bytes(&self, subject: &Subject<'_>) -> bool {
        subject.size <= self.max_bytes && !self.ignore.fit(subject.path)
    }
}

impl Rule {
    /// Calls `hit` with the place of each secret that begins between `from` and `to`, and says up to where it was
    /// looked.
    fn find(&self, bytes: &[u8], from: usize, to: usize, mut hit: impl FnMut((usize, usize))) -> usize {
        let window = bytes.get(from..bytes.len().min(to + self.longest)).unwrap_or_default();
        if self.needs.is_some_and(|needed| !window.iter().take(to - from).any(|byte| *byte == needed)) {
            return to;
        }
        // The expressions know ASCII alone. Other bytes keep their places and fit nothing.
        let text: String =
            window.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '\u{1}' }).collect();
        let mut at = 0;
        while let Some(groups) = self.regex.captures_at(&text, at) {
            let Some(whole) = groups.get(0).filter(|whole| from + whole.start() < to) else { break };
            let secret = groups.get(1).unwrap_or(whole);
            if entropy(secret.as_str().as_bytes()) >= self.entropy && !is_placeholder(secret.as_str()) {
                hit((from + secret.start(), from + secret.end()));
            }
            at = whole.end().max(at + 1);
        }
        to.max(from + at)
    }
}

impl Ready {
    /// One finding for each place; where two rules meet, the one that comes first in the list is right.
    fn tell(&self, bytes: &[u8], hits: BTreeMap<(usize, usize), usize>, found: &mut Vec<Found>) {
        let (mut line, mut counted, mut behind) = (1, 0, 0);
        let mut told = 0;
        for ((start, end), rule) in hits {
            if start < behind || told == MOST {
                continue;
            }
            behind = end;
            told += 1;
            let newlines =
                bytes.get(counted..start).unwrap_or_default().iter().filter(|byte| **byte == b'\n');
            line += newlines.count() as u64;
            counted = start;
            let rule = &self.rules[rule];
            found.push(Found {
                code: rule.id.clone().into(),
                message: format!("{} of {} characters", rule.description, end - start),
                line: Some(line),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::checks::{file, said};

    fn found(text: &str) -> Vec<String> {
        let subject = Subject { bytes: Some(text.as_bytes()), size: text.len() as u64, ..file("a.env") };
        said(&Secrets, json!({}), &subject)
    }

    fn codes(text: &str) -> Vec<String> {
        found(text).iter().filter_map(|said| Some(said.split_once(':')?.0.to_owned())).collect()
    }

    /// Put together here, so that this file holds none.
    #[expect(clippy::string_slice, reason = "these are letters and digits")]
    fn samples() -> Vec<(&'static str, String)> {
        let random = "q7Zr3XkP9vLm2WbT8sYc5NdF6gHj4KaE1uRi0OoQ";
        let digits = "4815926037";
        let hex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b";
        let upper = "QZ7RXK3PVLM4WBT2SYC6NDF5GHJ6KAE4";
        let lines = "MIIEpAIBAAKCAQEAq7Zr3XkP9vLm2WbT8sYc5NdF6gHj4KaE1uRi0OoQ\n".repeat(3);
        vec![
            ("private-key", format!("-----BEGIN RSA {0}-----\n{lines}-----END RSA {0}-----", "PRIVATE KEY")),
            ("aws-access-key", format!("aws_id = {}{}", "AKIA", &upper[..16])),
            ("aws-secret-key", format!("aws_secret_access_key = \"{}\"", &random[..40])),
            ("github-token", format!("token: {}{}", "ghp_", &random[..36])),
            (
                "github-fine-token",
                format!(
                    "{}{}_{}",
                    "github_pat_",
                    &random[..22],
                    format!("{random}{random}").get(..59).unwrap()
                ),
            ),
            ("gitlab-token", format!("{}{}", "glpat-", &random[..20])),
            ("slack-token", format!("{}-{digits}12-{digits}34-{}", "xoxb", &random[..24])),
            (
                "slack-webhook",
                format!(
                    "https://hooks.slack.com/{}/T{}/B{}/{}",
                    "services",
                    &upper[..8],
                    &upper[8..16],
                    &random[..24]
                ),
            ),
            ("stripe-key", format!("{}{}", "sk_live_", &random[..24])),
            ("google-api-key", format!("{}{}", "AIza", &random[..35])),
            ("npm-token", format!("{}{}", "npm_", &random[..36])),
            ("pypi-token", format!("{}{}{random}{random}", "pypi-", "AgEIcHlwaS5vcmc")),
            ("sendgrid-key", format!("{}{}.{}{}", "SG.", &random[..22], random, "abc")),
            ("openai-key", format!("{}{}{}{}", "sk-", &random[..20], "T3BlbkFJ", &random[20..40])),
            ("anthropic-key", format!("{}{random}{random}{}AA", "sk-ant-api03-", &random[..13])),
            (
                "jwt",
                format!(
                    "{}{}.{}{}.{}",
                    "eyJ", "hbGciOiJIUzI1NiJ9", "eyJ", "zdWIiOiIxMjM0NTY3ODkwIn0", random
                ),
            ),
            ("url-password", format!("postgres://user:{}@db.internal/x", &random[..12])),
            ("assigned-secret", format!("password = \"{}\"", &random[..16])),
            ("assigned-secret", format!("api_key: '{hex}'")),
        ]
    }

    #[test]
    fn each_kind_is_found_once_and_never_repeated() {
        for (code, text) in samples() {
            let said = found(&text);
            assert_eq!(codes(&text), [code], "{text}");
            let secret: String = text.chars().rev().take(12).collect::<String>().chars().rev().collect();
            assert!(!said[0].contains(&secret), "{said:?}");
        }
    }

    #[test]
    fn the_line_is_told() {
        let (_, token) = &samples()[3];
        let text = format!("a\nb\n{token}\n");
        let mut found = Vec::new();
        let subject = Subject { bytes: Some(text.as_bytes()), ..file("a") };
        Secrets.prepare(&json!({})).unwrap().look(&subject, &mut found);
        assert_eq!(found[0].line, Some(3));
    }

    #[test]
    fn examples_and_names_are_no_secrets() {
        for text in [
            "password = \"changeme\"",
            "password = os.environ['PASSWORD']",
            "api_key: ${API_KEY}",
            "secret = \"xxxxxxxxxxxxxxxxxxxxxxxx\"",
            "token = \"<your-token-goes-here>\"",
            "postgres://user:password@localhost/db",
            "postgres://user:${PASSWORD}@localhost/db",
            concat!("AKIA", "IOSFODNN7EXAMPLE"),
            "the password is kept elsewhere, in a file of its own",
            "const TOKEN_LENGTH_OF_EVERY_KIND: usize = 4096;",
            "sha256 = \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"",
            "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn a_policy_adds_and_leaves_out_rules() {
        let own = json!({
            "rules": [{ "id": "ours", "description": "our token", "regex": "OURS-([a-z0-9]{8})", "keywords": ["ours-"] }],
            "without": ["github-token"], "ignore": ["vendor/**"]
        });
        let of = |path, text: &str| {
            said(&Secrets, own.clone(), &Subject { bytes: Some(text.as_bytes()), ..file(path) })
        };
        assert_eq!(of("a", "OURS-q7zr3xkp"), ["ours: our token of 8 characters"]);
        assert!(of("vendor/a", "OURS-q7zr3xkp").is_empty());
        assert!(of("a", &samples()[3].1.replace("token", "a")).is_empty());
        assert!(Secrets.prepare(&json!({ "without": ["nonsense"] })).err().unwrap().contains("private-key"));
        let wrong = json!({ "rules": [{ "id": "x", "description": "x", "regex": "(", "keywords": ["x"] }] });
        assert!(Secrets.prepare(&wrong).err().unwrap().contains("\"x\""));
    }

    #[test]
    fn a_file_of_secrets_has_so_many_findings_and_no_more() {
        let text = format!("{}\n", samples()[3].1).repeat(10_000);
        assert_eq!(found(&text).len(), MOST);
    }

    proptest! {
        #[test]
        fn any_bytes_will_do(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let subject = Subject { bytes: Some(&bytes), ..file("a") };
            said(&Secrets, json!({}), &subject);
        }

        #[test]
        fn a_secret_is_found_wherever_it_stands(before in 0_usize..9_000, after in 0_usize..9_000) {
            let (code, token) = samples().swap_remove(3);
            let text = format!("{} {token} {}", "token ".repeat(before / 6), "x ".repeat(after / 2));
            prop_assert_eq!(codes(&text), [code]);
        }
    }
}
