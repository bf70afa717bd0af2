//! The report of a scan, gathered from the store when it is over.

use std::{collections::BTreeMap, path::Path};

use contracts::Failure;
use jiff::Timestamp;
use reports::{Analyzer, AuditCounts, Function, Language, Licence, Repository, ScanReport, Status};
use store::{
    StoreError, Tx, audits, batches,
    histories::{self, CommitKind},
    revisions::{self, Revision, RevisionState},
    snapshots::{self, Snapshot, SnapshotState},
    trees,
};
use worker::Engine;

use super::{
    begin::Run,
    languages::{self, Sum, Summary},
    target::Target,
};

/// Revisions that are read at once.
const PAGE: u32 = 500;

pub(crate) async fn gather(
    engine: &Engine,
    run: &Option<Run>,
    targets: &[Target],
    data: &Path,
    wants_history: bool,
) -> Result<ScanReport, Failure> {
    let mut report = ScanReport { data: data.display().to_string(), ..ScanReport::default() };
    for target in targets {
        if let Err(reason) = &target.url {
            report.repositories.push(refused(target, reason));
        }
    }
    let Some(run) = run else { return Ok(report) };
    report.snapshot = run.snapshot.to_string();
    report.stock = run.stock_name.clone();
    if run.resumed {
        report.notes.push("an interrupted scan of the same targets was continued".to_owned());
    }
    let id = run.snapshot;
    let (snapshot, audit, all, analysis) = engine
        .store
        .read(move |tx| {
            let snapshot = snapshots::get(tx, id)?;
            let audit = audits::latest_of_snapshot(tx, id)?;
            Ok((snapshot, audit, all_revisions(tx, id)?, batches::span(tx, id)?))
        })
        .await?;
    if let Some(snapshot) = &snapshot {
        report.committed = snapshot.state == SnapshotState::Committed;
        times(&mut report, snapshot, &all, analysis);
    }
    report.audit = audit.map(|audit| AuditCounts {
        new: audit.counts.new,
        modified: audit.counts.modified,
        removed: audit.counts.removed,
        unchanged: audit.counts.unchanged,
    });
    let mut languages: BTreeMap<String, Sum> = BTreeMap::new();
    let mut licences: BTreeMap<String, u64> = BTreeMap::new();
    let mut versions: BTreeMap<(String, i32), u64> = BTreeMap::new();
    for (revision, tree) in &all {
        let history = if wants_history { history_of(engine, revision.repository).await? } else { None };
        report.repositories.push(Repository { history, ..repository(revision, tree.as_deref()) });
        count(&mut report, revision);
        if let Some(tree) = revision.tree {
            let summary = summary_of(engine, tree).await?;
            merge(&mut languages, &summary);
            extend(&mut report, &mut licences, &revision.url, &summary);
            fail(&mut report, &revision.url, &summary);
            for (analyzer, of) in summary.versions {
                of.into_iter().for_each(|(version, files)| {
                    *versions.entry((analyzer.clone(), version)).or_default() += files;
                });
            }
        }
    }
    report.analyzers = versions
        .into_iter()
        .map(|((analyzer, version), files)| Analyzer { analyzer, version, files })
        .collect();
    sums(&mut report, languages, licences);
    remarks(&mut report, run, targets);
    Ok(report)
}

pub(super) fn refused(target: &Target, reason: &str) -> Repository {
    Repository {
        url: target.named.clone(),
        commit: None,
        tree: None,
        nodes: 0,
        bytes: 0,
        status: Status::Failed,
        reason: Some(reason.to_owned()),
        history: None,
    }
}

type WithTree = (Revision, Option<String>);

fn all_revisions(tx: &mut Tx, snapshot: contracts::SnapshotId) -> Result<Vec<WithTree>, StoreError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = revisions::of_snapshot(tx, snapshot, None, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(all) };
        after = Some(last.id);
        for revision in page {
            let tree = match revision.tree {
                Some(tree) => trees::get(tx, tree)?.map(|tree| tree.oid.to_string()),
                None => None,
            };
            all.push((revision, tree));
        }
    }
}

fn repository(revision: &Revision, tree: Option<&str>) -> Repository {
    let (status, reason) = match (&revision.state, &revision.failure) {
        (RevisionState::Failed, Some(failure)) => (Status::Failed, Some(failure.reason.clone())),
        (RevisionState::Analyzed, _) if revision.nodes == 0 => {
            let text = if revision.commit.is_some() {
                "its commit has no files"
            } else {
                "there is no commit and no file"
            };
            (Status::Empty, Some(text.to_owned()))
        }
        (RevisionState::Analyzed, _) if revision.unchanged => (
            Status::Unchanged,
            Some("nothing has changed since the last visit; nothing was analysed".to_owned()),
        ),
        (RevisionState::Analyzed, _) => (Status::Analyzed, None),
        _ => (Status::Failed, Some("it was not finished".to_owned())),
    };
    Repository {
        url: revision.url.clone(),
        commit: revision.commit.map(|commit| commit.to_string()),
        tree: tree.map(str::to_owned),
        nodes: revision.nodes,
        bytes: revision.bytes,
        status,
        reason,
        history: None,
    }
}

fn count(report: &mut ScanReport, revision: &Revision) {
    let totals = &mut report.totals;
    totals.nodes += revision.nodes;
    totals.bytes += revision.bytes;
    totals.contents += revision.contents;
    totals.analyzed += revision.analyzed;
    totals.reused += revision.contents.saturating_sub(revision.analyzed + revision.failed);
}

/// The sums over all repositories, by language and by licence.
pub(super) fn sums(
    report: &mut ScanReport,
    languages: BTreeMap<String, Sum>,
    licences: BTreeMap<String, u64>,
) {
    report.languages = languages.into_iter().map(|(name, sum)| language(name, sum)).collect();
    report
        .languages
        .sort_by(|one, other| other.code.cmp(&one.code).then_with(|| one.language.cmp(&other.language)));
    report.licences = licences.into_iter().map(|(licence, files)| Licence { licence, files }).collect();
}

async fn history_of(
    engine: &Engine,
    repository: contracts::RepositoryId,
) -> Result<Option<reports::History>, Failure> {
    let history = engine.store.read(move |tx| histories::get(tx, repository)).await?;
    Ok(history.map(|history| {
        let of = |kind| history.sums.of_kind(kind);
        reports::History {
            commits: history.commits,
            is_cut: history.is_cut,
            merges: of(CommitKind::Merge),
            features: of(CommitKind::Feature),
            fixes: of(CommitKind::Fix),
            configs: of(CommitKind::Config),
            unclassified: of(CommitKind::Unclassified),
            classifiable: history.classifiable(),
            mean_chars: history.mean_chars(),
            mean_words: history.mean_words(),
            mean_fog: history.mean_fog(),
            failure: history.failure.map(|failure| failure.reason),
        }
    }))
}

/// Taken from what is kept, or summed up now and kept.
async fn summary_of(engine: &Engine, tree: i64) -> Result<Summary, Failure> {
    if let Some(summary) = engine.store.read(move |tx| languages::kept(tx, tree)).await? {
        return Ok(summary);
    }
    let summary = engine.store.read(move |tx| languages::sum_up(tx, tree)).await?;
    let kept = summary.clone();
    engine.store.write(move |tx| languages::keep(tx, tree, &kept)).await?;
    Ok(summary)
}

pub(super) fn merge(languages: &mut BTreeMap<String, Sum>, summary: &Summary) {
    for (name, more) in &summary.languages {
        let sum = languages.entry(name.clone()).or_default();
        sum.files += more.files;
        sum.bytes += more.bytes;
        sum.code += more.code;
        sum.comments += more.comments;
        sum.blanks += more.blanks;
        sum.functions += more.functions;
        sum.complexity += more.complexity;
        sum.worst = sum.worst.max(more.worst);
    }
}

pub(super) fn extend(
    report: &mut ScanReport,
    licences: &mut BTreeMap<String, u64>,
    url: &str,
    summary: &Summary,
) {
    report.complex_functions.extend(
        summary
            .functions
            .iter()
            .map(|function| Function { path: format!("{url}/{}", function.path), ..function.clone() }),
    );
    for (licence, files) in &summary.licences {
        *licences.entry(licence.clone()).or_default() += files;
    }
}

pub(super) fn fail(report: &mut ScanReport, url: &str, summary: &Summary) {
    report.totals.failed += summary.failed;
    for (path, reason) in &summary.failures {
        report.add_failure(format!("{url}/{path}"), reason.clone());
    }
    report.failures_omitted += summary.failed - summary.failures.len() as u64;
}

fn language(name: String, sum: Sum) -> Language {
    Language {
        language: if name.is_empty() { "(unknown)".to_owned() } else { name },
        files: sum.files,
        bytes: sum.bytes,
        code: sum.code,
        comments: sum.comments,
        blanks: sum.blanks,
        functions: sum.functions,
        mean_complexity: if sum.functions == 0 { 0.0 } else { sum.complexity as f64 / sum.functions as f64 },
        worst_complexity: sum.worst,
    }
}

/// The stages in the order of the pipeline. They overlap: contents are analysed while others are fetched.
fn times(
    report: &mut ScanReport,
    snapshot: &Snapshot,
    all: &[WithTree],
    analysis: Option<(Timestamp, Timestamp)>,
) {
    let mut add = |stage: &str, seconds: Option<f64>| {
        if let Some(seconds) = seconds {
            report.stages.push(reports::Stage { stage: stage.to_owned(), seconds });
        }
    };
    let between = |from: Option<Timestamp>, to: Option<Timestamp>| {
        Some(to?.duration_since(from?).as_secs_f64().max(0.0))
    };
    let fetched = all.iter().filter_map(|(revision, _)| revision.fetched_at).max();
    add("index", between(Some(snapshot.created_at), snapshot.indexed_at));
    add("fetch and store", between(snapshot.indexed_at, fetched));
    add("analyze", analysis.map(|(from, to)| to.duration_since(from).as_secs_f64()));
    add("audit", between(snapshot.ready_at, snapshot.audited_at));
    if report.committed {
        add("commit", between(snapshot.audited_at, snapshot.ended_at));
    }
}

fn remarks(report: &mut ScanReport, run: &Run, targets: &[Target]) {
    let worktrees: Vec<&str> =
        targets.iter().filter(|target| target.has_worktree).map(|target| target.named.as_str()).collect();
    if !worktrees.is_empty() {
        let names = worktrees.join(", ");
        report.notes.push(format!("taken at its HEAD commit; uncommitted files are not included: {names}"));
    }
    let succeeded = report.repositories.iter().filter(|repository| repository.status != Status::Failed);
    if succeeded.clone().next().is_some()
        && succeeded.clone().all(|repository| repository.status == Status::Unchanged)
    {
        report.notes.push("nothing has changed; nothing was analysed".to_owned());
    }
    if !report.committed && report.audit.is_some() {
        report.next.push(format!(
            "stocktake scan … --stock {}   (without --no-commit, to commit it)",
            run.stock_name
        ));
    }
    report.next.push("stocktake up      to browse the stock at http://127.0.0.1:8080/docs".to_owned());
}
