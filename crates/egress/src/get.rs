//! Fetching: bounded, and given up early when the beginning says that the rest is of no use.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use contracts::{ErrorKind, Failure};
use reqwest::{Method, Response};
use url::Url;

use crate::{
    Client,
    client::{failure_of, text_of, too_slow},
};

/// How many redirects are followed, each judged like the first URL.
const REDIRECTS: usize = 5;

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The bytes.
    pub bytes: Bytes,
    /// Whether these are all of them; otherwise `stop` said that the rest is of no use.
    pub whole: bool,
}

/// Whether something can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It can.
    Yes,
    /// It cannot, for good as far as one can tell.
    No(String),
    /// It may: the server does not say now.
    Unknown(String),
}

impl Client {
    /// Fetches `url`: at most `most` bytes in `time`. `stop` is shown what has come whenever more has, and
    /// says whether the rest can be left.
    ///
    /// # Errors
    /// When the URL or an address is refused, nobody answers in time, the answer is none of success, or
    /// there are more bytes than `most` ([`ErrorKind::TooLarge`]).
    pub async fn get(
        &self,
        url: &str,
        most: usize,
        time: Duration,
        stop: impl Fn(&[u8]) -> bool,
    ) -> Result<Fetched, Failure> {
        let until = tokio::time::Instant::now() + time;
        let fetching = async {
            let mut response = self.follow(Method::GET, url).await?;
            let status = response.status().as_u16();
            if !(200..300).contains(&status) {
                return Err(Failure::new(kind_of(status), format!("the server answered {status}")));
            }
            let larger = || Failure::new(ErrorKind::TooLarge, format!("it is larger than {most} bytes"));
            if response.content_length().is_some_and(|length| length > most as u64) {
                return Err(larger());
            }
            let mut bytes = BytesMut::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| failure_of(&error))? {
                if bytes.len() + chunk.len() > most {
                    return Err(larger());
                }
                bytes.extend_from_slice(&chunk);
                if stop(&bytes) {
                    return Ok(Fetched { bytes: bytes.freeze(), whole: false });
                }
            }
            Ok(Fetched { bytes: bytes.freeze(), whole: true })
        };
        tokio::time::timeout_at(until, fetching).await.map_err(|_elapsed| too_slow(time))?
    }

    /// Whether `url` can be reached, as far as a short question says.
    pub async fn reach(&self, url: &str, time: Duration) -> Reach {
        match tokio::time::timeout(time, self.follow(Method::HEAD, url)).await {
            Err(_) => Reach::Unknown(format!("no answer within {} seconds", time.as_secs_f32())),
            Ok(Err(failure)) if failure.kind.is_transient() => Reach::Unknown(failure.reason),
            Ok(Err(failure)) => Reach::No(failure.reason),
            Ok(Ok(response)) => match response.status().as_u16() {
                200..300 => Reach::Yes,
                status @ (404 | 410 | 401 | 403) => Reach::No(format!("the server answered {status}")),
                status => Reach::Unknown(format!("the server answered {status}")),
            },
        }
    }

    async fn follow(&self, method: Method, url: &str) -> Result<Response, Failure> {
        let mut url: Url = self.check(url)?;
        for _ in 0..=REDIRECTS {
            let request = self.http.request(method.clone(), url.clone());
            let response = request.send().await.map_err(|error| failure_of(&error))?;
            let location = match response.status().as_u16() {
                301 | 302 | 303 | 307 | 308 => text_of(response.headers(), "location"),
                _ => None,
            };
            let Some(location) = location else { return Ok(response) };
            let next = url.join(&location).map_err(|error| {
                Failure::new(ErrorKind::Invalid, format!("a redirect to what is no URL: {error}"))
            })?;
            if url.scheme() == "https" && next.scheme() != "https" {
                return Err(Failure::new(ErrorKind::Forbidden, "a redirect from https to clear text"));
            }
            url = self.check(next.as_str())?;
        }
        Err(Failure::new(ErrorKind::Invalid, format!("more than {REDIRECTS} redirects")))
    }
}

fn kind_of(status: u16) -> ErrorKind {
    match status {
        404 | 410 => ErrorKind::NotFound,
        401 | 403 => ErrorKind::Forbidden,
        408 | 425 | 500..600 => ErrorKind::Unavailable,
        429 => ErrorKind::RateLimited,
        _ => ErrorKind::Invalid,
    }
}
