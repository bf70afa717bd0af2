//! Ids that strangers chose, made fit for an index.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

/// Longer ids are replaced by their digest. Ours are UUIDs.
const LONGEST: usize = 200;

/// The id itself when it is short and text that both databases take, otherwise its digest.
pub(crate) fn of(id: &str) -> Cow<'_, str> {
    if id.len() <= LONGEST && !id.contains('\0') {
        return Cow::Borrowed(id);
    }
    let digest = Sha256::digest(id);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Cow::Owned(format!("sha256:{hex}"))
}

/// Text that PostgreSQL takes: it has no place for U+0000.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_fits_an_index_and_stays_distinct() {
        assert_eq!(of("0199-a"), "0199-a");
        let (long, longer) = ("x".repeat(10_000), "x".repeat(10_001));
        assert!(of(&long).len() < LONGEST);
        assert_ne!(of(&long), of(&longer));
        assert!(!of("a\0b").contains('\0'));
        assert_ne!(of("a\0b"), of("a\0c"));
    }
}
