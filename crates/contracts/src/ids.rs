//! One id type per entity, so that a task's id cannot be passed where a snapshot's is meant.
//!
//! Ids are version 7 UUIDs (RFC 9562): they sort by the time they were made.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Declares id types; each is a UUID that cannot be mistaken for another entity's.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, later than every id made before it.
            #[expect(clippy::new_without_default, reason = "a default id would hide that each is new")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A configured place where repositories are found.
    SourceId,
    /// An origin, known by its canonical clone URL.
    RepositoryId,
    /// What one run produced, aimed at a stock.
    SnapshotId,
    /// One repository's part of one snapshot.
    RevisionId,
    /// A named collection of committed snapshots.
    StockId,
    /// A long job that a person can watch, cancel and run again.
    TaskId,
    /// A group of contents that is analysed as one.
    BatchId,
    /// One audit of one snapshot.
    AuditId,
    /// A request that one wrong thing be made right.
    RepairId,
    /// A message for people that stays until it is read.
    NotificationId,
    /// A message that could not be handled and waits for a person.
    SetAsideId,
    /// A single file that is checked for fitness.
    AssetId,
    /// A request that brought assets.
    SubmissionId,
    /// Someone who wants to be told over HTTP, of some events.
    WebhookId,
    /// An origin that webhooks are sent to.
    DestinationId,
    /// One thing that one webhook is told; the same at every try.
    DeliveryId,
    /// A key of the API.
    KeyId,
}
