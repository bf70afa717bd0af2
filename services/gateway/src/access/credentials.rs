//! Where a key is found in a request.

use actix_web::{dev::ServiceRequest, http::header};
use store::api_keys::SecretKey;

use crate::error::{Problem, UNAUTHENTICATED};

/// The cookie of a session.
pub(crate) const SESSION: &str = "stocktake-session";

/// What a request brings to say who asks.
pub(crate) enum Credentials {
    /// Nothing.
    None,
    /// A key in a header.
    Header(SecretKey),
    /// A session's key.
    Cookie(SecretKey),
}

impl Credentials {
    /// Reads `Authorization: Bearer`, `X-Api-Key` or the cookie of a session, in this order.
    ///
    /// # Errors
    /// When there is something that is no key.
    pub(crate) fn of(request: &ServiceRequest) -> Result<Self, Problem> {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
        if let Some(value) = header(header::AUTHORIZATION.as_str()) {
            let bearer = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            let text = bearer.map(|(_, text)| text.trim()).unwrap_or_default();
            return SecretKey::parse(text).map(Self::Header).ok_or_else(|| no_key("Authorization"));
        }
        if let Some(text) = header("X-Api-Key") {
            return SecretKey::parse(text.trim()).map(Self::Header).ok_or_else(|| no_key("X-Api-Key"));
        }
        // A session that is worth nothing any more leaves a browser signed out, not locked out.
        Ok(session(request.headers()).map_or(Self::None, Self::Cookie))
    }
}

/// The key in the cookie of a session.
pub(crate) fn session(headers: &header::HeaderMap) -> Option<SecretKey> {
    let cookies = headers.get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == SESSION).find_map(|(_, value)| SecretKey::parse(value))
}

/// What was sent is not repeated: it may be a key with a slip in it.
fn no_key(at: &str) -> Problem {
    Problem::new(&UNAUTHENTICATED, "what was sent is no key of this service; keys begin with stk_").at(at)
}
