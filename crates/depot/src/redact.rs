//! Keeps credentials out of errors.

use url::Url;

use crate::StorageOptions;

/// What must not be printed, taken from a depot's options.
pub(crate) struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    pub(crate) fn new(options: &StorageOptions) -> Self {
        // Names of regions and endpoints are of use in a message. Whatever else there is, is kept out of it.
        let harmless = ["region", "endpoint", "bucket", "timeout", "allow_http", "account_name"];
        let secrets = options
            .0
            .iter()
            .filter(|(name, value)| value.len() >= 4 && !harmless.iter().any(|word| name.contains(word)))
            .flat_map(|(_, value)| {
                // As it stands, and as it would stand in a URL.
                let encoded = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                [value.clone(), encoded]
            })
            .collect();
        Self { secrets }
    }

    /// `text` without secrets and without the query parts of URLs, where signatures stand.
    pub(crate) fn clean(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for secret in &self.secrets {
            clean = clean.replace(secret, "***");
        }
        without_queries(&clean)
    }
}

fn without_queries(text: &str) -> String {
    let ends_url = |c: char| c.is_whitespace() || matches!(c, ')' | '"' | '\'' | '>' | ',');
    let words = text.split_inclusive(ends_url).map(|word| {
        let body = word.trim_end_matches(ends_url);
        match body.split_once('?') {
            Some((before, _)) if before.contains("://") => {
                let end = word.strip_prefix(body).unwrap_or_default();
                format!("{before}{end}")
            }
            _ => word.to_owned(),
        }
    });
    words.collect()
}

/// A depot's URL as it may be shown: without user, password and query.
pub(crate) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    // Both fail only for a URL that has no place for them.
    if shown.set_username("").is_ok() && shown.set_password(None).is_ok() {
        shown.set_query(None);
    }
    shown.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_come_through() {
        let options = StorageOptions::from_iter([
            ("aws_secret_access_key", "s3cr3t/key"),
            ("aws_region", "eu-north-1"),
        ]);
        let redactor = Redactor::new(&options);
        let text = "region eu-north-1 refused s3cr3t/key (https://host/a?x=s3cr3t%2Fkey&sig=abc), really?";
        assert_eq!(redactor.clean(text), "region eu-north-1 refused *** (https://host/a), really?");
    }

    #[test]
    fn a_shown_url_has_no_password() {
        let url = Url::parse("s3://id:secret@bucket/prefix?token=1").unwrap();
        assert_eq!(shown(&url), "s3://bucket/prefix");
    }
}
