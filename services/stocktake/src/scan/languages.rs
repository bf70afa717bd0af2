//! The totals per language of a tree, kept beside it: a tree that was summed once is not summed again.

use std::collections::BTreeMap;

use contracts::Failure;
use serde::{Deserialize, Serialize};
use store::{
    StoreError, Tx,
    contents::ContentState,
    metrics::{self, Metric, Outcome},
    trees,
};

/// Raised when [`Summary`] gets another form.
const FORM: u32 = 2;

/// What the report needs to know of one tree.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// By name of language; files of none are under the empty name.
    pub(crate) languages: BTreeMap<String, Sum>,
    /// The most complex functions.
    pub(crate) functions: Vec<reports::Function>,
    /// Files by SPDX identifier.
    pub(crate) licences: BTreeMap<String, u64>,
    /// The first files that could not be analysed, and why.
    pub(crate) failures: Vec<(String, String)>,
    /// How many there are in all.
    pub(crate) failed: u64,
    /// How many files each version of each analyzer has a word about.
    pub(crate) versions: BTreeMap<String, BTreeMap<i32, u64>>,
    /// Whether every content had a result of every analyzer when this was summed up.
    #[serde(default)]
    pub(crate) complete: bool,
}

impl Summary {
    fn count_version(&mut self, metric: &Metric) {
        if !self.versions.contains_key(&*metric.analyzer) {
            self.versions.insert(metric.analyzer.to_string(), BTreeMap::new());
        }
        if let Some(versions) = self.versions.get_mut(&*metric.analyzer) {
            *versions.entry(metric.version).or_default() += 1;
        }
    }
}

/// Files of one language.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sum {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) code: u64,
    pub(crate) comments: u64,
    pub(crate) blanks: u64,
    pub(crate) functions: u64,
    /// Of all functions together; the mean is made at the end.
    pub(crate) complexity: i64,
    pub(crate) worst: i64,
}

/// What the analyzer `language` says.
#[derive(Deserialize)]
struct LanguageResult {
    #[serde(default)]
    language: Option<String>,
}

/// What the analyzer `lines` says.
#[derive(Deserialize)]
struct LinesResult {
    code: u64,
    comments: u64,
    blanks: u64,
}

/// What the analyzer `functions` says.
#[derive(Deserialize)]
struct FunctionsResult {
    functions: Vec<FunctionResult>,
    totals: TotalsResult,
}

#[derive(Deserialize)]
struct FunctionResult {
    name: String,
    start_line: u32,
    nloc: i64,
    complexity: i64,
}

#[derive(Deserialize)]
struct TotalsResult {
    functions: u64,
    complexity: i64,
    max_complexity: i64,
}

/// What the analyzer `licence` says.
#[derive(Deserialize)]
struct LicenceResult {
    #[serde(default)]
    licences: Vec<LicenceFound>,
}

#[derive(Deserialize)]
struct LicenceFound {
    id: String,
}

/// The summary that is kept for this tree and these analyzers.
pub(crate) fn kept(tx: &mut Tx, tree: i64) -> Result<Option<Summary>, StoreError> {
    let text = trees::summary(tx, tree, &key())?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Sums a tree up, file by file.
pub(crate) fn sum_up(tx: &mut Tx, tree: i64) -> Result<Summary, StoreError> {
    let versions = analysis::versions();
    let mut summary = Summary { complete: true, ..Summary::default() };
    metrics::for_each_of_tree(tx, tree, &versions, |row, of_content| {
        let hint = analysis::hint(&row.node.path);
        let of_file = of_content.iter().filter(|metric| metric.hint == hint);
        let stored = matches!(row.content, Some((_, ContentState::Stored)));
        let todays = |metric: &&Metric| versions.contains(&(&*metric.analyzer, metric.version));
        summary.complete &= !stored || of_file.clone().filter(todays).count() == versions.len();
        of_file.clone().for_each(|metric| summary.count_version(metric));
        let reason = match row.content {
            None => None,
            Some((_, ContentState::TooLarge)) => Some("larger than fetch.content_bytes allows".to_owned()),
            Some((_, ContentState::Unreadable)) => Some("its bytes could not be read".to_owned()),
            Some((_, ContentState::Stored | ContentState::Condemned)) => of_file.clone().find_map(failure_of),
        };
        if let Some(reason) = reason {
            summary.fail(&row.node.path, reason);
        }
        summary.count(&row.node.path, row.node.mode, row.node.size, |analyzer| {
            let found = of_file.clone().find(|metric| metric.analyzer == analyzer)?;
            match &found.outcome {
                Outcome::Ok(json) => Some(json.as_str()),
                _ => None,
            }
        });
        Ok::<_, StoreError>(())
    })?;
    Ok(summary)
}

impl Summary {
    /// Counts a file that could not be analysed.
    pub(crate) fn fail(&mut self, path: &[u8], reason: String) {
        self.failed += 1;
        if self.failures.len() < reports::ScanReport::MAX_FAILURES {
            self.failures.push((String::from_utf8_lossy(path).into_owned(), reason));
        }
    }

    /// Counts a node with what each analyzer found of it, as JSON.
    pub(crate) fn count<'a>(
        &mut self,
        path: &[u8],
        mode: u32,
        size: u64,
        result: impl Fn(&str) -> Option<&'a str>,
    ) {
        // Links and submodules are named things, but no files of a language.
        if mode & 0o170_000 != 0o100_000 {
            return;
        }
        let language = result("language").and_then(read::<LanguageResult>).and_then(|found| found.language);
        let sum = self.languages.entry(language.unwrap_or_default()).or_default();
        sum.files += 1;
        sum.bytes += size;
        if let Some(lines) = result("lines").and_then(read::<LinesResult>) {
            sum.code += lines.code;
            sum.comments += lines.comments;
            sum.blanks += lines.blanks;
        }
        if let Some(found) = result("functions").and_then(read::<FunctionsResult>) {
            sum.functions += found.totals.functions;
            sum.complexity += found.totals.complexity;
            sum.worst = sum.worst.max(found.totals.max_complexity);
            take_most_complex(&mut self.functions, path, found.functions);
        }
        for licence in
            result("licence").and_then(read::<LicenceResult>).into_iter().flat_map(|found| found.licences)
        {
            *self.licences.entry(licence.id).or_default() += 1;
        }
    }
}

/// Keeps the most complex of `known` and `more`; of equals those that come first in the tree.
fn take_most_complex(known: &mut Vec<reports::Function>, path: &[u8], more: Vec<FunctionResult>) {
    const MOST: usize = reports::ScanReport::MAX_FUNCTIONS;
    for function in more {
        let enough = known.len() == MOST;
        if enough && known.last().is_some_and(|last| last.complexity >= function.complexity) {
            continue;
        }
        let at = known.partition_point(|other| other.complexity >= function.complexity);
        known.insert(
            at,
            reports::Function {
                path: String::from_utf8_lossy(path).into_owned(),
                line: function.start_line,
                name: function.name,
                complexity: function.complexity,
                nloc: function.nloc,
            },
        );
        known.truncate(MOST);
    }
}

/// Summaries of another form, or by other analyzers, are not found under this name.
fn key() -> String {
    format!("summary@{FORM} {}", analysis::fingerprint())
}

/// Keeps a summary for the next time. One that was made before every result was there would stay wrong.
pub(crate) fn keep(tx: &mut Tx, tree: i64, summary: &Summary) -> Result<(), Failure> {
    if !summary.complete {
        return Ok(());
    }
    let text = serde_json::to_string(summary).unwrap_or_default();
    // The next visit of an unchanged repository need not look at any node.
    trees::mark_analyzed(tx, tree, &analysis::fingerprint())?;
    Ok(trees::put_summary(tx, tree, &key(), &text)?)
}

fn failure_of(metric: &Metric) -> Option<String> {
    match &metric.outcome {
        Outcome::Failed(reason) => Some(format!("{}: {reason}", metric.analyzer)),
        _ => None,
    }
}

fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Option<T> {
    serde_json::from_str(json).ok()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use store::{
        contents::{NewContent, insert_many},
        revisions::NewRevisions,
        snapshots::NewSnapshot,
        trees::Node,
    };
    use testkit::Stack;

    use super::*;

    /// Two files, of which one was seen by the newest `functions` and the other by the one before.
    fn some_tree(tx: &mut Tx) -> Result<i64, StoreError> {
        let now = Timestamp::UNIX_EPOCH;
        let stock = store::stocks::get_or_create(tx, "stock", now)?.id;
        let new = NewSnapshot { stock, source: None, auto_commit: true, repair: None };
        let snapshot = store::snapshots::create(tx, &new, now)?.id;
        let urls = [("https://example.org/a.git".to_owned(), "a".to_owned())];
        let repositories = store::repositories::upsert_many(tx, &urls, now)?;
        let new = NewRevisions::default();
        let revision = store::revisions::create_many(tx, snapshot, &repositories, &new, now)?[0].0;
        let oids = [1, 2].map(|number| contracts::Oid::from([number; 20]));
        let state = ContentState::Stored;
        let contents = oids.map(|oid| NewContent { oid, sha256: None, size: 1, state, place: None });
        let ids = insert_many(tx, &contents, false)?;
        let draft = trees::begin(tx, &contracts::Oid::from([3; 20]), revision, now)?;
        let node = |(path, oid): (&str, _)| Node { path: path.into(), mode: 0o100_644, oid, size: 1 };
        let nodes: Vec<Node> = ["a.rs", "b.rs"].into_iter().zip(oids).map(node).collect();
        trees::insert_nodes(tx, draft, &nodes)?;
        for (content, behind) in ids.into_iter().zip([0, 1]) {
            let metrics: Vec<Metric> = analysis::versions()
                .into_iter()
                .map(|(analyzer, version)| Metric {
                    content,
                    hint: ".rs".into(),
                    analyzer: analyzer.into(),
                    version: if analyzer == "functions" { version - behind } else { version },
                    outcome: Outcome::Skipped("a test".to_owned()),
                })
                .collect();
            metrics::insert_many(tx, &metrics)?;
        }
        Ok(trees::complete(tx, draft, 2, 2, 2)?.id)
    }

    #[tokio::test]
    async fn a_summary_says_which_versions_it_is_of_and_is_not_kept_while_one_is_missing() {
        let stack = Stack::embedded().await;
        let summed: Result<(Summary, bool), Failure> = stack
            .store
            .write(|tx| {
                let tree = some_tree(tx)?;
                let summary = sum_up(tx, tree)?;
                keep(tx, tree, &summary)?;
                let kept = kept(tx, tree)?.is_some();
                Ok((summary, kept))
            })
            .await;
        let (summary, kept) = summed.unwrap();
        let today = analysis::versions().into_iter().find(|(id, _)| *id == "functions").unwrap().1;
        assert_eq!(summary.versions["functions"], BTreeMap::from([(today - 1, 1), (today, 1)]));
        assert_eq!(summary.versions["language"].values().sum::<u64>(), 2);
        assert_eq!(summary.versions["language"].len(), 1);
        assert!(!summary.complete && !kept);
        stack.remove().await;
    }
}
