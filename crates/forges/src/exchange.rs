//! What goes between a kind of source and whoever makes its calls.

use std::collections::BTreeMap;

use contracts::{ErrorKind, Failure};
use serde_json::Value;

use crate::Record;

/// The largest answer that is read, unless a request says otherwise: one hundred records with much text.
pub const ANSWER_BYTES: usize = 16 << 20;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// How it is asked.
    pub method: Method,
    /// What is asked, without any secret.
    pub url: String,
    /// What kind of answer is wanted.
    pub accept: &'static str,
    /// How a token is shown, when there is one.
    pub auth: Auth,
    /// Which of the forge's budgets it counts against.
    pub resource: &'static str,
    /// Whether the answer may be "as before", by the tag of the last one.
    pub conditional: bool,
    /// Which part of a file is wanted.
    pub range: Option<Range>,
    /// Statuses beside success that the kind understands.
    pub understands: &'static [u16],
}

/// How something is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// For what is there.
    Get,
    /// With a JSON document.
    Post(String),
}

/// How a token is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer …`.
    Bearer,
    /// `Authorization: token …`.
    Token,
    /// `PRIVATE-TOKEN: …`.
    PrivateToken,
    /// Never.
    None,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first byte.
    pub start: u64,
    /// How many bytes at the most.
    pub length: u64,
    /// Only of the file with this tag; another one is sent from its beginning.
    pub of: Option<String>,
}

impl Request {
    /// Asks for JSON at `url`, against the budget `resource`.
    pub fn json(url: String, auth: Auth, resource: &'static str) -> Self {
        Self {
            method: Method::Get,
            url,
            accept: "application/json",
            auth,
            resource,
            conditional: true,
            range: None,
            understands: &[],
        }
    }
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers by their names in lower case; of one that came twice the last.
    pub headers: BTreeMap<String, String>,
    /// The body. Of a file the part that was asked for.
    pub body: Vec<u8>,
    /// Of a part of a file: whether the file goes on behind it.
    pub more: bool,
}

impl Answer {
    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] when it is none, with how it begins: a forge in trouble sends pages.
    pub fn json(&self) -> Result<Value, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let begins: String = String::from_utf8_lossy(&self.body).chars().take(80).collect();
            let text =
                format!("the forge answered {} with no JSON ({error}); it begins {begins:?}", self.status);
            Failure::new(ErrorKind::Unavailable, text)
        })
    }

    /// Whether the header `Link` names a next page.
    pub fn links_to_next(&self) -> bool {
        self.header("link").is_some_and(|link| {
            link.split(',').any(|one| one.contains("rel=\"next\"") || one.contains("rel=next"))
        })
    }
}

/// What is to be done for the next page.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// A call; its answer makes the page.
    Call(Box<Request>),
    /// Nothing: here it is.
    Page(Page),
}

/// What a step may count on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct With {
    /// Whether there is a token for this forge.
    pub token: bool,
}

/// Some of a source's repositories, and where to go on.
#[derive(Debug, Default, PartialEq)]
pub struct Page {
    /// What was found.
    pub found: Vec<Record>,
    /// What could not be understood.
    pub refused: Vec<Refused>,
    /// What was asked for by name and is not there (any more), by its clone URL.
    pub gone: Vec<String>,
    /// Where the next page starts; `None` after the last one.
    pub next: Option<Value>,
}

/// Something that could not be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What it is called, as far as that can be said.
    pub subject: String,
    /// Why, for people.
    pub reason: String,
}

impl Refused {
    /// `subject` is refused for this reason.
    pub fn new(subject: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self { subject: subject.into(), reason: reason.to_string() }
    }
}
