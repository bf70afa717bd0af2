//! Every byte of a pack is read and hashed, and what was found is held against what the store believes.

use std::collections::HashMap;

use contracts::{ErrorKind, Failure, Oid};
use depot::PackEntry;
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use store::packs::{self, Held, PackState};
use tokio::sync::Semaphore;

use crate::{Keeper, Told, failure, figures};

/// Packs whose rows are read at once.
const PAGE: u32 = 200;
/// Packs that are hashed at once, when they are small.
const AT_ONCE: usize = 4;
/// Stored bytes that are in memory at once, in MiB; a pack that has more is hashed alone.
const MEMORY_MIB: u32 = 32;
/// Contents of one damaged pack that are named one by one.
const NAMED: usize = 100;

/// What a verification came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Packs that were read.
    pub packs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Contents that were proven by their git ids.
    pub contents: u64,
    /// Packs with which something is wrong.
    pub damaged: u64,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Damage {
    /// The pack.
    pub pack: String,
    /// The content; none when it is the pack as such.
    pub content: Option<Oid>,
    /// What is wrong.
    pub reason: String,
}

/// What one pack came to.
struct Looked {
    id: i64,
    bytes: u64,
    contents: u64,
    damage: Vec<Damage>,
}

impl Keeper {
    /// Verifies the named packs, or all when none is named, and notes the outcome with each.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] for a name that is none; when store or depot do not answer, or when it is asked to
    /// stop.
    pub async fn verify(
        &self,
        names: &[String],
        told: Told<'_>,
        mut found: impl FnMut(&Damage) -> Result<(), Failure>,
    ) -> Result<Verified, Failure> {
        let mut sum = Verified::default();
        let memory = Semaphore::new(MEMORY_MIB as usize);
        let total = self.store.read(packs::totals).await?;
        let total = total.iter().filter(|one| one.state == PackState::Kept).map(|one| one.packs).sum();
        let total = if names.is_empty() { total } else { names.len() as u64 };
        let mut after = None;
        loop {
            let page = match names {
                [] => self.store.read(move |tx| packs::list(tx, after, PAGE)).await?,
                names => self.named(names).await?,
            };
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let kept = page.into_iter().filter(|pack| pack.state == PackState::Kept);
            let looks = stream::iter(kept).map(|pack| self.look(pack, &memory)).buffered(AT_ONCE);
            let mut looks = std::pin::pin!(looks);
            while let Some(looked) = looks.next().await {
                let Some(looked) = looked? else { continue };
                sum.packs += 1;
                sum.bytes += looked.bytes;
                sum.contents += looked.contents;
                sum.damaged += u64::from(!looked.damage.is_empty());
                looked.damage.iter().try_for_each(&mut found)?;
                self.note(&looked).await?;
                told("packs", sum.packs, total);
                self.step("depot.after_verify")?;
            }
            if !names.is_empty() {
                break;
            }
        }
        figures::verified(&sum, names.is_empty());
        Ok(sum)
    }

    async fn named(&self, names: &[String]) -> Result<Vec<packs::Pack>, Failure> {
        let names = names.to_vec();
        let found = self
            .store
            .read(move |tx| {
                let mut found = Vec::new();
                for name in names {
                    found.push(packs::by_name(tx, &name)?.ok_or(name));
                }
                Ok(found)
            })
            .await?;
        let missing = |name| Failure::new(ErrorKind::NotFound, format!("the store knows no pack {name}"));
        found.into_iter().map(|one| one.map_err(missing)).collect()
    }

    /// `None` when the pack went while it was looked at.
    async fn look(&self, pack: packs::Pack, memory: &Semaphore) -> Result<Option<Looked>, Failure> {
        let mib = u32::try_from(pack.bytes >> 20).unwrap_or(u32::MAX).saturating_add(1).min(MEMORY_MIB);
        let _share = memory.acquire_many(mib).await;
        let id = pack.id;
        let verification = match self.depot.verify(&pack.name).await {
            Ok(verification) => Some(verification),
            Err(error) if error.kind().is_transient() || error.kind() == ErrorKind::Forbidden => {
                return Err(failure(error));
            }
            Err(error) => {
                let now = self.store.read(move |tx| packs::get(tx, id)).await?;
                if now.is_none_or(|now| now.state != PackState::Kept) {
                    return Ok(None);
                }
                let damage = Damage { pack: pack.name.clone(), content: None, reason: error.to_string() };
                return Ok(Some(Looked { id, bytes: 0, contents: 0, damage: vec![damage] }));
            }
        };
        let Some(verification) = verification else { return Ok(None) };
        // After the read: what has moved away in the meantime is no longer expected here.
        let held = self.store.read(move |tx| packs::contents_of(tx, id)).await?;
        let mut damage: Vec<Damage> = verification
            .problems
            .iter()
            .map(|problem| Damage {
                pack: pack.name.clone(),
                content: problem.content,
                reason: problem.reason.clone(),
            })
            .collect();
        damage.extend(misplaced(&pack.name, &held, &verification.entries, &damage));
        Ok(Some(Looked { id, bytes: verification.bytes, contents: verification.intact, damage }))
    }

    async fn note(&self, looked: &Looked) -> Result<(), Failure> {
        let (id, now) = (looked.id, self.clock.now());
        let damage = looked.damage.first().map(|first| match looked.damage.len() {
            1 => first.reason.clone(),
            more => format!("{} and {} more", first.reason, more - 1),
        });
        self.store
            .write(move |tx| packs::verified(tx, id, damage.as_deref(), now).map_err(Failure::from))
            .await
    }
}

/// Contents that the store believes to lie where the pack has something else, or nothing; those are left out
/// that are known to be damaged.
fn misplaced(pack: &str, held: &[Held], entries: &[PackEntry], damage: &[Damage]) -> Vec<Damage> {
    let there: HashMap<Oid, &PackEntry> = entries.iter().map(|entry| (entry.oid, entry)).collect();
    let named = |oid: &Oid| damage.iter().any(|one| one.content == Some(*oid));
    let wrong = |one: &Held| -> Option<Damage> {
        let reason = match there.get(&one.oid) {
            Some(entry) if (entry.offset, entry.length, entry.size) == (one.offset, one.length, one.size) => {
                return None;
            }
            Some(entry) => format!(
                "content {} lies at {} of the pack, the store believes at {}",
                one.oid, entry.offset, one.offset
            ),
            None if named(&one.oid) => return None,
            None => format!("content {} is not in pack {pack}, where the store believes it", one.oid),
        };
        Some(Damage { pack: pack.to_owned(), content: Some(one.oid), reason })
    };
    held.iter().filter_map(wrong).take(NAMED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_must_lie_where_the_store_believes_it() {
        let oid = |byte| Oid::from([byte; 20]);
        let held = |byte, offset| Held {
            id: 1,
            oid: oid(byte),
            sha256: None,
            offset,
            length: 10,
            size: 5,
            referenced: true,
        };
        let entries = [PackEntry { oid: oid(1), offset: 8, length: 10, size: 5 }];
        assert!(misplaced("p", &[held(1, 8)], &entries, &[]).is_empty());
        assert!(misplaced("p", &[held(1, 9)], &entries, &[])[0].reason.contains("believes at 9"));
        let lost = misplaced("p", &[held(2, 8)], &entries, &[]);
        assert!(lost[0].reason.contains("is not in pack p"), "{lost:?}");
        assert!(misplaced("p", &[held(2, 8)], &entries, &lost).is_empty(), "told once");
    }
}
