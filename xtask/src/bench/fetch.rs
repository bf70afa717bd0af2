//! `cargo xtask bench fetch`: visits beside git, over the same daemon, with what each has it send.

pub(crate) mod served;
mod wire;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;

use self::{
    served::Served,
    wire::{Sent, Wire},
};
use super::{
    build,
    figures::aim,
    machine,
    process::{self, Run},
};
use crate::workspace::Root;

/// What is fetched, and how often.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Git repositories on this machine; without any, one is made
    #[arg(value_name = "DIR")]
    targets: Vec<PathBuf>,
    /// Files of the repository that is made
    #[arg(long, default_value_t = 50_000)]
    files: u32,
    /// How often everything is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    /// Measure this program, built of services/repo-processor/examples/visit.rs, instead of building it
    #[arg(long, value_name = "PROGRAM")]
    built: Option<PathBuf>,
}

pub(super) fn run(root: &Root, arguments: &Arguments) -> Result<()> {
    let program = match &arguments.built {
        Some(program) => std::path::absolute(program)?,
        None => build(root, &["--package", "repo-processor", "--example", "visit"], "visit")?
            .join("examples/visit"),
    };
    let folder = tempfile::Builder::new().prefix("stocktake-bench-").tempdir()?;
    if arguments.targets.is_empty() {
        let made = served::make(&folder.path().join("made.git"), arguments.files)?;
        measure(&program, &made, folder.path(), arguments.rounds)?;
    }
    for target in &arguments.targets {
        let target = target.canonicalize().with_context(|| format!("{} cannot be read", target.display()))?;
        measure(&program, &target, folder.path(), arguments.rounds)?;
    }
    Ok(())
}

/// What one side took, and what was sent to it.
#[derive(Clone, Default)]
struct Cost {
    run: Run,
    sent: Sent,
}

/// One way of visiting, by git and by us, in every round.
struct Row {
    name: &'static str,
    theirs: Vec<Cost>,
    ours: Vec<Cost>,
}

impl Row {
    fn new(name: &'static str) -> Self {
        Self { name, theirs: Vec::new(), ours: Vec::new() }
    }
}

/// The round that took least: what else the machine did only ever adds to it.
fn least(costs: &[Cost], of: impl Fn(&Cost) -> f64) -> f64 {
    costs.iter().map(of).fold(f64::INFINITY, f64::min)
}

fn wall(cost: &Cost) -> f64 {
    cost.run.wall.as_secs_f64()
}

fn cpu(cost: &Cost) -> f64 {
    cost.run.cpu
}

fn measure(program: &Path, target: &Path, folder: &Path, rounds: u8) -> Result<()> {
    let mut rows = ["first visit", "unchanged", "one commit later", "a fork, one commit on"].map(Row::new);
    let mut size = Value::Null;
    for _ in 0..rounds {
        let round = tempfile::Builder::new().prefix("round-").tempdir_in(folder)?;
        let served = Served::of(target, round.path())?;
        let wire = Wire::to(served.address)?;
        let (url, fork) = (wire.url("repo.git"), wire.url("fork/repo.git"));
        let (data, clone) = (round.path().join("data"), round.path().join("clone.git"));
        std::fs::create_dir(&data)?;
        let ours = |url: &str| -> Result<Cost> {
            let run = process::run(Command::new(program).arg(&data).arg(url), round.path())?;
            Ok(Cost { run, sent: wire.take() })
        };
        let theirs = |steps: &mut [&mut Command]| -> Result<Cost> {
            let mut cost = Cost::default();
            for step in steps {
                let run = process::run(step, round.path())?;
                cost.run.wall += run.wall;
                cost.run.cpu += run.cpu;
            }
            cost.sent = wire.take();
            Ok(cost)
        };
        rows[0].theirs.push(theirs(&mut [&mut cloned(&url, &clone), &mut printed(&clone)])?);
        rows[0].ours.push(ours(&url)?);
        size = serde_json::from_str(&rows[0].ours[0].run.output).unwrap_or_default();
        rows[1].theirs.push(theirs(&mut [git().args(["ls-remote", "-q", &url, "HEAD"])])?);
        rows[1].ours.push(ours(&url)?);
        served.go_on()?;
        let mut fetch = git();
        fetch.arg("--git-dir").arg(&clone).args(["fetch", "-q", "--depth", "1", &url, "HEAD"]);
        rows[2].theirs.push(theirs(&mut [&mut fetch])?);
        rows[2].ours.push(ours(&url)?);
        let other = round.path().join("fork-clone.git");
        rows[3].theirs.push(theirs(&mut [&mut cloned(&fork, &other), &mut printed(&other)])?);
        rows[3].ours.push(ours(&fork)?);
    }
    tell(target, &size, &rows);
    Ok(())
}

fn git() -> Command {
    let mut git = Command::new("git");
    git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    git
}

fn cloned(url: &str, into: &Path) -> Command {
    let mut clone = git();
    clone.args(["clone", "-q", "--depth", "1", "--bare", url]).arg(into);
    clone
}

/// Every object, printed to nowhere.
fn printed(repository: &Path) -> Command {
    let mut print = Command::new("sh");
    print
        .arg("-c")
        .arg("exec git --git-dir \"$0\" cat-file --batch --batch-all-objects --unordered > /dev/null");
    print.arg(repository).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    print
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn tell(target: &Path, size: &Value, rows: &[Row]) {
    println!("\n{}: {size}; load {}", target.display(), machine::load());
    println!(
        "{:<22} {:>9} {:>9} {:>9} {:>9} {:>11} {:>11} {:>9} {:>9}",
        "least of rounds",
        "git s",
        "ours s",
        "git CPU",
        "ours CPU",
        "git bytes",
        "our bytes",
        "git obj.",
        "our obj."
    );
    for row in rows {
        let sent = |costs: &[Cost]| costs.first().map(|cost| cost.sent).unwrap_or_default();
        let (theirs, ours) = (sent(&row.theirs), sent(&row.ours));
        println!(
            "{:<22} {:>9.3} {:>9.3} {:>9.2} {:>9.2} {:>11} {:>11} {:>9} {:>9}",
            row.name,
            least(&row.theirs, wall),
            least(&row.ours, wall),
            least(&row.theirs, cpu),
            least(&row.ours, cpu),
            theirs.bytes,
            ours.bytes,
            theirs.objects,
            ours.objects
        );
    }
    let [first, unchanged, later, ..] = rows else { return };
    let share = |part: f64, whole: f64| 100.0 * part / whole;
    let beside_git = share(least(&first.ours, wall), least(&first.theirs, wall));
    println!("{}", aim("first visit", beside_git, 100.0, false, "% of git's time"));
    let beside_git = share(least(&first.ours, cpu), least(&first.theirs, cpu));
    println!("{}", aim("first visit", beside_git, 100.0, false, "% of git's processor time"));
    let small = share(least(&later.ours, wall), least(&first.ours, wall));
    println!("{}", aim("one commit later", small, 5.0, false, "% of the first visit"));
    let refs = |costs: &[Cost]| costs.first().map_or(0.0, |cost| cost.sent.bytes as f64);
    let asked = share(refs(&unchanged.ours), refs(&unchanged.theirs));
    println!("{}", aim("unchanged", asked, 100.0, false, "% of the bytes of asking for refs"));
}
