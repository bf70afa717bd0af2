//! What a visit works with.

use std::sync::Arc;

use contracts::{ErrorKind, Failure};
use depot::Depot;
use git::{Credential, Fetcher, HostLimits, Limits, Options, Policy, Scheme};
use runtime::config::{Config, Fetch};
use store::Store;
use worker::Engine;

use crate::rest::Rest;

#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) depot: Depot,
    pub(crate) fetcher: Arc<Fetcher>,
    /// The analyzers whose results make a content analysed.
    pub(crate) analyzers: Arc<[(&'static str, i32)]>,
    /// The largest content that is stored, in bytes.
    pub(crate) content_bytes: u64,
    /// How often a visit is tried, the first try included.
    pub(crate) tries: u32,
    pub(crate) rest: Rest,
}

impl Context {
    pub(crate) fn build(engine: &Engine, config: &Config) -> Result<Self, Failure> {
        let depot = worker::process::open_depot(config)?;
        let scratch = config.data.dir.join("scratch");
        let options = Options {
            policy: policy(&config.fetch),
            limits: limits(&config.fetch),
            // A directory that holds our own data is listed without it.
            exclude: vec![config.data.dir.clone()],
            hosts: HostLimits {
                parallel: config.fetch.host_parallel as usize,
                requests_per_minute: config.fetch.host_requests_per_minute,
            },
            credentials: credentials(&config.fetch.credentials_file)?,
            scratch_bytes: config.fetch.scratch_bytes,
            ..Options::new(scratch)
        };
        let fetcher = Fetcher::new(options).map_err(|error| Failure::new(error.kind(), error))?;
        Ok(Self {
            store: engine.store.clone(),
            depot,
            fetcher: Arc::new(fetcher),
            analyzers: analysis::versions().into(),
            content_bytes: config.fetch.content_bytes,
            tries: config.fetch.tries,
            rest: Rest { after: config.fetch.rest_after, hours: config.fetch.rest_hours },
        })
    }
}

fn credentials(file: &str) -> Result<Vec<Credential>, Failure> {
    if file.is_empty() {
        return Ok(Vec::new());
    }
    let wrong = |what: &dyn std::fmt::Display| {
        Failure::new(ErrorKind::Invalid, format!("fetch.credentials_file, {file}: {what}"))
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(&error))?;
    Credential::read_netrc(&text).map_err(|error| wrong(&error))
}

/// The kinds of URL that the configuration can allow.
const SCHEMES: [Scheme; 4] = [Scheme::Https, Scheme::Http, Scheme::Ssh, Scheme::Git];

fn limits(fetch: &Fetch) -> Limits {
    Limits {
        transfer_bytes: fetch.transfer_bytes,
        disk_bytes: fetch.disk_bytes,
        content_bytes: fetch.content_bytes,
        object_bytes: fetch.object_bytes,
        files: fetch.files,
        depth: fetch.depth as usize,
        path_bytes: fetch.path_bytes as usize,
        commits: fetch.commits,
        idle: fetch.idle(),
        total: fetch.total(),
    }
}

fn policy(fetch: &Fetch) -> Policy {
    Policy {
        schemes: SCHEMES
            .iter()
            .copied()
            .filter(|scheme| fetch.schemes.iter().any(|name| name == scheme.as_str()))
            .collect(),
        allow_local: fetch.allow_local,
        allow_private_addresses: fetch.allow_private_addresses,
    }
}
