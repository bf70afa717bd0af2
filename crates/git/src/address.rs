//! From host names to addresses that may be connected to.

use std::net::{SocketAddr, ToSocketAddrs};

use addresses::is_internal;

use crate::{GitError, Policy, meter::Meter};

/// The addresses of `host` that `policy` lets us connect to; never none.
///
/// Whoever connects must use these and not resolve again: the second answer may be another one.
pub(crate) fn resolve(
    host: &str,
    port: u16,
    policy: &Policy,
    meter: &Meter,
) -> Result<Vec<SocketAddr>, GitError> {
    let found = lookup(host, port, meter)?;
    if found.is_empty() {
        return Err(GitError::unavailable(format_args!("the host name {host} has no address")));
    }
    if policy.allow_private_addresses {
        return Ok(found);
    }
    let (refused, allowed): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| is_internal(found.ip()));
    match refused.first() {
        Some(address) if allowed.is_empty() => Err(GitError::forbidden(format_args!(
            "{host} is at {}, which is no public address; private addresses are not allowed here",
            address.ip()
        ))),
        _ => Ok(allowed),
    }
}

/// Asks the system's resolver.
fn lookup(host: &str, port: u16, meter: &Meter) -> Result<Vec<SocketAddr>, GitError> {
    let question = (host.to_owned(), port);
    let answer: std::io::Result<Vec<_>> =
        meter.aside("resolve", move || question.to_socket_addrs().map(Iterator::collect))?;
    answer.map_err(|error| {
        GitError::unavailable(format_args!("the host name {host} cannot be resolved: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;

    use contracts::ErrorKind;

    use super::*;
    use crate::Limits;

    #[test]
    fn every_spelling_of_an_internal_address_is_refused() {
        let meter = Meter::new(&Limits::default());
        for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "::1", "::ffff:127.0.0.1"] {
            let error = resolve(host, 443, &Policy::default(), &meter).unwrap_err();
            // A resolver may refuse an odd spelling before we see its meaning.
            assert!(matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::Unavailable), "{host}: {error}");
        }
        let error = resolve("127.0.0.1", 443, &Policy::default(), &meter).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        let policy = Policy { allow_private_addresses: true, ..Policy::default() };
        assert_eq!(resolve("127.0.0.1", 443, &policy, &meter).unwrap(), ["127.0.0.1:443".parse().unwrap()]);
        assert!(!meter.stop.load(Relaxed), "a refusal is an answer, not an interruption");
    }
}
