//! One HTTP request, sent on a thread of its own so that waiting for it can end at any moment.

use std::{
    io::{self, Cursor},
    sync::{Arc, mpsc},
    time::Duration,
};

use base64::Engine as _;
use contracts::ErrorKind;
use reqwest::{
    StatusCode,
    blocking::{Client, RequestBuilder, Response},
    header::{HeaderMap, HeaderName, HeaderValue, LOCATION},
};
use url::Url;

use crate::{
    GitError,
    error::chain,
    feed::{self, Chunk, Feed},
    meter::Meter,
};

/// More than any honest server needs.
pub(super) const MAX_REDIRECTS: u32 = 5;
const CHUNKS: usize = 8;

pub(super) struct Request {
    builder: RequestBuilder,
    url: String,
    headers: HeaderMap,
}

/// What came back, unless it was a failure.
pub(super) enum Answer {
    Ok {
        headers: Cursor<Vec<u8>>,
        body: Feed,
    },
    /// The target as the server wrote it.
    Redirect(String),
}

/// The beginning of a response, from the thread that waits for it.
type Beginning = Result<(StatusCode, HeaderMap), GitError>;

impl Request {
    pub(super) fn new(
        builder: RequestBuilder,
        url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Self {
        let headers = headers
            .into_iter()
            .filter_map(|line| {
                let (name, value) = line.as_ref().split_once(": ")?;
                // Ours is set on the client.
                let name =
                    HeaderName::from_bytes(name.as_bytes()).ok().filter(|name| name != "user-agent")?;
                let mut value = HeaderValue::from_str(value).ok()?;
                // Libraries show it to nobody then, whatever they log.
                value.set_sensitive(name == "authorization");
                Some((name, value))
            })
            .collect();
        Self { builder, url: url.to_owned(), headers }
    }

    pub(super) fn with_body(mut self, body: Vec<u8>) -> Self {
        self.builder = self.builder.body(body);
        self
    }

    /// Sends it and waits for the beginning of the answer. A failure is kept in the meter.
    pub(super) fn send(&self, meter: &Arc<Meter>) -> io::Result<Answer> {
        let Some(builder) = self.builder.try_clone() else {
            return Err(meter.fail(GitError::internal("a request cannot be repeated")));
        };
        meter.pace().map_err(|error| meter.fail(error))?;
        let builder = builder.headers(self.headers.clone());
        let (begin, begun) = mpsc::channel();
        let (send, chunks) = mpsc::sync_channel(CHUNKS);
        std::thread::Builder::new().name("http".to_owned()).spawn(move || run(builder, &begin, &send))?;

        let beginning = meter.wait(&begun)?;
        let beginning =
            beginning.unwrap_or_else(|| Err(GitError::internal("a request ended without an answer")));
        let (status, headers) = beginning.map_err(|error| meter.fail(error))?;
        if status.is_success() {
            return Ok(Answer::Ok { headers: lines_of(&headers), body: Feed::new(chunks, meter) });
        }
        if status.is_redirection()
            && let Some(location) = headers.get(LOCATION).and_then(|value| value.to_str().ok())
        {
            return Ok(Answer::Redirect(location.to_owned()));
        }
        if let (429 | 503, Some(pause)) = (status.as_u16(), retry_after(&headers)) {
            meter.hold(pause);
        }
        Err(meter.fail(refused(status, &headers)))
    }

    /// The request that follows a redirect to `location`, and the address of the repository there.
    ///
    /// Only the same host is followed, never back to clear text: anything else is for the caller to decide.
    pub(super) fn redirected(
        &self,
        client: &Client,
        location: &str,
        tail: &str,
    ) -> Result<(Self, String), GitError> {
        let next = self.moved(client, location)?;
        let base = next.url.strip_suffix(tail).map(str::to_owned).filter(|_| !tail.is_empty());
        let Some(base) = base else {
            return Err(GitError::not_found("redirects to something that is no git repository"));
        };
        Ok((next, base))
    }

    /// The request that follows a redirect to `location`, with the same rules.
    pub(super) fn moved(&self, client: &Client, location: &str) -> Result<Self, GitError> {
        let from = Url::parse(&self.url).map_err(GitError::internal)?;
        let to = from
            .join(location)
            .map_err(|error| GitError::invalid(format_args!("redirects to what is no address: {error}")))?;
        let upgraded = (from.scheme(), to.scheme()) == ("http", "https")
            && (from.port_or_known_default(), to.port_or_known_default()) == (Some(80), Some(443));
        let same = from.scheme() == to.scheme() && from.port_or_known_default() == to.port_or_known_default();
        if from.host() != to.host() || !(same || upgraded) {
            let target = format!("{}{}", to.origin().ascii_serialization(), to.path());
            let target = target.split("/info/refs").next().unwrap_or_default().to_owned();
            return Err(GitError::forbidden(format_args!(
                "redirects to {target}, which is not followed; give that address if it is the right one"
            )));
        }
        // Credentials that a redirect brings along are nobody's that we know.
        let mut to = to;
        if to.set_username("").is_err() || to.set_password(None).is_err() {
            return Err(GitError::invalid("redirects to what is no address"));
        }
        Ok(Self { builder: client.get(to.clone()), url: to.into(), headers: self.headers.clone() })
    }
}

fn run(request: RequestBuilder, begin: &mpsc::Sender<Beginning>, send: &mpsc::SyncSender<Chunk>) {
    // Where nobody listens any more, the call has ended otherwise.
    let mut response: Response = match request.send() {
        Ok(response) => response,
        Err(error) => {
            begin.send(Err(unreachable(error))).ok();
            return;
        }
    };
    let beginning = (response.status(), response.headers().clone());
    if begin.send(Ok(beginning)).is_ok() {
        feed::pump(&mut response, send);
    }
}

/// As the lines that gix reads headers from.
fn lines_of(headers: &HeaderMap) -> Cursor<Vec<u8>> {
    let mut lines = Vec::new();
    for (name, value) in headers {
        lines.extend_from_slice(name.as_str().as_bytes());
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(value.as_bytes());
        lines.push(b'\n');
    }
    Cursor::new(lines)
}

fn unreachable(error: reqwest::Error) -> GitError {
    let kind = if error.is_timeout() { ErrorKind::TimedOut } else { ErrorKind::Unavailable };
    // Its URL may carry credentials, and the caller puts the clean one in front.
    GitError::new(kind, format_args!("cannot be reached: {}", chain(&error.without_url())))
}

/// A header line that says who we are.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!(
        "Authorization: Basic {}",
        base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
    )
}

/// For how long the server wants to be left alone, when it says so in seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn refused(status: StatusCode, headers: &HeaderMap) -> GitError {
    let code = status.as_u16();
    match code {
        401 | 407 => GitError::forbidden(format_args!(
            "the server asks for credentials (HTTP {code}): the repository is private or does not exist"
        )),
        403 | 451 => GitError::forbidden(format_args!("the server refuses access (HTTP {code})")),
        404 | 410 => GitError::not_found(format_args!("there is no repository (HTTP {code})")),
        408 | 504 => GitError::timed_out(format_args!("the server took too long (HTTP {code})")),
        429 => {
            let when = headers.get("retry-after").and_then(|value| value.to_str().ok());
            let when = when.map(|when| format!(", to come back after {when} s")).unwrap_or_default();
            GitError::new(
                ErrorKind::RateLimited,
                format_args!("the server asks to slow down (HTTP 429){when}"),
            )
        }
        500..=599 => GitError::unavailable(format_args!("the server has a problem (HTTP {code})")),
        _ => GitError::invalid(format_args!("the server's answer is not understood (HTTP {code})")),
    }
}
