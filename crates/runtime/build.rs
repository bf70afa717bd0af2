//! Tells the crate which commit it is built from, without git and without failing outside a repository.

#![expect(clippy::disallowed_methods, reason = "cargo tells a build script what it needs by its environment")]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=STOCKTAKE_COMMIT");
    println!("cargo::rerun-if-env-changed=STOCKTAKE_BUILT");
    let release = env::var("PROFILE").as_deref() == Ok("release");
    let commit = env::var("STOCKTAKE_COMMIT").ok().or_else(|| {
        let commit = commit(release)?;
        Some(if release { commit } else { format!("{commit}-dev") })
    });
    println!("cargo::rustc-env=STOCKTAKE_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
    let built = env::var("STOCKTAKE_BUILT");
    println!("cargo::rustc-env=STOCKTAKE_BUILT={}", built.as_deref().unwrap_or("unknown"));
}

/// The commit that HEAD names. Only release builds are built again when it moves: in a debug build a
/// commit would otherwise rebuild every crate that stands on this one.
fn commit(track: bool) -> Option<String> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    let dot_git = root.ancestors().map(|folder| folder.join(".git")).find(|path| path.exists())?;
    let git = git_folder(dot_git)?;
    // A linked work tree keeps its HEAD to itself and its branches in the common folder.
    let common = read(&git.join("commondir")).map_or_else(|| git.clone(), |path| git.join(path));
    let read = |path: PathBuf| {
        if track && path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
        read(&path)
    };
    let head = read(git.join("HEAD"))?;
    let Some(branch) = head.strip_prefix("ref: ") else { return Some(head) };
    read(git.join(branch)).or_else(|| read(common.join(branch))).or_else(|| {
        let packed = read(common.join("packed-refs"))?;
        packed.lines().find_map(|line| line.strip_suffix(branch)?.strip_suffix(' ').map(str::to_owned))
    })
}

/// `.git` itself, or where a `.git` file points.
fn git_folder(dot_git: PathBuf) -> Option<PathBuf> {
    if dot_git.is_dir() {
        return Some(dot_git);
    }
    let target = read(&dot_git)?;
    Some(dot_git.parent()?.join(target.strip_prefix("gitdir: ")?))
}

fn read(path: &Path) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}
