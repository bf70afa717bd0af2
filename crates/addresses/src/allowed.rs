//! What an operator allows of the addresses that are usually refused.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use crate::is_internal;

/// Addresses that share their first bits: `10.20.0.0/16`, `fd00::/8`, or one address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    first: IpAddr,
    bits: u8,
}

/// A text that is no range of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no range of addresses; accepted: for instance 10.20.0.0/16, fd00::/8 or 192.168.1.7")]
pub struct InvalidRange(pub String);

impl Range {
    /// Whether the address is one of them.
    pub fn contains(self, address: IpAddr) -> bool {
        // An address of version 4 is the same in either clothes.
        match (self.first, plain(address)) {
            (IpAddr::V4(first), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                u32::from(first) & mask == u32::from(other) & mask
            }
            (IpAddr::V6(first), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                u128::from(first) & mask == u128::from(other) & mask
            }
            _ => false,
        }
    }
}

fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

impl FromStr for Range {
    type Err = InvalidRange;

    fn from_str(text: &str) -> Result<Self, InvalidRange> {
        let wrong = || InvalidRange(text.to_owned());
        let (first, bits) = match text.trim().split_once('/') {
            Some((first, bits)) => (first, Some(bits)),
            None => (text.trim(), None),
        };
        let first: IpAddr = first.parse().map(plain).ok().ok_or_else(wrong)?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse::<u8>().ok().filter(|bits| *bits <= most).ok_or_else(wrong)?,
            None => most,
        };
        Ok(Self { first, bits })
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

/// Which addresses may be connected to. The default is the internet and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    everything: bool,
    ranges: Vec<Range>,
}

impl Allowed {
    /// The internet, and these ranges beside it.
    pub const fn with(ranges: Vec<Range>) -> Self {
        Self { everything: false, ranges }
    }

    /// Every address: for what a person asks of their own machine.
    pub const fn everything() -> Self {
        Self { everything: true, ranges: Vec::new() }
    }

    /// Reads the ranges of a configuration.
    ///
    /// # Errors
    /// With the first text that is no range.
    pub fn parse(ranges: &[String]) -> Result<Self, InvalidRange> {
        ranges.iter().map(|text| text.parse()).collect::<Result<_, _>>().map(Self::with)
    }

    /// Whether this address may be connected to.
    pub fn permits(&self, address: IpAddr) -> bool {
        self.everything || !is_internal(address) || self.ranges.iter().any(|range| range.contains(address))
    }

    /// Whether this address, written into a URL as it is, may be connected to.
    pub(crate) fn permits_v6(&self, address: Ipv6Addr) -> bool {
        self.permits(IpAddr::V6(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_what_shares_its_bits() {
        let range: Range = "10.20.0.0/16".parse().unwrap();
        for (address, inside) in
            [("10.20.255.1", true), ("10.21.0.0", false), ("::ffff:10.20.3.4", true), ("::1", false)]
        {
            assert_eq!(range.contains(address.parse().unwrap()), inside, "{address}");
        }
        let all: Range = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("127.0.0.1".parse().unwrap()));
        let one: Range = "fd00::1".parse().unwrap();
        assert!(one.contains("fd00::1".parse().unwrap()) && !one.contains("fd00::2".parse().unwrap()));
        for wrong in ["", "10.0.0.0/33", "fd00::/129", "10.0.0/8", "host", "10.0.0.0/-1"] {
            assert!(wrong.parse::<Range>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_internal_needs_leave() {
        let (none, some) = (Allowed::default(), Allowed::parse(&["127.0.0.0/8".to_owned()]).unwrap());
        for address in ["127.0.0.1", "::ffff:127.0.0.1"] {
            let address = address.parse().unwrap();
            assert!(!none.permits(address));
            assert!(some.permits(address));
            assert!(Allowed::everything().permits(address));
        }
        assert!(!some.permits("10.0.0.1".parse().unwrap()));
        assert!(none.permits("1.1.1.1".parse().unwrap()));
    }
}
