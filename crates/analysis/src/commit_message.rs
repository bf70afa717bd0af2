//! What a commit message is like: its type, its length, its readability.
//!
//! Used where history is fetched. Paths and web addresses are taken out first: they are neither words
//! nor hard to read.

mod words;

use serde::Serialize;

/// What a commit does, by the words of its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CommitType {
    /// Joins branches.
    Merge,
    /// Brings something new.
    Feature,
    /// Mends something.
    Fix,
    /// Changes settings.
    Config,
    /// None of its words tells.
    Unclassified,
}

/// The measures of one message.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CommitMessage {
    /// What the commit does.
    #[serde(rename = "type")]
    pub kind: CommitType,
    /// Characters of the whole message, line ends and all.
    pub chars: u64,
    /// Words, without paths and web addresses.
    pub words: u64,
    /// Mean number of characters of a word; 0 without words.
    pub mean_word_length: f64,
    /// Gunning's fog index: about the years of schooling that one needs to read it; 0 without words.
    pub fog: f64,
}

/// Words that tell the type, asked in this order: a merge that mentions a fix is a merge.
const KEYWORDS: &[(CommitType, &[&str])] = &[
    (CommitType::Merge, &["merge", "pr"]),
    (
        CommitType::Feature,
        &[
            "add",
            "added",
            "build",
            "built",
            "create",
            "created",
            "design",
            "designed",
            "develop",
            "developed",
            "enhance",
            "enhanced",
            "extend",
            "extended",
            "feat",
            "feature",
            "implement",
            "implemented",
            "improve",
            "improved",
            "introduce",
            "introduced",
            "update",
            "updated",
            "upgrade",
            "upgraded",
        ],
    ),
    (
        CommitType::Fix,
        &[
            "adjust", "correct", "debug", "fix", "fixed", "fixes", "patch", "repair", "resolve", "resolved",
            "solve", "solved",
        ],
    ),
    (
        CommitType::Config,
        &[
            "adjustment",
            "cfg",
            "conf",
            "config",
            "configuration",
            "ini",
            "json",
            "option",
            "param",
            "parameter",
            "settings",
            "setup",
            "tweak",
            "xml",
            "yaml",
        ],
    ),
];

/// Measures a message. Any text will do; one pass over it, and its own lower case in memory.
pub fn commit_message(message: &str) -> CommitMessage {
    let lower = message.to_lowercase();
    let words: Vec<&str> = words::of(&lower).collect();
    let length: usize = words.iter().map(|word| word.chars().count()).sum();
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    CommitMessage {
        kind: kind(&words),
        chars: count(message.chars().count()),
        words: count(words.len()),
        mean_word_length: ratio(length, words.len()),
        fog: fog(&lower, &words),
    }
}

fn kind(words: &[&str]) -> CommitType {
    let pull_request = words.windows(2).any(|pair| pair == ["pull", "request"]);
    KEYWORDS
        .iter()
        .find(|(kind, keywords)| {
            (*kind == CommitType::Merge && pull_request) || words.iter().any(|word| keywords.contains(word))
        })
        .map_or(CommitType::Unclassified, |(kind, _)| *kind)
}

/// 0.4 × (words a sentence + percentage of words with three syllables and more).
fn fog(text: &str, words: &[&str]) -> f64 {
    let complex = words.iter().filter(|word| words::is_complex(word)).count();
    0.4 * (ratio(words.len(), words::sentences(text)) + 100.0 * ratio(complex, words.len()))
}

#[expect(clippy::cast_precision_loss, reason = "a message has far fewer than 2^52 words")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(message: &str) -> CommitType {
        commit_message(message).kind
    }

    #[test]
    fn the_type_is_the_first_of_merge_feature_fix_config() {
        assert_eq!(of("Merge branch 'fix' into main"), CommitType::Merge);
        assert_eq!(of("Merge pull request #1 from a/b"), CommitType::Merge);
        assert_eq!(of("Pull request of yesterday"), CommitType::Merge);
        assert_eq!(of("Add a fix for the config"), CommitType::Feature);
        assert_eq!(of("feat: parse more"), CommitType::Feature);
        assert_eq!(of("Fixes the settings page"), CommitType::Fix);
        assert_eq!(of("Tweak the limits"), CommitType::Config);
        assert_eq!(of("Wip"), CommitType::Unclassified);
        assert_eq!(of(""), CommitType::Unclassified);
        // A word, not a part of one.
        assert_eq!(of("Address the reader"), CommitType::Unclassified);
    }

    #[test]
    fn addresses_and_paths_are_no_words() {
        let measures = commit_message("See https://example.org/fix/add and src/config/setup.rs now");
        assert_eq!(measures.kind, CommitType::Unclassified);
        assert_eq!(measures.words, 3);
        assert!((measures.mean_word_length - 3.0).abs() < 1e-9);
        assert_eq!(measures.chars, 59);
    }

    #[test]
    fn fog_rises_with_long_words_and_sentences() {
        assert!((commit_message("Fix it. Now.").fog - 0.4 * 1.5).abs() < 1e-9);
        let plain = commit_message("Mend the bad loop");
        let dense = commit_message("Reorganisation of configuration infrastructure");
        assert!(dense.fog > plain.fog + 10.0);
        assert_eq!(commit_message("").fog, 0.0);
        assert_eq!(commit_message("...").fog, 0.0);
    }
}
