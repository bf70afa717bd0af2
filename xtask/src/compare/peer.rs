//! Tools written in Python: which files they are asked about, and how.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::de::DeserializeOwned;

/// A tree of real code, and the Python that has the other tool.
#[derive(Args)]
pub(super) struct Tree {
    /// A folder or a file
    pub(super) path: PathBuf,
    /// A Python in which the tool is installed
    #[arg(long, default_value = "python3")]
    pub(super) python: PathBuf,
    /// How many of the files that differ are shown per language
    #[arg(long, default_value_t = 3)]
    pub(super) show: usize,
    /// At most this many files per language, evenly spread
    #[arg(long, default_value_t = 100_000)]
    pub(super) files: usize,
}

/// Every file below a path with one of these extensions, sorted; at most so many, evenly spread.
pub(super) fn files(path: &Path, extensions: &[&str], most: usize) -> Result<Vec<PathBuf>> {
    let mut found = if path.is_file() { vec![path.to_owned()] } else { super::files(path)? };
    found.retain(|path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        extensions.contains(&extension) && path.to_str().is_some_and(|path| !path.contains('\n'))
    });
    found.sort();
    if found.len() > most {
        let every = found.len() as f64 / most as f64;
        found = (0..most).filter_map(|index| found.get((index as f64 * every) as usize).cloned()).collect();
    }
    Ok(found)
}

/// The text of a file as the other tools read it: what is not UTF-8 is left out.
pub(super) fn text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(bytes.utf8_chunks().map(|chunk| chunk.valid()).collect())
}

/// Asks a script about files; one answer each, in order.
pub(super) fn ask<T: DeserializeOwned>(python: &Path, script: &str, files: &[PathBuf]) -> Result<Vec<T>> {
    let mut child = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", python.display()))?;
    let mut input = child.stdin.take().context("the script has no input")?;
    let output = child.stdout.take().context("the script has no output")?;
    let names: String = files.iter().map(|path| format!("{}\n", path.display())).collect();
    let mut answers = Vec::with_capacity(files.len());
    std::thread::scope(|scope| -> Result<()> {
        let writer = scope.spawn(move || input.write_all(names.as_bytes()));
        for line in BufReader::new(output).lines() {
            let line = line.context("the script's answer cannot be read")?;
            answers.push(serde_json::from_str(&line).with_context(|| format!("not an answer: {line}"))?);
        }
        match writer.join() {
            Ok(written) => written.context("the script did not take the names of the files"),
            Err(_) => bail!("the names of the files could not be handed over"),
        }
    })?;
    let status = child.wait().context("the script was lost")?;
    if !status.success() || answers.len() != files.len() {
        bail!(
            "{} of {} files were answered; is the tool installed for {}? ({status})",
            answers.len(),
            files.len(),
            python.display()
        );
    }
    Ok(answers)
}

/// Per cent, rounded down to hundredths: 100.00 means all of them.
pub(super) fn percent(part: usize, whole: usize) -> f64 {
    (part * 10_000).checked_div(whole).map_or(100.0, |share| share as f64 / 100.0)
}
