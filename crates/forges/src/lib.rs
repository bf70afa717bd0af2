//! What forges are: how each kind of source is asked for its repositories, what its answers mean, what it
//! allows, and what it tells by itself.
//!
//! A [kind](kinds) is a pure description: from its parameters and a cursor it makes one request, and from
//! the answer a page and the next cursor. So a run can be killed between any two calls, a test needs no
//! network, and one place ([`client`]) makes every request. [`visits`] says when a repository is worth a
//! visit, and [`hooks`] reads what forges push.

mod address;
pub mod answers;
pub mod budget;
pub mod client;
pub mod exchange;
pub mod hooks;
pub mod kinds;
pub mod params;
pub mod record;
mod reference;
pub mod visits;

pub use exchange::{Answer, Auth, Method, Page, Request, Step, With};
pub use kinds::{KINDS, Kind, Known, Look, check, of_kind};
pub use record::{Facts, Record};
pub use reference::reference;
