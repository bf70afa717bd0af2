//! The work itself: a part of the assets is read, checked and let go of, then the next.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use analysis::validation::{Level, Verdict};
use assets::{Read, check, hooks};
use contracts::{AssetId, ErrorKind, Failure};
use futures_util::{StreamExt as _, stream};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use store::assets::{self as rows, Asset, AssetEnd, Provider};

use super::Context;

/// Assets from elsewhere that are read at once.
const AT_ONCE: usize = 8;
/// Assets that are held in memory at once.
const PART: usize = 32;

/// An asset and what was read of it.
struct Looked {
    asset: Asset,
    read: Result<Read, Failure>,
    sha256: Option<Vec<u8>>,
}

/// Checks assets. What cannot be read is that asset's finding, and no failure.
pub(crate) async fn examine(context: &Context, all: Vec<Asset>) -> Result<Vec<(Asset, AssetEnd)>, Failure> {
    let mut ends = Vec::with_capacity(all.len());
    let mut all = all.into_iter().peekable();
    while all.peek().is_some() {
        let part: Vec<Asset> = all.by_ref().take(PART).collect();
        let looked = read(context, part).await?;
        let known = known(context, &looked).await?;
        let pipelines = context.pipelines.clone();
        let checked = tokio::task::spawn_blocking(move || {
            looked.into_par_iter().map(|one| end(&pipelines, one, &known)).collect::<Vec<_>>()
        });
        ends.extend(checked.await.map_err(internal)?);
    }
    Ok(ends)
}

fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::new(ErrorKind::Internal, error)
}

async fn read(context: &Context, part: Vec<Asset>) -> Result<Vec<Looked>, Failure> {
    let (local, remote): (Vec<Asset>, Vec<Asset>) =
        part.into_iter().partition(|asset| asset.provider == Provider::Local);
    let (library, pipelines) = (context.library.clone(), context.pipelines.clone());
    let local = tokio::task::spawn_blocking(move || {
        local
            .into_par_iter()
            .map(|asset| {
                let pipeline = pipelines.of(&asset.kind);
                let wants_more = |head: &[u8]| pipeline.is_none_or(|pipeline| pipeline.wants_more(head));
                let read = library.read_local(&asset.path, wants_more);
                looked(asset, read)
            })
            .collect::<Vec<_>>()
    });
    let remote = stream::iter(remote).map(|asset| async {
        let (pipelines, kind) = (context.pipelines.clone(), asset.kind.clone());
        let wants_more =
            move |head: &[u8]| pipelines.of(&kind).is_none_or(|pipeline| pipeline.wants_more(head));
        let read = context.library.read(asset.provider, &asset.path, wants_more).await;
        looked(asset, read)
    });
    let mut all: Vec<Looked> = remote.buffer_unordered(AT_ONCE).collect().await;
    all.extend(local.await.map_err(internal)?);
    // In the order in which they were submitted: the first of two alike is the one that is known.
    all.sort_unstable_by_key(|one| one.asset.id);
    Ok(all)
}

fn looked(asset: Asset, read: Result<Read, Failure>) -> Looked {
    let whole = read.as_ref().ok().filter(|read| read.whole);
    let sha256 = whole.map(|read| Sha256::digest(&read.bytes).to_vec());
    Looked { asset, read, sha256 }
}

/// For each digest the first asset that has it, those of this part included.
type Known = Arc<HashMap<Vec<u8>, AssetId>>;

async fn known(context: &Context, looked: &[Looked]) -> Result<Known, Failure> {
    let asks = |one: &&Looked| {
        context.pipelines.of(&one.asset.kind).is_some_and(|pipeline| pipeline.has("duplicate"))
    };
    let digests: BTreeSet<Vec<u8>> =
        looked.iter().filter(asks).filter_map(|one| one.sha256.clone()).collect();
    if digests.is_empty() {
        return Ok(Known::default());
    }
    let digests: Vec<Vec<u8>> = digests.into_iter().collect();
    let mut known = context.engine.store.read(move |tx| rows::known_digests(tx, &digests)).await?;
    for one in looked.iter().filter(asks) {
        if let Some(sha256) = &one.sha256 {
            let first = known.entry(sha256.clone()).or_insert(one.asset.id);
            *first = (*first).min(one.asset.id);
        }
    }
    Ok(Arc::new(known))
}

fn end(pipelines: &assets::Pipelines, one: Looked, known: &Known) -> (Asset, AssetEnd) {
    let Looked { asset, read, sha256 } = one;
    let other = sha256.as_ref().and_then(|sha256| known.get(sha256)).filter(|other| **other != asset.id);
    let mut verdict = match pipelines.of(&asset.kind) {
        Some(pipeline) => {
            check(pipeline, &asset.path, read.as_ref(), other.map(|other| format!("asset {other}")))
        }
        None => unknown(&asset.kind),
    };
    for (key, texts) in hooks::findings(&asset) {
        // Nothing is lost when several things are wrong under one key.
        let told = verdict.errors.entry(key).or_default();
        told.splice(0..0, texts);
    }
    let size = read.ok().filter(|read| read.whole).map(|read| read.bytes.len() as u64);
    let Verdict { errors, warnings } = verdict;
    (asset, AssetEnd { errors, warnings, sha256, size })
}

fn unknown(kind: &str) -> Verdict {
    let mut verdict = Verdict::default();
    verdict.add(Level::Error, "kind", format!("{kind} is no kind of asset that is checked here."));
    verdict
}
