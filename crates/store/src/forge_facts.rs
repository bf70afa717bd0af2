//! What forges say of repositories, apart from what we saw of them.

use std::collections::{BTreeMap, HashMap};

use contracts::{RepositoryId, SourceId};
use diesel::{
    ExpressionMethods, Insertable, JoinOnDsl, OptionalExtension, QueryDsl, Queryable, RunQueryDsl,
    upsert::excluded,
};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    StoreError, Tx,
    bulk::upsert_many,
    connection::each,
    keys::{self, storable},
    names::names,
    repositories,
    schema::{forge_facts, repositories as repository_rows},
    types::{Id, Instant},
    values::KEYS,
};

/// The largest record that is kept as it came, in bytes.
const RAW: usize = 64 << 10;
/// Rows of one statement on PostgreSQL; each binds fifteen values.
const ROWS: usize = 1_000;

names! {
    /// How a repository stands on its forge.
    pub enum FactState in "forge_facts.state" {
        /// Everybody sees it.
        Present = "present",
        /// Only some see it, we among them.
        Private = "private",
        /// It is known by another address now.
        Moved = "moved",
        /// It is not there any more, or not for us.
        Gone = "gone",
    }
}

/// A repository as a source showed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Its canonical clone URL.
    pub url: String,
    /// Its name for people.
    pub name: String,
    /// The forge, by the host of its pages; empty when that is not known.
    pub forge: String,
    /// The forge's own id of it.
    pub forge_id: Option<String>,
    /// Whether only some see it.
    pub private: bool,
    /// Whether it is read-only for good.
    pub archived: bool,
    /// The last push, as the forge says.
    pub pushed_at: Option<Timestamp>,
    /// What is said of it, a JSON object.
    pub facts: Value,
    /// The record as it came.
    pub raw: Option<Value>,
}

/// What is kept of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The repository.
    pub repository: RepositoryId,
    /// Its canonical clone URL.
    pub url: String,
    /// The source that showed it last.
    pub source: Option<SourceId>,
    /// The forge, by the host of its pages.
    pub forge: String,
    /// The forge's own id of it.
    pub forge_id: Option<String>,
    /// How it stands.
    pub state: FactState,
    /// Why it stands so, when it is not simply there.
    pub reason: Option<String>,
    /// Where it is now, when it moved.
    pub moved_to: Option<RepositoryId>,
    /// Whether it is read-only for good.
    pub archived: bool,
    /// The last push, as the forge says.
    pub pushed_at: Option<Timestamp>,
    /// What is said of it, a JSON object.
    pub facts: Value,
    /// The record as it came, unless it was too large.
    pub raw: Option<Value>,
    /// When it was shown first.
    pub first_seen_at: Timestamp,
    /// When what is said of it last changed.
    pub changed_at: Timestamp,
    /// When it was shown last.
    pub seen_at: Timestamp,
}

/// What was new about a repository that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It was never shown before.
    New,
    /// Something that is said of it changed.
    Changed,
    /// It is as before.
    Same,
}

/// A repository that was shown, and what was new about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The repository.
    pub repository: RepositoryId,
    /// Its canonical clone URL.
    pub url: String,
    /// What was new.
    pub news: News,
    /// The last push, as the forge says.
    pub pushed_at: Option<Timestamp>,
    /// Whether it is read-only for good.
    pub archived: bool,
    /// Repositories that were this one until now: renamed or moved, they are known by this address.
    pub was: Vec<RepositoryId>,
}

#[derive(Insertable)]
#[diesel(table_name = forge_facts, treat_none_as_default_value = false)]
struct NewRow<'a> {
    repository_id: Id,
    source_id: Option<Id>,
    forge: &'a str,
    forge_id: Option<String>,
    state: &'static str,
    reason: Option<&'static str>,
    moved_to: Option<Id>,
    archived: bool,
    pushed_at: Option<Instant>,
    facts: String,
    raw: Option<String>,
    digest: Vec<u8>,
    first_seen_at: Instant,
    changed_at: Instant,
    seen_at: Instant,
}

/// Keeps what a source showed. Of two records with one URL the last counts. What did not change is only noted
/// as seen.
///
/// # Errors
/// When the database fails.
pub fn record(
    tx: &mut Tx,
    source: SourceId,
    shown: &[Shown],
    now: Timestamp,
) -> Result<Vec<Recorded>, StoreError> {
    let by_url: BTreeMap<&str, &Shown> = shown.iter().map(|one| (one.url.as_str(), one)).collect();
    let named: Vec<(String, String)> =
        by_url.values().map(|one| (one.url.clone(), one.name.clone())).collect();
    let ids = repositories::upsert_many(tx, &named, now)?;
    let mut ones: Vec<(RepositoryId, &Shown)> = ids.into_iter().zip(by_url.into_values()).collect();
    // Rows are locked in the order of their keys.
    ones.sort_unstable_by_key(|(id, _)| *id);
    let before = digests(tx, ones.iter().map(|(id, _)| *id))?;
    let (mut recorded, mut rows, mut same) = (Vec::with_capacity(ones.len()), Vec::new(), Vec::new());
    for (id, one) in ones {
        let row = row(id, source, one, now);
        let news = match before.get(&id) {
            None => News::New,
            Some(digest) if *digest == row.digest => News::Same,
            Some(_) => News::Changed,
        };
        match news {
            News::Same => same.push(row.repository_id),
            News::New | News::Changed => rows.push(row),
        }
        let (pushed_at, archived) = (one.pushed_at, one.archived);
        recorded.push(Recorded {
            repository: id,
            url: one.url.clone(),
            news,
            pushed_at,
            archived,
            was: Vec::new(),
        });
    }
    mark_moved(tx, &rows, &mut recorded, now)?;
    for part in rows.chunks(ROWS) {
        upsert_many!(tx, part, part => diesel::insert_into(forge_facts::table)
        .values(part)
        .on_conflict(forge_facts::repository_id)
        .do_update()
        .set((
            forge_facts::source_id.eq(excluded(forge_facts::source_id)),
            forge_facts::forge.eq(excluded(forge_facts::forge)),
            forge_facts::forge_id.eq(excluded(forge_facts::forge_id)),
            forge_facts::state.eq(excluded(forge_facts::state)),
            forge_facts::reason.eq(excluded(forge_facts::reason)),
            forge_facts::moved_to.eq(excluded(forge_facts::moved_to)),
            forge_facts::archived.eq(excluded(forge_facts::archived)),
            forge_facts::pushed_at.eq(excluded(forge_facts::pushed_at)),
            forge_facts::facts.eq(excluded(forge_facts::facts)),
            forge_facts::raw.eq(excluded(forge_facts::raw)),
            forge_facts::digest.eq(excluded(forge_facts::digest)),
            forge_facts::changed_at.eq(excluded(forge_facts::changed_at)),
            forge_facts::seen_at.eq(excluded(forge_facts::seen_at)),
        )))?;
    }
    seen(tx, source, &same, now)?;
    Ok(recorded)
}

fn row<'a>(id: RepositoryId, source: SourceId, one: &'a Shown, now: Timestamp) -> NewRow<'a> {
    let state = if one.private { FactState::Private } else { FactState::Present };
    let facts = storable(&one.facts.to_string()).into_owned();
    let forge_id = one.forge_id.as_deref().map(|id| keys::of(id).into_owned());
    let digest = Sha256::new()
        .chain_update(state.as_str())
        .chain_update(&one.forge)
        .chain_update([0])
        .chain_update(forge_id.as_deref().unwrap_or_default())
        .chain_update([0, u8::from(one.archived)])
        .chain_update(&facts)
        .finalize();
    let raw = one.raw.as_ref().map(Value::to_string).filter(|raw| raw.len() <= RAW);
    NewRow {
        repository_id: id.into(),
        source_id: Some(source.into()),
        forge: &one.forge,
        forge_id,
        state: state.as_str(),
        reason: None,
        moved_to: None,
        archived: one.archived,
        pushed_at: one.pushed_at.map(Instant),
        facts,
        raw: raw.map(|raw| storable(&raw).into_owned()),
        digest: digest.to_vec(),
        first_seen_at: Instant(now),
        changed_at: Instant(now),
        seen_at: Instant(now),
    }
}

fn digests(
    tx: &mut Tx,
    ids: impl Iterator<Item = RepositoryId>,
) -> Result<HashMap<RepositoryId, Vec<u8>>, StoreError> {
    let (ids, mut found) = (ids.map(Id::from).collect::<Vec<_>>(), HashMap::new());
    for part in ids.chunks(KEYS) {
        let rows: Vec<(Id, Vec<u8>)> = each!(tx, c => forge_facts::table
            .filter(forge_facts::repository_id.eq_any(part))
            .select((forge_facts::repository_id, forge_facts::digest))
            .load(c))?;
        found.extend(rows.into_iter().map(|(id, digest)| (id.into(), digest)));
    }
    Ok(found)
}

/// The same id at another address: the repository was renamed or moved, and its old address leads here.
fn mark_moved(
    tx: &mut Tx,
    rows: &[NewRow<'_>],
    recorded: &mut [Recorded],
    now: Timestamp,
) -> Result<(), StoreError> {
    let with_id: Vec<&NewRow<'_>> =
        rows.iter().filter(|row| row.forge_id.is_some() && !row.forge.is_empty()).collect();
    let mut moved: Vec<(Id, Id)> = Vec::new();
    for part in with_id.chunks(KEYS) {
        let wanted: HashMap<(&str, &str), Id> = part
            .iter()
            .filter_map(|row| Some(((row.forge, row.forge_id.as_deref()?), row.repository_id)))
            .collect();
        let forge_ids: Vec<&str> = part.iter().filter_map(|row| row.forge_id.as_deref()).collect();
        let mut forges: Vec<&str> = part.iter().map(|row| row.forge).collect();
        forges.sort_unstable();
        forges.dedup();
        let held: Vec<(Id, String, Option<String>)> = each!(tx, c => forge_facts::table
            .filter(forge_facts::forge.eq_any(&forges))
            .filter(forge_facts::forge_id.eq_any(&forge_ids))
            .filter(forge_facts::state.ne(FactState::Moved.as_str()))
            .select((forge_facts::repository_id, forge_facts::forge, forge_facts::forge_id))
            .load(c))?;
        for (id, forge, forge_id) in held {
            let new = wanted.get(&(forge.as_str(), forge_id.as_deref().unwrap_or_default()));
            if let Some(new) = new.filter(|new| **new != id) {
                moved.push((id, *new));
            }
        }
    }
    moved.sort_unstable_by_key(|(old, _)| old.0);
    for (old, new) in moved {
        let digest: &[u8] = &[];
        diesel::update(forge_facts::table.find(old))
            .set((
                forge_facts::state.eq(FactState::Moved.as_str()),
                forge_facts::reason.eq(Some("the forge knows it by another address")),
                forge_facts::moved_to.eq(Some(new)),
                // Shown again under this address, it is something new.
                forge_facts::digest.eq(digest),
                forge_facts::changed_at.eq(Instant(now)),
            ))
            .execute(tx.conn())?;
        if let Some(one) = recorded.iter_mut().find(|one| Id::from(one.repository) == new) {
            one.was.push(old.into());
        }
    }
    Ok(())
}

fn seen(tx: &mut Tx, source: SourceId, ids: &[Id], now: Timestamp) -> Result<(), StoreError> {
    for part in ids.chunks(KEYS) {
        each!(tx, c => diesel::update(forge_facts::table.filter(forge_facts::repository_id.eq_any(part)))
            .set((
                forge_facts::seen_at.eq(Instant(now)),
                forge_facts::source_id.eq(Some(Id::from(source))),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// Notes repositories as seen again, as they were, given by their canonical URLs. Returns how many are known.
///
/// # Errors
/// When the database fails.
pub fn seen_again(
    tx: &mut Tx,
    source: SourceId,
    urls: &[String],
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut known = 0;
    for part in urls.chunks(KEYS) {
        let mut ids: Vec<Id> = each!(tx, c => forge_facts::table
            .inner_join(repository_rows::table.on(repository_rows::id.eq(forge_facts::repository_id)))
            .filter(repository_rows::url.eq_any(part))
            .filter(forge_facts::state.eq_any([FactState::Present.as_str(), FactState::Private.as_str()]))
            .select(forge_facts::repository_id)
            .load(c))?;
        ids.sort_unstable_by_key(|id| id.0);
        known += ids.len();
        seen(tx, source, &ids, now)?;
    }
    Ok(known)
}

/// Notes that a repository is gone. Returns whether it was thought to be there.
///
/// # Errors
/// When the database fails.
pub fn set_gone(tx: &mut Tx, id: RepositoryId, reason: &str, now: Timestamp) -> Result<bool, StoreError> {
    let digest: &[u8] = &[];
    let there = [FactState::Present.as_str(), FactState::Private.as_str()];
    let row = forge_facts::table.find(Id::from(id)).filter(forge_facts::state.eq_any(there));
    let changed = diesel::update(row)
        .set((
            forge_facts::state.eq(FactState::Gone.as_str()),
            forge_facts::reason.eq(Some(storable(reason).into_owned())),
            // Shown again as it was, it is something new all the same.
            forge_facts::digest.eq(digest),
            forge_facts::changed_at.eq(Instant(now)),
        ))
        .execute(tx.conn())?;
    Ok(changed > 0)
}

/// A repository that a source showed before and did not show in its last pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing {
    /// Which one.
    pub repository: RepositoryId,
    /// Its canonical clone URL.
    pub url: String,
    /// The forge's own id of it.
    pub forge_id: Option<String>,
}

/// Up to `limit` repositories that this source showed last, before `pass`, and that are thought to be there.
///
/// # Errors
/// When the database fails.
pub fn missing(
    tx: &mut Tx,
    source: SourceId,
    pass: Timestamp,
    limit: u32,
) -> Result<Vec<Missing>, StoreError> {
    let rows: Vec<(Id, String, Option<String>)> = forge_facts::table
        .inner_join(repository_rows::table.on(repository_rows::id.eq(forge_facts::repository_id)))
        .filter(forge_facts::source_id.eq(Id::from(source)))
        .filter(forge_facts::seen_at.lt(Instant(pass)))
        .filter(forge_facts::state.eq_any([FactState::Present.as_str(), FactState::Private.as_str()]))
        .order(forge_facts::seen_at)
        .limit(limit.into())
        .select((forge_facts::repository_id, repository_rows::url, forge_facts::forge_id))
        .load(tx.conn())?;
    Ok(rows.into_iter().map(|(id, url, forge_id)| Missing { repository: id.into(), url, forge_id }).collect())
}

#[derive(Queryable)]
struct Row {
    repository: Id,
    source: Option<Id>,
    forge: String,
    forge_id: Option<String>,
    state: String,
    reason: Option<String>,
    moved_to: Option<Id>,
    archived: bool,
    pushed_at: Option<Instant>,
    facts: String,
    raw: Option<String>,
    _digest: Vec<u8>,
    first_seen_at: Instant,
    changed_at: Instant,
    seen_at: Instant,
}

/// What is kept of a repository.
///
/// # Errors
/// When the database fails.
pub fn get(tx: &mut Tx, id: RepositoryId) -> Result<Option<Facts>, StoreError> {
    let row: Option<(Row, String)> = forge_facts::table
        .inner_join(repository_rows::table.on(repository_rows::id.eq(forge_facts::repository_id)))
        .filter(forge_facts::repository_id.eq(Id::from(id)))
        .select((forge_facts::all_columns, repository_rows::url))
        .first(tx.conn())
        .optional()?;
    let json = |text: &str| {
        serde_json::from_str(text)
            .map_err(|error| StoreError::Corrupt(format!("no JSON in forge_facts: {error}")))
    };
    let Some((row, url)) = row else { return Ok(None) };
    Ok(Some(Facts {
        repository: row.repository.into(),
        url,
        source: row.source.map(Into::into),
        forge: row.forge,
        forge_id: row.forge_id,
        state: FactState::stored(&row.state)?,
        reason: row.reason,
        moved_to: row.moved_to.map(Into::into),
        archived: row.archived,
        pushed_at: row.pushed_at.map(Into::into),
        facts: json(&row.facts)?,
        raw: row.raw.as_deref().map(json).transpose()?,
        first_seen_at: row.first_seen_at.into(),
        changed_at: row.changed_at.into(),
        seen_at: row.seen_at.into(),
    }))
}

/// The repository that this forge knows by this id.
///
/// # Errors
/// When the database fails.
pub fn of_forge(tx: &mut Tx, forge: &str, forge_id: &str) -> Result<Option<RepositoryId>, StoreError> {
    let found: Option<Id> = forge_facts::table
        .filter(forge_facts::forge.eq(forge.to_owned()))
        .filter(forge_facts::forge_id.eq(keys::of(forge_id).into_owned()))
        .filter(forge_facts::state.ne(FactState::Moved.as_str()))
        .select(forge_facts::repository_id)
        .first(tx.conn())
        .optional()?;
    Ok(found.map(Into::into))
}
