//! Takes `visit.requested.v1`, the wake of a process task.
//! Reads the revision, what is known of its repository, and upstream.
//! Writes nodes, packs, contents and batches as they come, then the end of the revision.
//! Emits `batch.stored.v1` for each batch; `revision.analyzed.v1` and `snapshot.ready.v1` when nothing is left.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use contracts::{
    ErrorKind, Failure, Lane, Oid, Outgoing, RepositoryId, RevisionId, SnapshotId,
    messages::{RevisionAnalyzed, SnapshotReady, VisitRequested},
};
use git::{GitError, Head, Location, Origin};
use jiff::Timestamp;
use store::{
    Tx, failures,
    heads::{self, HeldHead},
    histories,
    repositories::{self, LastVisit},
    revisions::{self, Revision, RevisionState},
    snapshots,
    tasks::Task,
    trees::{self, Totals},
};
use tokio_util::sync::CancellationToken;
use worker::{Commit, Job, Retry, Running};

use crate::{
    context::Context,
    history, metrics,
    rest::{self, Rest},
    scratch,
    stocking::{self, Stop},
};

/// Heads that one fetch may build on: its own, and those of likely copies.
const MOST_HEADS: u32 = 16;

pub(crate) struct Visit {
    pub(crate) context: Context,
}

/// What a visit does, once it knows where HEAD is.
#[derive(Debug, PartialEq)]
enum Plan {
    /// The commit is the one of the last visit; its tree is known.
    Unchanged { commit: Oid, tree: i64 },
    /// Somebody was seen at this commit before, this repository or another; its tree is known.
    Known { commit: Oid, tree: i64 },
    /// The commit is new, or there is none to compare, or everything is to be stored anew.
    Fetch,
}

#[async_trait]
impl Job for Visit {
    type Message = VisitRequested;
    const KIND: &'static str = "process";

    fn retry(&self) -> Retry {
        Retry { tries: self.context.tries, ..Retry::OUTSIDE }
    }

    async fn run(&self, running: &Running) -> Result<Commit, Failure> {
        let id = RevisionId(running.task.subject);
        let Some(Loaded { revision, last, wants_history }) = self.load(running, id).await? else {
            return Ok(Commit::skip("the revision is gone or has ended"));
        };
        self.check_rest(running, &revision).await?;
        let location = Location::parse(&revision.url).map_err(failure)?;
        let head = self.resolve(&location, &revision, running).await?;
        running.pass("visit.after_resolve")?;
        if let (Head::At { commit, .. }, true) = (&head, wants_history) {
            history::take_in(&self.context, running, &revision, &location, *commit).await?;
        }
        let known = self.known(&head).await?;
        let (commit, tree, same) = match decide(&head, last.as_ref(), known, revision.force) {
            Plan::Unchanged { commit, tree } => (commit, tree, true),
            Plan::Known { commit, tree } => (commit, tree, false),
            Plan::Fetch => return self.take_in(running, location, head, revision, last).await,
        };
        let lacking = stocking::analyze_known(&self.context, running, &revision, tree).await?;
        metrics::visited(same);
        Ok(end(revision, Some(commit), tree, same && lacking == 0, running.now()))
    }

    fn failed(&self, task: &Task, failure: &Failure) -> Commit {
        let (id, failure) = (RevisionId(task.subject), failure.clone());
        let (now, rest) = (Timestamp::now(), self.context.rest);
        Commit::save(move |tx| {
            let Some(revision) = revisions::get(tx, id)? else { return Ok(Vec::new()) };
            revisions::failed(tx, id, &failure, now)?;
            note_failure(tx, revision.repository, rest, &failure, now)?;
            Ok(snapshot_ready(tx, revision.snapshot, now)?.into_iter().collect())
        })
    }
}

impl Visit {
    /// Fetches and stores, and leaves nothing in the scratch folder.
    async fn take_in(
        &self,
        running: &Running,
        location: Location,
        head: Head,
        revision: Revision,
        last: Option<LastVisit>,
    ) -> Result<Commit, Failure> {
        let scratch = running.task.id.to_string();
        // An attempt that died here is not to be waited for.
        scratch::discard(&self.context, &scratch).await;
        scratch::room(&self.context, running).await?;
        let heads = self.heads(&revision).await?;
        let way = Way { location, head, scratch: &scratch };
        let stored = match self.attempt(running, &way, &revision, last.as_ref(), heads).await {
            Err(Stop::Incomplete) => {
                tracing::warn!(repository = %revision.url, "less is held than was thought; fetched anew");
                self.attempt(running, &way, &revision, last.as_ref(), Vec::new()).await
            }
            other => other,
        };
        running.pass("visit.before_clean")?;
        // Whatever it came to, nothing of a fetch stays once its contents are in the depot or given up.
        scratch::discard(&self.context, &scratch).await;
        stored.map_err(|stop| match stop {
            Stop::Failed(failure) => failure,
            Stop::Incomplete => Failure::new(ErrorKind::Internal, "a fetch of everything left something out"),
        })
    }

    /// One fetch, building on these heads, and what it comes to.
    async fn attempt(
        &self,
        running: &Running,
        way: &Way<'_>,
        revision: &Revision,
        last: Option<&LastVisit>,
        heads: Vec<HeldHead>,
    ) -> Result<Commit, Stop> {
        let builds_on_held = !heads.is_empty();
        let origin = self.fetch(way, heads.clone(), running, revision.snapshot).await?;
        running.pass("visit.after_fetch").map_err(Stop::Failed)?;
        let stored = self.store(running, revision, last, Arc::new(origin), heads).await;
        stored.map_err(|stop| match stop {
            // A folder that was thought to be held may have been collected meanwhile.
            Stop::Failed(failure) if builds_on_held && failure.kind == ErrorKind::Invalid => {
                tracing::debug!(%failure, "a tree that builds on what is held cannot be read");
                Stop::Incomplete
            }
            other => other,
        })
    }

    /// A repository that rests is not asked for anything, unless somebody insists.
    async fn check_rest(&self, running: &Running, revision: &Revision) -> Result<(), Failure> {
        let repository = revision.repository;
        let failures = self.context.store.read(move |tx| failures::get(tx, repository)).await?;
        let insisted =
            revision.force || revision.pinned_commit.is_some() || running.task.lane == Lane::Urgent;
        rest::resting(failures.as_ref(), insisted, running.now()).map_or(Ok(()), Err)
    }

    /// What a fetch may build on: nothing when everything is to be stored anew.
    async fn heads(&self, revision: &Revision) -> Result<Vec<HeldHead>, Failure> {
        if revision.force {
            return Ok(Vec::new());
        }
        let (repository, url) = (revision.repository, revision.url.clone());
        let heads =
            self.context.store.read(move |tx| heads::candidates(tx, repository, &url, MOST_HEADS)).await?;
        Ok(heads)
    }

    /// The tree of the commit at HEAD, when it is known.
    async fn known(&self, head: &Head) -> Result<Option<i64>, Failure> {
        let Head::At { commit, .. } = *head else { return Ok(None) };
        let tree = self.context.store.read(move |tx| heads::tree_of(tx, &commit)).await?;
        Ok(tree.map(|tree| tree.id))
    }

    async fn load(&self, running: &Running, id: RevisionId) -> Result<Option<Loaded>, Failure> {
        running
            .commit(move |tx| {
                let Some(revision) = revisions::get(tx, id)? else { return Ok((None, Vec::new())) };
                if matches!(revision.state, RevisionState::Analyzed | RevisionState::Failed) {
                    return Ok((None, Vec::new()));
                }
                revisions::start(tx, id)?;
                let last = repositories::get(tx, revision.repository)?.and_then(|repository| repository.last);
                // A commit that somebody names is a part of history, not its end.
                let wants_history = revision.pinned_commit.is_none()
                    && histories::is_wanted(tx, revision.repository, revision.snapshot)?;
                Ok((Some(Loaded { revision, last, wants_history }), Vec::new()))
            })
            .await
    }

    async fn resolve(
        &self,
        location: &Location,
        revision: &Revision,
        running: &Running,
    ) -> Result<Head, Failure> {
        if let Some(commit) = revision.pinned_commit {
            return Ok(Head::At { commit, ref_name: None });
        }
        let (fetcher, location) = (self.context.fetcher.clone(), location.clone());
        blocking(&running.cancel, move |cancel| fetcher.resolve(&location, cancel)).await
    }

    async fn fetch(
        &self,
        way: &Way<'_>,
        heads: Vec<HeldHead>,
        running: &Running,
        snapshot: SnapshotId,
    ) -> Result<Origin, Stop> {
        let (fetcher, scratch) = (self.context.fetcher.clone(), way.scratch.to_owned());
        let (location, head) = (way.location.clone(), way.head.clone());
        let told = stocking::FetchProgress::new(running, snapshot);
        let builds_on_held = !heads.is_empty();
        let held = builds_on_held
            .then(|| Arc::new(stocking::StoreHeld::new(&self.context, heads)) as Arc<dyn git::Held>);
        let begun = Instant::now();
        let fetched = blocking(&running.cancel, move |cancel| {
            fetcher.fetch(&location, &head, &scratch, held, &told, cancel)
        })
        .await;
        metrics::fetched(begun);
        fetched.map_err(|failure| match failure.kind {
            // Perhaps the server means by a held commit more than we hold of it.
            ErrorKind::Invalid if builds_on_held => {
                tracing::debug!(%failure, "a fetch that builds on what is held went wrong");
                Stop::Incomplete
            }
            _ => Stop::Failed(failure),
        })
    }

    /// Stores what `origin` has and the stock has not, unless its whole tree is known.
    async fn store(
        &self,
        running: &Running,
        revision: &Revision,
        last: Option<&LastVisit>,
        origin: Arc<Origin>,
        heads: Vec<HeldHead>,
    ) -> Result<Commit, Stop> {
        let (commit, oid) = (origin.commit(), origin.tree());
        let known = self.context.store.read(move |tx| trees::find(tx, &oid)).await.map_err(Failure::from)?;
        if let Some(tree) = known.filter(|_| !revision.force) {
            let lacking = stocking::analyze_known(&self.context, running, revision, tree.id).await?;
            // A plain directory has no commit: it is unchanged when its tree is.
            let same = last.is_some_and(|last| last.tree == tree.id && last.commit == commit);
            metrics::visited(same);
            return Ok(end(revision.clone(), commit, tree.id, same && lacking == 0, running.now()));
        }
        let base = base_of(&origin, revision.repository, &heads).filter(|_| commit.is_some());
        let stocked = stocking::stock(&self.context, running, revision, origin, base).await?;
        metrics::visited(false);
        let (now, revision, fingerprint) = (running.now(), revision.clone(), analysis::fingerprint());
        Ok(Commit::save(move |tx| {
            let Totals { nodes, bytes, contents } = stocked.totals;
            let tree = trees::complete(tx, stocked.draft, nodes, bytes, contents)?;
            trees::mark_offered(tx, tree.id, &fingerprint, revision.id)?;
            write_end(tx, &revision, commit, tree.id, false, now)
        }))
    }
}

/// What a visit begins with.
struct Loaded {
    revision: Revision,
    last: Option<LastVisit>,
    wants_history: bool,
}

/// Where a fetch goes to.
struct Way<'a> {
    location: Location,
    head: Head,
    /// The name of its scratch folder.
    scratch: &'a str,
}

/// The tree that most of this one is likely to be taken over from: the one that the server knows too, or the
/// last one of the repository itself.
fn base_of(origin: &Origin, repository: RepositoryId, heads: &[HeldHead]) -> Option<HeldHead> {
    let common = origin.common().map(|common| common.commit);
    let common = heads.iter().find(|head| Some(head.commit) == common);
    common.or_else(|| heads.iter().find(|head| head.repository == repository)).copied()
}

/// The branching of a visit.
fn decide(head: &Head, last: Option<&LastVisit>, known: Option<i64>, force: bool) -> Plan {
    let Head::At { commit, .. } = *head else { return Plan::Fetch };
    match (last, known) {
        _ if force => Plan::Fetch,
        (Some(last), _) if last.commit == Some(commit) => Plan::Unchanged { commit, tree: last.tree },
        (_, Some(tree)) => Plan::Known { commit, tree },
        _ => Plan::Fetch,
    }
}

fn end(revision: Revision, commit: Option<Oid>, tree: i64, unchanged: bool, now: Timestamp) -> Commit {
    Commit::save(move |tx| write_end(tx, &revision, commit, tree, unchanged, now))
}

/// The end of a visit that went well: the revision has its tree, the repository its last visit, and what
/// waited only for this goes on.
fn write_end(
    tx: &mut Tx,
    revision: &Revision,
    commit: Option<Oid>,
    tree: i64,
    unchanged: bool,
    now: Timestamp,
) -> Result<Vec<Outgoing>, Failure> {
    let state = if unchanged {
        revisions::unchanged(tx, revision.id, commit, tree, now)?;
        RevisionState::Analyzed
    } else {
        revisions::stored(tx, revision.id, commit, tree, now)?
    };
    let last = LastVisit { revision: revision.id, commit, tree, at: now };
    repositories::set_last(tx, revision.repository, &last)?;
    failures::clear(tx, revision.repository)?;
    if let (Some(commit), false, Some(tree)) = (commit, unchanged, trees::get(tx, tree)?) {
        let repository = revision.repository;
        heads::set(
            tx,
            &revision.url,
            &HeldHead { repository, commit, tree: tree.id, tree_oid: tree.oid },
            now,
        )?;
    }
    if state != RevisionState::Analyzed {
        return Ok(Vec::new());
    }
    let analyzed = RevisionAnalyzed { revision: revision.id, snapshot: revision.snapshot };
    let mut outgoing = vec![Outgoing::new(&analyzed)];
    outgoing.extend(snapshot_ready(tx, revision.snapshot, now)?);
    Ok(outgoing)
}

/// Keeps count of failures; a visit that was not made because of earlier ones is none.
fn note_failure(
    tx: &mut Tx,
    repository: RepositoryId,
    rest: Rest,
    failure: &Failure,
    now: Timestamp,
) -> Result<(), Failure> {
    let before = failures::get(tx, repository)?;
    if rest::resting(before.as_ref(), false, now).is_some_and(|resting| resting == *failure) {
        return Ok(());
    }
    let Some(failed) = rest.failed(before.as_ref(), failure, now) else { return Ok(()) };
    if let Some(until) = failed.rests_until {
        tracing::warn!(%repository, %failure, failures = failed.in_a_row, %until, "repository rests");
    }
    failures::put(tx, repository, &failed)?;
    Ok(())
}

fn snapshot_ready(tx: &mut Tx, snapshot: SnapshotId, now: Timestamp) -> Result<Option<Outgoing>, Failure> {
    let ready = snapshots::ready_if_done(tx, snapshot, now)?;
    Ok(ready.then(|| Outgoing::new(&SnapshotReady { snapshot })))
}

/// Runs blocking git work, which ends early when `cancel` says so.
pub(crate) async fn blocking<T: Send + 'static>(
    cancel: &CancellationToken,
    work: impl FnOnce(&CancelFlag) -> Result<T, GitError> + Send + 'static,
) -> Result<T, Failure> {
    let flag = Arc::new(CancelFlag::default());
    let mut task = {
        let flag = flag.clone();
        tokio::task::spawn_blocking(move || work(&flag))
    };
    let ended = tokio::select! {
        ended = &mut task => ended,
        () = cancel.cancelled() => {
            flag.store(true, std::sync::atomic::Ordering::Relaxed);
            task.await
        }
    };
    ended
        .map_err(|panic| Failure::new(ErrorKind::Internal, format!("git work ended in a panic: {panic}")))?
        .map_err(failure)
}

pub(crate) type CancelFlag = std::sync::atomic::AtomicBool;

fn failure(error: GitError) -> Failure {
    Failure::new(error.kind(), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(commit: Oid) -> LastVisit {
        LastVisit { revision: RevisionId::new(), commit: Some(commit), tree: 7, at: Timestamp::now() }
    }

    #[test]
    fn only_the_same_commit_is_unchanged_and_force_never_is() {
        let (one, other) = (Oid::from([1; 20]), Oid::from([2; 20]));
        let head = Head::At { commit: one, ref_name: None };
        assert_eq!(decide(&head, Some(&last(one)), Some(7), false), Plan::Unchanged { commit: one, tree: 7 });
        assert_eq!(decide(&head, Some(&last(other)), None, false), Plan::Fetch);
        assert_eq!(decide(&head, Some(&last(one)), Some(7), true), Plan::Fetch);
        assert_eq!(decide(&head, None, None, false), Plan::Fetch);
        assert_eq!(decide(&Head::Directory, Some(&last(one)), Some(7), false), Plan::Fetch);
    }

    #[test]
    fn a_commit_that_anybody_was_seen_at_is_known() {
        let head = Head::At { commit: Oid::from([1; 20]), ref_name: None };
        let known = Plan::Known { commit: Oid::from([1; 20]), tree: 9 };
        assert_eq!(decide(&head, None, Some(9), false), known);
        assert_eq!(decide(&head, Some(&last(Oid::from([2; 20]))), Some(9), false), known);
        assert_eq!(decide(&head, None, Some(9), true), Plan::Fetch);
    }
}
