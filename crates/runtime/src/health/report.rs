//! What is told of the health of a process.

use serde::Serialize;

/// How a process and what it depends on are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether it should be given work: it is not stopping and every probe is up.
    pub ready: bool,
    /// Whether it was told to stop.
    pub stopping: bool,
    /// Each thing it depends on, in the order in which they were added.
    pub probes: Vec<ProbeReport>,
}

/// How one thing is that a process depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProbeReport {
    /// What it is.
    pub name: &'static str,
    /// Whether its last answer was good and is not too old.
    pub up: bool,
    /// What it answered, or what is wrong.
    pub detail: String,
    /// How old the answer is.
    pub age_seconds: Option<u64>,
    /// How long the answer took.
    pub took_milliseconds: Option<u64>,
}

impl ProbeReport {
    pub(super) const fn down(name: &'static str, detail: String) -> Self {
        Self { name, up: false, detail, age_seconds: None, took_milliseconds: None }
    }
}
