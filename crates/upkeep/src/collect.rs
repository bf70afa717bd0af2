//! What nothing refers to goes: first its mark, then, when nobody can rely on it any more, its rows, then its
//! object.

use std::time::SystemTime;

use contracts::Failure;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use store::{
    folders,
    packs::{self, GivenUp, Going},
};

use crate::{Keeper, Told, failure, figures};

/// Packs, trees and objects that are looked at in one transaction.
const PAGE: u32 = 500;
/// Nodes that are dropped in one transaction.
const NODES: u32 = 10_000;
/// Objects that are removed at once.
const AT_ONCE: usize = 8;

/// What a collection came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// Trees of aborted snapshots that are forgotten.
    pub trees: u64,
    /// Nodes of those, and of trees that were never completed.
    pub nodes: u64,
    /// Folders that lie in no tree any more.
    pub folders: u64,
    /// Temporary files that writers which were killed had left.
    pub leftovers: u64,
    /// Packs that are marked since this run: nothing refers to them.
    pub condemned: u64,
    /// Those among them that no row spoke of: what a fetch had put that died before it could say so.
    pub strays: u64,
    /// Marked packs that something refers to now, and that are kept after all.
    pub kept_after_all: u64,
    /// Packs whose objects are removed.
    pub packs: u64,
    /// The bytes of those.
    pub bytes: u64,
    /// Contents that are forgotten with them.
    pub contents: u64,
    /// Packs that are marked and wait, for the grace period or for work that was under way.
    pub waiting: u64,
}

impl Keeper {
    /// Collects what is of no use and has been so for the grace period.
    ///
    /// # Errors
    /// When store or depot do not answer, or when it is asked to stop. What was done until then is done.
    pub async fn collect(&self, told: Told<'_>) -> Result<Collected, Failure> {
        self.own().await?;
        let mut sum = Collected {
            leftovers: self.depot.collect_leftovers(self.rules.grace).await.map_err(failure)?,
            ..Collected::default()
        };
        self.forget_trees(&mut sum, told).await?;
        self.drop_nodes(&mut sum, told).await?;
        self.drop_folders(&mut sum, told).await?;
        let now = self.clock.now();
        let round = self.store.write(move |tx| packs::begin_round(tx, now).map_err(Failure::from)).await?;
        self.condemn(round, &mut sum, told).await?;
        self.condemn_strays(round, &mut sum, told).await?;
        self.step("depot.after_condemn")?;
        // In a transaction of its own: who is at work is asked after the last mark can be seen.
        self.store.write(move |tx| packs::seal(tx, round).map_err(Failure::from)).await?;
        self.step("depot.after_seal")?;
        self.give_up(&mut sum, told).await?;
        self.remove(&mut sum, told).await?;
        self.store.write(move |tx| packs::end_rounds(tx, round).map_err(Failure::from)).await?;
        let totals = self.store.read(packs::totals).await?;
        sum.waiting =
            totals.iter().filter(|one| one.state == packs::PackState::Condemned).map(|one| one.packs).sum();
        figures::totals(&totals);
        figures::collected(&sum);
        Ok(sum)
    }

    async fn forget_trees(&self, sum: &mut Collected, told: Told<'_>) -> Result<(), Failure> {
        let (before, mut after) = (self.long_ago(), 0);
        loop {
            let page = self.store.read(move |tx| packs::forgettable_trees(tx, before, after, PAGE)).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = *last;
            for tree in page {
                let gone = self
                    .store
                    .write(move |tx| packs::forget_tree(tx, tree, before).map_err(Failure::from))
                    .await?;
                sum.trees += u64::from(gone);
                told("trees", sum.trees, 0);
                self.step("depot.after_forget")?;
            }
        }
    }

    async fn drop_nodes(&self, sum: &mut Collected, told: Told<'_>) -> Result<(), Failure> {
        let before = self.long_ago();
        loop {
            let dropped = self
                .store
                .write(move |tx| packs::drop_nodes(tx, before, NODES).map_err(Failure::from))
                .await?;
            let Some(dropped) = dropped else { return Ok(()) };
            sum.nodes += dropped;
            told("nodes", sum.nodes, 0);
            self.step("depot.after_nodes")?;
        }
    }

    /// Down from the roots of trees that went: each look may leave what lay in the folders that it dropped.
    async fn drop_folders(&self, sum: &mut Collected, told: Told<'_>) -> Result<(), Failure> {
        let (mut after, mut before) = (None, sum.folders);
        loop {
            let dropped = self
                .store
                .write(move |tx| folders::drop_some(tx, after, PAGE).map_err(Failure::from))
                .await?;
            match dropped {
                Some(dropped) => {
                    after = Some(dropped.last);
                    sum.folders += dropped.folders;
                    told("folders", sum.folders, 0);
                    self.step("depot.after_folders")?;
                }
                // Those that are left lie in something, unless one that went before lay in their way.
                None if sum.folders == before => return Ok(()),
                None => (after, before) = (None, sum.folders),
            }
        }
    }

    async fn condemn(&self, round: i64, sum: &mut Collected, told: Told<'_>) -> Result<(), Failure> {
        let (before, mut after) = (self.long_ago(), 0);
        let in_repair = self.store.read(packs::in_repair).await?;
        loop {
            let mut page = self.store.read(move |tx| packs::unreferenced(tx, before, after, PAGE)).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = *last;
            page.retain(|id| !in_repair.contains(id));
            let now = self.clock.now();
            let marked = self
                .store
                .write(move |tx| packs::condemn(tx, round, &page, now).map_err(Failure::from))
                .await?;
            sum.condemned += marked.packs;
            told("condemned", sum.condemned, 0);
            self.step("depot.after_mark")?;
        }
    }

    /// Objects that no row speaks of. One that was put by work still under way is noted like any other, and kept
    /// as soon as that work speaks of it.
    async fn condemn_strays(&self, round: i64, sum: &mut Collected, told: Told<'_>) -> Result<(), Failure> {
        let before = SystemTime::from(self.long_ago());
        let mut looked_at = 0;
        let mut pages = self.depot.list().try_chunks(PAGE as usize);
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failure(error.1))?;
            looked_at += page.len() as u64;
            told("objects", looked_at, 0);
            let old: Vec<(String, u64)> = page
                .into_iter()
                .filter(|info| info.modified <= before)
                .map(|info| (info.name, info.bytes))
                .collect();
            let names: Vec<String> = old.iter().map(|(name, _)| name.clone()).collect();
            let unknown = self.store.read(move |tx| packs::unknown(tx, &names)).await?;
            let strays: Vec<_> = old.into_iter().filter(|(name, _)| unknown.contains(name)).collect();
            if strays.is_empty() {
                continue;
            }
            let now = self.clock.now();
            let marked = self
                .store
                .write(move |tx| packs::condemn_strays(tx, round, &strays, now).map_err(Failure::from))
                .await?;
            sum.strays += marked.packs;
            sum.condemned += marked.packs;
            self.step("depot.after_mark")?;
        }
        Ok(())
    }

    async fn give_up(&self, sum: &mut Collected, told: Told<'_>) -> Result<(), Failure> {
        let (before, mut after) = (self.long_ago(), 0);
        loop {
            let page = self.store.read(move |tx| packs::ripe(tx, before, after, PAGE)).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            for pack in page {
                let name = pack.name.clone();
                let became =
                    self.store.write(move |tx| packs::give_up(tx, &pack).map_err(Failure::from)).await?;
                match became {
                    GivenUp::Kept => {
                        sum.kept_after_all += 1;
                        tracing::info!(pack = name, "condemned pack is referred to again and kept");
                    }
                    GivenUp::Forgotten(contents) => sum.contents += contents,
                    GivenUp::Gone => {}
                }
                told("contents", sum.contents, 0);
                self.step("depot.after_give_up")?;
            }
        }
    }

    async fn remove(&self, sum: &mut Collected, told: Told<'_>) -> Result<(), Failure> {
        let mut after = 0;
        loop {
            let page = self.store.read(move |tx| packs::removable(tx, after, PAGE)).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            let mut removed = stream::iter(page).map(|pack| self.remove_one(pack)).buffer_unordered(AT_ONCE);
            while let Some(pack) = removed.next().await {
                sum.packs += 1;
                sum.bytes += u64::try_from(pack?.bytes).unwrap_or(0);
                told("packs", sum.packs, 0);
            }
        }
    }

    async fn remove_one(&self, pack: Going) -> Result<Going, Failure> {
        self.depot.delete(&pack.name).await.map_err(failure)?;
        self.step("depot.after_remove")?;
        let id = pack.id;
        self.store.write(move |tx| packs::forget_pack(tx, id).map_err(Failure::from)).await?;
        tracing::debug!(pack = pack.name, bytes = pack.bytes, "pack collected");
        Ok(pack)
    }
}
