//! The client.

use std::{sync::Arc, time::Duration};

use addresses::{Allowed, Refused};
use contracts::{ErrorKind, Failure};
use reqwest::redirect;
use url::Url;

use crate::{
    Answer,
    resolver::{ForClient, Guarded, Lookup, REFUSED, System},
};

/// How requests are made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which addresses may be connected to.
    pub allowed: Allowed,
    /// How long a connection may take to be made.
    pub connect: Duration,
    /// The header `User-Agent`.
    pub user_agent: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            allowed: Allowed::default(),
            connect: Duration::from_secs(5),
            user_agent: concat!("stocktake/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Makes requests to addresses that strangers name. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) guarded: Arc<Guarded>,
}

/// How much of an answer is read so that its connection can be used again.
const DRAINED: usize = 64 << 10;

impl Client {
    /// A client that asks the system for addresses.
    ///
    /// # Errors
    /// When the certificates of this machine cannot be used.
    pub fn new(options: &Options) -> Result<Self, Failure> {
        Self::with_lookup(options, Arc::new(System))
    }

    /// A client that asks `lookup` for addresses.
    ///
    /// # Errors
    /// When the certificates of this machine cannot be used.
    pub fn with_lookup(options: &Options, lookup: Arc<dyn Lookup>) -> Result<Self, Failure> {
        // Another part of the program may have chosen the same provider before: then all is well.
        rustls::crypto::ring::default_provider().install_default().ok();
        let guarded = Arc::new(Guarded { allowed: options.allowed.clone(), lookup });
        let http = reqwest::Client::builder()
            .user_agent(&options.user_agent)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .dns_resolver(Arc::new(ForClient(guarded.clone())))
            .connect_timeout(options.connect)
            .tcp_nodelay(true)
            .build()
            .map_err(|error| {
                Failure::new(ErrorKind::Internal, format!("no HTTP client: {}", chain(&error)))
            })?;
        Ok(Self { http, guarded })
    }

    /// The URL that `text` is, when it can be asked as far as that is known without a look-up.
    ///
    /// # Errors
    /// When it is no URL of the web, carries credentials, or names an address that is not allowed.
    pub fn check(&self, text: &str) -> Result<Url, Failure> {
        addresses::web_address(text, &self.guarded.allowed).map_err(|refused| match refused {
            Refused::Invalid(reason) => Failure::new(ErrorKind::Invalid, reason),
            Refused::Forbidden(reason) => Failure::new(ErrorKind::Forbidden, reason),
        })
    }

    /// Posts `body`, and reads no more of the answer than it must. `time` is for all of it: a destination
    /// that sends one byte now and then gains nothing by it. Once the status is there the answer counts,
    /// however its body goes on. A redirect is an answer like any other.
    ///
    /// # Errors
    /// When there is no answer: the URL or its address is refused ([`ErrorKind::Invalid`],
    /// [`ErrorKind::Forbidden`]), nobody answers, or not in time.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
        time: Duration,
        kept: usize,
    ) -> Result<Answer, Failure> {
        let url = self.check(url)?;
        let until = tokio::time::Instant::now() + time;
        let mut request = self.http.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let answered = tokio::time::timeout_at(until, request.send()).await;
        let mut response =
            answered.map_err(|_elapsed| too_slow(time))?.map_err(|error| failure_of(&error))?;
        let mut answer = Answer {
            status: response.status().as_u16(),
            head: Vec::new(),
            retry_after: text_of(response.headers(), "retry-after"),
        };
        let mut read = 0;
        while read < DRAINED {
            match tokio::time::timeout_at(until, response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    read += chunk.len();
                    let room = kept.saturating_sub(answer.head.len()).min(chunk.len());
                    answer.head.extend_from_slice(&chunk[..room]);
                }
                // The end; or the rest is none of our business, and the connection is dropped with it.
                Ok(Ok(None) | Err(_)) | Err(_) => break,
            }
        }
        Ok(answer)
    }
}

pub(crate) fn text_of(headers: &reqwest::header::HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

pub(crate) fn too_slow(time: Duration) -> Failure {
    Failure::new(ErrorKind::TimedOut, format!("no answer within {} seconds", time.as_secs_f32()))
}

/// What a request failed with, without its URL, which may have a secret in its query.
pub(crate) fn failure_of(error: &reqwest::Error) -> Failure {
    let text = chain(error);
    match text.find(REFUSED) {
        Some(at) => Failure::new(ErrorKind::Forbidden, text.get(at..).unwrap_or_default()),
        None if error.is_timeout() => Failure::new(ErrorKind::TimedOut, text),
        None => Failure::new(ErrorKind::Unavailable, text),
    }
}

/// The causes of an error, outermost first; the outermost of the client only repeats the URL.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut next = error.source();
    while let Some(error) = next {
        let part = error.to_string();
        if !text.contains(&part) {
            text = if text.is_empty() { part } else { format!("{text}: {part}") };
        }
        next = error.source();
    }
    if text.is_empty() { "the request failed".to_owned() } else { text }
}
