//! Where a repository is: URLs, scp-like addresses and paths, and the one form that each is known by.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use url::{Host, Url};

use crate::{
    GitError, Policy, Scheme,
    archive::{self, Format},
};

/// The address of a repository.
///
/// Accepted are `https://`, `http://`, `git://` and `ssh://` URLs, `user@host:path`, `file://` URLs and
/// paths. Two texts that mean the same address have the same [canonical](Self::canonical) form, which
/// never carries a password; showing or logging a location shows only that form.
#[derive(Clone, PartialEq, Eq)]
pub struct Location {
    canonical: String,
    pub(crate) place: Place,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Local(PathBuf),
    Remote(Remote),
}

/// A repository behind a network.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Remote {
    pub(crate) scheme: Scheme,
    /// Without the brackets of an IPv6 address.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    /// Decoded, as the other side knows it; starts with `/`.
    pub(crate) path: String,
    /// The canonical form, to which HTTP requests append their parts.
    pub(crate) url: String,
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Location").field(&self.canonical).finish()
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.canonical)
    }
}

impl std::str::FromStr for Location {
    type Err = GitError;

    fn from_str(text: &str) -> Result<Self, GitError> {
        Self::parse(text)
    }
}

impl Location {
    /// Understands what a user or a message says.
    ///
    /// Whether the place exists is not asked; a relative path counts from the working directory.
    ///
    /// # Errors
    /// `Invalid` when the text is no address, `Forbidden` when its scheme is none that is supported
    /// (`ext::`, `ftp://` and the like).
    pub fn parse(text: &str) -> Result<Self, GitError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(GitError::invalid("the address of a repository is empty"));
        }
        if text.chars().any(char::is_control) {
            return Err(GitError::invalid("the address of a repository contains control characters"));
        }
        if let Some(helper) = remote_helper(text) {
            return Err(GitError::forbidden(format_args!(
                "remote helpers ({helper}::) are not supported; accepted: https, http, git, ssh, file, a path"
            )));
        }
        if let Some((scheme, _)) = text.split_once("://")
            && !scheme.contains('/')
        {
            return Self::parse_url(scheme, text);
        }
        match scp_like(text) {
            Some(url) => Self::parse_url("ssh", &url?),
            None => Self::from_path(Path::new(text)),
        }
    }

    /// The location of a folder on this machine.
    ///
    /// # Errors
    /// `Invalid` when the path is empty, or relative while there is no working directory.
    pub fn from_path(path: &Path) -> Result<Self, GitError> {
        let shown = path.display();
        let absolute = std::fs::canonicalize(path)
            .or_else(|_| std::path::absolute(path))
            .map_err(|error| GitError::invalid(format_args!("{shown} is no usable path: {error}")))?;
        let url = Url::from_file_path(&absolute)
            .map_err(|()| GitError::invalid(format_args!("{shown} is no absolute path")))?;
        let canonical = match url.as_str().trim_end_matches('/') {
            "file:" => "file:///".to_owned(),
            trimmed => trimmed.to_owned(),
        };
        Ok(Self { canonical, place: Place::Local(absolute) })
    }

    fn parse_url(scheme: &str, text: &str) -> Result<Self, GitError> {
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            "git" => Scheme::Git,
            "ssh" | "git+ssh" | "ssh+git" => Scheme::Ssh,
            "file" => return Self::parse_file_url(text),
            other => {
                return Err(GitError::forbidden(format_args!(
                    "the scheme {other}:// is not supported; accepted: https, http, git, ssh, file"
                )));
            }
        };
        // The text may carry a password: what is wrong is told without repeating it.
        let url = Url::parse(text).map_err(|error| {
            GitError::invalid(format_args!("not a {}:// address: {error}", scheme.as_str()))
        })?;
        Remote::from_url(scheme, &url)
            .map(|remote| Self { canonical: remote.url.clone(), place: Place::Remote(remote) })
    }

    fn parse_file_url(text: &str) -> Result<Self, GitError> {
        let url = Url::parse(text)
            .map_err(|error| GitError::invalid(format_args!("not a file:// address: {error}")))?;
        let path = url.to_file_path().map_err(|()| {
            GitError::invalid("a file:// address names a path on this machine: file:///path")
        })?;
        Self::from_path(&path)
    }

    /// The one form that this address is known by: a URL without password, default port, query and
    /// trailing slash.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The path on this machine; `None` for what is behind a network.
    pub fn local_path(&self) -> Option<&Path> {
        match &self.place {
            Place::Local(path) => Some(path),
            Place::Remote(_) => None,
        }
    }

    /// A short name for people: `owner/project`, or the folder's name. Not unique.
    pub fn name(&self) -> String {
        match &self.place {
            Place::Local(path) => {
                let name = path.file_name().map_or_else(|| "/".into(), |name| name.to_string_lossy());
                name.strip_suffix(".git").filter(|rest| !rest.is_empty()).unwrap_or(&name).to_owned()
            }
            Place::Remote(remote) => {
                let path = remote.path.trim_start_matches("/~").trim_start_matches('/');
                path.strip_suffix(".git").unwrap_or(path).to_owned()
            }
        }
    }

    /// Whether `policy` lets it be fetched, as far as can be said without resolving its host.
    ///
    /// # Errors
    /// `Forbidden`, saying what is not allowed.
    pub fn check(&self, policy: &Policy) -> Result<(), GitError> {
        match &self.place {
            Place::Local(_) if policy.allow_local => Ok(()),
            Place::Local(_) => Err(GitError::forbidden(format_args!(
                "{self}: repositories on this machine's own disk are not allowed here"
            ))),
            Place::Remote(remote) if policy.schemes.contains(&remote.scheme) => Ok(()),
            Place::Remote(remote) => {
                let allowed: Vec<_> = policy.schemes.iter().map(|scheme| scheme.as_str()).collect();
                Err(GitError::forbidden(format_args!(
                    "{self}: the scheme {} is not allowed here; allowed: {}",
                    remote.scheme.as_str(),
                    if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") }
                )))
            }
        }
    }
}

impl Remote {
    /// What the name says that is behind it, when that is no repository.
    pub(crate) fn archive(&self) -> Option<Format> {
        let is_http = matches!(self.scheme, Scheme::Https | Scheme::Http);
        archive::format_of(&self.path).filter(|_| is_http)
    }

    fn from_url(scheme: Scheme, url: &Url) -> Result<Self, GitError> {
        let (host, bracketed) = match url.host() {
            Some(Host::Ipv6(address)) => (address.to_string(), format!("[{address}]")),
            Some(host) => {
                let host = host.to_string().to_ascii_lowercase();
                (host.clone(), host)
            }
            None => {
                return Err(GitError::invalid(format_args!("a {}:// address needs a host", scheme.as_str())));
            }
        };
        if host.starts_with('-') || !host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:".contains(&b)) {
            return Err(GitError::invalid(format_args!("{host:?} is no host name")));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(GitError::invalid(
                "the address of a repository has no query (?) and no fragment (#)",
            ));
        }
        let encoded = url.path().trim_end_matches('/');
        if encoded.is_empty() {
            return Err(GitError::invalid(format_args!(
                "{}://{bracketed} names no repository",
                scheme.as_str()
            )));
        }
        let path = decode(encoded)?;
        let port = url.port().unwrap_or(scheme.default_port());
        let user = Some(url.username()).filter(|user| !user.is_empty()).map(decode).transpose()?;
        let password = url.password().map(decode).transpose()?;

        let mut canonical = format!("{}://", scheme.as_str());
        if scheme == Scheme::Ssh
            && let Some(user) = &user
        {
            if user.starts_with('-')
                || !user.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_+@".contains(&b))
            {
                return Err(GitError::invalid("the user of an ssh address contains unusual characters"));
            }
            // In ssh the user is part of the address. In http it may be the secret itself.
            canonical.push_str(&user.replace('@', "%40"));
            canonical.push('@');
        }
        canonical.push_str(&bracketed);
        if port != scheme.default_port() {
            canonical.push_str(&format!(":{port}"));
        }
        canonical.push_str(encoded);
        Ok(Self { scheme, host, port, user, password, path, url: canonical })
    }
}

/// `name::address`, with which git starts a program called `git-remote-name`.
fn remote_helper(text: &str) -> Option<&str> {
    let (name, _) = text.split_once("::")?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._".contains(&b));
    is_name.then_some(name)
}

/// The `ssh://` form of `user@host:path`; `None` when the text is a path. The rule is git's: a colon
/// before the first slash makes it a host.
fn scp_like(text: &str) -> Option<Result<String, GitError>> {
    let bracket_end = text.find(']').filter(|_| text.contains('[')).unwrap_or(0);
    let colon = text.get(bracket_end..)?.find(':')? + bracket_end;
    if text.find('/').is_some_and(|slash| slash < colon) {
        return None;
    }
    let (host, path) = (text.get(..colon)?, text.get(colon + 1..)?);
    if ["https", "http", "git", "ssh", "file"].contains(&host) {
        return Some(Err(GitError::invalid(format_args!(
            "an address that starts with {host}: goes on with //"
        ))));
    }
    if host.is_empty() || path.is_empty() {
        return Some(Err(GitError::invalid("an ssh address is user@host:path, with neither part empty")));
    }
    // Only forges call their user `git`, and their paths count from a common root. Anywhere else a
    // path without a leading slash counts from the user's home.
    let root = match (path.starts_with('/'), path.starts_with('~'), host.starts_with("git@")) {
        (true, ..) => "",
        (_, true, _) | (_, _, true) => "/",
        _ => "/~/",
    };
    let path: String = path
        .chars()
        .map(|c| if matches!(c, '%' | '?' | '#') { format!("%{:02X}", c as u32) } else { c.to_string() })
        .collect();
    Some(Ok(format!("ssh://{host}{root}{path}")))
}

fn decode(text: &str) -> Result<String, GitError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| (b as char).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(GitError::invalid(
                "the address of a repository has a % without two hexadecimal digits",
            ));
        };
        bytes.push((high * 16 + low) as u8);
    }
    if bytes.iter().any(u8::is_ascii_control) {
        return Err(GitError::invalid("the address of a repository contains control characters"));
    }
    String::from_utf8(bytes).map_err(|_utf8| GitError::invalid("the address of a repository is not UTF-8"))
}

#[cfg(test)]
mod tests;
