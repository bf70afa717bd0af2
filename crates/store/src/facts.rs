//! What the analyzers found about contents, reduced to what people ask of a change.

use std::collections::HashMap;

use contracts::{Facts, Oid};

use crate::{
    StoreError, Tx, contents,
    contents::ContentState,
    metrics::{self, Outcome},
};

/// Versions of analyzers, as `analysis::fingerprint` names them: `language@1 lines@1 …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Analyzers(Vec<(String, i32)>);

impl Analyzers {
    /// Reads a fingerprint; only those are taken whose results hold facts.
    pub fn parse(fingerprint: &str) -> Self {
        let pairs = fingerprint.split(' ').filter_map(|part| {
            let (name, version) = part.split_once('@')?;
            Some((name.to_owned(), version.parse().ok()?))
        });
        Self(pairs.filter(|(name, _)| Facts::ANALYZERS.contains(&name.as_str())).collect())
    }
}

/// A content under the part of its name that decides what it is taken for.
pub type Named = (Oid, String);

/// What is known of the contents under these names. A content that is not kept has a failure that says so; one
/// that is not known at all is left out.
///
/// # Errors
/// When the database does not answer.
pub fn of(tx: &mut Tx, named: &[Named], analyzers: &Analyzers) -> Result<HashMap<Named, Facts>, StoreError> {
    let mut oids: Vec<Oid> = named.iter().map(|(oid, _)| *oid).collect();
    oids.sort_unstable();
    oids.dedup();
    let known = contents::known(tx, &oids)?;
    let mut ids: Vec<i64> = known.values().map(|content| content.id).collect();
    ids.sort_unstable();
    let versions: Vec<(&str, i32)> =
        analyzers.0.iter().map(|(name, version)| (name.as_str(), *version)).collect();
    let found = metrics::of_contents(tx, &ids, &versions)?;
    let mut facts = HashMap::with_capacity(named.len());
    for (oid, hint) in named {
        let Some(content) = known.get(oid) else { continue };
        let mut of_content = Facts::default();
        match content.state {
            ContentState::Stored | ContentState::Condemned => {}
            ContentState::TooLarge => of_content.fail("store", "larger than is kept of one content"),
            ContentState::Unreadable => of_content.fail("store", "its bytes could not be read"),
        }
        let first = found.partition_point(|metric| metric.content < content.id);
        let ours = found.iter().skip(first).take_while(|metric| metric.content == content.id);
        for metric in ours.filter(|metric| metric.hint == *hint) {
            match &metric.outcome {
                Outcome::Ok(result) => of_content.take(&metric.analyzer, result),
                Outcome::Failed(reason) => of_content.fail(&metric.analyzer, reason),
                Outcome::Skipped(_) => {}
            }
        }
        facts.insert((*oid, hint.clone()), of_content);
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_far_as_it_matters() {
        let read = Analyzers::parse("digests@1 functions@2 language@13 lines@x nonsense");
        assert_eq!(read.0, [("functions".to_owned(), 2), ("language".to_owned(), 13)]);
        assert_eq!(Analyzers::parse("").0, []);
    }
}
