//! Visits over the real scheduling code, against fixed intervals and against visiting only what the forge tells.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use anyhow::Result;
use clap::Args;
use forges::visits::{self as policy, Circumstances, History, Next, Outcome};
use jiff::Timestamp;

use super::world::{Chance, DAY, World};

/// How long a step is, in seconds: as often as a sweep could matter.
const STEP: u64 = 600;
/// Records of one call of a listing.
const PAGE: u64 = 100;

#[derive(Args)]
pub(crate) struct Arguments {
    /// How many repositories the forge has
    #[arg(long, default_value_t = 1_000_000)]
    repositories: u32,
    /// How many days are simulated
    #[arg(long, default_value_t = 30)]
    days: u64,
    /// How many visits a day the repo-processors manage
    #[arg(long, default_value_t = 100_000)]
    visits_per_day: u64,
    /// Every how many hours a pass through the forge's listing ends
    #[arg(long, default_value_t = 24)]
    pass_hours: u64,
    /// The beginning of chance
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// When a repository is visited.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Policy {
    /// `forges::visits`, with what the forge tells.
    Ours,
    /// `forges::visits`, with a freshness target of a day for lively repositories.
    OursWithTarget,
    /// Every so many days.
    Fixed(u64),
    /// When the forge tells of a push, and never otherwise.
    LagOnly,
}

impl Policy {
    fn name(self) -> String {
        match self {
            Self::Ours => "ours".to_owned(),
            Self::OursWithTarget => "ours, target 1 day".to_owned(),
            Self::Fixed(days) => format!("every {days} days"),
            Self::LagOnly => "lag only".to_owned(),
        }
    }

    fn is_told(self) -> bool {
        !matches!(self, Self::Fixed(_))
    }
}

#[derive(Debug, Default)]
struct Figures {
    changes: u64,
    visits: u64,
    wasted: u64,
    calls: u64,
    /// Seconds for which repositories were other than we held them.
    stale: u64,
    /// Changes that were seen, and the seconds until then.
    seen: u64,
    lag: u64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    println!(
        "{} repositories, {} days, at most {} visits a day, a pass through the listing every {} hours",
        arguments.repositories, arguments.days, arguments.visits_per_day, arguments.pass_hours
    );
    println!(
        "{:<20} {:>9} {:>10} {:>9} {:>8} {:>10} {:>10}",
        "policy", "fresh", "mean lag h", "visits", "wasted", "API calls", "changes"
    );
    let policies =
        [Policy::Ours, Policy::OursWithTarget, Policy::Fixed(7), Policy::Fixed(30), Policy::LagOnly];
    for policy in policies {
        let figures = simulate(arguments, policy);
        let whole = f64::from(arguments.repositories) * (arguments.days * DAY) as f64;
        println!(
            "{:<20} {:>8.3}% {:>10.1} {:>9} {:>7.1}% {:>10} {:>10}",
            policy.name(),
            100.0 * (1.0 - figures.stale as f64 / whole),
            figures.lag as f64 / 3_600.0 / figures.seen.max(1) as f64,
            figures.visits,
            100.0 * figures.wasted as f64 / figures.visits.max(1) as f64,
            figures.calls,
            figures.changes
        );
    }
    Ok(())
}

/// What is known of one repository.
#[derive(Clone, Default)]
struct Known {
    history: History,
    /// When it is due.
    due: u64,
    visited: u64,
    /// The first change that no visit has seen; 0 when there is none.
    unseen: u64,
}

fn moment(second: i64) -> Timestamp {
    // 2026-01-01, so that nothing is before the epoch.
    Timestamp::from_second(1_767_225_600 + second).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn second(at: Timestamp) -> u64 {
    u64::try_from(at.as_second() - 1_767_225_600).unwrap_or(0)
}

fn simulate(arguments: &Arguments, policy: Policy) -> Figures {
    let mut world = World::new(arguments.repositories, arguments.seed);
    let mut chance = Chance::new(arguments.seed + 1);
    let mut figures = Figures::default();
    let mut known = vec![Known::default(); arguments.repositories as usize];
    let mut queue = BinaryHeap::new();
    let end = arguments.days * DAY;
    // Everything was visited once, at the beginning.
    for number in 0..arguments.repositories {
        let one = &mut known[number as usize];
        one.due = match policy {
            Policy::Fixed(days) => (chance.part() * (days * DAY) as f64) as u64,
            _ => after(policy, one, number, Outcome::Changed, world.pushed[number as usize], 0),
        };
        queue.push(Reverse((one.due, number)));
    }
    let per_step = (arguments.visits_per_day * STEP).div_ceil(DAY);
    for now in (STEP..=end).step_by(STEP as usize) {
        for (number, at) in world.changes(now) {
            figures.changes += 1;
            let one = &mut known[number as usize];
            if one.unseen == 0 {
                one.unseen = at.max(1);
            }
        }
        if policy.is_told() && now % (arguments.pass_hours * 3_600) == 0 {
            figures.calls += u64::from(arguments.repositories).div_ceil(PAGE);
            told(&mut known, &world, &mut queue, now);
        }
        let mut room = per_step;
        while room > 0 {
            let Some(Reverse((due, number))) = queue.peek().copied().filter(|Reverse((due, _))| *due <= now)
            else {
                break;
            };
            queue.pop();
            if known[number as usize].due != due {
                continue; // It was hastened since.
            }
            room -= 1;
            visit(
                policy,
                &mut known[number as usize],
                number,
                world.pushed[number as usize],
                now,
                &mut figures,
            );
            queue.push(Reverse((known[number as usize].due, number)));
        }
    }
    for one in known.iter().filter(|one| one.unseen > 0) {
        figures.stale += end.saturating_sub(one.unseen);
    }
    figures
}

/// A pass through the listing tells of pushes since the last visit.
fn told(known: &mut [Known], world: &World, queue: &mut BinaryHeap<Reverse<(u64, u32)>>, now: u64) {
    for (number, one) in known.iter_mut().enumerate() {
        let (pushed, visited) = (moment(world.pushed[number]), moment(one.visited as i64));
        if let Some(at) = policy::on_push(pushed, Some(visited), moment(now as i64)).map(second)
            && at < one.due
        {
            one.due = at;
            queue.push(Reverse((at, number as u32)));
        }
    }
}

fn visit(policy: Policy, one: &mut Known, number: u32, pushed: i64, now: u64, figures: &mut Figures) {
    figures.visits += 1;
    let outcome = if one.unseen > 0 {
        figures.stale += now - one.unseen;
        figures.lag += now - one.unseen;
        figures.seen += 1;
        Outcome::Changed
    } else {
        figures.wasted += 1;
        Outcome::Unchanged
    };
    (one.unseen, one.visited) = (0, now);
    one.due = after(policy, one, number, outcome, pushed, now);
}

fn after(policy: Policy, one: &mut Known, number: u32, outcome: Outcome, pushed: i64, now: u64) -> u64 {
    match policy {
        Policy::Fixed(days) => now + days * DAY,
        Policy::LagOnly => u64::MAX,
        Policy::Ours | Policy::OursWithTarget => {
            let at = moment(now as i64);
            let around = Circumstances {
                freshness: (policy == Policy::OursWithTarget).then_some(Duration::from_secs(DAY)),
                // The forge's word is as old as the last pass, but never older than what the visit itself saw.
                pushed_at: Some(moment(pushed)),
                told: true,
                archived: false,
                visited_at: at,
            };
            let (history, next) = policy::after(one.history, outcome, &around, &number.to_le_bytes(), at);
            one.history = history;
            match next {
                Next::At(at) => second(at),
                Next::Off(_) => u64::MAX,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_fresher_than_lag_alone_and_cheaper_than_fixed_intervals() {
        let arguments =
            Arguments { repositories: 4_000, days: 20, visits_per_day: 2_000, pass_hours: 24, seed: 7 };
        let [ours, fixed, lag] =
            [Policy::Ours, Policy::Fixed(7), Policy::LagOnly].map(|policy| simulate(&arguments, policy));
        assert_eq!(ours.changes, fixed.changes, "the same world for each");
        assert!(ours.stale < lag.stale && ours.stale < fixed.stale, "{ours:?} {fixed:?} {lag:?}");
        assert!(ours.visits < fixed.visits, "{ours:?} {fixed:?}");
        assert_eq!(lag.wasted, 0);
    }
}
