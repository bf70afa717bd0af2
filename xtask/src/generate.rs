//! What is made from the code, and the check that it is up to date.

mod asyncapi;
mod schemas;

use std::fs;

use anyhow::{Context, Result};

use crate::workspace::{Complaint, File, Root};

/// Folders in which every file is made here: others are left-overs.
const OWN_FOLDERS: &[&str] = &["proto/schemas/"];

/// Options of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail when something is not up to date
    #[arg(long)]
    check: bool,
}

impl Arguments {
    /// As `generate --check`.
    pub(crate) const fn checking() -> Self {
        Self { check: true }
    }
}

/// Everything that is made from the code.
fn files(root: &Root) -> Result<Vec<File>> {
    let mut files = schemas::files();
    files.push(asyncapi::file(root)?);
    for (path, text) in [
        ("docs/configuration.md", runtime::config::reference()),
        ("config/stocktake.toml", runtime::config::template()),
        ("docs/metrics.md", runtime::metrics::reference()),
        ("docs/source-kinds.md", forges::reference()),
    ] {
        files.push(File { path: path.to_owned(), text });
    }
    Ok(files)
}

/// Writes what is not up to date, or with `--check` complains of it.
pub(crate) fn run(root: &Root, arguments: &Arguments) -> Result<Vec<Complaint>> {
    let made = files(root)?;
    let present = root.files()?;
    let mut complaints = Vec::new();
    for file in &made {
        if present.iter().any(|other| other.path == file.path && other.text == file.text) {
            continue;
        }
        if arguments.check {
            complaints.push(file.complain(0, "is not up to date; run cargo xtask generate"));
        } else {
            let path = root.0.join(&file.path);
            let context = || format!("cannot write {}", path.display());
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).with_context(context)?;
            }
            fs::write(&path, &file.text).with_context(context)?;
            println!("wrote {}", file.path);
        }
    }
    let left_over =
        present.iter().filter(|file| OWN_FOLDERS.iter().any(|folder| file.path.starts_with(folder)));
    for file in left_over.filter(|file| !made.iter().any(|other| other.path == file.path)) {
        if arguments.check {
            complaints.push(file.complain(0, "is made by nothing; run cargo xtask generate"));
        } else {
            fs::remove_file(root.0.join(&file.path))
                .with_context(|| format!("cannot remove {}", file.path))?;
            println!("removed {}", file.path);
        }
    }
    Ok(complaints)
}

/// JSON as it is kept in the tree.
fn pretty(value: &serde_json::Value) -> String {
    // A value that came from a schema or from text has no part that JSON cannot hold.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    format!("{text}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_generated_is_up_to_date() {
        let complaints = run(&Root::find().unwrap(), &Arguments { check: true }).unwrap();
        assert!(complaints.is_empty(), "{complaints:?}");
    }
}
