//! Parameters of sources: described once, for the check, the API and the reference page.

use contracts::{ErrorKind, Failure};
use serde_json::Value;
use url::Url;

/// One parameter of a kind of source.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it accepts.
    pub accepts: Accepts,
    /// Whether a source cannot be without it.
    pub required: bool,
    /// What it means, for people; with what holds when it is not given.
    pub about: &'static str,
}

/// What a parameter accepts.
#[derive(Clone, Copy, Debug)]
pub enum Accepts {
    /// A text that is not empty.
    Text,
    /// A URL of `http` or `https`, without a password.
    Url,
    /// A whole number in this range.
    Number(i64, i64),
    /// `true` or `false`.
    Flag,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A list of texts, none of them empty, at least one.
    Texts,
}

impl Parameter {
    /// One that a source may be without.
    pub const fn optional(name: &'static str, accepts: Accepts, about: &'static str) -> Self {
        Self { name, accepts, required: false, about }
    }

    /// One that a source cannot be without.
    pub const fn required(name: &'static str, accepts: Accepts, about: &'static str) -> Self {
        Self { name, accepts, required: true, about }
    }
}

impl Accepts {
    /// What it accepts, for people.
    pub fn words(self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Url => "a URL that begins with https:// or http://".to_owned(),
            Self::Number(least, most) => format!("a whole number from {least} to {most}"),
            Self::Flag => "true or false".to_owned(),
            Self::OneOf(names) => format!("one of {}", names.join(", ")),
            Self::Texts => "a list of texts, at least one".to_owned(),
        }
    }

    fn takes(self, value: &Value) -> bool {
        let is_text = |value: &Value| {
            value
                .as_str()
                .is_some_and(|text| !text.trim().is_empty() && !text.contains(|c: char| c.is_control()))
        };
        match self {
            Self::Text => is_text(value),
            Self::Url => value.as_str().is_some_and(is_plain_url),
            Self::Number(least, most) => {
                value.as_i64().is_some_and(|number| (least..=most).contains(&number))
            }
            Self::Flag => value.is_boolean(),
            Self::OneOf(names) => value.as_str().is_some_and(|name| names.contains(&name)),
            Self::Texts => value.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(is_text)),
        }
    }
}

fn is_plain_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    })
}

/// Whether `params` are what `described` says.
///
/// # Errors
/// [`ErrorKind::Invalid`], naming the field and what it accepts.
pub(crate) fn check(kind: &str, described: &[Parameter], params: &Value) -> Result<(), Failure> {
    let Some(given) = params.as_object() else {
        return Err(invalid("the parameters have to be an object of names and values"));
    };
    for (name, value) in given {
        let Some(known) = described.iter().find(|known| known.name == name) else {
            let names: Vec<&str> = described.iter().map(|known| known.name).collect();
            let text = format!(
                "a source of kind {kind:?} has no parameter {name:?}; it accepts {}",
                names.join(", ")
            );
            return Err(invalid(text));
        };
        if !known.accepts.takes(value) {
            let shown: String = value.to_string().chars().take(100).collect();
            return Err(invalid(format!("{name} is {shown}; it has to be {}", known.accepts.words())));
        }
    }
    match described.iter().find(|known| known.required && !given.contains_key(known.name)) {
        Some(missing) => {
            let text = format!(
                "{} is missing; it has to be {}: {}",
                missing.name,
                missing.accepts.words(),
                missing.about
            );
            Err(invalid(text))
        }
        None => Ok(()),
    }
}

pub(crate) fn invalid(reason: impl std::fmt::Display) -> Failure {
    Failure::new(ErrorKind::Invalid, reason)
}

/// Parameters that have been checked, as a kind reads them.
#[derive(Clone, Copy)]
pub(crate) struct Params<'a>(pub(crate) &'a Value);

impl<'a> Params<'a> {
    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str().map(str::trim)
    }

    pub(crate) fn number(self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    pub(crate) fn flag(self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    pub(crate) fn texts(self, name: &str) -> Vec<&'a str> {
        let list = self.0.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::trim).collect()
    }

    /// The address that requests begin with, without a slash at its end.
    pub(crate) fn base(self, default: &'static str) -> &'a str {
        self.text("url").unwrap_or(default).trim_end_matches('/')
    }

    /// How many of these are given; for those of which a source has exactly one.
    pub(crate) fn exactly_one(self, names: &[&str]) -> Result<(), Failure> {
        let given: Vec<&str> = names.iter().copied().filter(|name| self.0.get(*name).is_some()).collect();
        if given.len() == 1 {
            return Ok(());
        }
        let told = if given.is_empty() { "none is given".to_owned() } else { given.join(" and ") };
        Err(invalid(format!("exactly one of {} is needed; given: {told}", names.join(", "))))
    }
}

/// The host of a base URL, with its port when that is not the scheme's own.
pub(crate) fn host_of(base: &str) -> String {
    let Ok(url) = Url::parse(base) else { return String::new() };
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

/// A text as one part of a URL's path or query.
pub(crate) fn quoted(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn errors_name_the_field_and_what_it_accepts() {
        let described = [
            Parameter::required("org", Accepts::Text, "whose"),
            Parameter::optional("stars", Accepts::Number(0, 10), ""),
            Parameter::optional("url", Accepts::Url, ""),
            Parameter::optional("fork", Accepts::OneOf(&["no", "only"]), ""),
        ];
        for (params, words) in [
            (json!([]), &["object"][..]),
            (json!({}), &["org", "missing"]),
            (json!({ "org": " " }), &["org", "a text"]),
            (json!({ "org": "x", "star": 1 }), &["star", "org, stars, url, fork"]),
            (json!({ "org": "x", "stars": 11 }), &["stars", "from 0 to 10"]),
            (json!({ "org": "x", "stars": "1" }), &["stars", "whole number"]),
            (json!({ "org": "x", "url": "ftp://h" }), &["url", "https://"]),
            (json!({ "org": "x", "url": "https://u:p@h" }), &["url", "https://"]),
            (json!({ "org": "x", "fork": "yes" }), &["fork", "no, only"]),
        ] {
            let failure = check("some", &described, &params).unwrap_err();
            assert!(words.iter().all(|word| failure.reason.contains(word)), "{failure}");
        }
        check("some", &described, &json!({ "org": "x", "stars": 3, "url": "https://h/api" })).unwrap();
    }

    #[test]
    fn parts_of_urls_are_quoted() {
        assert_eq!(quoted("a b/c&d+é"), "a%20b%2Fc%26d%2B%C3%A9");
        assert_eq!(host_of("https://GitLab.example:8443/x"), "gitlab.example:8443");
    }
}
