//! Fetching repositories and reading what is in them, without a checkout and without the `git` program.
//!
//! A [`Fetcher`] first asks where a repository's HEAD is ([`Fetcher::resolve`]), then makes that one
//! revision readable ([`Fetcher::fetch`]): over the network at depth 1 into a bare repository in the
//! scratch folder; on this machine's own disk in place. A folder that is no repository itself, one inside a
//! work tree included, is read as a plain directory; an archive (`.tar`, also compressed by gzip, zstd or xz, and
//! `.zip`), here or behind https, as the folder that it would unpack to. The [`Origin`] lists the revision's entries, and
//! each thread reads contents with a [`Reader`] of its own.
//!
//! What is [`Held`] of earlier fetches is not fetched again: the server is told which commits are known, sends
//! what differs from the one it knows too, and [`Origin::changes`] visits just that. A server that knows none
//! of them but can leave contents out is asked for folders first, and then only for contents never seen.
//!
//! [`Fetcher::history`] takes in the commits that lead to a revision, without what is in them where the server can
//! leave that out, and only those that the caller does not know.
//!
//! Everything blocks. Everything that comes from outside is taken to be hostile: what is allowed stands
//! in [`Policy`], how much of it in [`Limits`]. No configuration of the host, its users or its
//! environment is read, no hook, filter or credential helper is run, no submodule is fetched, and no name
//! from a repository is ever used as a path on disk.
//!
//! # What is used
//! - `https`, `http`: our own client on rustls; proxies of the environment are not used; redirects are
//!   followed on the same host only.
//! - `git`: a plain TCP connection.
//! - `ssh`: the `ssh` program of the host, with the keys, known hosts and `~/.ssh/config` of whoever runs
//!   this process, in batch mode: it never asks.
//! - SHA-1 repositories. Those with SHA-256 ids are refused with that reason.

mod address;
mod archive;
mod commit;
mod daemon;
mod directory;
mod entry;
mod error;
mod feed;
mod fetcher;
mod hash;
mod held;
mod history;
mod hosts;
mod http;
mod local;
mod location;
mod meter;
mod origin;
mod policy;
mod progress;
mod reader;
mod session;
mod ssh;
mod tally;
mod tree;

pub use commit::{Commit, Signature};
pub use entry::{Entry, EntryKind, Step};
pub use error::GitError;
pub use fetcher::{Fetcher, Head, Known, Options};
pub use held::{Held, HeldCommit};
pub use history::{History, IsKnown};
pub use hosts::{Credential, HostLimits};
pub use location::Location;
pub use origin::{Origin, Skipped};
pub use policy::{Limits, Policy, Scheme};
pub use progress::{Progress, Received, Silent};
pub use reader::Reader;
