//! Who asks, and what they may: by a key, or by nothing where that is allowed.

mod cache;
mod credentials;

use std::{net::IpAddr, sync::Arc};

use actix_web::{HttpMessage as _, HttpRequest};
use contracts::KeyId;
use store::api_keys::{ApiKey, Scope};

pub(crate) use self::{
    cache::{KeyCache, REVOKED_AFTER},
    credentials::{Credentials, SESSION, session},
};
use crate::error::{FORBIDDEN, Problem, UNAUTHENTICATED};

/// Who asks.
#[derive(Clone)]
pub(crate) struct Caller {
    /// The key that came with the request; none for who has none.
    pub(crate) key: Option<Arc<ApiKey>>,
    /// Where the request came from.
    pub(crate) address: IpAddr,
    /// Whether the key came by a cookie, which a browser sends by itself.
    pub(crate) by_cookie: bool,
}

/// Whose limits a request uses up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Account {
    /// Those of a key, and of its sessions.
    Key(KeyId),
    /// Those of an address.
    Address(IpAddr),
}

impl Caller {
    /// Who made this request.
    pub(crate) fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    /// Whose limits it uses up. Addresses of version 6 count by the network that a site is given.
    pub(crate) fn account(&self) -> Account {
        match (&self.key, self.address) {
            (Some(key), _) => Account::Key(key.account()),
            (None, IpAddr::V6(address)) => {
                Account::Address(IpAddr::V6((u128::from(address) >> 64 << 64).into()))
            }
            (None, address) => Account::Address(address),
        }
    }

    /// Whether the caller may do what asks for `wanted`.
    pub(crate) fn check(&self, wanted: Scope, anonymous_reads: bool) -> Result<(), Problem> {
        match &self.key {
            None if wanted == Scope::Read && anonymous_reads => Ok(()),
            None => {
                let text = format!("a key with the scope `{wanted}` is needed: Authorization: Bearer stk_…");
                Err(Problem::new(&UNAUTHENTICATED, text))
            }
            Some(key) if key.may(wanted) => Ok(()),
            Some(key) => {
                let has: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
                let text =
                    format!("this needs the scope `{wanted}`; the key {} has {}", key.prefix, has.join(", "));
                Err(Problem::new(&FORBIDDEN, text))
            }
        }
    }
}
