//! Progress of a scan on standard error: bars on a terminal, plain lines elsewhere.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, Write},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use contracts::messages::{ProgressReported, Stage};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output;

/// How often a plain line is written for one stage.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// A bar, when it is known how much there is.
const WITH_TOTAL: &str = "{prefix:9} {bar:28} {human_pos:>9}/{human_len:9} {msg} {eta:>5} left";
/// A bar before that.
const WITHOUT_TOTAL: &str = "{prefix:9} {spinner:28} {human_pos:>9} {msg}";

/// Shows how far a run has come.
pub(crate) struct Display {
    kind: Kind,
    state: Mutex<BTreeMap<Stage, StageState>>,
}

enum Kind {
    Silent,
    Lines,
    Bars(MultiProgress),
}

/// What is known of one stage, of all its subjects.
struct StageState {
    subjects: BTreeMap<String, ProgressReported>,
    begun: Instant,
    told: Option<Instant>,
    bar: Option<ProgressBar>,
}

/// The sum over the subjects of a stage.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    done: u64,
    /// Only when it is known of every subject.
    total: Option<u64>,
    bytes: u64,
}

impl Display {
    pub(crate) fn new(quiet: bool) -> Self {
        let kind = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Kind::Silent,
            (false, true) => Kind::Bars(MultiProgress::with_draw_target(ProgressDrawTarget::stderr())),
            (false, false) => Kind::Lines,
        };
        Self { kind, state: Mutex::default() }
    }

    /// Takes one report in.
    pub(crate) fn show(&self, report: &ProgressReported) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let stage = state.entry(report.stage).or_insert_with(|| StageState::new(report.stage, &self.kind));
        stage.take(report);
        let sum = stage.sum();
        match &self.kind {
            Kind::Silent => {}
            Kind::Lines => stage.line(report.stage, &sum),
            Kind::Bars(_) => stage.draw(&sum),
        }
    }

    /// Tells a person something beside the figures.
    pub(crate) fn tell(&self, text: &str) {
        match &self.kind {
            Kind::Silent => {}
            Kind::Lines => output::note(text),
            // A terminal that went away is told nothing.
            Kind::Bars(bars) => drop(bars.println(text)),
        }
    }

    /// Takes everything off the terminal.
    pub(crate) fn clear(&self) {
        if let Kind::Bars(bars) = &self.kind {
            // A terminal that went away needs no clearing.
            drop(bars.clear());
        }
    }
}

impl StageState {
    fn new(stage: Stage, kind: &Kind) -> Self {
        let bar = match kind {
            Kind::Bars(bars) => {
                // With its style before it is shown: the first frame of a bar without one fills the line.
                let bar = bars.add(ProgressBar::no_length().with_style(style(WITHOUT_TOTAL)));
                bar.set_prefix(name(stage));
                Some(bar)
            }
            Kind::Silent | Kind::Lines => None,
        };
        Self { subjects: BTreeMap::new(), begun: Instant::now(), told: None, bar }
    }

    /// Reports may come late: what was done stays done.
    fn take(&mut self, report: &ProgressReported) {
        let known = self.subjects.entry(report.subject.clone()).or_insert_with(|| report.clone());
        let done = known.done.max(report.done);
        let bytes = known.bytes.max(report.bytes);
        let ended = known.ended || report.ended;
        *known = ProgressReported { done, bytes, ended, ..report.clone() };
    }

    fn sum(&self) -> Sum {
        let mut sum = Sum { total: Some(0), ..Sum::default() };
        for report in self.subjects.values() {
            sum.done += report.done;
            sum.bytes += report.bytes;
            sum.total = sum.total.zip(report.total).map(|(total, more)| total + more.max(report.done));
        }
        sum
    }

    fn draw(&mut self, sum: &Sum) {
        let Some(bar) = &self.bar else { return };
        bar.set_style(style(if sum.total.is_some() { WITH_TOTAL } else { WITHOUT_TOTAL }));
        if let Some(total) = sum.total {
            bar.set_length(total);
        }
        bar.set_position(sum.done);
        bar.set_message(rates(sum, self.begun.elapsed()));
        if self.subjects.values().all(|report| report.ended) {
            bar.finish();
        }
    }

    fn line(&mut self, stage: Stage, sum: &Sum) {
        let now = Instant::now();
        if self.told.is_some_and(|told| now.duration_since(told) < LINE_EVERY) {
            return;
        }
        let first = self.told.replace(now).is_none();
        if first && now.duration_since(self.begun) < LINE_EVERY && sum.done == 0 {
            return;
        }
        let text = line(stage, sum, now.duration_since(self.begun));
        drop(writeln!(std::io::stderr(), "{text}"));
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// How fast it goes, beside a bar.
fn rates(sum: &Sum, elapsed: Duration) -> String {
    let per_second = |figure: u64| (figure as f64 / elapsed.as_secs_f64().max(0.001)) as u64;
    let mut text = format!("{:>8}/s", reports::count(per_second(sum.done)));
    if sum.bytes > 0 {
        text.push_str(&format!("  {}/s", reports::bytes(per_second(sum.bytes))));
    }
    text
}

fn line(stage: Stage, sum: &Sum, elapsed: Duration) -> String {
    let mut text = format!("{}: {}", name(stage), reports::count(sum.done));
    if let Some(total) = sum.total {
        text.push_str(&format!(" of {}", reports::count(total)));
    }
    text.push_str(&format!(" {}", unit(stage)));
    if sum.bytes > 0 {
        text.push_str(&format!(", {}", reports::bytes(sum.bytes)));
    }
    let seconds = elapsed.as_secs_f64();
    if seconds >= 1.0 {
        let rate = sum.done as f64 / seconds;
        text.push_str(&format!(", {rate:.0}/s"));
        if let Some(left) =
            sum.total.map(|total| total.saturating_sub(sum.done)).filter(|left| *left > 0 && rate > 0.0)
        {
            text.push_str(&format!(", {} left", reports::seconds(left as f64 / rate)));
        }
    }
    text
}

const fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Index => "index",
        Stage::Fetch => "fetch",
        Stage::Store => "store",
        Stage::Analyze => "analyze",
        Stage::Audit => "audit",
    }
}

const fn unit(stage: Stage) -> &'static str {
    match stage {
        Stage::Index => "repositories",
        Stage::Fetch => "objects",
        Stage::Store => "files",
        Stage::Analyze => "contents",
        Stage::Audit => "nodes",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::SnapshotId;

    fn report(subject: &str, done: u64, total: Option<u64>) -> ProgressReported {
        let snapshot = SnapshotId::new();
        ProgressReported {
            snapshot,
            subject: subject.into(),
            stage: Stage::Store,
            done,
            total,
            bytes: done * 10,
            ended: false,
        }
    }

    #[test]
    fn a_late_report_takes_nothing_back() {
        let mut state = StageState::new(Stage::Store, &Kind::Lines);
        state.take(&report("a", 10, Some(20)));
        state.take(&report("a", 4, Some(20)));
        state.take(&report("b", 5, Some(5)));
        assert_eq!(state.sum(), Sum { done: 15, total: Some(25), bytes: 150 });
        state.take(&report("c", 1, None));
        assert_eq!(state.sum().total, None);
    }

    #[test]
    fn a_line_has_count_rate_and_estimate() {
        let text =
            line(Stage::Store, &Sum { done: 500, total: Some(1500), bytes: 0 }, Duration::from_secs(5));
        assert_eq!(text, "store: 500 of 1,500 files, 100/s, 10.0 s left");
    }
}
