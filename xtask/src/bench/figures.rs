//! Rounds of figures, and the table that they make.

use std::time::Duration;

use super::process::Run;

/// What of several rounds is told.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) runs: Vec<Run>,
}

/// How large the tree is that a row is about.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) files: u64,
    pub(super) bytes: u64,
}

impl Row {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), runs: Vec::new() }
    }

    /// The least time of any round: what else the machine did only ever adds to it.
    pub(super) fn least(&self) -> Duration {
        self.runs.iter().map(|run| run.wall).min().unwrap_or_default()
    }

    pub(super) fn median(&self) -> Duration {
        let mut walls: Vec<Duration> = self.runs.iter().map(|run| run.wall).collect();
        walls.sort_unstable();
        walls.get(walls.len() / 2).copied().unwrap_or_default()
    }

    /// The least processor time of any round, in seconds.
    pub(super) fn cpu(&self) -> f64 {
        self.runs.iter().map(|run| run.cpu).fold(f64::INFINITY, f64::min)
    }

    /// The most of any round, in bytes.
    pub(super) fn peak(&self) -> u64 {
        self.runs.iter().map(|run| run.peak).max().unwrap_or_default()
    }

    /// Files in a second.
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub(super) fn files(&self, size: Size) -> f64 {
        size.files as f64 / self.least().as_secs_f64()
    }

    /// Millions of bytes in a second.
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub(super) fn megabytes(&self, size: Size) -> f64 {
        size.bytes as f64 / 1e6 / self.least().as_secs_f64()
    }
}

/// The table of these rows.
pub(super) fn table(rows: &[&Row], size: Size) -> String {
    let mut text = format!(
        "{:32} {:>8} {:>8} {:>9} {:>8} {:>8} {:>8}\n",
        "", "least s", "median s", "files/s", "MB/s", "CPU s", "peak MB"
    );
    for row in rows.iter().filter(|row| !row.runs.is_empty()) {
        text.push_str(&format!(
            "{:32} {:8.2} {:8.2} {:9.0} {:8.1} {:8.2} {:8}\n",
            row.name,
            row.least().as_secs_f64(),
            row.median().as_secs_f64(),
            row.files(size),
            row.megabytes(size),
            row.cpu(),
            if row.peak() == 0 { "-".to_owned() } else { megabytes(row.peak()) },
        ));
    }
    text
}

/// Bytes as millions of bytes.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub(super) fn megabytes(bytes: u64) -> String {
    format!("{:.0}", bytes as f64 / 1e6)
}

/// One line for something to be reached: what, how much of it, and whether.
pub(super) fn aim(what: &str, got: f64, wanted: f64, is_least: bool, unit: &str) -> String {
    let reached = if is_least { got >= wanted } else { got <= wanted };
    let (word, sign) =
        (if reached { "reached" } else { "MISSED" }, if is_least { "at least" } else { "at most" });
    let digits = usize::from(wanted < 10.0) * 2;
    format!("{word:8} {what}: {got:.digits$} {unit}, {sign} {wanted} wanted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quickest_round_counts_for_rates_and_the_worst_for_memory() {
        let mut row = Row::new("scan");
        for (millis, peak) in [(4_000, 7), (2_000, 9), (3_000, 8)] {
            row.runs.push(Run { wall: Duration::from_millis(millis), peak, ..Run::default() });
        }
        let size = Size { files: 1_000, bytes: 8_000_000 };
        assert!((row.files(size) - 500.0).abs() < 1e-9);
        assert!((row.megabytes(size) - 4.0).abs() < 1e-9);
        assert_eq!((row.median(), row.peak()), (Duration::from_secs(3), 9));
    }

    #[test]
    fn aims_are_reached_from_either_side() {
        assert!(aim("rate", 61.0, 60.0, true, "MB/s").starts_with("reached"));
        assert!(aim("re-scan", 0.31, 0.3, false, "s").starts_with("MISSED"));
    }
}
