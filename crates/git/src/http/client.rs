//! The one HTTP client of a fetcher.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::{
    blocking,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};

use crate::{GitError, Policy, address, error::chain, location::Remote, meter::Meter};

/// How many hosts' addresses are remembered at most.
const HOSTS: usize = 4096;

/// Makes the client when it is first needed, and knows the addresses that it may connect to.
#[derive(Default)]
pub(crate) struct Client {
    client: Mutex<Option<blocking::Client>>,
    resolver: Arc<Checked>,
}

impl Client {
    /// The client, allowed to connect to the addresses of this host.
    pub(crate) fn for_host(
        &self,
        remote: &Remote,
        policy: &Policy,
        meter: &Arc<Meter>,
    ) -> Result<blocking::Client, GitError> {
        // Addresses written as numbers are not resolved by the client: this check is the only one.
        let addresses = address::resolve(&remote.host, remote.port, policy, meter)?;
        self.resolver.remember(&remote.host, addresses);
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*client {
            return Ok(client.clone());
        }
        let (resolver, idle) = (Arc::clone(&self.resolver), meter.limits().idle);
        // On a thread of its own: a blocking client refuses to be made where async code runs.
        let made = meter.aside("prepare HTTP", move || build(resolver, idle))??;
        Ok(client.insert(made).clone())
    }
}

fn build(resolver: Arc<Checked>, idle: Duration) -> Result<blocking::Client, GitError> {
    // Another part of the program may have chosen the same provider before: then all is well.
    rustls::crypto::ring::default_provider().install_default().ok();
    blocking::Client::builder()
        .user_agent(concat!("git/2.0 (stocktake/", env!("CARGO_PKG_VERSION"), ")"))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .dns_resolver(resolver)
        .connect_timeout(Duration::from_secs(20))
        // For each wait, not in all. Whoever reads gives up a little earlier, with its own words.
        .timeout(idle + Duration::from_secs(5))
        .build()
        .map_err(|error| GitError::internal(format_args!("no HTTP client: {}", chain(&error))))
}

/// Knows only addresses that were resolved and checked before: what is checked is what is connected to.
#[derive(Default)]
struct Checked(Mutex<HashMap<String, Vec<SocketAddr>>>);

impl Checked {
    /// Old hosts are forgotten at random when there are many: whoever is just about to connect to one
    /// would fail and try again.
    fn remember(&self, host: &str, addresses: Vec<SocketAddr>) {
        let mut known = self.lock();
        if known.len() >= HOSTS
            && let Some(other) = known.keys().find(|other| *other != host).cloned()
        {
            known.remove(&other);
        }
        known.insert(host.to_owned(), addresses);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<SocketAddr>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let known = self.lock().get(name.as_str()).cloned();
        Box::pin(std::future::ready(match known {
            Some(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
            None => Err(format!("{} was not asked for", name.as_str()).into()),
        }))
    }
}
