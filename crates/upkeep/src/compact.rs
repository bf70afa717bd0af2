//! What is of use in packs that are mostly of no use moves to new packs.
//!
//! A content is copied first, and said to lie elsewhere in one transaction once its copy is durable. The old
//! pack is then one that nothing refers to, and goes as any other does.

use contracts::Failure;
use depot::{Check, Pack, PackEntry, PackLimits, PackWriter};
use serde::Serialize;
use store::packs::{self, Figures, Held, Move, NewPack};

use crate::{Keeper, Told, blocking, failure, figures};

/// Packs whose figures are computed in one query.
const PAGE: u32 = 200;
/// Contents that are read at once, before compression; one that has more is read alone.
const READ_BYTES: u64 = 8 << 20;

/// What a compaction came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compacted {
    /// Packs that were looked at.
    pub looked_at: u64,
    /// Packs that nothing refers to any more, because what was of use in them was copied.
    pub emptied: u64,
    /// Their bytes, which go with the next collection after the grace period.
    pub emptied_bytes: u64,
    /// Packs that were written in their place.
    pub written: u64,
    /// The bytes of those.
    pub written_bytes: u64,
    /// Contents that moved.
    pub moved: u64,
    /// Contents that could not be copied because they are damaged; they stay where they are.
    pub damaged: u64,
    /// The bytes in all packs, before compression, that nothing refers to.
    pub dead_bytes: u64,
}

/// A pack under construction, and where its contents came from.
struct Copying {
    writer: PackWriter,
    members: Vec<(Held, i64)>,
}

impl Keeper {
    /// Writes packs anew whose dead share is that of the rules or more, without what is dead in them.
    ///
    /// # Errors
    /// When store or depot do not answer, or when it is asked to stop. What was done until then is done.
    pub async fn compact(&self, told: Told<'_>) -> Result<Compacted, Failure> {
        let mut sum = Compacted::default();
        let mut copying = Copying { writer: PackWriter::new(PackLimits::default()), members: Vec::new() };
        let (before, mut after) = (self.long_ago(), 0);
        loop {
            let page = self.store.read(move |tx| packs::figures(tx, before, after, PAGE)).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            sum.looked_at += page.len() as u64;
            for pack in &page {
                sum.dead_bytes += pack.content_bytes.saturating_sub(pack.live_bytes);
                if self.is_worth_it(pack) {
                    copying = self.copy(copying, pack, &mut sum).await?;
                }
            }
            told("packs", sum.looked_at, 0);
            self.step("depot.after_figures")?;
        }
        self.flush(copying, &mut sum).await?;
        figures::compacted(&sum);
        Ok(sum)
    }

    /// Packs without anything of use need no compaction, they are collected.
    fn is_worth_it(&self, pack: &Figures) -> bool {
        pack.live > 0
            && pack.live_bytes < pack.content_bytes
            && pack.dead_percent() >= self.rules.dead_percent
    }

    async fn copy(
        &self,
        mut copying: Copying,
        pack: &Figures,
        sum: &mut Compacted,
    ) -> Result<Copying, Failure> {
        let id = pack.id;
        let mut held = self.store.read(move |tx| packs::contents_of(tx, id)).await?;
        held.retain(|one| one.referenced);
        let damaged = sum.damaged;
        for part in by_bytes(&held) {
            let entries: Vec<PackEntry> = part
                .iter()
                .map(|one| PackEntry { oid: one.oid, offset: one.offset, length: one.length, size: one.size })
                .collect();
            let read = self.depot.read_each(&pack.name, &entries, Check::Digest).await;
            let read = match read {
                Ok(read) => read,
                Err(error) if error.kind().is_transient() => return Err(failure(error)),
                Err(error) => {
                    // Gone, or broken as a whole: verification and repair see to it.
                    tracing::warn!(pack = pack.name, %error, "pack cannot be compacted");
                    sum.damaged += part.len() as u64;
                    continue;
                }
            };
            for (one, bytes) in part.iter().zip(read) {
                let bytes = match bytes {
                    Ok(bytes) => bytes,
                    Err(error) => {
                        tracing::warn!(%error, "content cannot be copied and stays where it is");
                        sum.damaged += 1;
                        continue;
                    }
                };
                if !copying.writer.has_room_for(one.size) {
                    copying = self.flush(copying, sum).await?;
                }
                let (oid, mut writer) = (one.oid, copying.writer);
                let added = blocking(move || writer.add(oid, &bytes).map(|()| writer)).await?;
                copying.writer = added.map_err(failure)?;
                copying.members.push((*one, id));
            }
        }
        if sum.damaged == damaged {
            sum.emptied += 1;
            sum.emptied_bytes += pack.bytes;
        }
        Ok(copying)
    }

    /// Puts the pack under construction, and says that its contents lie there.
    async fn flush(&self, copying: Copying, sum: &mut Compacted) -> Result<Copying, Failure> {
        let Copying { mut writer, members } = copying;
        if writer.is_empty() {
            return Ok(Copying { writer, members });
        }
        let (pack, writer) =
            blocking(move || writer.finish().map(|pack| (pack, writer))).await?.map_err(failure)?;
        let (name, now) = (pack.name.clone(), self.clock.now());
        let id = self.store.write(move |tx| packs::announce(tx, &name, now).map_err(Failure::from)).await?;
        self.step("depot.after_announce")?;
        self.depot.put(&pack).await.map_err(failure)?;
        self.step("depot.after_copy")?;
        let (row, moves) = (row(&pack), moves(&pack, &members));
        sum.written += 1;
        sum.written_bytes += row.bytes;
        sum.moved += self
            .store
            .write(move |tx| {
                packs::complete(tx, id, &row)?;
                packs::move_contents(tx, id, &moves).map_err(Failure::from)
            })
            .await?;
        self.step("depot.after_move")?;
        Ok(Copying { writer, members: Vec::new() })
    }
}

fn row(pack: &Pack) -> NewPack {
    NewPack {
        name: pack.name.clone(),
        bytes: pack.bytes.len() as u64,
        contents: pack.entries.len() as u64,
        content_bytes: pack.entries.iter().map(|entry| entry.size).sum(),
    }
}

/// The members in the order of the entries: a pack has each content once, and so has the store.
fn moves(pack: &Pack, members: &[(Held, i64)]) -> Vec<Move> {
    let one = |(entry, (held, from)): (&PackEntry, &(Held, i64))| Move {
        content: held.id,
        oid: held.oid,
        from: *from,
        offset: entry.offset,
        length: entry.length,
    };
    pack.entries.iter().zip(members).filter(|(entry, (held, _))| entry.oid == held.oid).map(one).collect()
}

/// Runs of contents that are small enough together to be read at once.
fn by_bytes(held: &[Held]) -> Vec<&[Held]> {
    let (mut parts, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (at, one) in held.iter().enumerate() {
        if at > start && bytes + one.size > READ_BYTES {
            parts.push(&held[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += one.size;
    }
    parts.push(&held[start..]);
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use contracts::Oid;

    use super::*;

    fn held(size: u64) -> Held {
        let oid = Oid::from([1; 20]);
        Held { id: 1, oid, sha256: None, offset: 8, length: 9, size, referenced: true }
    }

    #[test]
    fn what_is_read_at_once_is_bounded_by_its_bytes() {
        let sizes = [1, READ_BYTES - 1, 1, 100 << 20, 5, 5];
        let all: Vec<Held> = sizes.into_iter().map(held).collect();
        let parts = by_bytes(&all);
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [2, 1, 1, 2]);
        for part in parts {
            assert!(part.len() == 1 || part.iter().map(|one| one.size).sum::<u64>() <= READ_BYTES);
        }
        assert!(by_bytes(&[]).is_empty());
    }
}
