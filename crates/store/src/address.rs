//! The URL of a store, which may hold a password and is therefore never shown as it is.

use std::fmt;

use crate::StoreError;

/// Where a store is.
#[derive(Clone)]
pub(crate) enum Address {
    /// A URL for libpq.
    Postgres(String),
    /// The path of a file.
    Sqlite(String),
}

impl Address {
    /// The database is chosen by the scheme, never by trial.
    pub(crate) fn parse(url: &str) -> Result<Self, StoreError> {
        let invalid = |what: &str| {
            Err(StoreError::Invalid(format!(
                "{what}; accepted are sqlite:///absolute/path/of/file.db and postgres://user@host/database"
            )))
        };
        match url.split_once("://") {
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(with_connect_timeout(url))),
            Some(("sqlite", path)) if path.starts_with('/') && !path.ends_with('/') => {
                Ok(Self::Sqlite(path.to_owned()))
            }
            Some(("sqlite", _)) => {
                invalid("the URL of a SQLite store names an absolute path with three slashes in all")
            }
            // What stands before the colon is no secret; what follows may be.
            Some((scheme, _)) => invalid(&format!("the URL of a store cannot begin with {scheme:?}")),
            None => invalid("the URL of the store has no scheme"),
        }
    }

    /// `text` without the password of this address, however it got there.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let Self::Postgres(url) = self else { return text.to_owned() };
        let mut text = text.replace(url, &self.to_string());
        for secret in secrets(url) {
            text = text.replace(&secret, "***");
        }
        text
    }
}

/// The address as it may be shown.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{path}"),
            Self::Postgres(url) => {
                let rest = url.split_once("://").map_or("", |(_, rest)| rest);
                let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                let host = host.split_once('?').map_or(host, |(host, _)| host);
                write!(f, "postgres://{host}")
            }
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// libpq waits for minutes when a host swallows packets; a service wants to say so sooner.
fn with_connect_timeout(url: &str) -> String {
    let separator = match url.split_once('?') {
        Some((_, query)) if query.contains("connect_timeout=") => return url.to_owned(),
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
        None => "?",
    };
    format!("{url}{separator}connect_timeout=10")
}

/// What may be the password, as it stands in the URL and as it is meant, longest first. Without its
/// escapes a password may hold `/`, `?` and `@`, so it may reach up to any `@`.
fn secrets(url: &str) -> Vec<String> {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let in_authority = rest.match_indices('@').filter_map(|(at, _)| Some(rest.get(..at)?.split_once(':')?.1));
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let in_query = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter_map(|(key, value)| matches!(key, "password" | "sslpassword" | "passfile").then_some(value));
    let mut secrets: Vec<String> =
        in_authority.chain(in_query).flat_map(|secret| [secret.to_owned(), decoded(secret)]).collect();
    secrets.retain(|secret| !secret.is_empty());
    secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let ahead = rest.clone();
        let hex: Vec<u8> =
            ahead.take(2).filter_map(|digit| (digit as char).to_digit(16)).map(|it| it as u8).collect();
        match (byte, hex.as_slice()) {
            (b'%', [high, low]) => {
                bytes.push(high << 4 | low);
                rest.nth(1);
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_of_a_password_is_shown() {
        for (url, shown) in [
            ("postgres://me:s3cr%40t@db:5432/x", "postgres://db:5432/x"),
            ("postgresql://me:s3cr@t@db/x?sslmode=disable", "postgres://db/x"),
            ("postgres://me:s3cr/t@db/x", "postgres://db/x"),
            ("postgres://db/x?password=s3cr%40t", "postgres://db/x"),
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!(address.to_string(), shown);
            for leak in [url, "password \"s3cr%40t\" refused", "s3cr@t", &format!("{url}?connect_timeout=10")]
            {
                let scrubbed = address.scrub(leak);
                let secret = if url.contains("s3cr/t") { "s3cr/t" } else { "s3cr@t" };
                assert!(!scrubbed.contains(secret), "{url}: {scrubbed}");
                assert!(!scrubbed.contains("s3cr%40t") || url.contains("s3cr@t") || url.contains("s3cr/t"));
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_password_is_made_of_it_is_not_shown(
            password in "[a-z0-9%/@:?#&=]{3,12}",
            query in "(\\?application_name=[a-z]{1,4}@[a-z]{1,4})?",
        ) {
            // Marked, so that it is not found by chance in the rest of the text.
            let password = format!("{password}ZZ");
            let address = Address::parse(&format!("postgres://me:{password}@db/x{query}")).unwrap();
            let said = address.scrub(&format!("cannot use \"{password}\"; no, not {}", decoded(&password)));
            proptest::prop_assert!(!said.contains("ZZ"), "{}", said);
            proptest::prop_assert!(!address.to_string().contains("ZZ"), "{}", address);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for url in [
            "",
            "sqlite:relative.db",
            "sqlite://relative.db",
            "sqlite::memory:",
            "mysql://u:hush@h/d",
            "u:hush@h",
        ] {
            let error = Address::parse(url).unwrap_err().to_string();
            assert!(error.contains("sqlite:///"), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
    }
}
