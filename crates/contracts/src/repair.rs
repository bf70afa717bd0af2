//! What a repair does, and to what.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Oid, RepositoryId, RevisionId};

/// What is to be done again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RepairAction {
    /// Fetch it from upstream again and store every content anew.
    Refetch,
    /// Run every analyzer on its contents again.
    Reanalyze,
}

impl RepairAction {
    /// The stable name, as it stands in the store and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refetch => "refetch",
            Self::Reanalyze => "reanalyze",
        }
    }
}

/// What a repair is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RepairSubject {
    /// A repository, by its clone URL.
    RepositoryUrl(String),
    /// A repository, by its id.
    Repository(RepositoryId),
    /// One repository's part of one snapshot.
    Revision(RevisionId),
    /// A content, by its git blob id.
    Content(Oid),
}

impl fmt::Display for RepairSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RepositoryUrl(url) => write!(f, "url:{url}"),
            Self::Repository(id) => write!(f, "repository:{id}"),
            Self::Revision(id) => write!(f, "revision:{id}"),
            Self::Content(oid) => write!(f, "content:{oid}"),
        }
    }
}

/// The text names nothing that can be repaired.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} names nothing that can be repaired; accepted: url:URL, repository:UUID, revision:UUID, content:GIT-BLOB-ID"
)]
pub struct InvalidSubject(String);

impl FromStr for RepairSubject {
    type Err = InvalidSubject;

    fn from_str(text: &str) -> Result<Self, InvalidSubject> {
        let invalid = |_| InvalidSubject(text.to_owned());
        match text.split_once(':') {
            Some(("url", url)) if !url.is_empty() => Ok(Self::RepositoryUrl(url.to_owned())),
            Some(("repository", id)) => {
                id.parse().map(Self::Repository).map_err(|e: uuid::Error| invalid(e.to_string()))
            }
            Some(("revision", id)) => {
                id.parse().map(Self::Revision).map_err(|e: uuid::Error| invalid(e.to_string()))
            }
            Some(("content", oid)) => {
                oid.parse().map(Self::Content).map_err(|e: crate::oid::InvalidOid| invalid(e.to_string()))
            }
            _ => Err(InvalidSubject(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_read_as_they_are_written() {
        let subjects = [
            RepairSubject::RepositoryUrl("https://example.org/a.git".into()),
            RepairSubject::Repository(RepositoryId::new()),
            RepairSubject::Revision(RevisionId::new()),
            RepairSubject::Content("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391".parse().unwrap()),
        ];
        for subject in subjects {
            assert_eq!(subject.to_string().parse::<RepairSubject>().unwrap(), subject);
        }
        assert!("content:zz".parse::<RepairSubject>().is_err());
        assert!("stock:1".parse::<RepairSubject>().is_err());
    }
}
