//! Which addresses may be connected to: a source's URL comes from whoever made the source.

use std::net::{IpAddr, SocketAddr};

use addresses::is_internal;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Resolves names, and leaves out addresses that lead into this machine or its network.
pub(crate) struct Outside;

impl Resolve for Outside {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> =
                found.into_iter().filter(|address| !is_internal(address.ip())).collect();
            if allowed.is_empty() {
                return Err(format!("{host} has no public address").into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether a URL names such an address itself, so that no name is resolved.
pub(crate) fn names_internal(url: &Url) -> Option<IpAddr> {
    let address = match url.host()? {
        Host::Ipv4(address) => IpAddr::V4(address),
        Host::Ipv6(address) => IpAddr::V6(address),
        Host::Domain(_) => return None,
    };
    is_internal(address).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_internal_in_any_spelling() {
        for host in [
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "169.254.169.254",
            "[fd00::1]",
            "[64:ff9b::a00:1]",
            "[2002:7f00:1::]",
        ] {
            let url = Url::parse(&format!("https://{host}/api")).unwrap();
            assert!(names_internal(&url).is_some(), "{host}");
        }
        for host in ["140.82.121.4", "[2606:4700:4700::1111]", "github.com"] {
            let url = Url::parse(&format!("https://{host}/api")).unwrap();
            assert!(names_internal(&url).is_none(), "{host}");
        }
    }
}
