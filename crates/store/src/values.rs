//! Numbers on their way into the database and back.

/// Keys of one look-up. PostgreSQL takes them as one array; SQLite binds each, up to 32,766.
pub(crate) const KEYS: usize = 1_000;

/// A count or a size as both databases keep it. Nothing that is counted here comes near 2^63.
pub(crate) fn to_db(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count or a size as it was kept.
pub(crate) fn from_db(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
