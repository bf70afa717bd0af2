//! `cargo xtask bench pipeline`: scans of real trees, side by side in one call.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use super::{
    Built,
    distributed::{Distributed, Installation, Servers},
    embedded,
    figures::{Row, Size, aim, megabytes, table},
    machine,
};
use crate::workspace::Root;

/// What is scanned, and how often.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Git repositories (bare or with a work tree) or plain directories
    #[arg(value_name = "DIR", required = true)]
    targets: Vec<PathBuf>,
    /// How often everything is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    /// Where tokei is, when it is not on the search path
    #[arg(long, value_name = "PROGRAM")]
    tokei: Option<PathBuf>,
    #[command(flatten)]
    built: Built,
    /// Only the embedded stack: look for no servers and start none
    #[arg(long)]
    embedded: bool,
}

pub(super) fn run(root: &Root, arguments: &Arguments) -> Result<()> {
    let program = arguments.built.stocktake(root)?;
    let servers = if arguments.embedded { None } else { Some(Servers::find_or_start()?) };
    for target in &arguments.targets {
        let target = target.canonicalize().with_context(|| format!("{} cannot be read", target.display()))?;
        measure(&program, &target, servers.as_ref(), arguments)?;
    }
    Ok(())
}

/// The rows of one tree.
struct Rows {
    tokei: Row,
    scan: Row,
    unread: Row,
    rescan: Row,
    spread: Row,
    spread_again: Row,
}

fn measure(program: &Path, target: &Path, servers: Option<&Servers>, arguments: &Arguments) -> Result<()> {
    let tokei = arguments.tokei.clone().or_else(embedded::find_tokei);
    let folder = tempfile::Builder::new().prefix("stocktake-bench-").tempdir()?;
    let plain = match &tokei {
        Some(_) => embedded::checked_out(target, folder.path())?,
        None => None,
    };
    let mut rows = Rows {
        tokei: Row::new("tokei, for scale"),
        scan: Row::new("scan, embedded"),
        unread: Row::new("scan, no text analysed"),
        rescan: Row::new("scan again, embedded"),
        spread: Row::new("run, six processes"),
        spread_again: Row::new("run again, six processes"),
    };
    let mut size = Size::default();
    let mut last = None;
    for round in 0..arguments.rounds {
        let scratch = tempfile::Builder::new().prefix("round-").tempdir_in(folder.path())?;
        let data = scratch.path().join("data");
        if let Some(tokei) = &tokei {
            let directory = plain.as_deref().unwrap_or(target);
            rows.tokei.runs.push(embedded::tokei(tokei, directory, scratch.path())?);
        }
        let (scan, found) = embedded::scan(program, target, &data, scratch.path())?;
        size = found;
        rows.scan.runs.push(scan);
        let other = scratch.path().join("unread");
        rows.unread.runs.push(embedded::scan_unread(program, target, &other, scratch.path())?);
        rows.rescan.runs.push(embedded::scan(program, target, &data, scratch.path())?.0);
        if let Some(servers) = servers {
            let name = format!("bench{round}");
            let directory = scratch.path().join("services");
            std::fs::create_dir(&directory)?;
            let mut installation = Installation::start(program, servers, &name, &directory)?;
            let spread = installation.run(target)?;
            rows.spread.runs.push(spread.run.clone());
            rows.spread_again.runs.push(installation.run(target)?.run);
            last = Some(spread);
        }
    }
    tell(target, &rows, size, last);
    Ok(())
}

fn tell(target: &Path, rows: &Rows, size: Size, last: Option<Distributed>) {
    let name = target.display();
    println!("\n{name}: {} files, {} MB; load {}", size.files, megabytes(size.bytes), machine::load());
    let Rows { tokei, scan, unread, rescan, spread, spread_again } = rows;
    print!("{}", table(&[tokei, scan, unread, rescan, spread, spread_again], size));
    if let Some(last) = last {
        let services: Vec<String> = last
            .services
            .iter()
            .map(|(name, cpu, peak)| format!("{name} {cpu:.2} s {} MB", megabytes(*peak)))
            .collect();
        println!("of the last run's processes: {}", services.join(", "));
        println!("the whole machine was busy for {:.2} s of processor time in it", last.machine);
    }
    let share = |of: fn(&Row) -> f64| 100.0 * (1.0 - of(unread) / of(scan));
    let (wall, cpu) = (share(|row| row.least().as_secs_f64()), share(Row::cpu));
    println!("analysing text is {cpu:.0} % of a scan's processor time and {wall:.0} % of its time");
    println!("{}", aim("scan", scan.files(size), 5_000.0, true, "files/s"));
    println!("{}", aim("scan", scan.megabytes(size), 60.0, true, "MB/s"));
    println!("{}", aim("scan again", rescan.least().as_secs_f64(), 0.3, false, "s"));
    let peak = |row: &Row| -> f64 { megabytes(row.peak()).parse().unwrap_or_default() };
    println!("{}", aim("memory of a scan", peak(scan), 300.0, false, "MB"));
    if !spread.runs.is_empty() {
        let share = 100.0 * scan.least().as_secs_f64() / spread.least().as_secs_f64();
        println!("{}", aim("run of six processes", share, 60.0, true, "% of the embedded rate"));
        println!("{}", aim("memory of its largest process", peak(spread), 300.0, false, "MB"));
    }
    if !tokei.runs.is_empty() {
        let times = scan.least().as_secs_f64() / tokei.least().as_secs_f64();
        println!("         a scan takes {times:.1} times as long as tokei");
    }
}
