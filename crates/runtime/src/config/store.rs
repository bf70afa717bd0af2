//! `store`: the database.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ServiceUrl, check::Check};

/// The database, which is the authority on everything.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Store {
    /// Which database: a local SQLite file, or a PostgreSQL server that several processes share.
    #[schemars(extend("x-default" = "sqlite://{data.dir}/stocktake.db"))]
    #[schemars(extend("x-accepted" = "sqlite:///PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE"))]
    pub url: ServiceUrl,
    /// How many connections a process holds at most.
    #[schemars(range(min = 1, max = 512))]
    pub pool: u32,
}

impl Default for Store {
    fn default() -> Self {
        Self { url: ServiceUrl::default(), pool: 8 }
    }
}

impl Store {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.scheme("store.url", &self.url, &["sqlite", "postgres", "postgresql"]);
    }
}
