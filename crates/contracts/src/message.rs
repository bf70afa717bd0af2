//! What makes a type a message.

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

/// A message: ids and facts, never a row, never state that exists nowhere else.
///
/// Fields are added, never changed; a new meaning is a new message with the next version in its kind.
pub trait Message: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// The type, `<subject>.<event>.v<n>`; one of the constants in [`crate::route`].
    const KIND: &'static str;
}
