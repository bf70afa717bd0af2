//! `http` and `admin`: what listens.

use std::net::{Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The API and the pages, which the gateway serves.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Http {
    /// Where the gateway listens.
    #[schemars(with = "String")]
    #[schemars(extend("x-accepted" = "an address and a port, for instance 127.0.0.1:8080 or [::1]:8080"))]
    pub bind: SocketAddr,
    /// The largest request body, in bytes.
    #[schemars(range(min = 1024, max = 1_073_741_824))]
    pub body_bytes: usize,
    /// Who may read without a key: nobody, whoever reaches a gateway that listens on this machine only, or
    /// everybody. Nobody changes anything without a key.
    pub anonymous: Anonymous,
    /// The names of hosts that the gateway answers to, beside those of this machine. When none is given, one
    /// that listens on this machine only answers to this machine's names, and any other to every name.
    pub hosts: Vec<String>,
    /// Whether the last address in `X-Forwarded-For` is taken for the caller's: only behind a proxy that
    /// sets it.
    pub trust_forwarded: bool,
    /// How many connections are open at most.
    #[schemars(range(min = 8, max = 1_000_000))]
    pub connections: usize,
}

/// Who may read without a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Anonymous {
    /// Nobody.
    Off,
    /// Whoever reaches a gateway that listens on this machine only.
    #[default]
    Loopback,
    /// Everybody.
    Everywhere,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            bind: (Ipv4Addr::LOCALHOST, 8080).into(),
            body_bytes: 1 << 20,
            anonymous: Anonymous::default(),
            hosts: Vec::new(),
            trust_forwarded: false,
            connections: 2_048,
        }
    }
}

/// The small server of health and metrics that every service but the gateway has when it runs alone.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Admin {
    /// Where it listens. Port 0 takes a free one, which the log names, so that several services on one
    /// machine do not meet.
    #[schemars(with = "String")]
    #[schemars(extend("x-accepted" = "an address and a port, for instance 127.0.0.1:0 or 0.0.0.0:8081"))]
    pub bind: SocketAddr,
}

impl Default for Admin {
    fn default() -> Self {
        Self { bind: (Ipv4Addr::LOCALHOST, 0).into() }
    }
}
