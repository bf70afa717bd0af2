//! The checks of a stock look at what comes in.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use bytes::Bytes;
use checks::{Hit, Needs, Prepared, Stocked, Subject};
use contracts::{ErrorKind, Facts, Failure, Oid, StockId, policy::StockPolicy};
use depot::{Check, PackEntry};
use store::{
    changes::{ChangeKind, ChangeRow},
    contents::{self, Content, ContentState},
    facts::{self, Analyzers, Named},
    findings::NewFinding,
    trees,
};

use crate::context::Context;

/// Bytes of contents that are held at once; a larger content is held alone.
const HELD: u64 = 16_000_000;

/// The mode of a submodule, which has no bytes.
const SUBMODULE: u32 = 0o160_000;

/// The checks of one audit.
#[derive(Clone)]
pub(crate) struct Looking {
    prepared: Arc<Prepared>,
    stock: StockId,
    analyzers: Analyzers,
}

/// What is known of the rows at hand.
struct Known {
    facts: HashMap<Named, Facts>,
    stocked: HashMap<Oid, Stocked>,
    contents: HashMap<Oid, Content>,
}

impl Looking {
    /// Makes the checks of the policy ready.
    pub(crate) fn prepare(stock: StockId, policy: &StockPolicy) -> Result<Self, Failure> {
        let prepared = checks::prepare(&policy.checks)
            .map_err(|error| Failure::new(ErrorKind::Invalid, format!("the stock's policy: {error}")))?;
        let analyzers = Analyzers::parse(&analysis::fingerprint());
        Ok(Self { prepared: Arc::new(prepared), stock, analyzers })
    }

    /// What the checks have to say of these changes, in their order.
    pub(crate) async fn at(
        &self,
        context: &Context,
        rows: Vec<ChangeRow>,
    ) -> Result<Vec<NewFinding>, Failure> {
        if self.prepared.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<ChangeRow> = rows.into_iter().filter(|row| row.kind != ChangeKind::Removed).collect();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let rows = Arc::new(rows);
        let known = Arc::new(self.known(context, rows.clone()).await?);
        let mut findings = Vec::new();
        for group in groups(&rows, &known, self.prepared.needs()) {
            let shown: Vec<&ChangeRow> = group.iter().filter_map(|at| rows.get(*at)).collect();
            let bytes = if self.prepared.needs().bytes {
                read(context, &shown, &known).await?
            } else {
                HashMap::new()
            };
            let (looking, rows, known) = (self.clone(), rows.clone(), known.clone());
            let found = tokio::task::spawn_blocking(move || {
                let looked = |at: &usize| rows.get(*at).map(|row| looking.look(row, &known, &bytes));
                group.iter().filter_map(looked).flatten().collect::<Vec<NewFinding>>()
            });
            let broke =
                |panic| Failure::new(ErrorKind::Internal, format!("a check ended in a panic: {panic}"));
            findings.extend(found.await.map_err(broke)?);
        }
        Ok(findings)
    }

    async fn known(&self, context: &Context, rows: Arc<Vec<ChangeRow>>) -> Result<Known, Failure> {
        let Needs { facts, bytes, stocked } = self.prepared.needs();
        let (stock, analyzers) = (self.stock, self.analyzers.clone());
        let known = context
            .store
            .read(move |tx| {
                let named: Vec<Named> = rows.iter().filter_map(named).collect();
                let mut oids: Vec<Oid> = named.iter().map(|(oid, _)| *oid).collect();
                oids.sort_unstable();
                oids.dedup();
                let facts = if facts { facts::of(tx, &named, &analyzers)? } else { HashMap::new() };
                let contents = if bytes { contents::known(tx, &oids)? } else { HashMap::new() };
                let stocked = if stocked { trees::stocked(tx, stock, &oids)? } else { HashMap::new() };
                let stocked =
                    stocked.into_iter().map(|(oid, (url, path))| (oid, Stocked { url, path })).collect();
                Ok(Known { facts, stocked, contents })
            })
            .await?;
        Ok(known)
    }

    fn look(&self, row: &ChangeRow, known: &Known, bytes: &HashMap<Oid, Read>) -> Vec<NewFinding> {
        let Some((named, after)) = named(row).zip(row.after.as_ref()) else { return Vec::new() };
        let is_new_content = matches!(row.kind, ChangeKind::New | ChangeKind::Modified);
        let read = bytes.get(&after.oid);
        let subject = Subject {
            path: &row.path,
            mode: after.mode,
            size: after.size,
            facts: known.facts.get(&named),
            bytes: read.and_then(|read| read.as_ref().ok()).map(AsRef::as_ref),
            unreadable: read.and_then(|read| read.as_ref().err()).map(String::as_str),
            // What moved is held under the name that it had.
            stocked: known.stocked.get(&after.oid).filter(|_| is_new_content),
        };
        let mut hits: Vec<Hit> = Vec::new();
        self.prepared.look(&subject, &mut hits);
        let finding = |hit: Hit| NewFinding {
            repository: row.repository,
            url: row.url.clone(),
            path: row.path.clone(),
            oid: after.oid,
            check: hit.check.to_owned(),
            code: hit.found.code.into_owned(),
            level: hit.level,
            message: hit.found.message,
            line: hit.found.line,
        };
        hits.into_iter().map(finding).collect()
    }
}

fn named(row: &ChangeRow) -> Option<Named> {
    row.after.as_ref().map(|after| (after.oid, analysis::hint(&row.path).to_owned()))
}

/// Rows whose contents are held at once, by their places; all in one when nobody wants to see contents.
fn groups(rows: &[ChangeRow], known: &Known, needs: Needs) -> Vec<Vec<usize>> {
    let (mut groups, mut group, mut held) = (Vec::new(), Vec::new(), 0);
    for (at, row) in rows.iter().enumerate() {
        let content = row.after.as_ref().and_then(|after| known.contents.get(&after.oid));
        let size = if needs.bytes { content.map_or(0, |content| content.size) } else { 0 };
        if held + size > HELD && !group.is_empty() {
            groups.push(std::mem::take(&mut group));
            held = 0;
        }
        group.push(at);
        held += size;
    }
    groups.push(group);
    groups
}

/// The bytes of a content, or why they cannot be had.
type Read = Result<Bytes, String>;

/// The bytes of the rows' contents. What the depot cannot give is told with the reason, and somebody who should have
/// looked at it finds that; that it is mended is a repair's work. A depot that does not answer fails the audit, which
/// is tried again.
async fn read(context: &Context, rows: &[&ChangeRow], known: &Known) -> Result<HashMap<Oid, Read>, Failure> {
    let mut by_pack: BTreeMap<&str, Vec<PackEntry>> = BTreeMap::new();
    let mut bytes: HashMap<Oid, Read> = HashMap::new();
    let sides = rows.iter().filter_map(|row| row.after.as_ref()).filter(|after| after.mode != SUBMODULE);
    for oid in sides.map(|after| after.oid).collect::<BTreeSet<Oid>>() {
        let content = known.contents.get(&oid);
        match content.and_then(|content| content.location.as_ref().map(|location| (content, location))) {
            Some((content, location)) => {
                let (offset, length) = (location.offset, location.length);
                let entry = PackEntry { oid, offset, length, size: content.size };
                by_pack.entry(&location.pack).or_default().push(entry);
            }
            None => {
                bytes.insert(oid, Err(not_kept(content)));
            }
        }
    }
    for (pack, entries) in by_pack {
        match context.depot.read_each(pack, &entries, Check::Digest).await {
            Ok(read) => {
                for (entry, read) in entries.iter().zip(read) {
                    bytes.insert(entry.oid, read.map_err(|error| error.to_string()));
                }
            }
            Err(error) if error.kind().is_transient() => return Err(Failure::new(error.kind(), error)),
            Err(error) => {
                tracing::warn!(pack, %error, "contents of a pack not looked at");
                bytes.extend(entries.iter().map(|entry| (entry.oid, Err(error.to_string()))));
            }
        }
    }
    Ok(bytes)
}

fn not_kept(content: Option<&Content>) -> String {
    let reason = match content.map(|content| content.state) {
        Some(ContentState::TooLarge) => "it is larger than what is kept of one content",
        Some(ContentState::Unreadable) => "it could not be read when it was visited",
        Some(ContentState::Stored | ContentState::Condemned) => "nobody knows where they are kept",
        None => "the store does not know it",
    };
    reason.to_owned()
}
