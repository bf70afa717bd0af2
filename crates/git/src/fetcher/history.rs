//! The way in for histories.

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

use contracts::{ErrorKind, Oid};

use super::Fetcher;
use crate::{
    GitError, Held, History, IsKnown, Location, Progress,
    local::{self, Found},
    location::Place,
    meter::{Meter, watched},
    session::Fetch,
};

/// What the caller knows of a history already.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The newest commit, everything before which is known; none when nothing is.
    pub since: Option<Oid>,
    /// Commits that the caller knows of copies of the repository, with everything before each: the other side is
    /// told of them where there is no newest one.
    pub elsewhere: &'a [Oid],
    /// Whether a commit is known, of the repository itself or, where there is no newest one, of a copy. Asked only
    /// when there is any.
    pub is_known: &'a IsKnown<'a>,
}

impl Fetcher {
    /// Makes the commits that lead to `tip` readable, those that are not known: over the network in the folder
    /// `name` of the scratch folder, as [`fetch`](Self::fetch) has it, on this machine in place. Contents come
    /// along only from servers that cannot leave them out, and may build on what is `held` then.
    ///
    /// What copies know is not fetched either: [`History::elsewhere`] says where it would go on.
    ///
    /// When what is known no longer leads to `tip`, upstream has written its history anew: then it is all of it,
    /// and [`History::goes_on`] says no.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch), and `TooLarge` when there are more commits than the limit; `Invalid` when there is
    /// no history, as in a plain directory.
    #[expect(clippy::too_many_arguments, reason = "each is a thing of its own, as for a fetch")]
    pub fn history(
        &self,
        location: &Location,
        tip: Oid,
        known: Known<'_>,
        name: &str,
        held: Option<Arc<dyn Held>>,
        progress: &dyn Progress,
        cancel: &AtomicBool,
    ) -> Result<History, GitError> {
        location.check(&self.options.policy)?;
        let once = |known: Known<'_>| {
            self.history_once(location, tip, known, name, held.clone(), progress, cancel)
                .map_err(|error| error.at(location))
        };
        let known = Known { elsewhere: if known.since.is_some() { &[] } else { known.elsewhere }, ..known };
        let builds_on_known = known.since.is_some() || !known.elsewhere.is_empty();
        let found = match once(known) {
            // The server may build on more than is held of what is known.
            Err(error) if builds_on_known && error.kind() == ErrorKind::Invalid => None,
            Err(error) => return Err(error),
            // A server that lacks something lacks it whatever it is told; else it believed in a copy too much.
            Ok(history) if history.is_cut() && !known.elsewhere.is_empty() => None,
            Ok(history) => Some(history).filter(History::goes_on),
        };
        match found {
            Some(history) => Ok(history),
            None => once(Known { since: None, elsewhere: &[], ..known })
                .map(|history| history.anew(known.since.is_some())),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "as above")]
    fn history_once(
        &self,
        location: &Location,
        tip: Oid,
        known: Known<'_>,
        name: &str,
        held: Option<Arc<dyn Held>>,
        progress: &dyn Progress,
        cancel: &AtomicBool,
    ) -> Result<History, GitError> {
        let limits = &self.options.limits;
        let collect = |repo, known, meter: &Meter| History::collect(repo, &tip, known, meter);
        match &location.place {
            Place::Local(path) => match local::find(path, limits)? {
                Found::Repository(repo) => {
                    let meter = Meter::new(limits);
                    watched(&meter, cancel, progress, None, || {
                        collect(*repo, Known { elsewhere: &[], ..known }, &meter)
                    })
                }
                Found::Directory | Found::Archive(_) => Err(GitError::invalid("has no history")),
            },
            Place::Remote(remote) => self.in_scratch(name, |scratch: &Path| {
                let meter = &Meter::at(limits, self.turn(&remote.host, cancel)?);
                let (client, options) = (&self.client, &self.options);
                let (commit, folder, held) = (tip, scratch, held.as_ref());
                let fetch = Fetch { client, remote, commit, held, folder, options, meter };
                watched(meter, cancel, progress, Some(scratch), || {
                    fetch.history(known.since.as_slice(), known.elsewhere)?;
                    collect(local::open(scratch, limits)?, known, meter)
                })
            }),
        }
    }
}
