//! `bus`: what carries messages between services.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ServiceUrl, check::Check};

/// What carries messages between services.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Bus {
    /// Which bus: `memory:` within one process, or a RabbitMQ broker between several.
    #[schemars(extend("x-accepted" = "memory: or amqp://USER:PASSWORD@HOST:PORT/VHOST or amqps://…"))]
    pub url: ServiceUrl,
    /// How many messages each queue hands a process before it has acknowledged any.
    #[schemars(range(min = 1, max = 1000))]
    pub prefetch: u16,
    /// Put before the name of every exchange and queue, so that several installations can share a broker.
    #[schemars(extend("x-accepted" = "up to 64 letters, digits, dots, hyphens and underscores"))]
    pub prefix: String,
    /// How many messages wait in each queue of `memory:` before those who publish have to wait.
    #[schemars(range(min = 16, max = 1_000_000))]
    pub capacity: usize,
}

impl Default for Bus {
    fn default() -> Self {
        Self { url: ServiceUrl::new("memory:"), prefetch: 256, prefix: String::new(), capacity: 10_000 }
    }
}

impl Bus {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.scheme("bus.url", &self.url, &["memory", "amqp", "amqps"]);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        check.that("bus.prefix", self.prefix.len() <= 64 && self.prefix.bytes().all(plain));
    }
}
