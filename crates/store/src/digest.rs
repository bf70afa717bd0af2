//! A digest of what the store knows, whatever way it came to know it.
//!
//! Two runs over the same input that ended have the same digest: on either database, in any order,
//! disturbed or not. Ids, times, packs, tasks, messages and what was re-used from where are left out.

use sha2::{Digest, Sha256};

use crate::{StoreError, Tx};

mod canon;
mod contents;
mod histories;
mod runs;
mod stocks;
mod trees;

/// The digest of the store's logical state, in hexadecimal: stocks with their versions and entries,
/// trees with their nodes, contents with their metrics, histories with their commits, snapshots with their revisions and audits,
/// repairs. Reads everything once; holds a bounded part of it in memory, and one digest for each
/// snapshot and repair.
///
/// # Errors
/// When the database does not answer, or holds what this version cannot read.
pub fn of_state(tx: &mut Tx) -> Result<String, StoreError> {
    let mut state = Sha256::new();
    for (part, of_part) in PARTS {
        let mut digest = Fields::default();
        of_part(tx, &mut digest)?;
        state.update(part);
        state.update(digest.finish());
    }
    Ok(hex(&state.finalize()))
}

/// The digest of each part of the state, by name: says where two stores differ.
///
/// # Errors
/// As [`of_state`].
pub fn of_parts(tx: &mut Tx) -> Result<Vec<(&'static str, String)>, StoreError> {
    let of_part = |(part, of_part): &(&'static str, Part)| {
        let mut digest = Fields::default();
        of_part(tx, &mut digest)?;
        Ok((*part, hex(&digest.finish())))
    };
    PARTS.iter().map(of_part).collect()
}

type Part = fn(&mut Tx, &mut Fields) -> Result<(), StoreError>;

const PARTS: &[(&str, Part)] = &[
    ("stocks", stocks::add),
    ("trees", trees::add),
    ("contents", contents::add),
    ("histories", histories::add),
    ("snapshots", runs::add_snapshots),
    ("repairs", runs::add_repairs),
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A digest of fields, each with its length before it, so that no two lists of fields look alike.
#[derive(Default)]
struct Fields(Sha256);

impl Fields {
    fn bytes(&mut self, field: &[u8]) -> &mut Self {
        self.0.update((field.len() as u64).to_le_bytes());
        self.0.update(field);
        self
    }

    fn text(&mut self, field: &str) -> &mut Self {
        self.bytes(field.as_bytes())
    }

    fn number(&mut self, field: i64) -> &mut Self {
        self.bytes(&field.to_le_bytes())
    }

    /// None is no field of any length.
    fn maybe(&mut self, field: Option<&[u8]>) -> &mut Self {
        match field {
            Some(field) => self.bytes(field),
            None => {
                self.0.update(u64::MAX.to_le_bytes());
                self
            }
        }
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// Digests that have no order of their own, in one that is theirs.
fn add_sorted(digest: &mut Fields, mut parts: Vec<[u8; 32]>) {
    parts.sort_unstable();
    for part in parts {
        digest.bytes(&part);
    }
}
