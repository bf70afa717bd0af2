//! What the figures were measured on, and how busy it was.

use std::fs;

/// Ticks of a second in `/proc`. Linux has told programs 100 for as long as it has told them.
const TICKS: f64 = 100.0;

/// The machine in one line: figures without it mean nothing.
pub(super) fn describe() -> String {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let model = line_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    format!("{processors} processors ({model}), {} waiting or running before the first round", load())
}

/// How many processes ran or waited for a processor during the last minute, on the average.
pub(super) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().filter(|word| !word.is_empty()).unwrap_or("unknown").to_owned()
}

/// Seconds that all processors together have been busy.
pub(super) fn busy_seconds() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = first.split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect();
    // user, nice, system, then idle and waiting, then interrupts.
    let of = |index: usize| ticks.get(index).copied().unwrap_or_default();
    (of(0) + of(1) + of(2) + of(5) + of(6)) / TICKS
}

/// Seconds of processor time that a living process has taken, with those of its children that have ended.
pub(super) fn processor_seconds(process: u32) -> Option<f64> {
    let fields = stat_of(&process.to_string())?;
    Some(fields.get(11..15)?.iter().sum::<f64>() / TICKS)
}

/// The same of it and of its children that live.
pub(super) fn family_seconds(process: u32) -> Option<f64> {
    let own = processor_seconds(process)?;
    let others = fs::read_dir("/proc").ok()?.flatten();
    let ids = others.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |id: &u32| {
        let parent = stat_of(&id.to_string()).and_then(|fields| fields.get(1).copied());
        parent.is_some_and(|parent| (parent - f64::from(process)).abs() < 0.5)
    };
    Some(own + ids.filter(is_child).filter_map(processor_seconds).sum::<f64>())
}

/// Seconds of processor time of this program's children that have ended.
pub(super) fn ended_children_seconds() -> f64 {
    let fields = stat_of("self").unwrap_or_default();
    fields.get(13..15).map_or(0.0, |fields| fields.iter().sum::<f64>() / TICKS)
}

/// The fields of a process behind its name, which may hold anything; what is no number counts as 0.
fn stat_of(process: &str) -> Option<Vec<f64>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, behind) = text.rsplit_once(')')?;
    Some(behind.split_whitespace().map(|word| word.parse().unwrap_or_default()).collect())
}

/// The most memory that a living process has held, in bytes.
pub(super) fn peak_memory(process: u32) -> Option<u64> {
    let text = line_of(&format!("/proc/{process}/status"), "VmHWM")?;
    text.strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

fn line_of(path: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_measured() {
        let id = std::process::id();
        assert!(peak_memory(id).unwrap() > 1_000_000);
        // First the one, then the other: this process goes on working between them.
        let own = processor_seconds(id).unwrap();
        assert!(family_seconds(id).unwrap() >= own);
        assert!(busy_seconds() > 0.0);
        assert_eq!(peak_memory(u32::MAX), None);
    }
}
