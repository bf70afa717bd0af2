//! `analysis`: what is analysed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is analysed.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Analysis {
    /// The largest file that is analysed, in bytes; a larger one is recorded as skipped.
    #[schemars(range(min = 1, max = 1_073_741_824))]
    pub max_bytes: u64,
}

impl Default for Analysis {
    fn default() -> Self {
        Self { max_bytes: 8 << 20 }
    }
}
