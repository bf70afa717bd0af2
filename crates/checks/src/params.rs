//! How checks read their parameters.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// The parameters, or what is wrong with them.
pub(crate) fn read<T: DeserializeOwned>(params: &Value) -> Result<T, String> {
    serde_json::from_value(params.clone()).map_err(|error| error.to_string())
}

/// Names that are compared without regard to case.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeSet<String>);

impl Names {
    pub(crate) fn new(names: &[String]) -> Self {
        Self(names.iter().map(|name| name.to_lowercase()).collect())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains(&name.to_lowercase())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
