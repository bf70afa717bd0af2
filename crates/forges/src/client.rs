//! Makes the calls: bounded in time and size, to allowed addresses only, with a token that never leaves the
//! forge it is for.

use std::time::Duration;

use contracts::{ErrorKind, Failure};
use reqwest::{
    Response, StatusCode,
    header::{self, HeaderMap, HeaderValue},
    redirect,
};
use url::Url;

use crate::{
    address,
    exchange::{ANSWER_BYTES, Answer, Auth, Method, Range, Request},
};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may be silent.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a call may take in all, unless it is told otherwise.
const TOTAL: Duration = Duration::from_secs(120);
/// How many redirects within one forge are followed.
const REDIRECTS: usize = 3;
/// What we call ourselves: forges ask for a name, some refuse who has none.
const USER_AGENT: &str = concat!("stocktake/", env!("CARGO_PKG_VERSION"));
/// The version of GitHub's REST API that its records are read by.
const GITHUB_VERSION: &str = "2022-11-28";

/// Makes calls. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    allow_private: bool,
    total: Duration,
}

impl Client {
    /// A client; `allow_private` lets it connect to this machine and its network.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] when there is no TLS.
    pub fn new(allow_private: bool) -> Result<Self, Failure> {
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .redirect(redirect::Policy::none())
            .no_proxy();
        if !allow_private {
            builder = builder.dns_resolver(address::Outside);
        }
        let http = builder.build().map_err(|error| {
            Failure::new(ErrorKind::Internal, format!("no HTTP client can be made: {error}"))
        })?;
        Ok(Self { http, allow_private, total: TOTAL })
    }

    /// The same, for calls that may take `total` at the most.
    #[must_use]
    pub fn within(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// Makes a call. `tag` is that of the last answer, for a request that may be answered with "as before".
    ///
    /// # Errors
    /// When there is no answer: the address is not allowed, nobody listens, it takes too long, it is too large.
    pub async fn call(
        &self,
        request: &Request,
        token: Option<&str>,
        tag: Option<&str>,
    ) -> Result<Answer, Failure> {
        let mut url = Url::parse(&request.url).map_err(|error| {
            Failure::new(ErrorKind::Invalid, format!("{} is no URL: {error}", request.url))
        })?;
        let called = async {
            for _ in 0..=REDIRECTS {
                let response = self.send(&url, request, token, tag).await?;
                match onward(&url, &response) {
                    Some(next) => url = next,
                    None => return read(response, request).await,
                }
            }
            Err(Failure::new(ErrorKind::Unavailable, format!("{} leads on and on", request.url)))
        };
        tokio::time::timeout(self.total, called).await.unwrap_or_else(|_| {
            Err(Failure::new(
                ErrorKind::TimedOut,
                format!("{} took longer than {:?}", request.url, self.total),
            ))
        })
    }

    async fn send(
        &self,
        url: &Url,
        request: &Request,
        token: Option<&str>,
        tag: Option<&str>,
    ) -> Result<Response, Failure> {
        if !self.allow_private
            && let Some(address) = address::names_internal(url)
        {
            let text = format!(
                "{url}: {address} is no public address, and others are not allowed here (fetch.allow_private_addresses)"
            );
            return Err(Failure::new(ErrorKind::Forbidden, text));
        }
        let mut call = match &request.method {
            Method::Get => self.http.get(url.clone()),
            Method::Post(body) => self
                .http
                .post(url.clone())
                .header(header::CONTENT_TYPE, "application/json")
                .body(body.clone()),
        };
        call = call.headers(headers(request, token, tag)?);
        call.send().await.map_err(|error| unanswered(url, &error))
    }
}

fn headers(request: &Request, token: Option<&str>, tag: Option<&str>) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static(request.accept));
    if request.accept.starts_with("application/vnd.github") {
        headers.insert("x-github-api-version", HeaderValue::from_static(GITHUB_VERSION));
    }
    if let Some(tag) = tag.filter(|_| request.conditional).and_then(|tag| HeaderValue::from_str(tag).ok()) {
        headers.insert(header::IF_NONE_MATCH, tag);
    }
    if let Some(Range { start, length, of }) = &request.range {
        let value = format!("bytes={start}-{}", start.saturating_add(*length).saturating_sub(1));
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(header::RANGE, value);
        }
        if let Some(of) = of.as_deref().filter(|_| *start > 0).and_then(|of| HeaderValue::from_str(of).ok()) {
            headers.insert(header::IF_RANGE, of);
        }
    }
    if let Some(token) = token {
        let (name, value) = match request.auth {
            Auth::Bearer => (header::AUTHORIZATION, format!("Bearer {token}")),
            Auth::Token => (header::AUTHORIZATION, format!("token {token}")),
            Auth::PrivateToken => (header::HeaderName::from_static("private-token"), token.to_owned()),
            Auth::None => return Ok(headers),
        };
        let mut value = HeaderValue::from_str(&value).map_err(|_wrong| {
            Failure::new(ErrorKind::Invalid, "the token has characters that no header can hold")
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// Where a redirect leads, as long as it stays on the forge: a token is for that forge alone.
fn onward(from: &Url, response: &Response) -> Option<Url> {
    let moved = [301, 302, 307, 308].contains(&response.status().as_u16());
    let location = response.headers().get(header::LOCATION).filter(|_| moved)?;
    let to = from.join(location.to_str().ok()?).ok()?;
    (to.origin() == from.origin()).then_some(to)
}

async fn read(mut response: Response, request: &Request) -> Result<Answer, Failure> {
    let status = response.status();
    let mut answer = Answer { status: status.as_u16(), ..Answer::default() };
    for (name, value) in response.headers() {
        if let Ok(value) = value.to_str() {
            answer.headers.insert(name.as_str().to_owned(), value.to_owned());
        }
    }
    let wanted = request.range.as_ref().filter(|_| status.is_success());
    // Who knows no parts sends the whole: what is before ours is passed over.
    let mut skip =
        wanted.map_or(0, |range| if status == StatusCode::PARTIAL_CONTENT { 0 } else { range.start });
    let most = wanted.map_or(ANSWER_BYTES, |range| usize::try_from(range.length).unwrap_or(ANSWER_BYTES));
    let broken = |error: reqwest::Error| {
        let kind = if error.is_timeout() { ErrorKind::TimedOut } else { ErrorKind::Unavailable };
        Failure::new(kind, format!("the answer of {} broke off: {}", request.url, cause(&error)))
    };
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        let passed = usize::try_from(skip).unwrap_or(usize::MAX).min(chunk.len());
        skip -= passed as u64;
        let chunk = chunk.get(passed..).unwrap_or_default();
        let room = most - answer.body.len();
        if chunk.len() > room {
            if wanted.is_none() {
                let text = format!("the answer of {} is larger than {most} bytes", request.url);
                return Err(Failure::new(ErrorKind::TooLarge, text));
            }
            answer.body.extend_from_slice(chunk.get(..room).unwrap_or_default());
            answer.more = true;
            return Ok(answer);
        }
        answer.body.extend_from_slice(chunk);
    }
    if wanted.is_some() && status == StatusCode::PARTIAL_CONTENT {
        // `bytes 0-99/1234`; with an unknown whole there may be more.
        let whole = answer.header("content-range").and_then(|range| {
            let (part, whole) = range.trim_start_matches("bytes ").split_once('/')?;
            Some((part.split_once('-')?.1.parse::<u64>().ok()?, whole.parse::<u64>().ok()?))
        });
        answer.more = whole.map_or(answer.body.len() >= most, |(last, whole)| last + 1 < whole);
    }
    Ok(answer)
}

fn unanswered(url: &Url, error: &reqwest::Error) -> Failure {
    let kind = if error.is_timeout() { ErrorKind::TimedOut } else { ErrorKind::Unavailable };
    Failure::new(kind, format!("{url} does not answer: {}", cause(error)))
}

/// The innermost cause, which is the one that says something.
fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
