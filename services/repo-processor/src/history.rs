//! The commits of a repository, taken in beside its files when its source wants them.

mod copies;

use std::sync::Arc;

use contracts::{ErrorKind, Failure, Oid, RepositoryId, TaskId};
use git::{GitError, History, Known, Location};
use store::{
    histories::{self, Commit, CommitKind, Signature, Sums},
    revisions::Revision,
};
use tokio::{runtime::Handle, sync::mpsc};
use worker::Running;

use self::copies::{Copies, Shared};
use crate::{context::Context, handlers::visit::blocking, metrics, scratch, stocking};

/// Commits of one transaction, and bytes of their messages.
const PAGE: usize = 2_000;
const PAGE_BYTES: usize = 8 << 20;
/// Pages that are on their way to the store.
const ON_THE_WAY: usize = 2;

/// Takes in the commits that lead to `tip` and are not known yet. That they cannot be had is noted with the
/// history and no failure of the visit; what may pass is.
pub(crate) async fn take_in(
    context: &Context,
    running: &Running,
    revision: &Revision,
    location: &Location,
    tip: Oid,
) -> Result<(), Failure> {
    let (repository, writer, now) = (revision.repository, running.task.id, running.now());
    let before = context.store.read(move |tx| histories::get(tx, repository)).await?;
    let since = before.as_ref().and_then(|history| history.tip);
    if since == Some(tip) {
        return Ok(());
    }
    running.commit(move |tx| Ok((histories::begin(tx, repository, writer, now)?, Vec::new()))).await?;
    let before = before.unwrap_or_default();
    match fetch_and_store(context, running, revision, location, (tip, before)).await {
        Err(failure) if is_told(failure.kind) => {
            tracing::warn!(repository = %revision.url, %failure, "commits cannot be taken in");
            running
                .commit(move |tx| Ok((histories::fail(tx, repository, writer, &failure, now)?, Vec::new())))
                .await
        }
        other => other,
    }
}

/// What trying again at once does not help against, and what says nothing against the files.
fn is_told(kind: ErrorKind) -> bool {
    use ErrorKind::{Forbidden, Invalid, NotFound, TimedOut, TooLarge};
    matches!(kind, Forbidden | Invalid | NotFound | TimedOut | TooLarge)
}

async fn fetch_and_store(
    context: &Context,
    running: &Running,
    revision: &Revision,
    location: &Location,
    (tip, before): (Oid, histories::History),
) -> Result<(), Failure> {
    let copies = match before.tip {
        None => Copies::of(context, revision).await?,
        Some(_) => Copies::none(),
    };
    let most = context.fetcher.limits().commits;
    // A mirror, or a fork that has nothing of its own.
    if let Some(shared) = copies.shared(context, &[tip], most).await? {
        return store(context, running, revision.repository, (before, tip), (shared, None)).await;
    }
    scratch::room(context, running).await?;
    let mut taken = fetch(context, running, revision, location, (tip, before.tip, copies.clone())).await;
    let mut shared = Vec::new();
    if let Some(elsewhere) = taken.as_ref().ok().map(History::elsewhere).filter(|ids| !ids.is_empty()) {
        match copies.shared(context, elsewhere, most).await? {
            Some(found) => shared = found,
            // A copy has been forgotten or written anew meanwhile.
            None => taken = fetch(context, running, revision, location, (tip, None, Copies::none())).await,
        }
    }
    let stored = match taken {
        Ok(history) => {
            store(context, running, revision.repository, (before, tip), (shared, Some(history))).await
        }
        Err(failure) => Err(failure),
    };
    scratch::discard(context, &running.task.id.to_string()).await;
    stored
}

async fn fetch(
    context: &Context,
    running: &Running,
    revision: &Revision,
    location: &Location,
    (tip, since, copies): (Oid, Option<Oid>, Copies),
) -> Result<History, Failure> {
    let (fetcher, store, handle) = (context.fetcher.clone(), context.store.clone(), Handle::current());
    let (repository, location, name) = (revision.repository, location.clone(), running.task.id.to_string());
    let told = stocking::FetchProgress::new(running, revision.snapshot);
    let held = Arc::new(stocking::StoreHeld::new(context, Vec::new()));
    let elsewhere = copies.offered(context).await?;
    blocking(&running.cancel, move |cancel| {
        let is_known = |commit: &Oid| {
            let commit = *commit;
            let copies = copies.clone();
            let known = handle.block_on(store.read(move |tx| match since {
                Some(_) => histories::is_known(tx, repository, &commit),
                None => Ok(copies.find(tx, &commit)?.is_some()),
            }));
            known.map_err(|error| GitError::new(error.kind(), error))
        };
        let known = Known { since, elsewhere: &elsewhere, is_known: &is_known };
        fetcher.history(&location, tip, known, &name, Some(held), &told, cancel)
    })
    .await
}

/// Writes the commits page by page, those that copies know first, then says that they count.
async fn store(
    context: &Context,
    running: &Running,
    repository: RepositoryId,
    (before, tip): (histories::History, Oid),
    (shared, history): (Vec<Shared>, Option<History>),
) -> Result<(), Failure> {
    let (writer, now) = (running.task.id, running.now());
    let goes_on = history.as_ref().is_none_or(History::goes_on);
    let is_cut = history.as_ref().is_some_and(History::is_cut);
    let fresh = history.as_ref().map_or(0, History::len) as u64;
    let before = if goes_on { before } else { forget(running, repository, writer).await? };
    let (sender, mut pages) = mpsc::channel(ON_THE_WAY);
    let (after, store) = (before.commits, context.store.clone());
    let copied: u64 = shared.iter().map(|shared| shared.commits.len() as u64).sum();
    let handle = Handle::current();
    let walk = tokio::task::spawn_blocking(move || {
        let read = |repository, positions: Vec<u64>| {
            handle.block_on(store.read(move |tx| histories::at(tx, repository, &positions)))
        };
        let mut sums = copies::walk(&shared, after, read, &sender)?;
        if let Some(history) = history {
            sums = added(sums, walk(&history, after + copied, &sender)?);
        }
        Ok::<_, GitError>(sums)
    });
    let mut still_writes = true;
    while let Some(page) = pages.recv().await {
        running.check_cancelled()?;
        still_writes = running
            .commit(move |tx| Ok((histories::insert_many(tx, repository, writer, &page)?, Vec::new())))
            .await?;
        running.pass("visit.after_commits")?;
        if !still_writes {
            break;
        }
    }
    drop(pages);
    if !still_writes {
        // Another visit of the same repository has begun meanwhile; it takes in the same and more.
        tracing::info!(%repository, "another visit takes in the commits");
        drop(walk.await);
        return Ok(());
    }
    let sums = walk
        .await
        .map_err(|panic| {
            Failure::new(ErrorKind::Internal, format!("reading commits ended in a panic: {panic}"))
        })?
        .map_err(|error| Failure::new(error.kind(), error))?;
    let ended = histories::History {
        tip: Some(tip),
        commits: before.commits + copied + fresh,
        is_cut: is_cut || (goes_on && before.is_cut),
        sums: added(before.sums, sums),
        failure: None,
        updated_at: now,
    };
    metrics::commits(copied + fresh);
    running
        .commit(move |tx| Ok((histories::end(tx, repository, writer, &ended)?, Vec::new())))
        .await
        .map(drop)
}

async fn forget(
    running: &Running,
    repository: RepositoryId,
    writer: TaskId,
) -> Result<histories::History, Failure> {
    running.commit(move |tx| Ok((histories::forget(tx, repository, writer)?, Vec::new()))).await?;
    Ok(histories::History::default())
}

/// Reads and measures every commit, in pages.
fn walk(history: &History, after: u64, pages: &mpsc::Sender<Vec<Commit>>) -> Result<Sums, GitError> {
    let (mut page, mut bytes, mut position, mut sums) = (Vec::new(), 0, after, Sums::default());
    history.walk(|commit| {
        position += 1;
        let row = measured(position, commit);
        sums.add(row.kind, row.chars, row.words, row.fog);
        bytes += row.message.len();
        page.push(row);
        if page.len() < PAGE && bytes < PAGE_BYTES {
            return Ok(());
        }
        bytes = 0;
        send(pages, std::mem::take(&mut page))
    })?;
    if !page.is_empty() {
        send(pages, page)?;
    }
    Ok(sums)
}

fn send(pages: &mpsc::Sender<Vec<Commit>>, page: Vec<Commit>) -> Result<(), GitError> {
    // The other side hangs up when it failed, and says why itself.
    pages.blocking_send(page).map_err(|error| {
        GitError::new(ErrorKind::Cancelled, format_args!("the writing side has stopped: {error}"))
    })
}

fn measured(position: u64, commit: git::Commit) -> Commit {
    let measures = analysis::commit_message(&commit.message);
    let signature = |from: git::Signature| Signature {
        name: from.name,
        email: from.email,
        at: from.at,
        offset: from.offset,
    };
    Commit {
        position,
        oid: commit.id,
        parents: commit.parents,
        parent_count: commit.parent_count,
        author: signature(commit.author),
        committer: signature(commit.committer),
        message: commit.message,
        message_bytes: commit.message_bytes,
        kind: kind(measures.kind),
        chars: measures.chars,
        words: measures.words,
        mean_word_length: measures.mean_word_length,
        fog: measures.fog,
    }
}

fn kind(kind: analysis::CommitType) -> CommitKind {
    match kind {
        analysis::CommitType::Merge => CommitKind::Merge,
        analysis::CommitType::Feature => CommitKind::Feature,
        analysis::CommitType::Fix => CommitKind::Fix,
        analysis::CommitType::Config => CommitKind::Config,
        analysis::CommitType::Unclassified => CommitKind::Unclassified,
    }
}

fn added(one: Sums, other: Sums) -> Sums {
    let mut kinds = one.kinds;
    kinds.iter_mut().zip(other.kinds).for_each(|(sum, more)| *sum += more);
    Sums { kinds, chars: one.chars + other.chars, words: one.words + other.words, fog: one.fog + other.fog }
}
