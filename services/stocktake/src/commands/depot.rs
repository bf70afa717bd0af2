//! `stocktake depot`: looking after the depot, while anything else runs.

mod collect;
mod compact;
mod stat;
mod verify;

use std::{path::Path, process::ExitCode, time::Duration};

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use contracts::{ErrorKind, Failure};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::SignedDuration;
use runtime::{clock::Clock, config::Config, faults::Faults};
use tokio_util::sync::CancellationToken;
use upkeep::{Keeper, Rules};
use worker::process;

use crate::{cli::Global, output, session};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Count what is in it, what of that is of use, and what is on its way out
    Stat(stat::Arguments),
    /// Read packs again, hash everything in them, and name what is damaged
    Verify(verify::Arguments),
    /// Write packs anew that are mostly of no use, without what is of no use in them
    Compact(compact::Arguments),
    /// Remove what nothing refers to: of aborted snapshots, of fetches that died, of packs written anew
    Collect(collect::Arguments),
}

/// What decides when something may go.
#[derive(Args)]
struct When {
    /// How long something must have been of no use, for instance 12h or 7d; `depot.grace_seconds` unless given
    #[arg(long, value_name = "TIME", value_parser = grace)]
    grace: Option<Duration>,
}

pub(crate) fn run(global: &Global, command: &Command) -> Result<ExitCode, Failure> {
    let loaded = session::load(global, &[("log.level", "warn".to_owned())])?;
    process::block_on(async {
        let exporting = runtime::logs::install(&loaded.config.log, &loaded.config.trace, "stocktake");
        let _exporting = exporting.map_err(|error| Failure::new(ErrorKind::Invalid, error))?;
        runtime::faults::install(&loaded.config.faults);
        let keeper = keeper(&loaded.config).await?;
        match command {
            Command::Stat(arguments) => stat::run(keeper, arguments).await,
            Command::Verify(arguments) => verify::run(keeper, arguments).await,
            Command::Compact(arguments) => compact::run(keeper, arguments).await,
            Command::Collect(arguments) => collect::run(keeper, arguments).await,
        }
    })
}

/// Opens store and depot, which other processes may be using: no lock is taken.
async fn keeper(config: &Config) -> Result<Keeper, Failure> {
    let url = config.store.url.expose();
    if let Some(path) = url.strip_prefix("sqlite://") {
        if !Path::new(path).exists() {
            let text = format!("there is no store at {path} yet; --data names another directory");
            return Err(Failure::new(ErrorKind::NotFound, text));
        }
        process::open_store(config)?.migrate().await?;
    }
    let store = process::open_store(config)?;
    store.check().await?;
    Ok(Keeper {
        store,
        depot: process::open_depot(config)?,
        clock: Clock::system(),
        faults: Faults::none(),
        rules: Rules { grace: config.depot.grace(), dead_percent: config.depot.dead_percent },
        cancel: CancellationToken::new(),
    })
}

impl When {
    fn apply(&self, rules: &mut Rules) {
        if let Some(grace) = self.grace {
            rules.grace = grace;
        }
    }
}

fn grace(text: &str) -> Result<Duration, String> {
    let accepted = "accepted: a time like 0s, 30m, 12h or 7d";
    // The days that people mean here have 24 hours each.
    let days = text.strip_suffix('d').and_then(|days| days.trim().parse::<u32>().ok());
    if let Some(days) = days {
        return Ok(Duration::from_secs(u64::from(days) * 86_400));
    }
    let read: SignedDuration = text.parse().map_err(|error| format!("{error}; {accepted}"))?;
    Duration::try_from(read).map_err(|_negative| accepted.to_owned())
}

/// How far it is, on the terminal of a person; nothing elsewhere.
struct Progress(ProgressBar);

impl Progress {
    fn new(what: &'static str) -> Self {
        let bar = ProgressBar::new_spinner();
        // The template is ours and has no mistake in it.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}: {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_prefix(what);
        Self(bar)
    }

    fn told(&self) -> impl Fn(&'static str, u64, u64) + Send + Sync {
        let bar = self.0.clone();
        move |step, done, total| {
            bar.set_message(if total > 0 {
                format!("{step} {done}/{total}")
            } else {
                format!("{step} {done}")
            });
            bar.tick();
        }
    }

    /// Says something above the line that moves.
    fn say(&self, text: impl std::fmt::Display) -> Result<(), Failure> {
        self.0.suspend(|| output::line(text))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Two columns: what, and how much.
fn print_pairs(pairs: &[(&str, String)]) -> Result<(), Failure> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for (what, much) in pairs {
        table.add_row([*what, much]);
    }
    output::line(table.trim_fmt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let hour = 3600;
        for (text, seconds) in [("0s", 0), ("30m", 1800), ("12h", 12 * hour), ("7d", 7 * 24 * hour)] {
            assert_eq!(grace(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "soon", "-1h", "5"] {
            assert!(grace(wrong).unwrap_err().contains("accepted"), "{wrong}");
        }
    }
}
