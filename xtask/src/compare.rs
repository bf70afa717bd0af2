//! `cargo xtask compare`: what we compute beside what the tools of the field compute, on real files.

mod git;
mod licences;
mod lizard;
mod openapi;
mod peer;
mod radon;
mod tokei;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Subcommand;

use crate::workspace::Complaint;

/// What to compare with.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    with: With,
}

#[derive(Subcommand)]
enum With {
    /// What a visit stores of a git repository, node for node and byte for byte, and its commits, with git's
    Git(git::Arguments),
    /// Licences, file by file, with ScanCode's
    Licences(licences::Arguments),
    /// Functions, tokens and complexity, function by function, with lizard's
    Lizard(peer::Tree),
    /// Answers of a gateway with its published description, by schemathesis
    Openapi(openapi::Arguments),
    /// Halstead's measures, counts of lines and maintainability of Python with radon's
    Radon(peer::Tree),
    /// Lines of code, comments and blanks, file by file, with tokei's
    Tokei(tokei::Arguments),
}

/// Compares; each complaint is a figure below what was promised.
pub(crate) fn run(arguments: &Arguments) -> Result<Vec<Complaint>> {
    match &arguments.with {
        With::Git(arguments) => git::run(arguments),
        With::Licences(arguments) => licences::run(arguments),
        With::Lizard(tree) => lizard::run(tree),
        With::Openapi(arguments) => openapi::run(arguments),
        With::Radon(tree) => radon::run(tree),
        With::Tokei(arguments) => tokei::run(arguments),
    }
}

/// Every regular file under a directory, whatever its name, in no order; links are not followed.
fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        let entries =
            std::fs::read_dir(&directory).with_context(|| format!("cannot list {}", directory.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list {}", directory.display()))?;
            let kind =
                entry.file_type().with_context(|| format!("cannot look at {}", entry.path().display()))?;
            if kind.is_dir() {
                left.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    Ok(found)
}
