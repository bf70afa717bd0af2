//! The report of a scan. Its JSON form is an interface: fields are added, never changed.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::numbers::count;

/// What a scan found, did and left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScanReport {
    /// The id of the snapshot that the scan made.
    pub snapshot: String,
    /// The name of the stock it is aimed at.
    pub stock: String,
    /// Whether the stock now has it.
    pub committed: bool,
    /// The directory or URL where the data lies.
    pub data: String,
    /// Each target, by URL.
    pub repositories: Vec<Repository>,
    /// The sums over all targets.
    pub totals: Totals,
    /// The files by language, the one with the most code first.
    pub languages: Vec<Language>,
    /// The functions with the highest cyclomatic complexity, at most [`Self::MAX_FUNCTIONS`].
    pub complex_functions: Vec<Function>,
    /// The licences found, the one in most files first.
    pub licences: Vec<Licence>,
    /// Which versions of which analyzers the figures come from, by analyzer and version.
    #[serde(default)]
    pub analyzers: Vec<Analyzer>,
    /// What the snapshot changes in the stock; none when no audit was reached.
    pub audit: Option<AuditCounts>,
    /// How long each stage took, in the order of the pipeline. Stages overlap: their sum is more than the whole.
    pub stages: Vec<Stage>,
    /// How long the whole run took.
    pub seconds: f64,
    /// The first [`Self::MAX_FAILURES`] files that could not be analyzed.
    pub failures: Vec<Failed>,
    /// How many more there are.
    pub failures_omitted: u64,
    /// Remarks that a person should know of, for instance that uncommitted files are not included.
    pub notes: Vec<String>,
    /// Commands that are worth running next.
    pub next: Vec<String>,
}

/// One target of a scan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repository {
    /// Its URL or path, without credentials.
    pub url: String,
    /// The commit that was taken; none for a plain directory and for what could not be read.
    pub commit: Option<String>,
    /// The git id of its root tree.
    pub tree: Option<String>,
    /// The number of its files, links and submodule entries.
    pub nodes: u64,
    /// The size of its files in bytes.
    pub bytes: u64,
    /// How it went.
    pub status: Status,
    /// Why it went so, in words that a person can act on.
    pub reason: Option<String>,
    /// What its commits come to; none when they were not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
}

/// The commits of a repository, and the measures of their messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// How many there are.
    pub commits: u64,
    /// Whether the server itself has not everything that came before.
    pub is_cut: bool,
    /// Commits that join branches.
    pub merges: u64,
    /// Commits that bring something new.
    pub features: u64,
    /// Commits that mend something.
    pub fixes: u64,
    /// Commits that change settings.
    pub configs: u64,
    /// Commits whose messages do not tell.
    pub unclassified: u64,
    /// The share of commits whose messages tell what they do, from 0 to 1.
    pub classifiable: f64,
    /// Mean number of characters of a message.
    pub mean_chars: f64,
    /// Mean number of words of a message.
    pub mean_words: f64,
    /// Mean fog index of a message.
    pub mean_fog: f64,
    /// Why the newest commits could not be taken in.
    pub failure: Option<String>,
}

/// How the visit of a repository went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was fetched and everything new in it analyzed.
    Analyzed,
    /// It is as it was at the visit before; nothing had to be done.
    Unchanged,
    /// It has no files, or no commit yet.
    Empty,
    /// It could not be visited, or not to the end.
    Failed,
}

impl Status {
    /// The name that stands in JSON and CSV.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Analyzed => "analyzed",
            Self::Unchanged => "unchanged",
            Self::Empty => "empty",
            Self::Failed => "failed",
        }
    }
}

/// Sums over all targets of a scan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Files, links and submodule entries.
    pub nodes: u64,
    /// Distinct contents.
    pub contents: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Contents that were analyzed by this run.
    pub analyzed: u64,
    /// Contents whose results were there already.
    pub reused: u64,
    /// Contents that could not be analyzed.
    pub failed: u64,
}

/// The files of one language.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Language {
    /// The language's name.
    pub language: String,
    /// How many files.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Lines with code.
    pub code: u64,
    /// Lines with nothing but comment.
    pub comments: u64,
    /// Lines with nothing.
    pub blanks: u64,
    /// Functions, in the languages whose functions are looked for.
    pub functions: u64,
    /// The mean cyclomatic complexity of those functions; 0 without any.
    pub mean_complexity: f64,
    /// The highest cyclomatic complexity among them.
    pub worst_complexity: i64,
}

/// One function that is hard to follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// The repository and the path in it.
    pub path: String,
    /// Where it begins.
    pub line: u32,
    /// Its name.
    pub name: String,
    /// Its cyclomatic complexity.
    pub complexity: i64,
    /// Its lines of code.
    pub nloc: i64,
}

/// One licence and where it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    /// The SPDX identifier.
    pub licence: String,
    /// How many files name it or are its text.
    pub files: u64,
}

/// A version of an analyzer, and what of a report comes from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analyzer {
    /// The analyzer's id.
    pub analyzer: String,
    /// The version.
    pub version: i32,
    /// How many files it has a word about.
    pub files: u64,
}

/// What a snapshot changes in a stock, counted in nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditCounts {
    /// Nodes that the stock does not have.
    pub new: u64,
    /// Nodes that it has with another content.
    pub modified: u64,
    /// Nodes that it has and the snapshot no longer.
    pub removed: u64,
    /// Nodes that are the same in both.
    pub unchanged: u64,
}

/// How long one stage of the pipeline took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// The stage's name.
    pub stage: String,
    /// From its first to its last step.
    pub seconds: f64,
}

/// One file that could not be analyzed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Failed {
    /// The repository and the path in it.
    pub path: String,
    /// Why, in words that a person can act on.
    pub reason: String,
}

impl ScanReport {
    /// How many failures are kept with their path and reason: a report must not grow with its input.
    pub const MAX_FAILURES: usize = 100;
    /// The most complex functions that are kept.
    pub const MAX_FUNCTIONS: usize = 10;

    /// Counts a file that could not be analyzed, and keeps it when it is among the first.
    pub fn add_failure(&mut self, path: impl Into<String>, reason: impl Into<String>) {
        if self.failures.len() < Self::MAX_FAILURES {
            self.failures.push(Failed { path: path.into(), reason: reason.into() });
        } else {
            self.failures_omitted += 1;
        }
    }

    /// How many files could not be analyzed.
    pub fn failures_total(&self) -> u64 {
        self.failures.len() as u64 + self.failures_omitted
    }

    /// Which analyzers' results are of several versions, in words; none when all are of one version each.
    pub(crate) fn mixed_versions(&self) -> Option<String> {
        let several =
            self.analyzers.chunk_by(|one, next| one.analyzer == next.analyzer).filter(|of| of.len() > 1);
        let each = several.map(|of| {
            let version = |one: &Analyzer| format!("{} ({} files)", one.version, count(one.files));
            format!("{} {}", of[0].analyzer, of.iter().map(version).collect::<Vec<_>>().join(" and "))
        });
        let each: Vec<String> = each.collect();
        (!each.is_empty()).then(|| format!("results of several versions are mixed: {}", each.join("; ")))
    }

    /// The sum over all languages, named `Total`.
    pub fn languages_total(&self) -> Language {
        let mut total = Language { language: "Total".to_owned(), ..Language::default() };
        for language in &self.languages {
            total.files += language.files;
            total.bytes += language.bytes;
            total.code += language.code;
            total.comments += language.comments;
            total.blanks += language.blanks;
            let sum = total.mean_complexity * total.functions as f64
                + language.mean_complexity * language.functions as f64;
            total.functions += language.functions;
            total.mean_complexity = if total.functions == 0 { 0.0 } else { sum / total.functions as f64 };
            total.worst_complexity = total.worst_complexity.max(language.worst_complexity);
        }
        total
    }

    /// The report in its one order: repositories by URL, languages by code, failures by path.
    #[must_use]
    pub(crate) fn sorted(mut self) -> Self {
        self.repositories.sort_by(|one, two| one.url.cmp(&two.url));
        self.languages.sort_by(|one, two| {
            let key = |of: &Language| (Reverse(of.code), Reverse(of.files), Reverse(of.bytes));
            key(one).cmp(&key(two)).then_with(|| one.language.cmp(&two.language))
        });
        self.failures.sort();
        self.analyzers.sort_by(|one, two| (&one.analyzer, one.version).cmp(&(&two.analyzer, two.version)));
        self.complex_functions.sort_by(|one, two| {
            let place = |of: &Function| (of.path.clone(), of.line);
            two.complexity.cmp(&one.complexity).then_with(|| place(one).cmp(&place(two)))
        });
        self.complex_functions.truncate(Self::MAX_FUNCTIONS);
        self.licences
            .sort_by(|one, two| two.files.cmp(&one.files).then_with(|| one.licence.cmp(&two.licence)));
        self
    }
}
