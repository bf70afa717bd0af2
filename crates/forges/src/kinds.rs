//! The kinds of sources: each knows how its repositories are asked for.
//!
//! A new one is one file, and here a `mod` line and an entry of [`KINDS`].

mod bitbucket;
mod directory;
mod generic;
mod gitea;
mod github;
mod gitlab;
mod list;
mod sourceforge;
mod sourcehut;

use contracts::{ErrorKind, Failure};
use serde_json::Value;

use crate::{
    Record,
    exchange::{Answer, Page, Request, Step, With},
    params::{self, Parameter},
};

/// Every kind, in the order of the reference page.
pub static KINDS: &[&dyn Kind] = &[
    &list::List,
    &directory::Directory,
    &generic::Generic,
    &github::GitHub,
    &gitlab::GitLab,
    &gitea::Gitea,
    &bitbucket::Bitbucket,
    &sourceforge::SourceForge,
    &sourcehut::SourceHut,
];

/// A repository that a source showed once, when it is looked for by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known<'a> {
    /// Its canonical clone URL.
    pub url: &'a str,
    /// The forge's own id of it.
    pub id: Option<&'a str>,
}

/// What a look at one repository came to.
#[derive(Debug, PartialEq)]
pub enum Look {
    /// It is there; its URL may be another one by now.
    There(Box<Record>),
    /// It is not, for this reason: deleted, or no longer for us to see.
    Gone(String),
}

/// How the repositories of one kind of source are asked for. Pure: the same arguments, the same answer;
/// only kinds that lie on this machine read its disk.
pub trait Kind: Send + Sync {
    /// The kind of source, as it stands in the store and in the API.
    fn name(&self) -> &'static str;

    /// What it is, for people: a sentence or two.
    fn about(&self) -> &'static str;

    /// What a source of this kind is told.
    fn parameters(&self) -> &'static [Parameter];

    /// Whether parameters that each fit their description fit one another.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`], naming the field and what it accepts.
    fn check(&self, params: &Value) -> Result<(), Failure>;

    /// The forge that is asked, by the host of its API; tokens and budgets are kept by it. None for what
    /// lies on this machine.
    fn forge(&self, params: &Value) -> Option<String>;

    /// Whether a run visits all that it finds at once, in a snapshot of its own, unless the source says
    /// otherwise. What finds many repositories leaves that to the plan of visits.
    fn visits_at_once(&self) -> bool {
        false
    }

    /// Whether a whole pass shows everything there is, so that what it did not show is to be looked for.
    fn is_complete(&self, params: &Value) -> bool;

    /// What is to be done for the page at `cursor`; the first one when there is none. Blocking for kinds
    /// that lie on this machine, and may be asked for the same page twice.
    ///
    /// # Errors
    /// When parameters or cursor are wrong, or this machine cannot read what they name.
    fn step(&self, params: &Value, cursor: Option<&Value>, with: With) -> Result<Step, Failure>;

    /// The page that an answer holds.
    ///
    /// # Errors
    /// When the answer is none that the forge's description allows.
    fn read(
        &self,
        params: &Value,
        cursor: Option<&Value>,
        answer: &Answer,
        with: With,
    ) -> Result<Page, Failure>;

    /// The call that looks at one repository by itself; none when this kind of forge has no such call.
    fn look(&self, _params: &Value, _known: Known<'_>) -> Option<Request> {
        None
    }

    /// What that call came to.
    ///
    /// # Errors
    /// When the answer is none that the forge's description allows.
    fn read_look(&self, _params: &Value, answer: &Answer) -> Result<Look, Failure> {
        Err(unexpected(answer))
    }
}

/// The kind of this name.
///
/// # Errors
/// [`ErrorKind::Invalid`] for an unknown one, naming the known ones.
pub fn of_kind(name: &str) -> Result<&'static dyn Kind, Failure> {
    KINDS.iter().copied().find(|kind| kind.name() == name).ok_or_else(|| {
        let known: Vec<&str> = KINDS.iter().map(|kind| kind.name()).collect();
        params::invalid(format!("no source is of kind {name:?}; known: {}", known.join(", ")))
    })
}

/// Whether a source of this kind can be told this.
///
/// # Errors
/// [`ErrorKind::Invalid`], naming the field and what it accepts.
pub fn check(kind: &str, given: &Value) -> Result<(), Failure> {
    let kind = of_kind(kind)?;
    params::check(kind.name(), kind.parameters(), given)?;
    kind.check(given)
}

/// Whether a text can be meant as the address of a repository. Whoever enrols it looks more closely.
pub(crate) fn plausible(url: &str) -> Result<&str, Failure> {
    let url = url.trim();
    if url.is_empty() {
        return Err(params::invalid("the address is empty"));
    }
    if url.chars().any(char::is_control) || url.len() > 4_096 {
        return Err(params::invalid("the address has control characters or more than 4,096 bytes"));
    }
    let before = url.split(['/', '@', '[']).next().unwrap_or_default();
    if before.contains("::") {
        let text = format!("{before:?} is a remote helper, which is not supported; use https://…");
        return Err(Failure::new(ErrorKind::Forbidden, text));
    }
    Ok(url)
}

/// A look that found nothing, in the words of HTTP.
pub(crate) fn gone(answer: &Answer) -> Option<Look> {
    let reason = match answer.status {
        404 => "the forge does not know it any more, or does not show it to us",
        410 => "the forge says that it is gone",
        451 => "the forge does not show it for legal reasons",
        403 => "the forge does not let us see it any more",
        _ => return None,
    };
    Some(Look::Gone(reason.to_owned()))
}

/// An answer that nothing provides for.
pub(crate) fn unexpected(answer: &Answer) -> Failure {
    Failure::new(ErrorKind::Unavailable, format!("the forge answered with status {}", answer.status))
}

/// One repository that was looked for and whose record cannot be understood.
pub(crate) fn unreadable(reason: &str) -> Failure {
    Failure::new(ErrorKind::Unavailable, format!("the forge's record cannot be understood: {reason}"))
}

/// What a cursor says, for kinds whose cursor is a struct. One of another version begins anew.
pub(crate) fn resume<T: serde::de::DeserializeOwned + Default>(cursor: Option<&Value>) -> T {
    cursor.and_then(|cursor| serde_json::from_value(cursor.clone()).ok()).unwrap_or_default()
}

/// The list that an answer is, or that stands in it at `pointer`.
pub(crate) fn items<'a>(document: &'a Value, pointer: &str) -> Result<&'a [Value], Failure> {
    document.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| {
        let shown: String = document.to_string().chars().take(120).collect();
        Failure::new(
            ErrorKind::Unavailable,
            format!("the forge's answer has no list of repositories: {shown}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_have_one_name_each_and_parameters_that_say_what_they_are() {
        for (at, kind) in KINDS.iter().enumerate() {
            assert!(KINDS[..at].iter().all(|other| other.name() != kind.name()));
            assert!(kind.parameters().iter().all(|one| !one.about.is_empty()), "{}", kind.name());
        }
        let failure = check("gitlub", &json!({})).unwrap_err();
        assert!(failure.reason.contains("gitlab") && failure.reason.contains("generic"), "{failure}");
    }

    #[test]
    fn remote_helpers_are_no_addresses() {
        for url in ["ext::sh -c id", "", " ", "a\nb"] {
            plausible(url).unwrap_err();
        }
        for url in ["https://[::1]/a", "git@host:a/b", "https://example.org/a"] {
            plausible(url).unwrap();
        }
    }
}
