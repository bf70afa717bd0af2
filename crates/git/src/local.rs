//! Repositories on this machine's own disk, read where they are and never written to.

use std::{fs, path::Path};

use contracts::Oid;
use gix::{ObjectId, objs::Kind};

use crate::{
    GitError, Head, Limits, Origin,
    archive::{self, Format},
    error::chain,
    tree::to_oid,
};

/// What a path leads to.
pub(crate) enum Found {
    Repository(Box<gix::ThreadSafeRepository>),
    Directory,
    Archive(Format),
}

/// Looks what `path` is and opens it when it is a repository: a work tree, a bare one or a `.git` folder.
pub(crate) fn find(path: &Path, limits: &Limits) -> Result<Found, GitError> {
    let shown = path.display();
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(GitError::not_found(format_args!("{shown}: there is no such folder")));
        }
        Err(error) => return Err(GitError::io(shown, &error)),
    };
    if meta.is_file()
        && let Some(format) = path.file_name().and_then(|name| archive::format_of(&name.to_string_lossy()))
    {
        return Ok(Found::Archive(format));
    }
    if !meta.is_dir() {
        return Err(GitError::invalid(format_args!(
            "{shown}: is neither a git repository, nor a folder, nor an archive that is known by its name"
        )));
    }
    let is_bare = || ["HEAD", "objects", "refs"].iter().all(|name| path.join(name).exists());
    if !path.join(".git").exists() && !is_bare() {
        return Ok(Found::Directory);
    }
    open(path, limits).map(|repo| Found::Repository(Box::new(repo)))
}

/// Opens a repository with nothing but its own configuration: no user's, no system's, no environment.
pub(crate) fn open(path: &Path, limits: &Limits) -> Result<gix::ThreadSafeRepository, GitError> {
    let options = gix::open::Options::isolated()
        // What an id names is that object, whatever the repository would like to show in its place.
        .config_overrides([
            format!("gitoxide.objects.allocLimit={}", limits.object_bytes),
            "core.useReplaceRefs=false".to_owned(),
        ]);
    gix::ThreadSafeRepository::open_opts(path, options).map_err(|error| {
        let reason = chain(&error);
        let hint = if reason.to_ascii_lowercase().contains("sha256") {
            " (repositories with SHA-256 ids are not supported yet)"
        } else {
            ""
        };
        GitError::invalid(format_args!(
            "{}: cannot be opened as a git repository: {reason}{hint}",
            path.display()
        ))
    })
}

/// Where the repository's HEAD is.
pub(crate) fn head(repo: &gix::Repository) -> Result<Head, GitError> {
    let failed = |what: &str, error: &dyn std::error::Error| {
        GitError::invalid(format_args!("{}: {what}: {}", repo.path().display(), chain(error)))
    };
    let mut head = repo.head().map_err(|error| failed("HEAD cannot be read", &error))?;
    let ref_name = head.referent_name().map(|name| name.as_bstr().to_string());
    if head.is_unborn() {
        return Ok(Head::Unborn { ref_name });
    }
    let id = head
        .try_peel_to_id()
        .map_err(|error| failed("HEAD leads nowhere", &error))?
        .ok_or_else(|| GitError::invalid(format_args!("{}: HEAD leads nowhere", repo.path().display())))?;
    Ok(Head::At { commit: to_oid(&id)?, ref_name })
}

/// The revision at `commit` of an opened repository.
pub(crate) fn at(
    repo: gix::ThreadSafeRepository,
    commit: Oid,
    place: &dyn std::fmt::Display,
    limits: &Limits,
) -> Result<Origin, GitError> {
    let id = ObjectId::try_from(commit.as_bytes()).map_err(GitError::invalid)?;
    let local = repo.to_thread_local();
    let broken = |error: gix::Error| {
        GitError::invalid(format_args!("{place}: the commit {commit} cannot be read: {}", chain(&error)))
    };
    let object = match local.try_find_object(id) {
        Ok(Some(object)) => object,
        Ok(None) => {
            return Err(GitError::not_found(format_args!("{place}: there is no commit {commit} in it")));
        }
        Err(error) => return Err(broken(error)),
    };
    let commit = object.peel_to_kind(Kind::Commit).map_err(broken)?.into_commit();
    let tree = commit.tree_id().map_err(broken)?.detach();
    Ok(Origin::git(repo, commit.id, tree, limits))
}
