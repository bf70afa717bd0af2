//! From names to addresses that may be connected to.

use std::{future::Future, io, net::SocketAddr, pin::Pin, sync::Arc};

use addresses::Allowed;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Who is asked for the addresses of a name.
pub trait Lookup: Send + Sync + 'static {
    /// The addresses of `name`, whatever they are; ports do not matter.
    fn lookup(&self, name: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;
}

/// The system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Lookup for System {
    fn lookup(&self, name: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
        Box::pin(async move { tokio::net::lookup_host((name, 0)).await.map(Iterator::collect) })
    }
}

/// What a refusal of the resolver starts with, by which it is told from a name that is not known.
pub(crate) const REFUSED: &str = "no public address: ";

/// Answers with what is allowed, and with nothing else.
pub(crate) struct Guarded {
    pub(crate) allowed: Allowed,
    pub(crate) lookup: Arc<dyn Lookup>,
}

impl Guarded {
    /// The addresses of `name` that may be connected to; never none.
    pub(crate) async fn allowed_of(&self, name: String) -> Result<Vec<SocketAddr>, String> {
        let found = self.lookup.lookup(name.clone()).await;
        let found = found.map_err(|error| format!("the host name {name} cannot be resolved: {error}"))?;
        judge(&name, found, &self.allowed)
    }
}

/// Keeps what is allowed of the answers for a name.
fn judge(name: &str, found: Vec<SocketAddr>, allowed: &Allowed) -> Result<Vec<SocketAddr>, String> {
    let (good, bad): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| allowed.permits(found.ip()));
    match bad.first() {
        Some(bad) if good.is_empty() => Err(format!("{REFUSED}{name} is at {}", bad.ip())),
        _ if good.is_empty() => Err(format!("the host name {name} has no address")),
        _ => Ok(good),
    }
}

/// The guard as the client takes it.
pub(crate) struct ForClient(pub(crate) Arc<Guarded>);

impl Resolve for ForClient {
    fn resolve(&self, name: Name) -> Resolving {
        let guarded = self.0.clone();
        Box::pin(async move {
            let found = guarded.allowed_of(name.as_str().to_owned()).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_answers_are_dropped_and_refused_when_there_are_no_others() {
        let at = |text: &str| -> SocketAddr { text.parse().unwrap() };
        let allowed = Allowed::default();
        let mixed = vec![at("127.0.0.1:0"), at("1.1.1.1:0")];
        assert_eq!(judge("a", mixed, &allowed).unwrap(), [at("1.1.1.1:0")]);
        assert!(judge("a", vec![at("[::ffff:10.0.0.1]:0")], &allowed).unwrap_err().starts_with(REFUSED));
        assert!(!judge("a", vec![], &allowed).unwrap_err().starts_with(REFUSED));
    }
}
