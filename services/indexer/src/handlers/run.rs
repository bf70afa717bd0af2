//! Takes `run.requested.v1`, the wake of an index task.
//! Reads the source, its snapshot when it has one, and whatever the source's kind reads.
//! Writes a page in a transaction: repositories, what is said of them, visits or their plans, failures, and the
//! cursor; then the end of the pass, or until when the source sleeps.
//! Emits `visit.requested.v1` for what is visited at once, `snapshot.ready.v1` when nothing is left to wait for.

use std::time::Duration;

use async_trait::async_trait;
use contracts::{
    ErrorKind, Failure, Outgoing, SnapshotId, SourceId,
    messages::{ProgressReported, RunRequested, SnapshotReady, Stage},
};
use forges::{Kind, Known, Look, Page, Request, Step, of_kind};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::{
    forge_facts::{self as facts, Missing},
    snapshots::{self, SnapshotState},
    sources::{self, Source, TaggedPage, Visits, Waiting},
    tasks::Task,
};
use worker::{Commit, Job, Running};

use crate::{
    caller::{Called, Caller},
    context::Context,
    enrol::enrol,
    keep::{self, Found, Kept},
    telemetry,
};

mod position;

use position::{Cursor, Position};

/// A pause that is shorter is waited for by the run itself.
const NAP: Duration = Duration::from_secs(20);

pub(crate) struct Run {
    pub(crate) context: Context,
}

/// What a run works on.
struct Loaded {
    source: Source,
    kind: &'static dyn Kind,
    visits: Visits,
    /// When the pass began that this run is part of.
    pass: Timestamp,
}

#[async_trait]
impl Job for Run {
    type Message = RunRequested;
    const KIND: &'static str = sources::INDEX;

    async fn run(&self, running: &Running) -> Result<Commit, Failure> {
        let loaded = self.load(running).await?;
        let mut caller =
            loaded.kind.forge(&loaded.source.params).map(|forge| Caller::new(&self.context, forge));
        let ended = self.pages(running, &loaded, caller.as_mut()).await;
        if let Some(caller) = &mut caller {
            caller.finish(running.now()).await?;
        }
        let now = running.now();
        let id = loaded.source.id;
        if let Some(waiting) = ended? {
            tracing::info!(source = loaded.source.name, until = %waiting.until, reason = waiting.reason, "source sleeps");
            return Ok(Commit::save(move |tx| {
                sources::set_waiting(tx, id, Some(&waiting))?;
                Ok(Vec::new())
            }));
        }
        let snapshot = (loaded.visits == Visits::AtOnce).then_some(SnapshotId(running.task.subject));
        Ok(Commit::save(move |tx| {
            let Some(snapshot) = snapshot else { return Ok(Vec::new()) };
            snapshots::set_state(tx, snapshot, &[SnapshotState::Indexing], SnapshotState::Processing, now)?;
            let ready = snapshots::ready_if_done(tx, snapshot, now)?;
            Ok(ready.then(|| Outgoing::new(&SnapshotReady { snapshot })).into_iter().collect())
        }))
    }

    fn failed(&self, task: &Task, _failure: &Failure) -> Commit {
        // Of a run without a snapshot nothing is left behind: the next one goes on at the cursor.
        let (snapshot, now) = (SnapshotId(task.subject), jiff::Timestamp::now());
        Commit::save(move |tx| {
            snapshots::set_state(tx, snapshot, &[SnapshotState::Indexing], SnapshotState::Aborted, now)?;
            Ok(Vec::new())
        })
    }
}

impl Run {
    async fn load(&self, running: &Running) -> Result<Loaded, Failure> {
        let (subject, task, now) = (running.task.subject, running.task.id.0, running.now());
        let (source, visits, pass) = running
            .commit(move |tx| {
                let snapshot = snapshots::get(tx, SnapshotId(subject))?;
                let (id, visits) = match &snapshot {
                    Some(snapshot) => (snapshot.source, Visits::AtOnce),
                    None => (Some(SourceId(subject)), Visits::Planned),
                };
                if let Some(snapshot) = snapshot.filter(|snapshot| snapshot.state.is_end()) {
                    let text = format!("snapshot {} is {}", snapshot.id, snapshot.state);
                    return Err(Failure::new(ErrorKind::Conflict, text));
                }
                let source = match id {
                    Some(id) => sources::get(tx, id)?,
                    None => None,
                };
                let Some(source) = source else {
                    let text = format!("the source of {subject} is not there any more");
                    return Err(Failure::new(ErrorKind::NotFound, text));
                };
                let over = Cursor::resume(source.cursor.as_ref(), subject, task).at == Position::End;
                let pass = if over { now } else { sources::begin_pass(tx, source.id, now)? };
                Ok(((source, visits, pass), Vec::new()))
            })
            .await?;
        Ok(Loaded { kind: of_kind(&source.kind)?, source, visits, pass })
    }

    /// Goes on from where the pass is to its end; or says for what it waits.
    async fn pages(
        &self,
        running: &Running,
        loaded: &Loaded,
        mut caller: Option<&mut Caller>,
    ) -> Result<Option<Waiting>, Failure> {
        let (source, subject) = (&loaded.source, running.task.subject);
        let mut cursor = Cursor::resume(source.cursor.as_ref(), subject, running.task.id.0);
        let mut found = 0;
        while cursor.at != Position::End {
            running.check_cancelled()?;
            let turned = match cursor.at.clone() {
                Position::At(at) => self.page(running, loaded, at, caller.as_deref_mut()).await?,
                Position::Looking => self.look(running, loaded, caller.as_deref_mut()).await?,
                Position::End => break,
            };
            let mut page = match turned {
                Turned::Page(page) => page,
                Turned::Wait { until, reason } => {
                    let now = running.now();
                    let pause = Duration::try_from(until.duration_since(now)).unwrap_or_default();
                    if pause > NAP {
                        return Ok(Some(Waiting { until, reason, subject }));
                    }
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = running.cancel.cancelled() => {}
                    }
                    continue;
                }
            };
            page.kept.refused.extend(cursor.turn(
                page.next.take(),
                &page.digest,
                loaded.kind.is_complete(&source.params),
            ));
            found += page.kept.shown.len() as u64 + page.again.len() as u64;
            let ended = cursor.at == Position::End;
            let made = caller.as_deref_mut().map_or(0, Caller::made);
            save(running, loaded, *page, &cursor, made).await?;
            if loaded.visits == Visits::AtOnce {
                running.progress.report(progress(SnapshotId(subject), source, found, ended)).await;
            }
            running.advance(found, if ended { found } else { 0 });
        }
        Ok(None)
    }

    async fn page(
        &self,
        running: &Running,
        loaded: &Loaded,
        at: Option<Value>,
        caller: Option<&mut Caller>,
    ) -> Result<Turned, Failure> {
        let (kind, params) = (loaded.kind, loaded.source.params.clone());
        let with = caller.as_deref().map(Caller::with).unwrap_or_default();
        let from = at.clone();
        // Kinds that lie on this machine read its disk.
        let step = tokio::task::spawn_blocking(move || kind.step(&params, from.as_ref(), with)).await;
        let step = step.map_err(|error| {
            Failure::new(ErrorKind::Internal, format!("the kind of source ended in a panic: {error}"))
        })??;
        let request = match step {
            Step::Page(page) => return Ok(Turned::of(page, None)),
            Step::Call(request) => request,
        };
        let caller = caller.ok_or_else(|| Failure::new(ErrorKind::Internal, "a call without a forge"))?;
        let (id, key) = (loaded.source.id, key_of(&request, loaded.visits));
        let tagged = match &key {
            Some(key) => {
                let key = key.clone();
                self.context.store.read(move |tx| sources::tagged(tx, id, &key)).await?
            }
            None => None,
        };
        let tag = tagged.as_ref().map(|page| page.tag.as_str());
        match caller.call(&request, tag, running.now()).await? {
            Called::Wait { until, reason } => Ok(Turned::Wait { until, reason }),
            Called::NotModified => {
                let page = tagged.ok_or_else(|| {
                    Failure::new(
                        ErrorKind::Unavailable,
                        "the forge says \"as before\", and was not asked before",
                    )
                })?;
                Ok(Turned::again(page))
            }
            Called::Answer(answer) => {
                match kind.read(&loaded.source.params, at.as_ref(), &answer, with) {
                    Ok(page) => {
                        let tag = key.zip(answer.header("etag").map(str::to_owned));
                        Ok(Turned::of(page, tag))
                    }
                    // Some tell in the body of an answer that otherwise looks well.
                    Err(failure) if failure.kind == ErrorKind::RateLimited => Ok(Turned::Wait {
                        until: running.now() + Duration::from_secs(60),
                        reason: failure.reason,
                    }),
                    Err(failure) => Err(failure),
                }
            }
        }
    }

    /// Looks for one repository that the pass did not show.
    async fn look(
        &self,
        running: &Running,
        loaded: &Loaded,
        caller: Option<&mut Caller>,
    ) -> Result<Turned, Failure> {
        let (id, pass) = (loaded.source.id, loaded.pass);
        let missing = self.context.store.read(move |tx| facts::missing(tx, id, pass, 1)).await?;
        let Some(Missing { url, forge_id, .. }) = missing.into_iter().next() else {
            return Ok(Turned::of(Page::default(), None));
        };
        // Whether there is another one is asked again, in the store.
        let next = Some(Value::Bool(true));
        let request = loaded.kind.look(&loaded.source.params, Known { url: &url, id: forge_id.as_deref() });
        let (Some(request), Some(caller)) = (request, caller) else {
            return Ok(Turned::of(Page { gone: vec![url], next, ..Page::default() }, None));
        };
        let answer = match caller.call(&request, None, running.now()).await? {
            Called::Wait { until, reason } => return Ok(Turned::Wait { until, reason }),
            Called::NotModified => {
                return Err(Failure::new(ErrorKind::Unavailable, "an answer without a question"));
            }
            Called::Answer(answer) => answer,
        };
        let mut page = Page { next, ..Page::default() };
        match loaded.kind.read_look(&loaded.source.params, &answer)? {
            Look::There(record) => {
                // Under another address the old one is noted as moved; should the forge give it another id,
                // it would be looked for for ever.
                let elsewhere = keep::found_at(&record.url).is_ok_and(|found| found.url != url);
                if elsewhere && record.id != forge_id {
                    page.gone.push(url);
                }
                page.found.push(*record);
            }
            Look::Gone(_) => page.gone.push(url),
        }
        Ok(Turned::of(page, None))
    }
}

/// What is known of a page, ready to be kept.
struct Turn {
    kept: Kept,
    /// Repositories that are as they were at the last tag, by their canonical URLs.
    again: Vec<String>,
    next: Option<Value>,
    /// Tells pages apart; empty for an empty page.
    digest: String,
    /// What was asked, and the tag of the answer.
    tag: Option<(String, String)>,
}

enum Turned {
    Page(Box<Turn>),
    Wait { until: Timestamp, reason: String },
}

impl Turned {
    fn of(mut page: Page, tag: Option<(String, String)>) -> Self {
        let next = page.next.take();
        let kept = keep::canonical(page);
        let digest = digest(kept.shown.iter().map(|one| one.url.as_str()));
        Self::Page(Box::new(Turn { kept, again: Vec::new(), next, digest, tag }))
    }

    fn again(page: TaggedPage) -> Self {
        let kept = Kept { shown: Vec::new(), refused: Vec::new(), gone: Vec::new() };
        let digest = digest(page.repositories.iter().map(String::as_str));
        Self::Page(Box::new(Turn { kept, again: page.repositories, next: page.next, digest, tag: None }))
    }
}

fn digest<'a>(urls: impl Iterator<Item = &'a str>) -> String {
    let (mut digest, mut any) = (Sha256::new(), false);
    for url in urls {
        any = true;
        digest.update(url);
        digest.update([0]);
    }
    if any {
        digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    } else {
        String::new()
    }
}

/// What a page with a tag is kept by. Runs that visit at once need the records themselves.
fn key_of(request: &Request, visits: Visits) -> Option<String> {
    (request.conditional && visits == Visits::Planned).then(|| request.url.clone())
}

async fn save(
    running: &Running,
    loaded: &Loaded,
    page: Turn,
    cursor: &Cursor,
    made: u64,
) -> Result<(), Failure> {
    let (source, visits, pass) = (loaded.source.clone(), loaded.visits, loaded.pass);
    let (subject, lane, now) = (running.task.subject, running.task.lane, running.now());
    let (found, refused) =
        ((page.kept.shown.len() + page.again.len()) as u64, page.kept.refused.len() as u64);
    let ended = cursor.at == Position::End;
    let (stored, next) = (cursor.stored(), page.next_to_keep(cursor));
    for (subject, reason) in &page.kept.refused {
        tracing::warn!(source = source.name, subject, reason, "repository refused");
    }
    running
        .commit(move |tx| {
            let mut outgoing = Vec::new();
            match visits {
                Visits::AtOnce => {
                    let found: Vec<Found> = page.kept.shown.iter().map(Found::of).collect();
                    outgoing = enrol(tx, SnapshotId(subject), &found, lane, now)?.outgoing;
                    // What only has an address says nothing.
                    let said: Vec<_> =
                        page.kept.shown.iter().filter(|one| one.raw.is_some()).cloned().collect();
                    facts::record(tx, source.id, &said, now)?;
                    keep::gone(tx, &page.kept.gone, "the source does not show it any more", now)?;
                }
                Visits::Planned => {
                    // The clock of the pass: what it has seen is not missing, however fast it was.
                    keep::plan(tx, &source, &page.kept, now.max(pass))?;
                    facts::seen_again(tx, source.id, &page.again, now.max(pass))?;
                    if let Some((request, tag)) = &page.tag {
                        let repositories = page.kept.shown.iter().map(|one| one.url.clone()).collect();
                        let tagged = TaggedPage { tag: tag.clone(), repositories, next: next.clone() };
                        sources::save_tag(tx, source.id, request, &tagged)?;
                    }
                }
            }
            keep::refused(tx, &source, &page.kept, now)?;
            sources::add_page(tx, source.id, made, found, refused)?;
            sources::save_cursor(tx, source.id, Some(&stored))?;
            if ended {
                sources::end_pass(tx, source.id, now)?;
            }
            Ok(((), outgoing))
        })
        .await?;
    telemetry::shown(loaded.kind.name(), found, refused);
    Ok(())
}

impl Turn {
    /// Where the page behind this one begins, as it is kept with its tag.
    fn next_to_keep(&self, cursor: &Cursor) -> Option<Value> {
        match &cursor.at {
            Position::At(next) => next.clone(),
            Position::Looking | Position::End => None,
        }
    }
}

fn progress(snapshot: SnapshotId, source: &Source, found: u64, ended: bool) -> ProgressReported {
    ProgressReported {
        snapshot,
        subject: source.name.clone(),
        stage: Stage::Index,
        done: found,
        total: ended.then_some(found),
        bytes: 0,
        ended,
    }
}
