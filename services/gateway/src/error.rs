//! Problem documents (RFC 9457): the one place where a failure becomes an HTTP status.
//!
//! `type` is stable and leads to what it means on the page `/docs`. What a caller can do something about is
//! told in full; what is ours to mend is logged once, under an id that the caller is given.

use std::{borrow::Cow, fmt};

use actix_web::{
    HttpResponse, ResponseError,
    error::QueryPayloadError,
    http::{
        StatusCode,
        header::{self, HeaderName},
    },
};
use contracts::{ErrorKind, Failure};
use serde::Serialize;
use store::StoreError;
use utoipa::ToSchema;
use uuid::Uuid;

/// A kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Type {
    /// Its name, the last part of `type`.
    pub(crate) slug: &'static str,
    /// A short name for people.
    pub(crate) title: &'static str,
    pub(crate) status: u16,
    /// What it means and what to do about it.
    pub(crate) meaning: &'static str,
}

/// Declares the kinds of problem, and the list of all for the page.
macro_rules! types {
    ($($name:ident = $slug:literal, $status:literal, $title:literal, $meaning:literal;)*) => {
        $(pub(crate) static $name: Type = Type { slug: $slug, title: $title, status: $status, meaning: $meaning };)*

        /// Every kind of problem, by status.
        pub(crate) static TYPES: &[&Type] = &[$(&$name),*];
    };
}

types! {
    INVALID = "invalid-request", 400, "The request is not understood",
        "A parameter or a field of the body is wrong; `at` says which. The same request will fail again.";
    UNAUTHENTICATED = "unauthenticated", 401, "A key is needed",
        "Send a key that is known and has neither expired nor been revoked: `Authorization: Bearer stk_…`.";
    FORBIDDEN = "forbidden", 403, "This is not allowed",
        "The key lacks the scope, or the request came from a page of another site, or names what may not be used here.";
    NOT_FOUND = "not-found", 404, "There is no such thing",
        "Nothing is known under this path or id.";
    METHOD = "method-not-allowed", 405, "The resource does not know this method",
        "The header `Allow` has the methods that it knows.";
    TOO_SLOW = "request-timeout", 408, "The request took too long to arrive",
        "The body did not arrive in time.";
    CONFLICT = "conflict", 409, "It does not fit the present state",
        "What is asked for is not possible now; `detail` says what is missing.";
    GONE = "gone", 410, "There is no such thing any more",
        "What was here has been replaced; `detail` and the header `Link` say by what.";
    TOO_LARGE = "too-large", 413, "The request is too large",
        "The body is larger than `http.body_bytes` allows.";
    URI_TOO_LONG = "uri-too-long", 414, "The address is too long",
        "Path and query have 4,096 bytes at most.";
    MEDIA_TYPE = "unsupported-media-type", 415, "The body is of an unknown type",
        "Bodies are JSON: `Content-Type: application/json`.";
    RANGE = "range-not-satisfiable", 416, "The range lies outside",
        "`Content-Range` has the length of the whole.";
    MISDIRECTED = "misdirected-request", 421, "The request is meant for another host",
        "The gateway answers to certain names only; see the setting `http.hosts`.";
    REUSED = "idempotency-key-reused", 422, "The idempotency key belongs to another request",
        "Each request has an `Idempotency-Key` of its own; only the same request may come again with it.";
    RATE_LIMITED = "rate-limited", 429, "Too many requests",
        "The key or the address has used up its limit of the minute or the day. Try again after the seconds of `Retry-After`.";
    HEADERS_TOO_LARGE = "headers-too-large", 431, "The headers are too large",
        "All headers together have 16,384 bytes at most.";
    INTERNAL = "internal", 500, "Something went wrong here",
        "A defect of the service. The log has it under the id in `incident`.";
    UNAVAILABLE = "unavailable", 503, "Not possible at the moment",
        "Something that the service depends on does not answer. Try again after the seconds of `Retry-After`.";
    TIMED_OUT = "timed-out", 504, "It took too long",
        "Something that the service depends on did not answer in time. Try again later.";
}

/// Seconds after which trying again may help.
const RETRY_AFTER: u32 = 5;

/// What a failure of this kind is to a caller.
fn type_of(kind: ErrorKind) -> &'static Type {
    match kind {
        ErrorKind::Invalid => &INVALID,
        ErrorKind::NotFound => &NOT_FOUND,
        ErrorKind::Forbidden => &FORBIDDEN,
        ErrorKind::Conflict => &CONFLICT,
        ErrorKind::TooLarge => &TOO_LARGE,
        ErrorKind::RateLimited => &RATE_LIMITED,
        ErrorKind::Unavailable | ErrorKind::Cancelled => &UNAVAILABLE,
        ErrorKind::TimedOut => &TIMED_OUT,
        ErrorKind::Internal => &INTERNAL,
    }
}

/// What is wrong with the parameters of a request.
pub(crate) fn wrong_query(error: &QueryPayloadError) -> Problem {
    let text = match error {
        QueryPayloadError::Deserialize(error) => error.to_string(),
        other => other.to_string(),
    };
    Problem::invalid("query", text)
}

/// Why a request was not answered as wished.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) kind: &'static Type,
    detail: Cow<'static, str>,
    at: Option<String>,
    incident: Option<Uuid>,
    headers: Vec<(HeaderName, String)>,
}

/// The document that a caller gets.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Document<'a> {
    /// What kind of problem it is: a stable reference that leads to its meaning.
    #[serde(rename = "type")]
    #[schema(example = "/docs#problem-not-found")]
    kind: String,
    /// The kind in words.
    #[schema(example = "There is no such thing")]
    title: &'a str,
    /// The HTTP status, again.
    #[schema(example = 404)]
    status: u16,
    /// What was wrong this time.
    detail: &'a str,
    /// Where: the path of a field in the body, or the name of a parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<&'a str>,
    /// Under which id the log has the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<Uuid>,
}

impl Problem {
    /// A problem of this kind, with what was wrong this time.
    pub(crate) fn new(kind: &'static Type, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: detail.into(), at: None, incident: None, headers: Vec::new() }
    }

    /// What was wrong with the field or parameter `at`.
    pub(crate) fn invalid(at: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { at: Some(at.into()), ..Self::new(&INVALID, detail) }
    }

    /// The same problem, of another kind.
    pub(crate) fn kind_of(self, kind: &'static Type) -> Self {
        Self { kind, ..self }
    }

    /// The same problem, with the place of what it is about before its own.
    pub(crate) fn below(self, place: &str) -> Self {
        let at = self
            .at
            .map_or_else(|| place.trim_end_matches([' ', ':']).to_owned(), |at| format!("{place}{at}"));
        Self { at: Some(at), ..self }
    }

    /// There is no `what` with this id.
    pub(crate) fn no_such(what: &str, id: impl fmt::Display) -> Self {
        Self::new(&NOT_FOUND, format!("there is no {what} {id}"))
    }

    /// The resource knows only the methods of `allow`.
    pub(crate) fn method(allow: String) -> Self {
        let detail = format!("this resource knows {allow}");
        Self::new(&METHOD, detail).with(header::ALLOW, allow)
    }

    /// With this header in the answer.
    pub(crate) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// What has taken the place of what was asked for is there.
    pub(crate) fn instead(self, path: String) -> Self {
        self.with(header::LINK, format!("<{path}>; rel=\"successor-version\""))
    }

    /// Names the field or parameter that it is about.
    pub(crate) fn at(self, at: impl Into<String>) -> Self {
        Self { at: Some(at.into()), ..self }
    }

    /// A defect of ours: the cause goes to the log, its id to the caller.
    pub(crate) fn internal(cause: impl fmt::Display) -> Self {
        let incident = Uuid::now_v7();
        tracing::error!(%incident, %cause, "request failed");
        Self { incident: Some(incident), ..Self::new(&INTERNAL, "the log has the cause under this incident") }
    }

    /// Something that we depend on failed: what exactly is for the log, it may name hosts and tables.
    fn dependency(kind: &'static Type, cause: impl fmt::Display) -> Self {
        tracing::warn!(%cause, "request not possible now");
        Self::new(kind, "something that the service depends on does not answer now")
    }

    fn of(kind: ErrorKind, cause: impl fmt::Display) -> Self {
        let problem = type_of(kind);
        match problem.status {
            500 => Self::internal(cause),
            502.. => Self::dependency(problem, cause),
            _ => Self::new(problem, cause.to_string()),
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::of(failure.kind, failure)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            // The words of a database are no answer to a caller.
            StoreError::Database { kind: ErrorKind::Forbidden | ErrorKind::NotFound, .. } => {
                Self::internal(error)
            }
            error => Self::of(error.kind(), error),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.slug, self.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if matches!(self.kind.status, 429 | 503 | 504) {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER));
        }
        if self.kind.status == 401 {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"stocktake\""));
        }
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.as_str()));
        }
        let document = Document {
            kind: format!("/docs#problem-{}", self.kind.slug),
            title: self.kind.title,
            status: self.kind.status,
            detail: &self.detail,
            at: self.at.as_deref(),
            incident: self.incident,
        };
        // Texts and numbers: they always have a JSON form.
        response.body(serde_json::to_vec(&document).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_to_mend_is_not_told() {
        let secret = "connection to host db-17 refused";
        for (kind, status) in
            [(ErrorKind::Internal, 500), (ErrorKind::Unavailable, 503), (ErrorKind::TimedOut, 504)]
        {
            let problem = Problem::from(Failure::new(kind, secret));
            assert_eq!(problem.status_code(), status);
            assert!(!problem.detail.contains("db-17"), "{problem}");
            assert_eq!(problem.incident.is_some(), kind == ErrorKind::Internal);
        }
        let told = Problem::from(Failure::new(ErrorKind::Conflict, "it is still processing"));
        assert_eq!((told.status_code().as_u16(), &*told.detail), (409, "it is still processing"));
    }

    #[test]
    fn types_are_listed_once_and_by_status() {
        assert!(TYPES.is_sorted_by(|one, next| one.status < next.status && one.slug != next.slug));
    }
}
