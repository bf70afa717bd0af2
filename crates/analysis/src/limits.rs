//! The bounds on what is analysed.

/// Bounds on one content. What lies outside is skipped or fails with a reason, never cut off silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest content whose text is looked at, in bytes. Digests are computed at any size.
    pub max_bytes: u64,
    /// How many steps one analyzer may take for each byte of a content: tokens, lines and statements that
    /// it looks at. What real files and hostile ones cost is below three; an analyzer that takes more than
    /// this is caught in something, and is reported as failed on that content.
    pub steps_per_byte: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { max_bytes: 8 * 1024 * 1024, steps_per_byte: 16 }
    }
}
