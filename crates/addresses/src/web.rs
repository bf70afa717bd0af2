//! URLs of strangers, read and refused as far as that goes without asking anyone.

use std::net::IpAddr;

use url::{Host, Url};

use crate::Allowed;

/// The longest URL, in bytes.
const LONGEST: usize = 4_096;

/// Why a URL is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no URL of the web.
    #[error("{0}")]
    Invalid(String),
    /// It is one, but leads where we do not go.
    #[error("{0}")]
    Forbidden(String),
}

/// The URL that `text` is: `http` or `https`, with a host, without credentials, and with an address that
/// is allowed when it names one. However an address is written (decimal, octal, hexadecimal, shortened,
/// mapped), it is read as a connection would read it.
///
/// # Errors
/// When it is no such URL; the reason never has the URL's user or password in it.
pub fn web_address(text: &str, allowed: &Allowed) -> Result<Url, Refused> {
    let invalid = |reason: String| Err(Refused::Invalid(reason));
    if text.len() > LONGEST {
        return invalid(format!("a URL of more than {LONGEST} bytes"));
    }
    if text.chars().any(|one| one.is_control() || one.is_whitespace()) {
        return invalid("a URL has no spaces and no control characters".to_owned());
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => return invalid(format!("it is no URL: {error}")),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return invalid(format!("{} is not spoken here; accepted: http and https", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::Forbidden("a URL must not carry a user or a password".to_owned()));
    }
    let literal = match url.host() {
        None => return invalid("a URL needs a host".to_owned()),
        Some(Host::Domain("")) => return invalid("a URL needs a host".to_owned()),
        Some(Host::Domain(_)) => None,
        Some(Host::Ipv4(address)) => (!allowed.permits(IpAddr::V4(address))).then(|| address.to_string()),
        Some(Host::Ipv6(address)) => (!allowed.permits_v6(address)).then(|| address.to_string()),
    };
    match literal {
        Some(address) => Err(Refused::Forbidden(format!("{address} is no public address"))),
        None => Ok(url),
    }
}

/// Where a URL connects to: `scheme://host:port`, the same for every spelling of it.
pub fn origin_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    format!("{}://{host}:{}", url.scheme(), url.port_or_known_default().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_internal_address_is_refused() {
        let spellings = [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0177.0.0.1/",
            "http://0x7f.1/",
            "http://0x7f000001/",
            "http://017700000001/",
            "http://127.0.0.1./",
            "http://①②⑦.⓪.⓪.①/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[fe80::1]/",
            "https://169.254.169.254/latest/meta-data/",
            "http://0/",
            "http://10.0.0.1:8080/",
            "http://%31%32%37.0.0.1/",
        ];
        for text in spellings {
            let refused = web_address(text, &Allowed::default()).unwrap_err();
            assert!(matches!(refused, Refused::Forbidden(_)), "{text}: {refused:?}");
        }
    }

    #[test]
    fn what_is_no_address_of_the_web_is_refused() {
        for text in [
            "",
            "x",
            "ftp://a/",
            "file:///etc/passwd",
            "gopher://a/",
            "http://",
            "http:// a/",
            "http://a\n/",
            "//a/b",
        ] {
            assert!(matches!(web_address(text, &Allowed::default()), Err(Refused::Invalid(_))), "{text}");
        }
        for text in ["http://user@1.1.1.1/", "http://user:secret@1.1.1.1/", "http://1.1.1.1@127.0.0.1/"] {
            let refused = web_address(text, &Allowed::default()).unwrap_err();
            assert!(matches!(refused, Refused::Forbidden(_)), "{text}");
            assert!(!refused.to_string().contains("secret"));
        }
    }

    #[test]
    fn spellings_of_one_origin_are_one() {
        for text in ["https://Example.org/x", "https://example.org:443/y?z", "https://example.org./"] {
            let url = web_address(text, &Allowed::default()).unwrap();
            assert_eq!(origin_of(&url), "https://example.org:443", "{text}");
        }
        let other = web_address("http://example.org/", &Allowed::default()).unwrap();
        assert_eq!(origin_of(&other), "http://example.org:80");
    }
}
