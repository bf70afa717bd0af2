//! Takes nothing; runs with the sweep.
//! Reads visits that have come to something, the room in the queue, and the plans that are due.
//! Writes what follows from those visits, and a snapshot for each stock with the visits for which there is room.
//! Emits `visit.requested.v1`.

use std::{collections::BTreeMap, time::Duration};

use contracts::{Failure, Lane, Outgoing, StockId};
use forges::visits::{self as policy, Circumstances, History, Next, Outcome};
use jiff::Timestamp;
use store::{
    Tx, repositories,
    snapshots::{self, NewSnapshot, SnapshotState},
    sources::{self, Settings},
    tasks,
    visits::{self, Ended, Plan, PlanLane, PlanState},
};
use worker::Sweep;

use crate::{
    enrol::{PROCESS, enrol},
    keep::Found,
    telemetry,
};

/// Visits that may be on their way at once: the repo-processors never wait for a sweep, and what is due
/// is chosen as late as that allows.
const ROOM: usize = 500;
/// How many ended visits one sweep looks at.
const SETTLED: u32 = 2_000;
/// A visit that has come to nothing by then never will.
const LOST: Duration = Duration::from_secs(24 * 3600);

pub(crate) const SWEEP: Sweep = Sweep { name: "visits", only_when_dry: false, run: plan };

fn plan(tx: &mut Tx, _older_than: Timestamp, now: Timestamp) -> Result<Vec<Outgoing>, Failure> {
    let mut known = BTreeMap::new();
    for ended in visits::ended(tx, SETTLED)? {
        let settings = match ended.plan.source {
            Some(source) => match known.get(&source) {
                Some(settings) => *settings,
                None => {
                    let settings = sources::status(tx, source)?.settings;
                    known.insert(source, settings);
                    settings
                }
            },
            None => Settings::default(),
        };
        visits::settle(tx, &decide(&ended, &settings, now))?;
    }
    visits::take_back(tx, now - LOST)?;
    let open = usize::try_from(tasks::count_open_of(tx, PROCESS)?).unwrap_or(usize::MAX);
    let room = ROOM.saturating_sub(open);
    if room == 0 {
        return Ok(Vec::new());
    }
    let mut due = Vec::new();
    for lane in PlanLane::ALL {
        due.push(visits::due(tx, lane, now, room)?);
    }
    let counts: Vec<usize> = due.iter().map(Vec::len).collect();
    let shares = policy::share(room, counts[0], counts[1], counts[2]);
    let mut chosen: BTreeMap<StockId, Vec<Plan>> = BTreeMap::new();
    for ((lane, plans), share) in PlanLane::ALL.into_iter().zip(due).zip(shares) {
        telemetry::planned(lane, share);
        for plan in plans.into_iter().take(share) {
            chosen.entry(plan.stock).or_default().push(plan);
        }
    }
    let mut outgoing = Vec::new();
    for (stock, plans) in chosen {
        outgoing.extend(visit(tx, stock, &plans, now)?);
    }
    Ok(outgoing)
}

/// A snapshot of one stock with these visits in it; it commits by itself.
fn visit(tx: &mut Tx, stock: StockId, plans: &[Plan], now: Timestamp) -> Result<Vec<Outgoing>, Failure> {
    let new = NewSnapshot { stock, source: None, auto_commit: true, repair: None };
    let snapshot = snapshots::create(tx, &new, now)?.id;
    let mut outgoing = Vec::new();
    for (lane, wanted) in [(Lane::Urgent, true), (Lane::Normal, false)] {
        let mut found = Vec::new();
        let mut of_url = BTreeMap::new();
        for plan in plans.iter().filter(|plan| (plan.lane == PlanLane::Asked) == wanted) {
            if let Some(repository) = repositories::get(tx, plan.repository)? {
                of_url.insert(repository.id, plan);
                found.push(Found { url: repository.url, name: repository.name });
            }
        }
        let enrolled = enrol(tx, snapshot, &found, lane, now)?;
        for (revision, repository) in &enrolled.revisions {
            if let Some(plan) = of_url.get(repository) {
                visits::set_queued(tx, plan, *revision, now)?;
            }
        }
        outgoing.extend(enrolled.outgoing);
    }
    snapshots::set_state(tx, snapshot, &[SnapshotState::Indexing], SnapshotState::Processing, now)?;
    Ok(outgoing)
}

/// What follows from a visit.
fn decide(ended: &Ended, settings: &Settings, now: Timestamp) -> Plan {
    let plan = &ended.plan;
    let outcome = match ended.failed {
        Some(kind) => Outcome::Failed(kind),
        None if ended.unchanged => Outcome::Unchanged,
        None => Outcome::Changed,
    };
    let history = History {
        pause: plan.pause,
        changed_at: plan.changed_at,
        failures: plan.failures,
        permanent: plan.permanent,
        visits: plan.visits,
    };
    let began = plan.queued_at.unwrap_or(ended.at);
    let around = Circumstances {
        freshness: settings.freshness,
        pushed_at: ended.pushed_at,
        told: settings.every.is_some(),
        archived: ended.archived,
        visited_at: began,
    };
    let (history, next) = policy::after(history, outcome, &around, plan.repository.0.as_bytes(), now);
    let visited_at = if ended.failed.is_none() { Some(began) } else { plan.visited_at };
    let (state, next_at, reason) = match next {
        _ if plan.asked_again => (PlanState::Waiting, now, None),
        Next::At(at) => (PlanState::Waiting, at, None),
        Next::Off(reason) => (PlanState::Off, plan.next_at, Some(reason.to_owned())),
    };
    Plan {
        state,
        lane: if plan.asked_again { PlanLane::Asked } else { PlanLane::Due },
        next_at,
        asked_again: false,
        revision: None,
        queued_at: None,
        visited_at,
        pause: history.pause,
        changed_at: history.changed_at,
        failures: history.failures,
        permanent: history.permanent,
        visits: history.visits,
        reason,
        ..plan.clone()
    }
}

#[cfg(test)]
mod tests {
    use contracts::{ErrorKind, RepositoryId, RevisionId};

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn ended(failed: Option<ErrorKind>, asked_again: bool, permanent: u32) -> Ended {
        let plan = Plan {
            repository: RepositoryId::new(),
            stock: StockId::new(),
            source: None,
            state: PlanState::Queued,
            lane: PlanLane::Fresh,
            next_at: NOW,
            asked_again,
            revision: Some(RevisionId::new()),
            queued_at: Some(NOW),
            visited_at: None,
            pause: Duration::ZERO,
            changed_at: None,
            failures: permanent,
            permanent,
            visits: permanent,
            reason: None,
        };
        Ended { plan, unchanged: false, failed, at: NOW, pushed_at: None, archived: false }
    }

    #[test]
    fn who_asked_meanwhile_is_served_at_once_and_others_when_it_is_time() {
        let after = decide(&ended(None, true, 0), &Settings::default(), NOW);
        assert_eq!((after.state, after.lane, after.next_at), (PlanState::Waiting, PlanLane::Asked, NOW));
        let after = decide(&ended(None, false, 0), &Settings::default(), NOW);
        assert!(after.next_at > NOW && after.lane == PlanLane::Due && after.visited_at == Some(NOW));
    }

    #[test]
    fn the_third_permanent_failure_is_the_last_visit() {
        let after = decide(&ended(Some(ErrorKind::NotFound), false, 1), &Settings::default(), NOW);
        assert_eq!((after.state, after.permanent, after.visited_at), (PlanState::Waiting, 2, None));
        let after = decide(&ended(Some(ErrorKind::NotFound), false, 2), &Settings::default(), NOW);
        assert_eq!(after.state, PlanState::Off);
        assert!(after.reason.is_some());
    }
}
