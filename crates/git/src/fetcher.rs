//! The way in: asks for refs, fetches, and keeps the scratch folder.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use contracts::{ErrorKind, Oid};

mod history;

pub use history::Known;

use crate::{
    Credential, GitError, Held, HostLimits, Limits, Location, Origin, Policy, Progress, Silent,
    archive::{self, Format},
    directory::{self, ListingWriter},
    hosts::{Hosts, Turn},
    http,
    local::{self, Found},
    location::Place,
    meter::{Meter, size_of, watched},
    origin::Root,
    session::{self, Client, Fetch},
};

/// How a [`Fetcher`] works.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder for what is fetched, one folder inside it for each fetch. It is created when missing.
    pub scratch: PathBuf,
    /// What may be fetched.
    pub policy: Policy,
    /// How much of it.
    pub limits: Limits,
    /// Folders that plain directories are listed without, for instance the one with our own data.
    pub exclude: Vec<PathBuf>,
    /// The program to use for `ssh`.
    pub ssh_program: PathBuf,
    /// Threads that take a pack apart; all that the machine has when not given.
    pub threads: Option<usize>,
    /// How much is asked of one host at once.
    pub hosts: HostLimits,
    /// Who we are to which host, where the address itself does not say. Sent over https only.
    pub credentials: Vec<Credential>,
    /// Bytes that all of the scratch folder may hold before [`Fetcher::has_room`] says no.
    pub scratch_bytes: u64,
}

impl Options {
    /// The defaults, with this scratch folder: https to public addresses only.
    pub fn new(scratch: impl Into<PathBuf>) -> Self {
        Self {
            scratch: scratch.into(),
            policy: Policy::default(),
            limits: Limits::default(),
            exclude: Vec::new(),
            ssh_program: "ssh".into(),
            threads: None,
            hosts: HostLimits::default(),
            credentials: Vec::new(),
            scratch_bytes: u64::MAX,
        }
    }
}

/// Where a repository's HEAD is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// There is no commit: the repository is empty, or its HEAD names a branch that does not exist.
    Unborn {
        /// The branch that HEAD names, when that is known.
        ref_name: Option<String>,
    },
    /// At a commit.
    At {
        /// The commit.
        commit: Oid,
        /// The branch that HEAD names; `None` when it is detached, or for a commit given by the caller.
        ref_name: Option<String>,
    },
    /// It is a plain directory or an archive, which have no HEAD: what is in it is known once it is fetched.
    Directory,
}

/// Resolves and fetches. It can be shared between threads.
pub struct Fetcher {
    options: Options,
    client: Client,
    hosts: Arc<Hosts>,
}

impl Fetcher {
    /// A fetcher with its scratch folder.
    ///
    /// # Errors
    /// When the scratch folder cannot be created.
    pub fn new(mut options: Options) -> Result<Self, GitError> {
        let failed =
            |path: &Path, error| GitError::io(format_args!("the scratch folder {}", path.display()), &error);
        fs::create_dir_all(&options.scratch).map_err(|error| failed(&options.scratch, error))?;
        options.scratch =
            fs::canonicalize(&options.scratch).map_err(|error| failed(&options.scratch, error))?;
        options.exclude =
            options.exclude.iter().map(|path| fs::canonicalize(path).unwrap_or(path.clone())).collect();
        options.exclude.push(options.scratch.clone());
        let hosts = Hosts::new(options.hosts);
        Ok(Self { options, client: Client::default(), hosts })
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.options.limits
    }

    /// Asks where HEAD is, and for nothing else. A local repository is only looked at.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `Unavailable`, `TimedOut`, `Invalid` (no repository) or `Cancelled`; the
    /// text says what and where.
    pub fn resolve(&self, location: &Location, cancel: &AtomicBool) -> Result<Head, GitError> {
        location.check(&self.options.policy)?;
        let limits = &self.options.limits;
        match &location.place {
            Place::Local(path) => match local::find(path, limits)? {
                Found::Repository(repo) => local::head(&repo.to_thread_local()),
                Found::Directory | Found::Archive(_) => Ok(Head::Directory),
            },
            // What is behind the name is known once it is fetched.
            Place::Remote(remote) if remote.archive().is_some() => Ok(Head::Directory),
            Place::Remote(remote) => {
                let meter = Meter::at(limits, self.turn(&remote.host, cancel)?);
                watched(&meter, cancel, &Silent, None, || {
                    session::resolve(&self.client, remote, &self.options, &meter)
                })
                .map_err(|error| error.at(location))
            }
        }
    }

    /// Makes the revision at `head` readable.
    ///
    /// `name` is the folder inside the scratch folder that this fetch may use; what an earlier fetch left
    /// there is removed first. After an error nothing is left. After success it stays until
    /// [`discard`](Self::discard), for as long as the origin is used. A repository on this machine is read
    /// in place and needs no scratch.
    ///
    /// What is `held` is not fetched again, and its entries say so. Should it turn out to be less than it
    /// says, fetch again without it.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve), and `TooLarge` when a limit of bytes is passed, `Conflict` when HEAD
    /// has moved since it was resolved and the server no longer has that commit.
    pub fn fetch(
        &self,
        location: &Location,
        head: &Head,
        name: &str,
        held: Option<Arc<dyn Held>>,
        progress: &dyn Progress,
        cancel: &AtomicBool,
    ) -> Result<Origin, GitError> {
        location.check(&self.options.policy)?;
        let limits = &self.options.limits;
        match (&location.place, head) {
            (Place::Local(path), _) => match (local::find(path, limits)?, head) {
                (Found::Repository(repo), Head::At { commit, .. }) => {
                    Ok(local::at(*repo, *commit, location, limits)?.beside(held, None))
                }
                (Found::Repository(repo), Head::Unborn { .. }) => {
                    Ok(Origin::empty(repo.work_dir().is_some(), limits))
                }
                (Found::Directory, Head::Directory) => {
                    self.in_scratch(name, |scratch| self.scan(path, scratch, progress, cancel))
                }
                (Found::Archive(format), Head::Directory) => self.in_scratch(name, |scratch| {
                    let meter = Meter::new(limits);
                    watched(&meter, cancel, progress, Some(scratch), || {
                        archive::unpack(path, format, scratch, &meter)
                    })
                    .map_err(|error| error.at(location))
                    .map(|unpacked| unpacked_origin(unpacked, scratch, limits))
                }),
                (Found::Directory | Found::Archive(_), _) => {
                    Err(GitError::invalid(format_args!("{location}: is no git repository any more")))
                }
                (Found::Repository(_), Head::Directory) => {
                    Err(GitError::invalid(format_args!("{location}: has become a git repository")))
                }
            },
            (Place::Remote(_), Head::Unborn { .. }) => Ok(Origin::empty(false, limits)),
            (Place::Remote(remote), Head::Directory) if remote.archive().is_some() => {
                self.in_scratch(name, |scratch| {
                    let meter = Meter::at(limits, self.turn(&remote.host, cancel)?);
                    let format = remote.archive().unwrap_or(Format::Zip);
                    watched(&meter, cancel, progress, Some(scratch), || {
                        let file = scratch.join("archive");
                        http::download(&self.client, remote, &self.options, &file, &meter)?;
                        archive::unpack(&file, format, scratch, &meter)
                    })
                    .map_err(|error| error.at(location))
                    .map(|unpacked| unpacked_origin(unpacked, scratch, limits))
                })
            }
            (Place::Remote(_), Head::Directory) => {
                Err(GitError::invalid(format_args!("{location}: is no directory on this machine")))
            }
            (Place::Remote(remote), Head::At { commit, ref_name }) => self.in_scratch(name, |scratch| {
                let meter = &Meter::at(limits, self.turn(&remote.host, cancel)?);
                let (client, options) = (&self.client, &self.options);
                let (commit, folder) = (*commit, scratch);
                let fetch = Fetch { client, remote, commit, held: held.as_ref(), folder, options, meter };
                let common = watched(meter, cancel, progress, Some(scratch), || fetch.run())
                    .map_err(|error| match error.kind() {
                        // It was there a moment ago: HEAD has moved on, which asking again will show.
                        ErrorKind::NotFound if ref_name.is_some() => {
                            GitError::new(ErrorKind::Conflict, error)
                        }
                        _ => error,
                    })
                    .map_err(|error| error.at(location))?;
                let origin = local::at(local::open(scratch, limits)?, commit, location, limits)?;
                Ok(origin.beside(held, common))
            }),
        }
    }

    fn scan(
        &self,
        root: &Path,
        scratch: &Path,
        progress: &dyn Progress,
        cancel: &AtomicBool,
    ) -> Result<Origin, GitError> {
        let limits = &self.options.limits;
        let listing = scratch.join("listing");
        let out = ListingWriter::create(&listing).map_err(|error| GitError::io(listing.display(), &error))?;
        let meter = Meter::new(limits);
        let scanned = watched(&meter, cancel, progress, None, || {
            directory::scan(root, &self.options.exclude, out, &meter)
        })
        .map_err(|error| error.at(root.display()))?;
        Ok(Origin::directory(Root::Folder(root.to_owned()), listing, scanned.tree, scanned.skipped, limits))
    }

    fn in_scratch<T>(
        &self,
        name: &str,
        work: impl FnOnce(&Path) -> Result<T, GitError>,
    ) -> Result<T, GitError> {
        self.discard(name)?;
        let folder = self.folder(name)?;
        fs::create_dir(&folder).map_err(|error| GitError::io(folder.display(), &error))?;
        let result = work(&folder);
        if result.is_err() {
            self.discard(name)?;
        }
        result
    }

    /// Whether there is room for one more fetch in the scratch folder. Whoever is told no waits: what is there
    /// goes away with the fetches that it belongs to.
    pub fn has_room(&self) -> bool {
        self.options.scratch_bytes == u64::MAX || self.scratch_used() < self.options.scratch_bytes
    }

    /// Bytes in the scratch folder, of every fetch there is.
    pub fn scratch_used(&self) -> u64 {
        size_of(&self.options.scratch)
    }

    fn turn(&self, host: &str, cancel: &AtomicBool) -> Result<Turn, GitError> {
        self.hosts.enter(host, cancel)
    }

    /// Removes what a fetch left in the scratch folder. That there is nothing is no error.
    ///
    /// # Errors
    /// When it cannot be removed, or `name` is no name of a fetch.
    pub fn discard(&self, name: &str) -> Result<(), GitError> {
        let folder = self.folder(name)?;
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(GitError::io(format_args!("{} cannot be removed", folder.display()), &error))
            }
            _ => Ok(()),
        }
    }

    /// The names of every fetch that has something in the scratch folder: what a sweep looks at.
    ///
    /// # Errors
    /// When the scratch folder cannot be listed.
    pub fn leftovers(&self) -> Result<Vec<String>, GitError> {
        let failed = |error| GitError::io(self.options.scratch.display(), &error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.options.scratch).map_err(failed)? {
            names.extend(entry.map_err(failed)?.file_name().into_string().ok());
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Only plain names: nothing outside of the scratch folder is ever removed.
    fn folder(&self, name: &str) -> Result<PathBuf, GitError> {
        let usual = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if name.is_empty() || name.starts_with('.') || !name.bytes().all(usual) {
            return Err(GitError::internal(format_args!("{name:?} cannot be the name of a scratch folder")));
        }
        Ok(self.options.scratch.join(name))
    }
}

fn unpacked_origin(unpacked: archive::Unpacked, scratch: &Path, limits: &Limits) -> Origin {
    let archive::Unpacked { tree, skipped, contents } = unpacked;
    Origin::directory(Root::Archive(contents), scratch.join("listing"), tree, skipped, limits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reader;

    #[test]
    fn what_is_shared_between_threads_can_be() {
        fn shared<T: Send + Sync>() {}
        fn sent<T: Send>() {}
        shared::<Fetcher>();
        shared::<Origin>();
        sent::<Reader>();
    }
}
