//! Configuration: defaults < file < environment < command line, one struct per concern.
//!
//! This is the only place that reads the environment. What is read is checked as a whole: unknown keys
//! are refused with the closest known one, every wrong value is named with its key, where it came from
//! and what would have been accepted, and all of them are told at once.

mod analysis;
mod assets;
mod bus;
mod check;
mod data;
mod depot;
mod error;
mod fetch;
mod forges;
mod http;
mod keys;
mod layers;
mod limits;
mod load;
mod log;
mod merged;
mod origin;
mod reference;
mod secret;
mod shutdown;
mod store;
mod trace;
mod value;
mod webhooks;
mod worker;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use analysis::Analysis;
pub use assets::Assets;
pub use bus::Bus;
pub use data::Data;
pub use depot::{Depot, StorageOptions};
pub use error::{ConfigError, Problem};
pub use fetch::Fetch;
pub use forges::{Forges, Secrets};
pub use http::{Admin, Anonymous, Http};
pub use keys::names;
pub use layers::Inputs;
pub use limits::Limits;
pub use load::{Effective, Loaded};
pub use log::{Log, LogFormat};
pub use origin::Origin;
pub use reference::{reference, template};
pub use secret::ServiceUrl;
pub use shutdown::{Faults, Shutdown};
pub use store::Store;
pub use trace::Trace;
pub use webhooks::Webhooks;
pub use worker::Worker;

/// Everything that can be configured. Made by [`Loaded::load`], complete and checked.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Where this machine keeps what is its own.
    pub data: Data,
    /// The database.
    pub store: Store,
    /// What carries messages between services.
    pub bus: Bus,
    /// Where contents are kept.
    pub depot: Depot,
    /// The API and the pages.
    pub http: Http,
    /// How much one caller may ask of the API.
    pub limits: Limits,
    /// The small server of health and metrics of every service but the gateway.
    pub admin: Admin,
    /// What is logged, and how.
    pub log: Log,
    /// Where traces go.
    pub trace: Trace,
    /// How much is done at once, and how patiently.
    pub worker: Worker,
    /// What a repository may be, and from where.
    pub fetch: Fetch,
    /// What we show forges, and what they show us.
    pub forges: Forges,
    /// What is analysed.
    pub analysis: Analysis,
    /// Where single files may come from, and what they have to be.
    pub assets: Assets,
    /// How webhooks are sent.
    pub webhooks: Webhooks,
    /// How a process stops.
    pub shutdown: Shutdown,
    /// Points at which a test lets a debug build die.
    pub faults: Faults,
}
