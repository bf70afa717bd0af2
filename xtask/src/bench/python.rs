//! Pythons that peers run in.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{test::server::run, workspace::Root};

/// A Python that can import these modules, in a folder of `target` that is kept for the next time; `packages` are
/// installed when it cannot.
pub(super) fn with(root: &Root, folder: &str, imports: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = root.0.join("target").join(folder);
    let python = folder.join("bin/python");
    if !python.is_file() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    let imported = Command::new(&python).args(["-c", &format!("import {imports}")]).output();
    if !imported.is_ok_and(|output| output.status.success()) {
        println!("installing {} in {}", packages.join(", "), folder.display());
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
    }
    Ok(python)
}
