//! The work on a batch: which contents lack what, their bytes out of the depot, the analyzers over them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use bytes::Bytes;
use contracts::{ErrorKind, Failure};
use depot::{Check, PackEntry};
use rayon::prelude::*;
use store::{
    StoreError, Tx,
    batches::Batch,
    contents::{self, Content},
    metrics::{self, Metric, Outcome},
};

use crate::context::Context;

/// One (content, hint) and the analyzers that it lacks.
pub(crate) struct Missing {
    pub(crate) content: Arc<Content>,
    pub(crate) hint: String,
    pub(crate) analyzers: Vec<String>,
}

/// What of a batch is not analysed by today's analyzers; everything when the batch insists.
pub(crate) fn missing(tx: &mut Tx, batch: &Batch) -> Result<Vec<Missing>, StoreError> {
    let versions = analysis::versions();
    let lacking: Vec<(i64, String, Vec<String>)> = if batch.force {
        let all: Vec<String> = versions.iter().map(|(id, _)| (*id).to_owned()).collect();
        batch.items.iter().map(|(id, hint)| (*id, hint.clone(), all.clone())).collect()
    } else {
        metrics::missing(tx, &batch.items, &versions)?
            .into_iter()
            .map(|missing| (missing.content, missing.hint, missing.analyzers))
            .collect()
    };
    let mut ids: Vec<i64> = lacking.iter().map(|(id, ..)| *id).collect();
    ids.sort_unstable();
    ids.dedup();
    let contents: HashMap<i64, Arc<Content>> =
        contents::by_ids(tx, &ids)?.into_iter().map(|content| (content.id, Arc::new(content))).collect();
    Ok(lacking
        .into_iter()
        .filter_map(|(id, hint, analyzers)| {
            Some(Missing { content: contents.get(&id)?.clone(), hint, analyzers })
        })
        .collect())
}

/// Analyses everything, a pack at a time, and returns the metrics grouped by (content, hint).
///
/// # Errors
/// When the depot does not answer; a damaged content is that content's recorded failure.
pub(crate) async fn analyze(context: &Context, missing: Vec<Missing>) -> Result<Vec<Metric>, Failure> {
    let mut by_pack: BTreeMap<String, Vec<Missing>> = BTreeMap::new();
    let mut metrics = Vec::with_capacity(missing.len() * 4);
    for one in missing {
        match &one.content.location {
            Some(location) => by_pack.entry(location.pack.clone()).or_default().push(one),
            None => fail_all(&one, "its bytes are not in the depot", &mut metrics),
        }
    }
    for (pack, group) in by_pack {
        let read = read(context, &pack, &group).await?;
        let limits = context.limits;
        let analyzed = tokio::task::spawn_blocking(move || {
            let each: Vec<Vec<Metric>> =
                group.par_iter().zip(read).map(|(one, bytes)| analyze_one(one, bytes, &limits)).collect();
            each
        })
        .await
        .map_err(|panic| {
            Failure::new(ErrorKind::Internal, format!("the analysis ended in a panic: {panic}"))
        })?;
        metrics.extend(analyzed.into_iter().flatten());
    }
    Ok(metrics)
}

/// The bytes of each content of one pack, or why they cannot be had.
async fn read(
    context: &Context,
    pack: &str,
    group: &[Missing],
) -> Result<Vec<Result<Bytes, String>>, Failure> {
    let entries: Vec<PackEntry> = group
        .iter()
        .filter_map(|one| {
            let location = one.content.location.as_ref()?;
            Some(PackEntry {
                oid: one.content.oid,
                offset: location.offset,
                length: location.length,
                size: one.content.size,
            })
        })
        .collect();
    match context.depot.read_each(pack, &entries, Check::Digest).await {
        Ok(read) => Ok(read.into_iter().map(|one| one.map_err(|error| error.to_string())).collect()),
        Err(error) if error.kind().is_transient() => Err(Failure::new(error.kind(), error)),
        Err(error) if error.kind() == ErrorKind::NotFound && has_moved(context, group).await? => {
            Err(Failure::new(ErrorKind::Conflict, format!("{error} any more; its contents have moved")))
        }
        // A pack that is gone or broken is the failure of each of its contents, and a repair's work.
        Err(error) => Ok(vec![Err(error.to_string()); entries.len()]),
    }
}

/// Whether some of these contents lie elsewhere than they did when they were looked up.
async fn has_moved(context: &Context, group: &[Missing]) -> Result<bool, Failure> {
    let ids: Vec<i64> = group.iter().map(|one| one.content.id).collect();
    let now = context.store.read(move |tx| contents::by_ids(tx, &ids)).await?;
    let there: HashMap<i64, &Content> = now.iter().map(|content| (content.id, content)).collect();
    Ok(group
        .iter()
        .any(|one| there.get(&one.content.id).is_none_or(|content| content.location != one.content.location)))
}

fn analyze_one(one: &Missing, bytes: Result<Bytes, String>, limits: &analysis::Limits) -> Vec<Metric> {
    let mut metrics = Vec::with_capacity(one.analyzers.len());
    match bytes {
        Err(reason) => fail_all(one, &reason, &mut metrics),
        Ok(bytes) => {
            let wanted: Vec<&str> = one.analyzers.iter().map(String::as_str).collect();
            for report in analysis::analyze_missing(&one.hint, &bytes, limits, &wanted) {
                metrics.push(Metric {
                    content: one.content.id,
                    hint: one.hint.clone().into(),
                    analyzer: report.analyzer.into(),
                    version: report.version,
                    outcome: match report.outcome {
                        analysis::Outcome::Ok(json) => Outcome::Ok(json),
                        analysis::Outcome::Failed(reason) => Outcome::Failed(reason),
                        analysis::Outcome::Skipped(reason) => Outcome::Skipped(reason),
                    },
                });
            }
        }
    }
    metrics
}

fn fail_all(one: &Missing, reason: &str, metrics: &mut Vec<Metric>) {
    metrics.extend(
        analysis::versions()
            .into_iter()
            .filter(|(id, _)| one.analyzers.iter().any(|wanted| wanted == id))
            .map(|(analyzer, version)| Metric {
                content: one.content.id,
                hint: one.hint.clone().into(),
                analyzer: analyzer.into(),
                version,
                outcome: Outcome::Failed(reason.to_owned()),
            }),
    );
}
