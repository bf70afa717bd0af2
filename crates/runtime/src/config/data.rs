//! `data`: where this machine keeps what is its own.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where this machine keeps what is its own: the embedded database and depot, and scratch space.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Data {
    /// The folder of the embedded database, the local depot and the scratch space of fetches. Made when it
    /// is missing.
    #[schemars(extend("x-default" = "$XDG_DATA_HOME/stocktake, else ~/.local/share/stocktake"))]
    #[schemars(extend("x-accepted" = "a folder's path"))]
    pub dir: PathBuf,
}
