//! The list of messages, from which schemas, samples and the AsyncAPI document are made.

use schemars::Schema;

use crate::{Message, messages::*};

/// One message as the generators see it.
pub struct Entry {
    /// The message's type.
    pub kind: &'static str,
    /// Its JSON Schema.
    pub schema: fn() -> Schema,
    /// Reads a stored sample and writes it again; an error says what did not decode.
    pub round_trip: fn(&str) -> Result<serde_json::Value, serde_json::Error>,
}

const fn entry<M: Message>() -> Entry {
    Entry {
        kind: M::KIND,
        schema: || schemars::schema_for!(M),
        round_trip: |text| serde_json::to_value(serde_json::from_str::<M>(text)?),
    }
}

/// Every message.
pub const MESSAGES: &[Entry] = &[
    entry::<RunRequested>(),
    entry::<RepositoryDiscovered>(),
    entry::<VisitRequested>(),
    entry::<UpkeepRequested>(),
    entry::<BatchStored>(),
    entry::<RevisionAnalyzed>(),
    entry::<SnapshotReady>(),
    entry::<AuditRequested>(),
    entry::<SnapshotAudited>(),
    entry::<CommitRequested>(),
    entry::<CommitRefused>(),
    entry::<SnapshotRequested>(),
    entry::<CancelRequested>(),
    entry::<SnapshotCommitted>(),
    entry::<RepairRequested>(),
    entry::<ReanalysisFinished>(),
    entry::<RepairDone>(),
    entry::<TaskEnded>(),
    entry::<TaskDelayed>(),
    entry::<AssetsSubmitted>(),
    entry::<AssetsEnded>(),
    entry::<WebhooksQueued>(),
    entry::<ProgressReported>(),
];

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use serde_json::Value;

    use super::*;

    /// Every stored sample: the kind it is of, its file's name, its text.
    fn stored() -> Vec<(&'static Entry, String, String)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        entries
            .map(|entry| {
                let name = entry.file_name().into_string().unwrap();
                let is_of = |kind: &str| name.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.'));
                let message = MESSAGES.iter().find(|message| is_of(message.kind));
                let message = message.unwrap_or_else(|| panic!("{name} is a sample of no message"));
                (message, name, fs::read_to_string(entry.path()).unwrap())
            })
            .collect()
    }

    /// What was once published must be understood for ever. A sample is never changed or removed; a new
    /// field gets a new sample, `<kind>.<what is special>.json`.
    #[test]
    fn every_stored_sample_decodes_and_loses_nothing() {
        for (message, name, text) in stored() {
            let again = (message.round_trip)(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            let sample: Value = serde_json::from_str(&text).unwrap();
            for (field, value) in sample.as_object().unwrap() {
                assert_eq!(again.get(field), Some(value), "{name}: {field}");
            }
        }
    }

    #[test]
    fn every_message_has_a_sample() {
        let sampled: BTreeSet<&str> = stored().iter().map(|(message, ..)| message.kind).collect();
        let kinds: BTreeSet<&str> = MESSAGES.iter().map(|message| message.kind).collect();
        assert_eq!(sampled, kinds);
        assert_eq!(kinds.len(), MESSAGES.len(), "a kind is listed twice");
    }

    #[test]
    fn every_routed_kind_is_a_message() {
        let routed = crate::route::QUEUES.iter().flat_map(|queue| queue.kinds).chain(crate::route::EVENTS);
        for kind in routed {
            assert!(MESSAGES.iter().any(|message| message.kind == *kind), "{kind} is not in MESSAGES");
        }
    }
}
