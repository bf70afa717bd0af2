//! What is in a depot.

use contracts::Failure;
use futures_util::TryStreamExt as _;
use serde::Serialize;
use store::packs;

use crate::{Keeper, Told, failure, figures};

/// Packs and objects that are looked at at once.
const PAGE: u32 = 500;

/// What is in a depot.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Stat {
    /// Packs by state.
    pub states: Vec<StateStat>,
    /// Contents in kept packs that a node names.
    pub live_contents: u64,
    /// Their bytes before compression.
    pub live_bytes: u64,
    /// Bytes in kept packs, before compression, that nothing refers to.
    pub dead_bytes: u64,
    /// Kept packs whose dead share is that of the rules or more.
    pub worth_compacting: u64,
    /// Kept packs that nothing refers to at all.
    pub unreferenced: u64,
    /// Objects in the storage; none when they were not asked for.
    pub objects: Option<u64>,
    /// The bytes of those.
    pub object_bytes: Option<u64>,
    /// Those that no row speaks of: what a fetch that died has left, or what one is about to speak of.
    pub strays: Option<u64>,
    /// Rows of kept packs that have no object: contents that are lost until they are fetched again.
    pub missing: Option<u64>,
}

/// The packs of one state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StateStat {
    /// The state.
    pub state: &'static str,
    /// How many.
    pub packs: u64,
    /// Their bytes as they are stored.
    pub bytes: u64,
    /// The bytes of their contents before compression.
    pub content_bytes: u64,
    /// How many were damaged when they were last verified.
    pub damaged: u64,
}

impl Keeper {
    /// Counts what the store knows; with `objects` also what the storage has.
    ///
    /// # Errors
    /// When store or depot do not answer, or when it is asked to stop.
    pub async fn stat(&self, objects: bool, told: Told<'_>) -> Result<Stat, Failure> {
        let totals = self.store.read(packs::totals).await?;
        figures::totals(&totals);
        let state = |one: &packs::Totals| StateStat {
            state: one.state.as_str(),
            packs: one.packs,
            bytes: one.bytes,
            content_bytes: one.content_bytes,
            damaged: one.damaged,
        };
        let mut stat = Stat { states: totals.iter().map(state).collect(), ..Stat::default() };
        let total = totals.iter().map(|one| one.packs).sum();
        // Whatever clock it was written by.
        let (all, mut after, mut seen) = (jiff::Timestamp::MAX, 0, 0);
        loop {
            let page = self.store.read(move |tx| packs::figures(tx, all, after, PAGE)).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            seen += page.len() as u64;
            for pack in &page {
                stat.live_contents += pack.live;
                stat.live_bytes += pack.live_bytes;
                stat.dead_bytes += pack.content_bytes.saturating_sub(pack.live_bytes);
                stat.unreferenced += u64::from(pack.live == 0);
                let dead = pack.live > 0 && pack.live_bytes < pack.content_bytes;
                stat.worth_compacting += u64::from(dead && pack.dead_percent() >= self.rules.dead_percent);
            }
            told("packs", seen, total);
            self.step("depot.after_figures")?;
        }
        if objects {
            self.count_objects(&mut stat, told).await?;
        }
        Ok(stat)
    }

    async fn count_objects(&self, stat: &mut Stat, told: Told<'_>) -> Result<(), Failure> {
        let (mut objects, mut bytes, mut strays) = (0, 0, 0);
        let mut pages = self.depot.list().try_chunks(PAGE as usize);
        while let Some(page) = pages.try_next().await.map_err(|error| failure(error.1))? {
            objects += page.len() as u64;
            bytes += page.iter().map(|info| info.bytes).sum::<u64>();
            let names: Vec<String> = page.into_iter().map(|info| info.name).collect();
            strays += self.store.read(move |tx| packs::unknown(tx, &names)).await?.len() as u64;
            told("objects", objects, 0);
        }
        let rows: u64 = stat.states.iter().map(|one| one.packs).sum();
        stat.missing = Some(rows.saturating_sub(objects.saturating_sub(strays)));
        (stat.objects, stat.object_bytes, stat.strays) = (Some(objects), Some(bytes), Some(strays));
        Ok(())
    }
}
