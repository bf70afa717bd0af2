//! What every process of Stocktake needs before it does anything of its own: configuration, logs,
//! traces, metrics, health, the small admin server, supervision with a graceful stop, a clock and
//! fault points for tests.
//!
//! A `main` goes through them in this order: [`tls::install`], [`config::Loaded::from_process`],
//! [`logs::install`], [`metrics::install`], then a [`supervise::Supervisor`] that runs its services,
//! a [`health::Health`] and an [`admin`] server until it is told to stop.
//!
//! Nothing here knows a message, a table or a queue by name, and nothing is a hidden global but the
//! three that the libraries underneath make global: the log subscriber, the metrics recorder and the
//! TLS provider.

pub mod admin;
pub mod clock;
pub mod config;
pub mod faults;
pub mod health;
pub mod http;
pub mod logs;
pub mod metrics;
pub mod supervise;
pub mod tls;
pub mod trace;
pub mod version;

pub use version::version;
