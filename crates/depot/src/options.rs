//! How a depot is opened.

use std::{collections::BTreeMap, fmt};

/// How a depot is opened and what it may take.
#[derive(Clone, Debug)]
pub struct DepotOptions {
    /// Settings of the object store; empty for `file:` and `memory:`.
    pub storage: StorageOptions,
    /// Whether local writes are forced to disk before they count as written. On by default; only a test that
    /// can lose its data should turn it off.
    pub fsync: bool,
    /// The largest content that is read, in bytes. Bounds the memory of one read; 1 GiB by default.
    pub max_content_bytes: u64,
    /// The largest pack that is read whole, in bytes; 2 GiB by default.
    pub max_pack_bytes: u64,
}

impl Default for DepotOptions {
    fn default() -> Self {
        Self {
            storage: StorageOptions::default(),
            fsync: true,
            max_content_bytes: 1 << 30,
            max_pack_bytes: 2 << 30,
        }
    }
}

/// Settings of an object store by name, for instance `aws_region`, `aws_access_key_id`, `aws_endpoint`,
/// `google_service_account` or `azure_storage_account_key`. Values are never printed.
#[derive(Clone, Default)]
pub struct StorageOptions(pub BTreeMap<String, String>);

impl fmt::Debug for StorageOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.keys().map(|name| (name, "***"))).finish()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for StorageOptions {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// Whether contents are hashed when they are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Check {
    /// Each content must hash to its git blob id.
    #[default]
    Digest,
    /// Only the checksum of the compressed block is looked at; for callers that hash the content anyway.
    Checksum,
}
