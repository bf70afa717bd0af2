//! The work itself: a part of the assets is read, checked and let go of, then the next.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
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
/// Assets that are held in memory at once, at the most.
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
    let (mut waiting, mut seen) = (VecDeque::from(all), HashMap::new());
    while !waiting.is_empty() {
        let part: Vec<Asset> = waiting.drain(..waiting.len().min(PART)).collect();
        let Part { looked, left } = read(context, part).await?;
        left.into_iter().rev().for_each(|asset| waiting.push_front(asset));
        let known = known(context, &looked, &mut seen).await?;
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

/// What was read of some assets, and those that there was no room for.
struct Part {
    looked: Vec<Looked>,
    left: Vec<Asset>,
}

/// What became of one of them.
enum Tried {
    Looked(Looked),
    Left(Asset),
}

/// Reads assets until they fill what may be held in memory; the first is read in any case.
async fn read(context: &Context, part: Vec<Asset>) -> Result<Part, Failure> {
    let held = Arc::new(AtomicU64::new(0));
    let is_full = {
        let (held, most) = (held.clone(), context.part_bytes);
        move || held.load(Ordering::Relaxed) >= most
    };
    let note = move |asset: Asset, read: Result<Read, Failure>| {
        held.fetch_add(read.as_ref().map_or(0, |read| read.bytes.len() as u64), Ordering::Relaxed);
        looked(asset, read)
    };
    let (local, remote): (Vec<Asset>, Vec<Asset>) =
        part.into_iter().partition(|asset| asset.provider == Provider::Local);
    let (library, pipelines) = (context.library.clone(), context.pipelines.clone());
    let (note_local, is_full_local) = (note.clone(), is_full.clone());
    let local = tokio::task::spawn_blocking(move || {
        local
            .into_par_iter()
            .map(|asset| {
                if is_full_local() {
                    return Tried::Left(asset);
                }
                let pipeline = pipelines.of(&asset.kind);
                let wants_more = |head: &[u8]| pipeline.is_none_or(|pipeline| pipeline.wants_more(head));
                let read = library.read_local(&asset.path, wants_more);
                Tried::Looked(note_local(asset, read))
            })
            .collect::<Vec<_>>()
    });
    let remote = stream::iter(remote).map(|asset| async {
        if is_full() {
            return Tried::Left(asset);
        }
        let (pipelines, kind) = (context.pipelines.clone(), asset.kind.clone());
        let wants_more =
            move |head: &[u8]| pipelines.of(&kind).is_none_or(|pipeline| pipeline.wants_more(head));
        let read = context.library.read(asset.provider, &asset.path, wants_more).await;
        Tried::Looked(note(asset, read))
    });
    let mut all: Vec<Tried> = remote.buffer_unordered(AT_ONCE).collect().await;
    all.extend(local.await.map_err(internal)?);
    let (mut looked, mut left) = (Vec::with_capacity(all.len()), Vec::new());
    for one in all {
        match one {
            Tried::Looked(one) => looked.push(one),
            Tried::Left(asset) => left.push(asset),
        }
    }
    // In the order in which they were submitted: the first of two alike is the one that is known.
    looked.sort_unstable_by_key(|one| one.asset.id);
    left.sort_unstable_by_key(|asset| asset.id);
    Ok(Part { looked, left })
}

fn looked(asset: Asset, read: Result<Read, Failure>) -> Looked {
    let whole = read.as_ref().ok().filter(|read| read.whole);
    let sha256 = whole.map(|read| Sha256::digest(&read.bytes).to_vec());
    Looked { asset, read, sha256 }
}

/// For each digest the first asset that has it, those of this part included.
type Known = Arc<HashMap<Vec<u8>, AssetId>>;

/// `seen` has those of the parts before, which no row tells of yet.
async fn known(
    context: &Context,
    looked: &[Looked],
    seen: &mut HashMap<Vec<u8>, AssetId>,
) -> Result<Known, Failure> {
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
            let earlier = *seen.entry(sha256.clone()).or_insert(one.asset.id);
            let first = known.entry(sha256.clone()).or_insert(earlier);
            *first = (*first).min(earlier);
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
