//! What forges push to us: whether it is from who it says, and what it tells.

mod mac;

use contracts::{ErrorKind, Failure};
use serde_json::Value;

use crate::record::{id, text};

/// A family of forges that push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// github.com and GitHub Enterprise.
    GitHub,
    /// gitlab.com and GitLab servers.
    GitLab,
    /// Gitea and Forgejo servers.
    Gitea,
    /// bitbucket.org.
    Bitbucket,
}

/// What an event tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The event, in the forge's word.
    pub event: String,
    /// What it means for us.
    pub news: News,
    /// The repository's clone URL, where the event is about one.
    pub url: Option<String>,
    /// The forge's own id of it.
    pub id: Option<String>,
}

/// What an event means for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// There is something new in the repository.
    Pushed,
    /// The repository itself is another: renamed, moved, archived, made public.
    Changed,
    /// The repository is no longer there for us: deleted or made private.
    Gone,
    /// Nothing that bears upon a visit.
    Nothing,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 4] = [Self::GitHub, Self::GitLab, Self::Gitea, Self::Bitbucket];

    /// Its name, as it stands in the path of the endpoint and in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Gitea => "gitea",
            Self::Bitbucket => "bitbucket",
        }
    }

    /// The family of this name.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], naming the known ones.
    pub fn of_name(name: &str) -> Result<Self, Failure> {
        let aliased = if name == "forgejo" { "gitea" } else { name };
        Self::ALL.into_iter().find(|family| family.as_str() == aliased).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|family| family.as_str()).collect();
            Failure::new(
                ErrorKind::NotFound,
                format!("no forge is called {name:?}; known: {}", known.join(", ")),
            )
        })
    }
}

/// Understands an event. `header` gives a header by its name in lower case; any of `secrets` may have signed.
///
/// # Errors
/// [`ErrorKind::Forbidden`] when there is no signature, it is wrong, or no secret is known to check it by;
/// [`ErrorKind::Invalid`] when the body is no JSON.
pub fn read<'a>(
    family: Family,
    header: impl Fn(&str) -> Option<&'a str>,
    body: &[u8],
    secrets: &[&str],
) -> Result<Told, Failure> {
    let refused = |reason: &str| Err(Failure::new(ErrorKind::Forbidden, reason.to_owned()));
    if secrets.iter().all(|secret| secret.is_empty()) {
        return refused(
            "no secret is set for this forge; set one in forges.hook_secrets, and the same on the forge",
        );
    }
    let names: &[&str] = match family {
        Family::GitHub => &["x-hub-signature-256"],
        Family::GitLab => &["x-gitlab-token"],
        Family::Gitea => &["x-forgejo-signature", "x-gitea-signature", "x-gogs-signature"],
        Family::Bitbucket => &["x-hub-signature"],
    };
    let Some(shown) = names.iter().find_map(|name| header(name)) else {
        return refused("the event is not signed; give the forge the secret of forges.hook_secrets");
    };
    let fits = |secret: &&&str| match family {
        // GitLab shows the secret itself.
        Family::GitLab => mac::same(shown.as_bytes(), secret.as_bytes()),
        _ => mac::verify(secret.as_bytes(), body, shown.strip_prefix("sha256=").unwrap_or(shown)),
    };
    if !secrets.iter().filter(|secret| !secret.is_empty()).any(|secret| fits(&secret)) {
        return refused(
            "the event's signature is wrong: the secret differs, or the event was changed on its way",
        );
    }
    let document: Value = serde_json::from_slice(body).map_err(|error| {
        let text = format!("the event is no JSON ({error}); let the forge send application/json");
        Failure::new(ErrorKind::Invalid, text)
    })?;
    Ok(match family {
        Family::GitHub => of_github(header("x-github-event").unwrap_or_default(), &document),
        Family::GitLab => of_gitlab(header("x-gitlab-event").unwrap_or_default(), &document),
        Family::Gitea => {
            let event =
                ["x-forgejo-event", "x-gitea-event", "x-gogs-event"].iter().find_map(|name| header(name));
            of_github(event.unwrap_or_default(), &document)
        }
        Family::Bitbucket => of_bitbucket(header("x-event-key").unwrap_or_default(), &document),
    })
}

/// The code that a body is signed with under a secret, in hexadecimal, as GitHub, Gitea and Bitbucket make it.
pub fn sign(secret: &str, body: &[u8]) -> String {
    mac::code(secret.as_bytes(), body).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Gitea and Forgejo speak GitHub's words.
fn of_github(event: &str, document: &Value) -> Told {
    let news = match (event, document["action"].as_str().unwrap_or_default()) {
        ("push" | "create" | "delete", _) => News::Pushed,
        ("repository", "deleted" | "privatized") => News::Gone,
        ("repository" | "public", _) => News::Changed,
        _ => News::Nothing,
    };
    let url = text(document, "/repository/clone_url");
    Told { event: event.to_owned(), news, url, id: id(document, "/repository/id") }
}

fn of_gitlab(event: &str, document: &Value) -> Told {
    // System hooks have one header for all and say in the body what they are.
    let name = document["event_name"].as_str().or(document["object_kind"].as_str()).unwrap_or_default();
    let news = match (event, name) {
        ("Push Hook" | "Tag Push Hook", _) | (_, "push" | "tag_push" | "repository_update") => News::Pushed,
        (_, "project_destroy") => News::Gone,
        (_, "project_rename" | "project_transfer" | "project_update") => News::Changed,
        _ => News::Nothing,
    };
    let url = text(document, "/project/git_http_url").or_else(|| text(document, "/repository/git_http_url"));
    let id = id(document, "/project_id").or_else(|| id(document, "/project/id"));
    Told { event: event.to_owned(), news, url, id }
}

fn of_bitbucket(event: &str, document: &Value) -> Told {
    let news = match event {
        "repo:push" => News::Pushed,
        "repo:updated" | "repo:transfer" => News::Changed,
        "repo:deleted" => News::Gone,
        _ => News::Nothing,
    };
    let url = text(document, "/repository/full_name").map(|name| {
        let page = text(document, "/repository/links/html/href").unwrap_or_default();
        let host = crate::params::host_of(&page);
        let host = if host.is_empty() { "bitbucket.org".to_owned() } else { host };
        format!("https://{host}/{name}.git")
    });
    let id = match (text(document, "/repository/workspace/uuid"), text(document, "/repository/uuid")) {
        (Some(workspace), Some(repository)) => Some(format!("{workspace}/{repository}")),
        _ => None,
    };
    Told { event: event.to_owned(), news, url, id }
}

#[cfg(test)]
mod tests;
