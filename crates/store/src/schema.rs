//! The tables as `diesel` sees them; `migrations/` makes them.

mod access;
mod auditing;
mod domain;
mod fetching;
mod history;
mod indexers;
mod outside;
mod work;

pub(crate) use self::access::*;
pub(crate) use self::auditing::*;
pub(crate) use self::domain::*;
pub(crate) use self::fetching::*;
pub(crate) use self::history::*;
pub(crate) use self::indexers::*;
pub(crate) use self::outside::*;
pub(crate) use self::work::*;
