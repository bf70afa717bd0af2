//! A scan by a gateway elsewhere: a source of the targets is made there and run, and the report is what the
//! gateway tells of its snapshot.

use std::{collections::BTreeMap, time::Duration};

use contracts::{ErrorKind, Failure};
use reports::{Analyzer, AuditCounts, Repository, ScanReport, Status};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    Arguments,
    gather::{extend, fail, merge, refused, sums},
    languages::Summary,
    target::Target,
};
use crate::remote::{Remote, text};

/// How often the gateway is asked how far it has come.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// The longest name of a source.
const NAME: usize = 200;
/// Repositories of one report.
const MOST: usize = 100_000;

pub(super) async fn scan(
    remote: &Remote,
    arguments: &Arguments,
    targets: &[Target],
) -> Result<ScanReport, Failure> {
    let mut report = ScanReport { data: remote.base().to_owned(), ..ScanReport::default() };
    let mut urls = Vec::new();
    for target in targets {
        match &target.url {
            Ok(url) if !url.starts_with("file:") => urls.push(url.as_str()),
            Ok(_) => {
                let reason = "it lies on this machine, where a gateway elsewhere cannot read it; name a URL";
                report.repositories.push(refused(target, reason));
            }
            Err(reason) => report.repositories.push(refused(target, reason)),
        }
    }
    if urls.is_empty() {
        return Ok(report);
    }
    let snapshot = run(remote, arguments, &urls).await?;
    text(&snapshot, "id").clone_into(&mut report.snapshot);
    report.stock.clone_from(&arguments.stock);
    report.committed = text(&snapshot, "state") == "committed";
    let audit = &snapshot["audit"];
    if audit["state"] == "finished" {
        report.audit = Some(AuditCounts {
            new: number(audit, "new"),
            modified: number(audit, "modified"),
            removed: number(audit, "removed"),
            unchanged: number(audit, "unchanged"),
        });
    }
    let path = format!("/snapshots/{}", report.snapshot);
    let parts = remote.items(&format!("{path}/repositories"), MOST).await?;
    let (mut languages, mut licences) = (BTreeMap::new(), BTreeMap::new());
    let mut versions: BTreeMap<(String, i32), u64> = BTreeMap::new();
    for part in &parts {
        let history = match arguments.history {
            true => history_of(remote, text(part, "repository")).await?,
            false => None,
        };
        report.repositories.push(Repository { history, ..repository(part) });
        count(&mut report, part);
        let mut summary = Summary::default();
        let nodes = format!("{path}/nodes?format=ndjson&repository={}", text(part, "repository"));
        remote.lines(&nodes, |line| take(&mut summary, line)).await?;
        merge(&mut languages, &summary);
        extend(&mut report, &mut licences, text(part, "url"), &summary);
        fail(&mut report, text(part, "url"), &summary);
        for (analyzer, of) in summary.versions {
            for (version, files) in of {
                *versions.entry((analyzer.clone(), version)).or_default() += files;
            }
        }
    }
    let analyzer = |((analyzer, version), files)| Analyzer { analyzer, version, files };
    report.analyzers = versions.into_iter().map(analyzer).collect();
    sums(&mut report, languages, licences);
    report.next.push(format!("{}/snapshots/{}      to look at it", remote.base(), report.snapshot));
    Ok(report)
}

/// Makes the source, runs it, and waits for the end of the run.
async fn run(remote: &Remote, arguments: &Arguments, urls: &[&str]) -> Result<Value, Failure> {
    let name: String =
        format!("scan into {} of {}", arguments.stock, urls.join(" ")).chars().take(NAME).collect();
    let source = json!({
        "name": name, "kind": "list", "params": { "urls": urls }, "stock": arguments.stock,
        "history": arguments.history,
    });
    let source = remote.post("/sources", &source).await?;
    let begin = format!("/sources/{}/runs", text(&source, "id"));
    let begun = remote.post(&begin, &json!({ "auto_commit": arguments.commits() })).await?;
    let path = format!("/snapshots/{}", text(&begun, "id"));
    loop {
        let snapshot = remote.get(&path).await?;
        match text(&snapshot, "state") {
            "committed" => return Ok(snapshot),
            "audited" if !arguments.commits() => return Ok(snapshot),
            "aborted" => return Err(Failure::new(ErrorKind::Cancelled, "the run was aborted there")),
            _ if snapshot["audit"]["state"] == "error_runtime" => {
                let text = format!("the audit of {path} failed; the gateway's tasks say why");
                return Err(Failure::new(ErrorKind::Unavailable, text));
            }
            _ => tokio::time::sleep(ASK_EVERY).await,
        }
    }
}

fn number(value: &Value, field: &str) -> u64 {
    value[field].as_u64().unwrap_or_default()
}

fn repository(part: &Value) -> Repository {
    let commit = part["commit"].as_str().map(str::to_owned);
    let reason = part["error"]["reason"].as_str().map(str::to_owned);
    let status = match text(part, "state") {
        "analyzed" if number(part, "nodes") == 0 => Status::Empty,
        "analyzed" if part["unchanged"] == true => Status::Unchanged,
        "analyzed" => Status::Analyzed,
        _ => Status::Failed,
    };
    let (nodes, bytes) = (number(part, "nodes"), number(part, "bytes"));
    let url = text(part, "url").to_owned();
    Repository { url, commit, tree: None, nodes, bytes, status, reason, history: None }
}

/// What the gateway knows of the commits; nothing where there is no git.
async fn history_of(remote: &Remote, repository: &str) -> Result<Option<reports::History>, Failure> {
    let told = match remote.get(&format!("/repositories/{repository}/history")).await {
        Err(failure) if failure.kind == ErrorKind::NotFound => return Ok(None),
        told => told?,
    };
    let of_kind = |name: &str| {
        let kinds = told["kinds"].as_array().into_iter().flatten();
        kinds.filter(|kind| kind["kind"] == name).map(|kind| number(kind, "commits")).sum()
    };
    let mean = |field: &str| told[field].as_f64().unwrap_or_default();
    Ok(Some(reports::History {
        commits: number(&told, "commits"),
        is_cut: told["is_cut"] == true,
        merges: of_kind("merge"),
        features: of_kind("feature"),
        fixes: of_kind("fix"),
        configs: of_kind("config"),
        unclassified: of_kind("unclassified"),
        classifiable: mean("classifiable"),
        mean_chars: mean("mean_chars"),
        mean_words: mean("mean_words"),
        mean_fog: mean("mean_fog"),
        failure: told["failure"]["reason"].as_str().map(str::to_owned),
    }))
}

fn count(report: &mut ScanReport, part: &Value) {
    let (contents, analyzed, failed) =
        (number(part, "contents"), number(part, "analyzed"), number(part, "failed"));
    let totals = &mut report.totals;
    totals.nodes += number(part, "nodes");
    totals.bytes += number(part, "bytes");
    totals.contents += contents;
    totals.analyzed += analyzed;
    totals.reused += contents.saturating_sub(analyzed + failed);
}

/// A node as the gateway tells it.
#[derive(Deserialize)]
struct Node<'a> {
    path: String,
    mode: String,
    size: u64,
    content: Option<String>,
    #[serde(borrow)]
    metrics: BTreeMap<String, Metric<'a>>,
}

#[derive(Deserialize)]
struct Metric<'a> {
    version: i32,
    outcome: String,
    reason: Option<String>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
}

fn take(summary: &mut Summary, line: &str) -> Result<(), Failure> {
    let node: Node<'_> = serde_json::from_str(line).map_err(|error| {
        Failure::new(ErrorKind::Internal, format!("a node that is not understood: {error}"))
    })?;
    let failed = node.metrics.iter().find(|(_, metric)| metric.outcome == "failed");
    let reason = match node.content.as_deref() {
        Some("too_large") => Some("larger than fetch.content_bytes allows".to_owned()),
        Some("unreadable") => Some("its bytes could not be read".to_owned()),
        Some(_) => {
            failed.map(|(name, metric)| format!("{name}: {}", metric.reason.as_deref().unwrap_or_default()))
        }
        None => None,
    };
    for (analyzer, metric) in &node.metrics {
        *summary.versions.entry(analyzer.clone()).or_default().entry(metric.version).or_default() += 1;
    }
    if let Some(reason) = reason {
        summary.fail(node.path.as_bytes(), reason);
    }
    let mode = u32::from_str_radix(&node.mode, 8).unwrap_or_default();
    summary.count(node.path.as_bytes(), mode, node.size, |analyzer| {
        node.metrics.get(analyzer).and_then(|metric| metric.result).map(RawValue::get)
    });
    Ok(())
}
