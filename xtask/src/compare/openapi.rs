//! The published description with what a gateway answers: schemathesis makes requests of every operation, right
//! ones and wrong ones, and compares each answer with what the description allows.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::workspace::Complaint;

/// With what.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The program `stocktake`, built
    #[arg(long, default_value = "target/release/stocktake")]
    stocktake: PathBuf,
    /// The program `schemathesis`
    #[arg(long, default_value = "schemathesis")]
    schemathesis: PathBuf,
    /// Git repositories or directories that the stock has, so that there is something to ask for
    #[arg(long = "scan", value_name = "TARGET")]
    targets: Vec<PathBuf>,
    /// What is passed on to `schemathesis run`, for instance `--phases=examples,coverage`
    #[arg(last = true)]
    more: Vec<String>,
}

/// Ends the gateway, whatever happens.
struct Up(Child);

impl Drop for Up {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Vec<Complaint>> {
    let data = tempfile::tempdir()?;
    let command = || {
        let mut command = Command::new(&arguments.stocktake);
        command.env("STOCKTAKE__DATA__DIR", data.path()).env("STOCKTAKE__LOG__LEVEL", "error");
        command
    };
    for target in &arguments.targets {
        let status = command().args(["scan", "--quiet"]).arg(target).stdout(Stdio::null()).status()?;
        if !status.success() {
            bail!("the scan of {} ended with {status}", target.display());
        }
    }
    let mut up = command();
    up.args(["up", "--set", "http.bind=127.0.0.1:0", "--set", "limits.rate_per_minute=0"]);
    // With it reading needs no key on this machine, which no description can tell.
    up.args(["--set", "http.anonymous=off"]);
    let mut up = Up(up.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().context("no gateway")?);
    let said = up.0.stderr.take().context("the gateway says nothing")?;
    let mut lines = BufReader::new(said).lines();
    let base = loop {
        let line = lines.next().context("the gateway ended before it was up")??;
        if let Some((_, rest)) = line.split_once("stocktake is up: ") {
            break rest.split("/docs").next().unwrap_or_default().to_owned();
        }
    };
    // What it says from now on is read, so that it never waits for us.
    std::thread::spawn(move || lines.for_each(drop));
    let words = ["key", "create", "schemathesis", "--scope", "admin", "--rate", "0", "--quota", "0"];
    let made = command().args(words).output()?;
    let key = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    // A cursor is what a page gave; an invented one is none, whatever it looks like.
    let settings = data.path().join("schemathesis.toml");
    std::fs::write(&settings, "[parameters]\n\"query.cursor\" = \"\"\n\"query.after\" = \"\"\n")?;
    // It leaves what it learnt in the folder that it is started in.
    let program = std::fs::canonicalize(&arguments.schemathesis);
    let status = Command::new(program.unwrap_or_else(|_| arguments.schemathesis.clone()))
        .current_dir(data.path())
        .arg("--config-file")
        .arg(&settings)
        .args(["run", &format!("{base}/api/v1/openapi.json"), "--checks=all"])
        .args(["--header", &format!("Authorization: Bearer {key}")])
        .args(&arguments.more)
        .status()
        .with_context(|| format!("{} cannot be run", arguments.schemathesis.display()))?;
    let wrong = || Complaint {
        place: "proto/openapi.json".to_owned(),
        line: 0,
        what: "an answer is not as it is described".to_owned(),
    };
    Ok((!status.success()).then(wrong).into_iter().collect())
}
