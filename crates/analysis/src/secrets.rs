//! Keys, tokens and passwords that stand in a text.
//!
//! One pass over the bytes looks for the keywords of all rules at once; only around a keyword is a rule's
//! expression tried. What it finds must look random enough, and not like an example. The secret itself is never
//! part of what is told.

mod entropy;
mod keywords;
mod rules;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use regex_lite::{Regex, RegexBuilder};

use entropy::{entropy, is_placeholder};
use keywords::Keywords;
use rules::RULES;

/// How far around a keyword a rule's expression is tried, in bytes. What it finds begins there; it may be longer.
const BEFORE: usize = 128;
const AFTER: usize = 256;
/// How far behind its beginning what a rule of one's own finds may reach, in bytes.
const LONGEST: usize = 512;
/// The most secrets that are told of one file: a file with more is a list of them.
pub const MOST: usize = 50;
/// The size of a compiled expression of a rule of one's own, in bytes.
const COMPILED: usize = 1 << 20;

/// Finds secrets by rules that are made ready once.
pub struct Finder {
    rules: Vec<Rule>,
    keywords: Keywords,
}

/// A rule of one's own, beside those that are built in.
#[derive(Clone, Debug)]
pub struct OwnRule {
    /// Its name.
    pub id: String,
    /// What it finds, for people: "a token of ours".
    pub description: String,
    /// An expression; its first group, or all of it, is the secret.
    pub regex: String,
    /// Words one of which stands near every secret, in any case. Without them nothing is found.
    pub keywords: Vec<String>,
    /// The least entropy of the secret, in bits for each byte.
    pub entropy: f32,
}

/// A secret that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secret<'a> {
    /// The name of the rule that found it.
    pub rule: &'a str,
    /// What it is, for people.
    pub description: &'a str,
    /// In which line it begins, from 1.
    pub line: u64,
    /// How many bytes it has.
    pub length: usize,
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

/// The rules that are built in, made ready when they are first asked for.
static BUILT_IN: LazyLock<Option<Finder>> = LazyLock::new(|| Finder::new(&[], Vec::new()).ok());

/// The secrets in these bytes by the rules that are built in, in their order; at most [`MOST`].
pub fn find(bytes: &[u8]) -> Vec<Secret<'static>> {
    // That these rules can be made ready is what a test says.
    BUILT_IN.as_ref().map(|finder| finder.find(bytes)).unwrap_or_default()
}

impl Finder {
    /// The rules that are built in, but those named in `without`, and `own`.
    ///
    /// # Errors
    /// What is wrong with a name, an expression or a keyword.
    pub fn new(without: &[String], own: Vec<OwnRule>) -> Result<Self, String> {
        if let Some(unknown) = without.iter().find(|id| RULES.iter().all(|rule| rule.id != **id)) {
            let known: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
            return Err(format!("no rule is named {unknown:?}; known: {}", known.join(", ")));
        }
        let mut rules = Vec::new();
        let mut by_keyword: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        let built_in = RULES.iter().filter(|rule| !without.iter().any(|id| id == rule.id));
        for rule in built_in {
            let keywords = rule.keywords.iter().map(|word| (*word).to_owned()).collect();
            let of =
                (rule.id, rule.description, rule.regex, keywords, rule.entropy, rule.needs, rule.longest);
            add(of, &mut rules, &mut by_keyword)?;
        }
        for OwnRule { id, description, regex, keywords, entropy } in own {
            add((&id, &description, &regex, keywords, entropy, None, LONGEST), &mut rules, &mut by_keyword)?;
        }
        Ok(Self { rules, keywords: Keywords::new(by_keyword)? })
    }

    /// The secrets in these bytes, in their order; at most [`MOST`].
    pub fn find(&self, bytes: &[u8]) -> Vec<Secret<'_>> {
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
        self.tell(bytes, hits)
    }

    /// One secret for each place; where two rules meet, the one that comes first in the list is right.
    fn tell(&self, bytes: &[u8], hits: BTreeMap<(usize, usize), usize>) -> Vec<Secret<'_>> {
        let (mut line, mut counted, mut behind) = (1, 0, 0);
        let mut told = Vec::new();
        for ((start, end), rule) in hits {
            if start < behind || told.len() == MOST {
                continue;
            }
            behind = end;
            line += memchr::memchr_iter(b'\n', bytes.get(counted..start).unwrap_or_default()).count() as u64;
            counted = start;
            let Rule { id, description, .. } = &self.rules[rule];
            told.push(Secret { rule: id, description, line, length: end - start });
        }
        told
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
