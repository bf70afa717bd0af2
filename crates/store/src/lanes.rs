//! Lanes as they stand in columns.

use contracts::Lane;

use crate::StoreError;

/// The lane with this stable name.
pub(crate) fn parse(name: &str) -> Result<Lane, StoreError> {
    [Lane::Normal, Lane::Urgent]
        .into_iter()
        .find(|lane| lane.as_str() == name)
        .ok_or_else(|| StoreError::unknown("a lane", name))
}
