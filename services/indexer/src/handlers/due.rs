//! Takes nothing; runs with the sweep.
//! Reads the sources whose time has come, and those that have slept long enough.
//! Writes their index tasks, and when they are due next.
//! Emits `run.requested.v1`.

use contracts::{Failure, Lane, Outgoing};
use jiff::Timestamp;
use store::{
    StoreError, Tx,
    sources::{self, Status},
};
use worker::Sweep;

/// How many sources one sweep begins at the most.
const MOST: i64 = 100;

pub(crate) const SWEEP: Sweep = Sweep { name: "sources", only_when_dry: false, run: begin_due };

fn begin_due(tx: &mut Tx, _older_than: Timestamp, now: Timestamp) -> Result<Vec<Outgoing>, Failure> {
    let mut outgoing = Vec::new();
    for (id, status) in sources::due(tx, now, MOST)? {
        let Some(source) = sources::get(tx, id)? else { continue };
        if let Some(waiting) = &status.waiting {
            outgoing.extend(sources::go_on(tx, &source, waiting.subject, now)?);
            continue;
        }
        sources::set_next_run(tx, id, next_run(&status, now))?;
        match tx.savepoint(|tx| sources::begin_run(tx, id, true, Lane::Normal, now)) {
            Ok(begun) => outgoing.push(begun.wake),
            // The run before has not ended: this one is left out.
            Err(StoreError::Conflict(reason)) => {
                tracing::debug!(source = source.name, reason, "run left out")
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(outgoing)
}

/// Runs that were missed while nobody was there are not made up for.
fn next_run(status: &Status, now: Timestamp) -> Option<Timestamp> {
    let every = status.settings.every?;
    let planned = status.next_run_at.and_then(|at| at.checked_add(every).ok()).filter(|at| *at > now);
    planned.or_else(|| now.checked_add(every).ok())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use store::sources::Settings;

    use super::*;

    #[test]
    fn a_rhythm_is_kept_and_what_was_missed_is_not_made_up_for() {
        let now = Timestamp::constant(1_800_000_000, 0);
        let hour = Duration::from_secs(3600);
        let settings = Settings { every: Some(hour), ..Settings::default() };
        let due = |ago: u64| Status {
            settings,
            next_run_at: Some(now - Duration::from_secs(ago)),
            ..Status::default()
        };
        assert_eq!(next_run(&due(10), now), Some(now + hour - Duration::from_secs(10)));
        assert_eq!(next_run(&due(10_000), now), Some(now + hour));
        assert_eq!(next_run(&Status::default(), now), None);
    }
}
