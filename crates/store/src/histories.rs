//! Histories: the commits of repositories without their contents, the measures of their messages, and the
//! sums of those.
//!
//! Commits have positions from 1, parents before their children, so that what is new comes at the end. A visit
//! [`begin`]s, adds pages by [`insert_many`], and [`end`]s; until then nobody sees what it has added, and what
//! it leaves when it dies goes with the next [`begin`].

use contracts::{ErrorKind, Failure, Oid, RepositoryId, SnapshotId, TaskId};
use diesel::{BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    connection::{AnyConnection, each},
    keys::storable,
    names::names,
    schema::{commits, histories, snapshots, source_states, visit_plans},
    types::{Hash, Id, Instant},
    values::{from_db, to_db},
};

mod copies;
mod rows;

pub use copies::{Copied, Lineage, copies, lineage};
pub use rows::{Commit, Signature, at, insert_many, list};

names! {
    /// What a commit does, by the words of its message.
    pub enum CommitKind in "commits.kind" {
        /// Joins branches.
        Merge = "merge",
        /// Brings something new.
        Feature = "feature",
        /// Mends something.
        Fix = "fix",
        /// Changes settings.
        Config = "config",
        /// None of its words tells.
        Unclassified = "unclassified",
    }
}

/// Sums over the messages of a history.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// Commits of each kind, in the order of [`CommitKind::ALL`].
    pub kinds: [u64; CommitKind::ALL.len()],
    /// Characters of all messages.
    pub chars: u64,
    /// Words of all messages.
    pub words: u64,
    /// The sum of the fog indexes of all messages.
    pub fog: f64,
}

impl Sums {
    /// Adds one commit.
    pub fn add(&mut self, kind: CommitKind, chars: u64, words: u64, fog: f64) {
        for (count, of) in self.kinds.iter_mut().zip(CommitKind::ALL) {
            *count += u64::from(*of == kind);
        }
        self.chars += chars;
        self.words += words;
        self.fog += fog;
    }

    /// Commits of this kind.
    pub fn of_kind(&self, kind: CommitKind) -> u64 {
        let found = self.kinds.iter().zip(CommitKind::ALL).find(|(_, of)| **of == kind);
        found.map_or(0, |(count, _)| *count)
    }
}

/// What is known of a repository's commits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The newest commit; none before one and everything before it is taken in.
    pub tip: Option<Oid>,
    /// How many commits there are.
    pub commits: u64,
    /// Whether the server itself has not everything that came before.
    pub is_cut: bool,
    /// What their messages come to.
    pub sums: Sums,
    /// Why the newest commits could not be taken in.
    pub failure: Option<Failure>,
    /// When it was last looked after.
    pub updated_at: Timestamp,
}

#[expect(clippy::cast_precision_loss, reason = "a history has far fewer than 2^52 commits, or words")]
impl History {
    /// The share of commits of this kind, from 0 to 1; 0 without commits.
    pub fn share(&self, kind: CommitKind) -> f64 {
        self.mean(self.sums.of_kind(kind) as f64)
    }

    /// The share of commits whose messages tell what they do, from 0 to 1; 0 without commits.
    pub fn classifiable(&self) -> f64 {
        let told = self.sums.kinds.iter().sum::<u64>() - self.sums.of_kind(CommitKind::Unclassified);
        self.mean(told as f64)
    }

    /// Mean number of characters of a message; 0 without commits.
    pub fn mean_chars(&self) -> f64 {
        self.mean(self.sums.chars as f64)
    }

    /// Mean number of words of a message; 0 without commits.
    pub fn mean_words(&self) -> f64 {
        self.mean(self.sums.words as f64)
    }

    /// Mean fog index of a message; 0 without commits.
    pub fn mean_fog(&self) -> f64 {
        self.mean(self.sums.fog)
    }

    fn mean(&self, sum: f64) -> f64 {
        if self.commits == 0 { 0.0 } else { sum / self.commits as f64 }
    }
}

/// Whether the source that a visit of this repository is made for wants its commits too.
///
/// # Errors
/// When the database does not answer.
pub fn is_wanted(tx: &mut Tx, repository: RepositoryId, snapshot: SnapshotId) -> Result<bool, StoreError> {
    let made_for: Option<(Id, Option<Id>)> = snapshots::table
        .find(Id::from(snapshot))
        .select((snapshots::stock_id, snapshots::source_id))
        .first(tx.conn())
        .optional()?;
    let Some((stock, source)) = made_for else { return Ok(false) };
    // A visit that was planned is made for the source that the plan is of.
    let source = match source {
        Some(source) => Some(source),
        None => visit_plans::table
            .find((Id::from(repository), stock))
            .select(visit_plans::source_id)
            .first::<Option<Id>>(tx.conn())
            .optional()?
            .flatten(),
    };
    let Some(source) = source else { return Ok(false) };
    let wanted = source_states::table.find(source).select(source_states::history);
    Ok(wanted.first(tx.conn()).optional()?.unwrap_or(false))
}

/// What is known of the repository's commits; none when they were never wanted.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, repository: RepositoryId) -> Result<Option<History>, StoreError> {
    let columns = (
        (histories::tip, histories::commits, histories::is_cut),
        (
            histories::merges,
            histories::features,
            histories::fixes,
            histories::configs,
            histories::unclassified,
        ),
        (histories::chars, histories::words, histories::fog),
        (histories::error_kind, histories::error_reason, histories::updated_at),
    );
    let row: Option<(Head, Kinds, Measures, End)> =
        histories::table.find(Id::from(repository)).select(columns).first(tx.conn()).optional()?;
    let Some(((tip, commits, is_cut), kinds, (chars, words, fog), (kind, reason, updated_at))) = row else {
        return Ok(None);
    };
    let failure = match (kind, reason) {
        (Some(kind), Some(reason)) => {
            let known = ErrorKind::from_name(&kind);
            let kind = known.ok_or_else(|| StoreError::unknown("histories.error_kind", &kind))?;
            Some(Failure { kind, reason })
        }
        _ => None,
    };
    let (merges, features, fixes, configs, unclassified) = kinds;
    let sums = Sums {
        kinds: [merges, features, fixes, configs, unclassified].map(from_db),
        chars: from_db(chars),
        words: from_db(words),
        fog,
    };
    let (tip, commits, updated_at) = (tip.map(Oid::from), from_db(commits), updated_at.into());
    Ok(Some(History { tip, commits, is_cut, sums, failure, updated_at }))
}

type Head = (Option<Hash>, i64, bool);
type Kinds = (i64, i64, i64, i64, i64);
type Measures = (i64, i64, f64);
type End = (Option<String>, Option<String>, Instant);

/// From now on this task writes the repository's history, and nobody else. What others have left behind its
/// end goes.
///
/// # Errors
/// When the database does not answer.
pub fn begin(
    tx: &mut Tx,
    repository: RepositoryId,
    writer: TaskId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = Id::from(repository);
    let zero = 0_i64;
    let row = (
        histories::repository_id.eq(id),
        histories::commits.eq(zero),
        histories::is_cut.eq(false),
        (
            histories::merges.eq(zero),
            histories::features.eq(zero),
            histories::fixes.eq(zero),
            histories::configs.eq(zero),
            histories::unclassified.eq(zero),
        ),
        (histories::chars.eq(zero), histories::words.eq(zero), histories::fog.eq(0.0)),
        histories::updated_at.eq(Instant(now)),
    );
    each!(tx, c => diesel::insert_into(histories::table).values(row).on_conflict_do_nothing().execute(c))?;
    diesel::update(histories::table.find(id))
        .set((histories::writer.eq(Some(Id::from(writer))), histories::updated_at.eq(Instant(now))))
        .execute(tx.conn())?;
    let kept: i64 = histories::table.find(id).select(histories::commits).first(tx.conn())?;
    let behind = commits::repository_id.eq(id).and(commits::position.gt(kept));
    diesel::delete(commits::table.filter(behind)).execute(tx.conn())?;
    Ok(())
}

/// Forgets every commit: the history was written anew upstream. Returns whether `writer` still writes.
///
/// # Errors
/// When the database does not answer.
pub fn forget(tx: &mut Tx, repository: RepositoryId, writer: TaskId) -> Result<bool, StoreError> {
    if !is_writer(tx, repository, writer)? {
        return Ok(false);
    }
    let id = Id::from(repository);
    diesel::update(histories::table.find(id))
        .set((histories::tip.eq(None::<Hash>), histories::commits.eq(0_i64)))
        .execute(tx.conn())?;
    diesel::delete(commits::table.filter(commits::repository_id.eq(id))).execute(tx.conn())?;
    Ok(true)
}

/// The history is this now: all that was inserted counts. Returns whether `writer` still writes.
///
/// # Errors
/// When the database does not answer.
pub fn end(
    tx: &mut Tx,
    repository: RepositoryId,
    writer: TaskId,
    history: &History,
) -> Result<bool, StoreError> {
    if !is_writer(tx, repository, writer)? {
        return Ok(false);
    }
    let [merges, features, fixes, configs, unclassified] = history.sums.kinds.map(to_db);
    diesel::update(histories::table.find(Id::from(repository)))
        .set((
            (
                histories::tip.eq(history.tip.map(Hash)),
                histories::commits.eq(to_db(history.commits)),
                histories::is_cut.eq(history.is_cut),
            ),
            (
                histories::merges.eq(merges),
                histories::features.eq(features),
                histories::fixes.eq(fixes),
                histories::configs.eq(configs),
                histories::unclassified.eq(unclassified),
            ),
            (
                histories::chars.eq(to_db(history.sums.chars)),
                histories::words.eq(to_db(history.sums.words)),
                histories::fog.eq(history.sums.fog),
            ),
            (histories::error_kind.eq(None::<String>), histories::error_reason.eq(None::<String>)),
            histories::updated_at.eq(Instant(history.updated_at)),
        ))
        .execute(tx.conn())?;
    Ok(true)
}

/// Notes why the newest commits could not be taken in; what is known stays.
///
/// # Errors
/// When the database does not answer.
pub fn fail(
    tx: &mut Tx,
    repository: RepositoryId,
    writer: TaskId,
    failure: &Failure,
    now: Timestamp,
) -> Result<(), StoreError> {
    if is_writer(tx, repository, writer)? {
        diesel::update(histories::table.find(Id::from(repository)))
            .set((
                histories::error_kind.eq(Some(failure.kind.as_str())),
                histories::error_reason.eq(Some(storable(&failure.reason).into_owned())),
                histories::updated_at.eq(Instant(now)),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Whether the commit is one of the repository's history.
///
/// # Errors
/// When the database does not answer.
pub fn is_known(tx: &mut Tx, repository: RepositoryId, commit: &Oid) -> Result<bool, StoreError> {
    Ok(position(tx, repository, commit)?.is_some())
}

/// Where the commit is in the repository's history; none when it is not in it.
///
/// # Errors
/// When the database does not answer.
pub fn position(tx: &mut Tx, repository: RepositoryId, commit: &Oid) -> Result<Option<u64>, StoreError> {
    let found: Option<i64> = commits::table
        .filter(commits::repository_id.eq(Id::from(repository)))
        .filter(commits::oid.eq(Hash(*commit)))
        .select(commits::position)
        .first(tx.conn())
        .optional()?;
    Ok(found.map(from_db))
}

/// Whether this task is the one that writes; it stays so until the transaction ends.
fn is_writer(tx: &mut Tx, repository: RepositoryId, writer: TaskId) -> Result<bool, StoreError> {
    let row = histories::table.find(Id::from(repository)).select(histories::writer);
    let found: Option<Option<Id>> = match tx.conn() {
        AnyConnection::Postgres(conn) => row.for_update().first(conn).optional()?,
        AnyConnection::Sqlite(conn) => row.first(conn).optional()?,
    };
    Ok(found.flatten() == Some(Id::from(writer)))
}
