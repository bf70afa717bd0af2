//! Clients that may go to this machine, and names that are where a test says.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use addresses::Allowed;
use egress::{Client, Lookup, Options};

/// Longer than anything takes that is not meant to hang.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) fn options(allowed: &[&str]) -> Options {
    let ranges: Vec<String> = allowed.iter().map(|&range| range.to_owned()).collect();
    Options { allowed: Allowed::parse(&ranges).unwrap(), ..Options::default() }
}

/// A client that may go to these ranges beside the internet.
pub(crate) fn client(allowed: &[&str]) -> Client {
    Client::new(&options(allowed)).unwrap()
}

/// Every name is at the addresses of the nth look-up; the last answer stays.
#[derive(Clone)]
pub(crate) struct Names {
    answers: Vec<Vec<IpAddr>>,
    asked: Arc<AtomicUsize>,
}

impl Names {
    pub(crate) fn new(answers: &[&[&str]]) -> Self {
        let parsed = |texts: &&[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Self { answers: answers.iter().map(parsed).collect(), asked: Arc::default() }
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Lookup for Names {
    fn lookup(&self, _name: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
        let at = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        let found = self.answers[at].iter().map(|&address| SocketAddr::new(address, 0)).collect();
        Box::pin(std::future::ready(Ok(found)))
    }
}
