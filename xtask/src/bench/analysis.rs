//! `cargo xtask bench analysis`: the analyzers beside the tools that people use for parts of it, in one call
//! on the same tree; and what a text costs as it grows.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::Args;
use serde::Deserialize;

use super::{
    Built,
    figures::{Row, Size, aim, megabytes, table},
    machine, process,
};
use crate::workspace::Root;

/// What is measured, and with what beside it.
#[derive(Args)]
pub(crate) struct Arguments {
    /// A directory with source code
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
    /// How often everything is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    /// A Python in which lizard and radon are installed
    #[arg(long, default_value = "python3", value_name = "PROGRAM")]
    python: PathBuf,
    /// Where tokei is
    #[arg(long, default_value = "tokei", value_name = "PROGRAM")]
    tokei: PathBuf,
    /// Where rust-code-analysis-cli is
    #[arg(long, default_value = "rust-code-analysis-cli", value_name = "PROGRAM")]
    rust_code_analysis: PathBuf,
    /// How long one run of another tool may take, in seconds
    #[arg(long, default_value_t = 900, value_name = "SECONDS")]
    patience: u64,
    /// The table of growing sizes as well
    #[arg(long)]
    sizes: bool,
    #[command(flatten)]
    built: Built,
}

pub(super) fn run(root: &Root, arguments: &Arguments) -> Result<()> {
    let example = ["--package", "analysis", "--example", "measure"];
    let ours = arguments.built.example(root, &example, "measure")?;
    if let Some(directory) = &arguments.directory {
        let directory =
            directory.canonicalize().with_context(|| format!("{} cannot be read", directory.display()))?;
        beside_others(&ours, &directory, arguments)?;
        each_analyzer(&ours, &directory)?;
    }
    if arguments.sizes {
        growing(&ours)?;
    }
    Ok(())
}

/// A program and what it is started with.
struct Tool {
    row: Row,
    program: PathBuf,
    words: Vec<OsString>,
    /// A variable of its environment.
    variable: Option<(&'static str, &'static str)>,
    /// Why it is not measured any more.
    gave_up: Option<String>,
}

impl Tool {
    fn new(name: &str, program: &Path, words: &[&str], directory: &Path) -> Self {
        let words = words.iter().map(|word| match *word {
            "DIR" => directory.as_os_str().to_owned(),
            word => word.into(),
        });
        Self {
            row: Row::new(name),
            program: program.to_owned(),
            words: words.collect(),
            variable: None,
            gave_up: None,
        }
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.variable = Some((name, value));
        self
    }

    /// Runs it once; what it said is kept when it is ours.
    fn measure(&mut self, scratch: &Path, patience: Duration) -> Option<String> {
        if self.gave_up.is_some() {
            return None;
        }
        let mut command = Command::new(&self.program);
        command.args(&self.words).envs(self.variable);
        match process::run_within(&mut command, scratch, patience) {
            Ok(run) => {
                let output = run.output.clone();
                self.row.runs.push(process::Run { output: String::new(), ..run });
                Some(output)
            }
            Err(error) => {
                self.gave_up = Some(format!("{error:#}"));
                None
            }
        }
    }
}

/// What our program says of a tree.
#[derive(Deserialize)]
struct Sums {
    files: u64,
    bytes: u64,
    results: u64,
    failures: u64,
}

/// For how long each tool is measured in a round.
const AT_LEAST: Duration = Duration::from_secs(4);

/// Places in the list of [`tools`].
const ONE: usize = 0;
const ALL: usize = 1;
const LIZARD: usize = 2;
const LIZARD_ALL: usize = 3;
const OTHER_ENGINE: usize = 4;
const TOKEI_ONE: usize = 6;
const TOKEI: usize = 7;

fn tools(ours: &Path, directory: &Path, arguments: &Arguments) -> Vec<Tool> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).to_string();
    let all = processors.as_str();
    let python = &arguments.python;
    // Zero is what lizard ends with when nothing warns; with a negative number nothing does.
    let lizard = |threads| ["-m", "lizard", "--csv", "-i", "-1", "-t", threads, "DIR"];
    let engine = |jobs| ["--metrics", "--output-format", "json", "--num-jobs", jobs, "--paths", "DIR"];
    let cat = "find \"$0\" -type f -print0 | xargs -0 cat";
    let counts = ["--no-ignore", "--hidden", "DIR"];
    vec![
        // What the others have nothing like is left out: three digests of every file.
        Tool::new("stocktake, one thread", ours, &["tree", "DIR", "1", "digests"], directory),
        Tool::new("stocktake, all threads", ours, &["tree", "DIR", all, "digests"], directory),
        Tool::new("lizard, one process", python, &lizard("1"), directory),
        Tool::new("lizard, all processors", python, &lizard(all), directory),
        Tool::new("rust-code-analysis, one job", &arguments.rust_code_analysis, &engine("1"), directory),
        Tool::new("rust-code-analysis, all", &arguments.rust_code_analysis, &engine(all), directory),
        Tool::new("tokei, one thread", &arguments.tokei, &counts, directory).with("RAYON_NUM_THREADS", "1"),
        Tool::new("tokei", &arguments.tokei, &counts, directory),
        Tool::new("radon raw, cc, hal and mi", python, &["-c", RADON, "DIR"], directory),
        Tool::new("stocktake, one, with digests", ours, &["tree", "DIR", "1"], directory),
        Tool::new("cat", Path::new("sh"), &["-c", cat, "DIR"], directory),
    ]
}

/// radon's four commands in one process, so that it starts once only.
const RADON: &str = "import sys, radon\n\
    for words in ('raw', '-j'), ('cc', '-j'), ('hal', '-j'), ('mi', '-j'):\n    \
        sys.argv = ['radon', words[0], words[1], sys.argv[-1]]\n    radon.main()\n";

fn beside_others(ours: &Path, directory: &Path, arguments: &Arguments) -> Result<()> {
    let scratch = tempfile::Builder::new().prefix("stocktake-bench-").tempdir()?;
    let patience = Duration::from_secs(arguments.patience);
    let mut tools = tools(ours, directory, arguments);
    let mut said = None;
    for _ in 0..arguments.rounds {
        for (place, tool) in tools.iter_mut().enumerate() {
            let begun = Instant::now();
            // Whoever needs a second only is measured as often as whoever needs several takes once, so that what
            // else the machine does in that second does not decide.
            while let Some(output) = tool.measure(scratch.path(), patience) {
                if place == ONE {
                    said = Some(output);
                }
                if begun.elapsed() > AT_LEAST {
                    break;
                }
            }
        }
    }
    let said = said.with_context(|| tools[ONE].gave_up.clone().unwrap_or_default())?;
    let sums: Sums = serde_json::from_str(&said).context("our own figures are no JSON")?;
    let size = Size { files: sums.files, bytes: sums.bytes };
    let (name, bytes) = (directory.display(), megabytes(sums.bytes));
    println!("\n{name}: {} files, {bytes} MB; load {}", sums.files, machine::load());
    println!("{} results, {} failures", sums.results, sums.failures);
    print!("{}", table(&tools.iter().map(|tool| &tool.row).collect::<Vec<_>>(), size));
    for tool in &tools {
        if let Some(why) = &tool.gave_up {
            println!("{} was not measured: {why}", tool.row.name);
        }
    }
    let row = |place: usize| tools.get(place).map(|tool: &Tool| &tool.row).filter(|row| !row.runs.is_empty());
    let times = |slow: usize, fast: usize, of: fn(&Row) -> f64| Some(of(row(slow)?) / of(row(fast)?));
    let wall: fn(&Row) -> f64 = |row| row.least().as_secs_f64();
    let compared = [
        ("lizard takes, thread for thread", LIZARD, ONE, 30.0, true),
        ("lizard takes, all processors", LIZARD_ALL, ALL, 30.0, true),
        ("rust-code-analysis takes, thread for thread", OTHER_ENGINE, ONE, 20.0, true),
        ("we take, beside tokei", ALL, TOKEI, 3.0, false),
        ("we take, beside tokei, thread for thread", ONE, TOKEI_ONE, 3.0, false),
    ];
    for (what, slow, fast, wanted, at_least) in compared {
        if let (Some(wall), Some(cpu)) = (times(slow, fast, wall), times(slow, fast, Row::cpu)) {
            println!("{}", aim(what, wall, wanted, at_least, "times the time"));
            println!("         {cpu:.1} times the processor's");
        }
    }
    Ok(())
}

/// What our program says of one analyzer.
#[derive(Deserialize)]
struct Analyzer {
    analyzer: String,
    results: u64,
    bytes: u64,
    seconds: f64,
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn each_analyzer(ours: &Path, directory: &Path) -> Result<()> {
    println!("\n{:12} {:>9} {:>9} {:>8}", "analyzer", "results", "seconds", "MB/s");
    for line in answers(ours, &["each".into(), directory.into()])?.lines() {
        let of: Analyzer = serde_json::from_str(line).context("our own figures are no JSON")?;
        let rate = of.bytes as f64 / 1e6 / of.seconds;
        println!("{:12} {:9} {:9.3} {rate:8.0}", of.analyzer, of.results, of.seconds);
    }
    Ok(())
}

/// What our program says of one kind of text.
#[derive(Deserialize)]
struct Kind {
    kind: String,
    sizes: Vec<u64>,
    nanoseconds: Vec<f64>,
    slowest: Hard,
    growth: Growth,
}

#[derive(Deserialize)]
struct Hard {
    text: String,
    nanoseconds: f64,
}

#[derive(Deserialize)]
struct Growth {
    text: String,
    times: f64,
}

/// Linear is the same for each byte whatever the size; a cache that is too small for a text costs something.
const SAME: f64 = 2.5;

fn growing(ours: &Path) -> Result<()> {
    println!("\nnanoseconds for each byte, every analyzer together, one thread; load {}", machine::load());
    let mut worst = (0.0, String::new());
    for (number, line) in answers(ours, &["sizes".into()])?.lines().enumerate() {
        let of: Kind = serde_json::from_str(line).context("our own figures are no JSON")?;
        if number == 0 {
            let heads: String = of.sizes.iter().map(|size| format!("{:>9}", kibibytes(*size))).collect();
            println!("{:12}{heads}   what is hardest, and what grows most from 64 to 512 KiB", "");
        }
        let cells: String = of.nanoseconds.iter().map(|each| format!("{each:9.1}")).collect();
        let (slowest, growth) = (&of.slowest, &of.growth);
        println!(
            "{:12}{cells}   {:.1} {:?}, {:.1} times {:?}",
            of.kind, slowest.nanoseconds, slowest.text, growth.times, growth.text
        );
        let ends = of.nanoseconds.last().copied().zip(of.nanoseconds.first().copied());
        let times = ends.map_or(0.0, |(last, first)| last / first).max(growth.times);
        if times > worst.0 {
            worst = (times, of.kind);
        }
    }
    println!("{}", aim(&format!("a byte of the largest, {}", worst.1), worst.0, SAME, false, "times"));
    Ok(())
}

fn kibibytes(size: u64) -> String {
    if size < 1 << 20 { format!("{} KiB", size >> 10) } else { format!("{} MiB", size >> 20) }
}

fn answers(ours: &Path, words: &[OsString]) -> Result<String> {
    let scratch = tempfile::Builder::new().prefix("stocktake-bench-").tempdir()?;
    Ok(process::run(Command::new(ours).args(words), scratch.path())?.output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_is_not_there_does_not_keep_the_others_from_being_measured() {
        let scratch = tempfile::tempdir().unwrap();
        let mut tool = Tool::new("none", Path::new("/no/such/program"), &["DIR"], Path::new("/a b"));
        assert_eq!(tool.words, [OsString::from("/a b")]);
        assert_eq!(tool.measure(scratch.path(), Duration::from_secs(1)), None);
        assert!(tool.gave_up.unwrap().contains("/no/such/program"));
    }

    #[test]
    fn a_tool_that_takes_too_long_is_ended() {
        let scratch = tempfile::tempdir().unwrap();
        let mut tool = Tool::new("slow", Path::new("sleep"), &["600"], Path::new("/"));
        assert_eq!(tool.measure(scratch.path(), Duration::from_millis(20)), None);
        assert!(tool.gave_up.unwrap().contains("more than 20ms"));
    }
}
