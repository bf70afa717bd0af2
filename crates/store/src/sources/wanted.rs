//! Sources as people ask for them.

use jiff::Timestamp;
use serde_json::Value;

use super::{NewSource, Settings, Source, by_name, configure, upsert_by_name};
use crate::{StoreError, Tx, stocks};

/// What a person wants a source to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// The name of the indexer that reads it.
    pub kind: String,
    /// Its name for people, unique.
    pub name: String,
    /// The indexer's parameters.
    pub params: Value,
    /// The name of the stock that its repositories are meant for.
    pub stock: String,
    /// How it is run.
    pub settings: Settings,
}

/// Makes a source, or changes the one of this name; says whether it is new. The stock is made when it is not
/// there.
///
/// # Errors
/// When the database fails.
pub fn add(tx: &mut Tx, wanted: Wanted, now: Timestamp) -> Result<(Source, bool), StoreError> {
    let Wanted { kind, name, params, stock, settings } = wanted;
    let is_new = by_name(tx, &name)?.is_none();
    let stock = stocks::get_or_create(tx, &stock, now)?.id;
    let source = upsert_by_name(tx, &NewSource { kind, name, params, stock }, now)?;
    configure(tx, source.id, &settings, now)?;
    Ok((source, is_new))
}
