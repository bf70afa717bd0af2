//! `trace`: where traces go.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ServiceUrl, check::Check};

/// Where traces go. Messages carry their trace whether it is exported or not.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Trace {
    /// The OpenTelemetry collector that spans are sent to by OTLP over HTTP, with its path; none when empty.
    #[schemars(extend("x-accepted" = "an URL such as http://localhost:4318/v1/traces, or nothing"))]
    pub otlp_endpoint: Option<ServiceUrl>,
    /// The share of new traces that is recorded, from 0 to 1. A trace that someone else began is recorded
    /// when they record it.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub sample_ratio: f64,
}

impl Default for Trace {
    fn default() -> Self {
        Self { otlp_endpoint: None, sample_ratio: 1.0 }
    }
}

impl Trace {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        if let Some(url) = &self.otlp_endpoint {
            check.scheme("trace.otlp_endpoint", url, &["http", "https"]);
        }
    }
}
