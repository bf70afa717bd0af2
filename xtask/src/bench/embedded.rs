//! `stocktake scan` as a person runs it: everything in one process.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    figures::Size,
    process::{self, Run},
};

/// One scan of `target` into the data folder `data`.
pub(super) fn scan(program: &Path, target: &Path, data: &Path, scratch: &Path) -> Result<(Run, Size)> {
    scan_by(Command::new(program), target, data, scratch)
}

/// The same without a look at any text: every file of more than a byte is over the limit. Digests, languages
/// by name and all that is not analysis are as ever, and so is the number of results that are stored.
pub(super) fn scan_unread(program: &Path, target: &Path, data: &Path, scratch: &Path) -> Result<Run> {
    let mut command = Command::new(program);
    command.env("STOCKTAKE__ANALYSIS__MAX_BYTES", "1");
    Ok(scan_by(command, target, data, scratch)?.0)
}

fn scan_by(mut command: Command, target: &Path, data: &Path, scratch: &Path) -> Result<(Run, Size)> {
    command.arg("scan").arg(target).args(["--quiet", "--format", "json", "--data"]).arg(data);
    let run = process::run(&mut command, scratch)?;
    let report: Value = serde_json::from_str(&run.output).context("the scan's report is no JSON")?;
    let total = |name: &str| report.pointer(&format!("/totals/{name}")).and_then(Value::as_u64).unwrap_or(0);
    Ok((run, Size { files: total("nodes"), bytes: total("bytes") }))
}

/// One count of the lines below `directory` by tokei, for scale.
pub(super) fn tokei(program: &Path, directory: &Path, scratch: &Path) -> Result<Run> {
    process::run(Command::new(program).arg("--hidden").arg(directory), scratch)
}

/// Where tokei is, on the search path.
pub(super) fn find_tokei() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join("tokei")).find(|path| path.is_file())
}

/// The files of `target` as a plain tree, for a program that reads no bare repositories. None when it has
/// a work tree already.
pub(super) fn checked_out(target: &Path, into: &Path) -> Result<Option<PathBuf>> {
    if !target.join("HEAD").is_file() || !target.join("objects").is_dir() {
        return Ok(None);
    }
    let tree = into.join("tree");
    std::fs::create_dir(&tree)?;
    let git = |words: &[&str]| -> Result<Run> {
        let mut command = Command::new("git");
        command.env("GIT_INDEX_FILE", into.join("index")).arg("--git-dir").arg(target);
        command.arg("--work-tree").arg(&tree).args(words);
        process::run(&mut command, into)
    };
    git(&["read-tree", "HEAD"])?;
    // A mirror may lack a content; the scan says so too, and goes on.
    if let Err(error) = git(&["checkout-index", "--all", "--quiet"]) {
        println!("not all of {} can be checked out: {error:#}", target.display());
    }
    Ok(Some(tree))
}
