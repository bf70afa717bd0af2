//! What webhooks can be told of: the messages of Stocktake as strangers know them, without versions.

/// Every event, with what it says.
pub const EVENTS: &[(&str, &str)] = &[
    ("asset.complete", "An asset has passed its checks."),
    ("asset.failed", "An asset has not passed its checks."),
    ("commit.refused", "A snapshot was not committed; what is missing is told."),
    ("repair.done", "A repair has ended, well or not."),
    ("revision.analyzed", "One repository's part of a snapshot is analysed."),
    ("snapshot.audited", "A snapshot's audit has finished."),
    ("snapshot.committed", "A stock has a new version."),
    ("snapshot.ready", "Every part of a snapshot is done."),
    ("task.ended", "A task has ended well, or was cancelled."),
    ("task.failed", "A task has failed."),
];

/// The event that a kind of message is: its name without the version.
pub fn event_of(kind: &str) -> &str {
    kind.rsplit_once(".v").map_or(kind, |(event, _)| event)
}

/// Whether `pattern` means `event`: its name, `subject.*`, or `*`.
pub fn matches(pattern: &str, event: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some("") => true,
        Some(start) => start.ends_with('.') && event.starts_with(start),
        None => pattern == event,
    }
}

/// Whether `pattern` means any event that there is.
pub fn is_known(pattern: &str) -> bool {
    EVENTS.iter().any(|(event, _)| matches(pattern, event))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_one_a_group_or_all() {
        assert_eq!(event_of("snapshot.committed.v1"), "snapshot.committed");
        for (pattern, event, means) in [
            ("snapshot.committed", "snapshot.committed", true),
            ("snapshot.*", "snapshot.committed", true),
            ("*", "task.failed", true),
            ("snap*", "snapshot.committed", false),
            ("snapshot.", "snapshot.committed", false),
            ("task.*", "snapshot.committed", false),
        ] {
            assert_eq!(matches(pattern, event), means, "{pattern} {event}");
        }
        assert!(is_known("asset.*") && !is_known("asset") && !is_known("nothing.*"));
    }
}
