//! Which addresses may be connected to: a source's URL comes from whoever made the source.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

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

/// Whether an address leads into this machine, its network or nowhere, rather than to the internet.
fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_internal_v4(address),
        IpAddr::V6(address) => {
            let segments = address.segments();
            let [.., high, low] = segments;
            let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
            match segments {
                // Addresses that carry one of version 4 are what that one is.
                [0, 0, 0, 0, 0, 0xffff, ..]
                | [0, 0, 0, 0, 0xffff, 0, ..]
                | [0x64, 0xff9b, 0, 0, 0, 0, ..] => is_internal_v4(join(high, low)),
                [0x2002, high, low, ..] => is_internal_v4(join(high, low)),
                [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => true,
                [0x3fff, second, ..] if second < 0x1000 => true,
                // Only 2000::/3 is the internet today.
                [first, ..] => first & 0xe000 != 0x2000,
            }
        }
    }
}

fn is_internal_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local() // with the metadata services of clouds
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b)) // shared by carriers
        || (a == 192 && b == 0 && c == 0) // protocol assignments
        || (a == 192 && b == 88 && c == 99) // relays of 6to4
        || (a == 198 && (b == 18 || b == 19)) // benchmarks
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
