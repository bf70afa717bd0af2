//! The conversation with a git server: what HEAD is, and one commit at depth 1, without what is held.

use std::{collections::HashSet, fs, num::NonZeroU32, panic::AssertUnwindSafe, path::Path, sync::Arc};

use contracts::Oid;
use gix::{
    ObjectId,
    error::{Class, ResourceExhaustionKind},
    odb::pack,
    protocol::{
        self, Handshake, LsRefsCommand,
        fetch::{self, Shallow, Tags},
        handshake::Ref,
        ls_refs::RefPrefixes,
        transport::{Service, client::blocking_io::Transport},
    },
};

pub(crate) use crate::http::Client;
use crate::{
    GitError, Head, Held, HeldCommit, Options, Scheme, daemon,
    error::chain,
    held::{Bases, to_id},
    http, local,
    location::Remote,
    meter::Meter,
    ssh,
    tally::Tally,
    tree::to_oid,
};

mod negotiation;

use negotiation::{MOST_HAVES, Negotiation, ONLY_COMMITS, WITHOUT_CONTENTS};

type Connection = Box<dyn Transport + Send>;

/// Asks where HEAD is.
pub(crate) fn resolve(
    client: &Client,
    remote: &Remote,
    options: &Options,
    meter: &Arc<Meter>,
) -> Result<Head, GitError> {
    let mut connection = connect(client, remote, options, meter)?;
    let mut handshake = greet(&mut connection, meter)?;
    let refs = match handshake.refs.take() {
        Some(refs) => refs,
        None => {
            let mut prefixes = RefPrefixes::new();
            prefixes.extend(["HEAD".into()]);
            LsRefsCommand::new(Some(prefixes), &handshake.capabilities, agent())
                .invoke_blocking(&mut connection, &mut Tally::new(meter), false)
                .map_err(|error| failed(meter, &error))?
        }
    };
    say_goodbye(&mut connection, &handshake);
    head_of(&refs)
}

fn head_of(refs: &[Ref]) -> Result<Head, GitError> {
    for found in refs {
        match found {
            Ref::Symbolic { full_ref_name, target, object, .. } if full_ref_name == "HEAD" => {
                return Ok(Head::At { commit: to_oid(object)?, ref_name: Some(target.to_string()) });
            }
            Ref::Direct { full_ref_name, object } | Ref::Peeled { full_ref_name, object, .. }
                if full_ref_name == "HEAD" =>
            {
                return Ok(Head::At { commit: to_oid(object)?, ref_name: None });
            }
            Ref::Unborn { full_ref_name, target } if full_ref_name == "HEAD" => {
                return Ok(Head::Unborn { ref_name: Some(target.to_string()) });
            }
            _ => {}
        }
    }
    // There may be branches, but HEAD names none of them.
    Ok(Head::Unborn { ref_name: None })
}

/// Contents that are asked for one by one at the most; where more are missing, the whole revision is.
const MOST_WANTS: usize = 20_000;

/// Where a fetch goes to, and how.
pub(crate) struct Fetch<'a> {
    pub(crate) client: &'a Client,
    pub(crate) remote: &'a Remote,
    pub(crate) commit: Oid,
    pub(crate) held: Option<&'a Arc<dyn Held>>,
    pub(crate) folder: &'a Path,
    pub(crate) options: &'a Options,
    pub(crate) meter: &'a Arc<Meter>,
}

impl Fetch<'_> {
    /// Receives the commit, without its history and without what is held, into a bare repository in the
    /// folder. Returns the held commit that the server sent the difference from.
    pub(crate) fn run(&self) -> Result<Option<HeldCommit>, GitError> {
        let id = to_id(&self.commit)?;
        let packs =
            make_bare(self.folder, &id).map_err(|error| GitError::io(self.folder.display(), &error))?;
        let mut commits = self.held.map(|held| held.commits()).unwrap_or_default();
        commits.truncate(MOST_HAVES);
        let haves = commits.iter().map(|held| to_id(&held.commit)).collect::<Result<Vec<_>, _>>()?;
        self.say_shallow(&haves)?;

        let mut connection = connect(self.client, self.remote, self.options, self.meter)?;
        let mut handshake = greet(&mut connection, self.meter)?;
        let is_old = handshake.server_protocol_version != protocol::transport::Protocol::V2;
        self.meter.contents_follow();
        let mut negotiation = Negotiation::beside(id, haves, is_old);
        self.receive(&mut connection, &mut handshake, &mut negotiation, Some("shallow"), &packs)?;
        if negotiation.is_filtered {
            let missing = self.missing()?;
            tracing::debug!(missing = missing.len(), "folders came first");
            if missing.len() > MOST_WANTS {
                let mut all = Negotiation::all_of(vec![id]);
                self.receive(&mut connection, &mut handshake, &mut all, Some("shallow-again"), &packs)?;
            } else if !missing.is_empty() {
                let mut some = Negotiation::all_of(missing);
                self.receive(&mut connection, &mut handshake, &mut some, None, &packs)?;
            }
        }
        say_goodbye(&mut connection, &handshake);
        let is_common =
            |held: &&HeldCommit| to_id(&held.commit).is_ok_and(|id| negotiation.common.contains(&id));
        Ok(commits.iter().find(is_common).copied())
    }

    /// Receives every commit that leads to this one and not to `since` or to what is known `elsewhere` into a bare
    /// repository in the folder; without folders and contents where the server can leave them out.
    pub(crate) fn history(&self, since: &[Oid], elsewhere: &[Oid]) -> Result<(), GitError> {
        let id = to_id(&self.commit)?;
        let packs =
            make_bare(self.folder, &id).map_err(|error| GitError::io(self.folder.display(), &error))?;
        let haves: Vec<ObjectId> = since.iter().chain(elsewhere).map(to_id).collect::<Result<_, _>>()?;
        let mut refused = None;
        for filter in [Some(ONLY_COMMITS), Some(WITHOUT_CONTENTS), None] {
            let mut connection = connect(self.client, self.remote, self.options, self.meter)?;
            let mut handshake = greet(&mut connection, self.meter)?;
            self.meter.contents_follow();
            let mut negotiation = Negotiation::history(id, haves.clone(), filter);
            match self.receive(&mut connection, &mut handshake, &mut negotiation, None, &packs) {
                Ok(()) => {
                    say_goodbye(&mut connection, &handshake);
                    return Ok(());
                }
                // Servers may allow some ways of leaving things out and not others.
                Err(error) if filter.is_some() && error.to_string().contains("filter") => {
                    refused = Some(error)
                }
                Err(error) => return Err(error),
            }
        }
        Err(refused.unwrap_or_else(|| GitError::internal("a history was not asked for")))
    }

    /// Of the held commits only their own files are held, not what came before them: the server is told so.
    fn say_shallow(&self, haves: &[ObjectId]) -> Result<(), GitError> {
        if haves.is_empty() {
            return Ok(());
        }
        let mut lines: Vec<String> = haves.iter().map(|id| format!("{id}\n")).collect();
        lines.sort_unstable();
        lines.dedup();
        let file = self.folder.join("shallow");
        fs::write(&file, lines.concat()).map_err(|error| GitError::io(file.display(), &error))
    }

    /// One pack. `shallow` names the file that says where history ends; none for objects without history.
    fn receive(
        &self,
        connection: &mut Connection,
        handshake: &mut Handshake,
        negotiation: &mut Negotiation,
        shallow: Option<&str>,
        packs: &Path,
    ) -> Result<(), GitError> {
        let pack_options = pack::bundle::write::Options {
            thread_limit: self.options.threads,
            alloc_limit_bytes: usize::try_from(self.meter.limits().object_bytes).ok(),
            ..Default::default()
        };
        let held = self.held.filter(|_| negotiation.builds_on_held());
        let bases = held.map(|held| Bases::new(Arc::clone(held), self.meter.limits().object_bytes));
        let depth = shallow.map_or(Shallow::NoChange, |_| Shallow::DepthAtRemote(NonZeroU32::MIN));
        let work = || {
            protocol::fetch(
                negotiation,
                |source, progress, stop| {
                    let kind = gix::hash::Kind::Sha1;
                    let written = pack::Bundle::write_to_directory(
                        source,
                        Some(packs),
                        progress,
                        stop,
                        bases,
                        kind,
                        pack_options,
                    )?;
                    if let Some(keep) = written.keep_path {
                        fs::remove_file(keep).map_err(gix::Error::from_error)?;
                    }
                    Ok(true)
                },
                Tally::new(self.meter),
                &self.meter.stop,
                fetch::Context {
                    handshake,
                    transport: connection,
                    user_agent: agent(),
                    trace_packetlines: false,
                },
                fetch::Options {
                    shallow_file: self.folder.join(shallow.unwrap_or("no-history")),
                    shallow: &depth,
                    tags: Tags::None,
                    reject_shallow_remote: false,
                },
            )
        };
        // A pack that no program wrote may lead a library where its authors did not expect to be.
        let received = std::panic::catch_unwind(AssertUnwindSafe(work)).map_err(|_panic| {
            self.meter.verdict(|| {
                GitError::invalid("what the server sent makes no sense: it cannot be taken apart")
            })
        })?;
        match received.map_err(|error| failed(self.meter, &error))? {
            Some(outcome) => {
                negotiation.note(&outcome.last_response);
                Ok(())
            }
            None => Err(GitError::unavailable("the server sent nothing")),
        }
    }

    /// The contents of the revision that did not come, and of which nothing is known.
    fn missing(&self) -> Result<Vec<ObjectId>, GitError> {
        let Some(held) = self.held else { return Ok(Vec::new()) };
        let limits = self.meter.limits();
        let origin = local::at(local::open(self.folder, limits)?, self.commit, &self.remote.url, limits)?
            .beside(Some(Arc::clone(held)), None);
        let mut missing =
            Missing { held: held.as_ref(), seen: HashSet::new(), asked: Vec::new(), found: Vec::new() };
        origin.walk(|entry| {
            self.meter.check().map_err(|_stopped| self.meter.verdict(GitError::cancelled))?;
            missing.take(entry.oid, entry.is_held)
        })?;
        missing.ask()?;
        Ok(missing.found)
    }
}

/// Collects contents that nobody has.
struct Missing<'a> {
    held: &'a dyn Held,
    seen: HashSet<Oid>,
    asked: Vec<Oid>,
    found: Vec<ObjectId>,
}

impl Missing<'_> {
    fn take(&mut self, oid: Oid, is_held: bool) -> Result<(), GitError> {
        // Beyond the limit only one thing counts: that it is passed.
        if is_held && self.found.len() <= MOST_WANTS && self.seen.insert(oid) {
            self.asked.push(oid);
            if self.asked.len() >= 1_000 {
                self.ask()?;
            }
        }
        Ok(())
    }

    fn ask(&mut self) -> Result<(), GitError> {
        for oid in self.held.unknown(&std::mem::take(&mut self.asked))? {
            self.found.push(to_id(&oid)?);
        }
        Ok(())
    }
}

/// A bare repository with nothing in it but a detached HEAD, and no configuration that could surprise.
fn make_bare(folder: &Path, head: &ObjectId) -> std::io::Result<std::path::PathBuf> {
    let packs = folder.join("objects/pack");
    fs::create_dir_all(&packs)?;
    fs::create_dir_all(folder.join("refs"))?;
    fs::write(folder.join("HEAD"), format!("{head}\n"))?;
    fs::write(folder.join("config"), "[core]\n\trepositoryformatversion = 0\n\tbare = true\n")?;
    Ok(packs)
}

fn connect(
    client: &Client,
    remote: &Remote,
    options: &Options,
    meter: &Arc<Meter>,
) -> Result<Connection, GitError> {
    match remote.scheme {
        Scheme::Https | Scheme::Http => http::connect(client, remote, options, meter),
        Scheme::Git => {
            meter.pace()?;
            daemon::connect(remote, &options.policy, meter)
        }
        Scheme::Ssh => {
            meter.pace()?;
            ssh::connect(remote, options, meter)
        }
    }
}

fn greet(connection: &mut Connection, meter: &Arc<Meter>) -> Result<Handshake, GitError> {
    let nobody_knows = |_| Ok(None);
    let handshake = protocol::handshake(
        connection,
        Service::UploadPack,
        nobody_knows,
        Vec::new(),
        &mut Tally::new(meter),
    )
    .map_err(|error| failed(meter, &error))?;
    let format = handshake.capabilities.capability("object-format");
    match format.and_then(|format| format.value().map(ToString::to_string)) {
        Some(format) if format != "sha1" => Err(other_ids(&format)),
        _ => Ok(handshake),
    }
}

fn other_ids(format: &str) -> GitError {
    GitError::invalid(format_args!(
        "the repository's ids are {format}; only SHA-1 repositories are supported"
    ))
}

fn say_goodbye(connection: &mut Connection, handshake: &Handshake) {
    if handshake.server_protocol_version == protocol::transport::Protocol::V2 {
        // We have what we came for; a server that does not listen any more is no failure.
        protocol::indicate_end_of_interaction(connection, false).ok();
    }
}

fn agent() -> protocol::command::Feature {
    ("agent", Some(concat!("stocktake/", env!("CARGO_PKG_VERSION")).into()))
}

/// What an error of gix means, unless the connection or a limit already said so.
fn failed(meter: &Meter, error: &gix::Error) -> GitError {
    meter.verdict(|| {
        let text = chain(error);
        let lower = text.to_ascii_lowercase();
        let says = |phrases: &[&str]| phrases.iter().any(|phrase| lower.contains(phrase));
        if error
            .classify()
            .any(|found| found.class() == Class::ResourceExhaustion(ResourceExhaustionKind::AllocationLimit))
        {
            return GitError::too_large(format_args!(
                "an object needs more than {} bytes of memory, the limit: {text}",
                meter.limits().object_bytes
            ));
        }
        if says(&["not our ref", "no such repository", "not exported", "not found", "not appear to be a git"])
        {
            return GitError::not_found(format_args!("the server says: {text}"));
        }
        // Old servers show such ids before they say what they are.
        if says(&["hash sized 64"]) {
            return other_ids("sha256");
        }
        let broke_off = error.downcast_any_ref::<std::io::Error>().is_some_and(|error| {
            matches!(
                error.kind(),
                std::io::ErrorKind::UnexpectedEof
                    | std::io::ErrorKind::BrokenPipe
                    | std::io::ErrorKind::ConnectionReset
                    | std::io::ErrorKind::ConnectionAborted
            )
        });
        if broke_off || says(&["unexpected end", "eof", "end of file"]) {
            return GitError::unavailable(format_args!("the server ended the connection too early: {text}"));
        }
        GitError::invalid(format_args!("not understood: {text}"))
    })
}
