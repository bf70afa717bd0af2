//! How a store is opened.

use std::time::Duration;

/// Bounds of a store's connections. The defaults suit one process of a service.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Connections to PostgreSQL at the most; 8 to 16 keep a server busy.
    pub postgres_connections: usize,
    /// Connections that read a SQLite file at the most. One more writes.
    pub sqlite_readers: usize,
    /// How long a transaction waits for a free connection before it fails.
    pub wait: Duration,
    /// How long a statement waits for a lock that another transaction holds before it fails: a row
    /// lock on PostgreSQL, the write lock of another process on SQLite.
    pub lock_wait: Duration,
    /// Whether SQLite waits for the disk at every commit. When false a power cut may take the last
    /// commits with it, all or nothing and never a part; a killed process loses nothing either way.
    pub power_safe: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            postgres_connections: 12,
            sqlite_readers: 4,
            wait: Duration::from_secs(60),
            lock_wait: Duration::from_secs(30),
            power_safe: false,
        }
    }
}
