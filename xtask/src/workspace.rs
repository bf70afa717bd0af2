//! The files of the workspace, and what is complained of.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// Folders that hold nothing of ours.
const SKIPPED: &[&str] = &["target", ".git", "stocktake-data", "node_modules"];

/// The workspace's folder.
pub(crate) struct Root(pub(crate) PathBuf);

/// A file and its text.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// The path below the workspace, with `/` on every machine.
    pub(crate) path: String,
    /// The text; empty when it is no UTF-8.
    pub(crate) text: String,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Complaint {
    /// Where: a path, or the name of a crate.
    pub(crate) place: String,
    /// The line, from 1; 0 when it is about the whole.
    pub(crate) line: usize,
    /// What is wrong, and what would be right.
    pub(crate) what: String,
}

impl Root {
    /// The workspace that this program was built in, or the one that it is started in when that is gone.
    pub(crate) fn find() -> Result<Self> {
        let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        let here = env::current_dir().context("there is no working folder")?;
        let is_root = |folder: &&Path| folder.join("Cargo.lock").is_file() && folder.join("xtask").is_dir();
        let root = built_in.filter(is_root).or_else(|| here.ancestors().find(is_root));
        Ok(Self(root.context("this is not the workspace")?.to_owned()))
    }

    /// Every file of ours, sorted by path.
    pub(crate) fn files(&self) -> Result<Vec<File>> {
        let mut files = Vec::new();
        self.collect(&self.0, &mut files)?;
        files.sort_by(|a: &File, b| a.path.cmp(&b.path));
        Ok(files)
    }

    fn collect(&self, folder: &Path, files: &mut Vec<File>) -> Result<()> {
        let context = || format!("cannot read {}", folder.display());
        for entry in fs::read_dir(folder).with_context(context)? {
            let entry = entry.with_context(context)?;
            let (path, kind) = (entry.path(), entry.file_type().with_context(context)?);
            if SKIPPED.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            if kind.is_dir() {
                self.collect(&path, files)?;
            } else if kind.is_file() {
                let below = path.strip_prefix(&self.0).unwrap_or(&path);
                let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                files.push(File {
                    path: below.to_string_lossy().replace('\\', "/"),
                    text: String::from_utf8(bytes).unwrap_or_default(),
                });
            }
        }
        Ok(())
    }
}

impl File {
    /// The name without folders and without the last extension.
    pub(crate) fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }

    /// Whether it is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether it is Rust that is only compiled for tests.
    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.contains("/benches/")
    }

    /// The part before its unit tests.
    pub(crate) fn before_tests(&self) -> &str {
        self.text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default()
    }

    /// Something that is wrong in this file.
    pub(crate) fn complain(&self, line: usize, what: impl Into<String>) -> Complaint {
        Complaint { place: self.path.clone(), line, what: what.into() }
    }

    /// The line of a place in the text, from 1.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.place, self.what),
            line => write!(f, "{}:{line}: {}", self.place, self.what),
        }
    }
}

#[cfg(test)]
pub(crate) fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}
