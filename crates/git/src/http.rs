//! Smart HTTP: gix speaks git, this module speaks HTTP, on our own client.

use std::{
    any::Any,
    io::{self, BufRead, Cursor, Read, Write},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gix::protocol::transport::{
    Protocol,
    client::blocking_io::{
        Transport,
        http::{self as gix_http, GetResponse, Http, PostBodyDataKind, PostResponse},
    },
};

mod client;
mod request;

pub(crate) use client::Client;
use request::{Answer, Request};

use crate::{GitError, Options, Scheme, feed::Feed, location::Remote, meter::Meter};

/// Prepares the conversation; nothing is sent yet but a question to the resolver.
pub(crate) fn connect(
    client: &Client,
    remote: &Remote,
    options: &Options,
    meter: &Arc<Meter>,
) -> Result<Box<dyn Transport + Send>, GitError> {
    check_clear_text(remote)?;
    let client = client.for_host(remote, &options.policy, meter)?;
    let url = gix::url::parse(remote.url.as_str())
        .map_err(|error| GitError::invalid(format_args!("not an address: {error}")))?;
    // We send them ourselves: gix sends none in clear text, not even to this machine.
    let authorization = account(remote, options).map(|(user, password)| request::basic(&user, &password));
    let http = Exchange { client, meter: Arc::clone(meter), base: None, authorization };
    Ok(Box::new(gix_http::Transport::new_http(http, url, Protocol::V2, false)))
}

fn check_clear_text(remote: &Remote) -> Result<(), GitError> {
    if remote.scheme == Scheme::Http && remote.user.is_some() {
        return Err(GitError::forbidden("credentials are not sent in clear text; use https"));
    }
    Ok(())
}

/// Who we are to this host. What the address itself says comes first; nothing configured crosses a network in
/// clear text.
fn account(remote: &Remote, options: &Options) -> Option<(String, String)> {
    let given = remote.user.clone().map(|user| (user, remote.password.clone().unwrap_or_default()));
    given.or_else(|| {
        options
            .credentials
            .iter()
            .filter(|_| remote.scheme == Scheme::Https || is_this_machine(&remote.host))
            .find(|credential| credential.host == remote.host)
            .map(|credential| (credential.user.clone(), credential.password.clone()))
    })
}

/// Puts what is at the address into `file`. Redirects on the same host are followed.
pub(crate) fn download(
    client: &Client,
    remote: &Remote,
    options: &Options,
    file: &Path,
    meter: &Arc<Meter>,
) -> Result<(), GitError> {
    check_clear_text(remote)?;
    let client = client.for_host(remote, &options.policy, meter)?;
    let failed = |error: io::Error| meter.verdict(|| GitError::io(file.display(), &error));
    meter.contents_follow();
    let headers = account(remote, options).map(|(user, password)| request::basic(&user, &password));
    let mut request = Request::new(client.get(&remote.url), &remote.url, headers);
    for _ in 0..=request::MAX_REDIRECTS {
        match request.send(meter).map_err(failed)? {
            Answer::Ok { mut body, .. } => {
                let mut out = std::fs::File::create(file).map_err(failed)?;
                return io::copy(&mut body, &mut out).map(drop).map_err(failed);
            }
            Answer::Redirect(location) => request = request.moved(&client, &location)?,
        }
    }
    Err(GitError::invalid(format_args!("more than {} redirects", request::MAX_REDIRECTS)))
}

fn is_this_machine(host: &str) -> bool {
    host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// Sends requests for gix, one after the other.
struct Exchange {
    client: reqwest::blocking::Client,
    meter: Arc<Meter>,
    /// Where a redirect on the same host has led to.
    base: Option<String>,
    /// The header that says who we are. Redirects lead to the same host only, so that it goes nowhere else.
    authorization: Option<String>,
}

impl Exchange {
    fn with_ours(&self, headers: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
        let given = headers.into_iter().map(|line| line.as_ref().to_owned());
        given.chain(self.authorization.clone()).collect()
    }
}

impl Http for Exchange {
    type Headers = Headers;
    type ResponseBody = Body;
    type PostBody = PostBody;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::Result<GetResponse<Headers, Body>> {
        let mut request = Request::new(self.client.get(url), url, self.with_ours(headers));
        let tail = url.strip_prefix(base_url).unwrap_or_default();
        for _ in 0..=request::MAX_REDIRECTS {
            match request.send(&self.meter).map_err(gix::Error::from_error)? {
                Answer::Ok { headers, body } => {
                    return Ok(GetResponse { headers: Headers::At(headers), body: Body::At(body) });
                }
                Answer::Redirect(location) => {
                    let (next, base) = request
                        .redirected(&self.client, &location, tail)
                        .map_err(|error| gix::Error::from_error(self.meter.fail(error)))?;
                    self.base = Some(base);
                    request = next;
                }
            }
        }
        let error = GitError::invalid(format_args!("more than {} redirects", request::MAX_REDIRECTS));
        Err(gix::Error::from_error(self.meter.fail(error)))
    }

    fn post(
        &mut self,
        url: &str,
        _: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _: PostBodyDataKind,
    ) -> gix::Result<PostResponse<Headers, Body, PostBody>> {
        let request = Request::new(self.client.post(url), url, self.with_ours(headers));
        let pending = Arc::new(Mutex::new(Pending {
            request: Some(request),
            question: Vec::new(),
            headers: None,
            body: None,
            meter: Arc::clone(&self.meter),
        }));
        Ok(PostResponse {
            post_body: PostBody(Arc::clone(&pending)),
            headers: Headers::Later(Arc::clone(&pending)),
            body: Body::Later(pending),
        })
    }

    fn configure(&mut self, _: &dyn Any) -> gix::Result {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.base.clone()
    }
}

/// A POST that is sent once its body is complete, which is when someone wants the answer.
struct Pending {
    request: Option<Request>,
    question: Vec<u8>,
    headers: Option<Cursor<Vec<u8>>>,
    body: Option<Feed>,
    meter: Arc<Meter>,
}

type SharedPending = Arc<Mutex<Pending>>;

fn sent(pending: &SharedPending) -> io::Result<MutexGuard<'_, Pending>> {
    let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(request) = pending.request.take() {
        let question = std::mem::take(&mut pending.question);
        match request.with_body(question).send(&pending.meter)? {
            Answer::Ok { headers, body } => {
                pending.headers = Some(headers);
                pending.body = Some(body);
            }
            Answer::Redirect(_) => {
                let error = GitError::forbidden("the server redirects in the middle of a conversation");
                return Err(pending.meter.fail(error));
            }
        }
    }
    Ok(pending)
}

/// Collects what is to be posted: a few lines, since nothing is ever offered to the server.
struct PostBody(SharedPending);

impl Write for PostBody {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).question.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The headers of an answer as lines.
enum Headers {
    At(Cursor<Vec<u8>>),
    Later(SharedPending),
}

impl Headers {
    fn lines(&mut self) -> io::Result<&mut Cursor<Vec<u8>>> {
        if let Self::Later(pending) = self {
            let headers = sent(pending)?.headers.take().unwrap_or_default();
            *self = Self::At(headers);
        }
        match self {
            Self::At(lines) => Ok(lines),
            Self::Later(_) => Err(io::Error::other("no answer")),
        }
    }
}

impl Read for Headers {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.lines()?.read(buffer)
    }
}

impl BufRead for Headers {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.lines()?.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        if let Self::At(lines) = self {
            lines.consume(count);
        }
    }
}

/// The body of an answer as it comes.
enum Body {
    At(Feed),
    Later(SharedPending),
}

impl Body {
    fn feed(&mut self) -> io::Result<&mut Feed> {
        if let Self::Later(pending) = self {
            let body = sent(pending)?.body.take();
            *self = Self::At(body.ok_or_else(|| io::Error::other("no answer"))?);
        }
        match self {
            Self::At(feed) => Ok(feed),
            Self::Later(_) => Err(io::Error::other("no answer")),
        }
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.feed()?.read(buffer)
    }
}

impl BufRead for Body {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.feed()?.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        if let Self::At(feed) = self {
            feed.consume(count);
        }
    }
}
