//! What a destination answered.

/// What a destination answered, as much of it as is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The beginning of the body: as many bytes as were asked for, at most.
    pub head: Vec<u8>,
    /// The header `Retry-After`, as it came.
    pub retry_after: Option<String>,
}

impl Answer {
    /// Whether it is one of success.
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..300)
    }
}
