//! Rows of changes, as the API lists them.

use contracts::RepositoryId;
use serde::{Deserialize, Serialize};
use store::{
    StoreError, Tx,
    changes::{ChangeKind, ChangeRow, Cursor, Options, Reader, Side, Source},
};
use utoipa::{IntoParams, ToSchema, openapi::Object};
use uuid::Uuid;

use crate::{error::Problem, paging::Position, quoting::PathText, reporting::options};

/// What becomes of a node.
#[derive(Serialize, ToSchema)]
pub(crate) struct Change {
    /// `new`, `modified`, `removed`, `moved` or `attributes`.
    #[schema(example = "modified")]
    kind: &'static str,
    /// The id of the repository.
    repository: Uuid,
    /// Its clone URL.
    url: String,
    /// The path; quoted as git quotes it when it is no UTF-8.
    path: String,
    /// The path's bytes in base64, when it is no UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    /// The path that it had; only of what moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_path: Option<String>,
    /// Its bytes in base64, when it is no UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_path_base64: Option<String>,
    /// As it was; null for what is new.
    #[schema(required)]
    before: Option<State>,
    /// As it is or would be; null for what is removed.
    #[schema(required)]
    after: Option<State>,
}

/// One side of a change.
#[derive(Serialize, ToSchema)]
#[schema(as = ChangeState)]
struct State {
    /// git's mode in octal.
    #[schema(example = "100644")]
    mode: String,
    /// Git's id of the content.
    oid: String,
    /// The content's size in bytes.
    size: u64,
    /// The language, where it was recognised.
    language: Option<String>,
    /// Lines of any kind, where they were counted.
    lines: Option<u64>,
    /// Lines with code.
    code: Option<u64>,
    /// The cyclomatic complexity of its most complex function.
    complexity: Option<u64>,
    /// SPDX identifiers of the licences that it names or is the text of.
    licences: Vec<String>,
}

impl From<ChangeRow> for Change {
    fn from(row: ChangeRow) -> Self {
        let path = PathText::from(row.path);
        let old = row.old_path.map(PathText::from);
        let (old_path, old_path_base64) = old.map(|old| (old.path, old.base64)).unzip();
        Self {
            kind: row.kind.as_str(),
            repository: row.repository.0,
            url: row.url,
            path: path.path,
            path_base64: path.base64,
            old_path,
            old_path_base64: old_path_base64.flatten(),
            before: row.before.map(State::from),
            after: row.after.map(State::from),
        }
    }
}

impl From<Side> for State {
    fn from(side: Side) -> Self {
        let facts = side.facts.unwrap_or_default();
        Self {
            mode: format!("{:06o}", side.mode),
            oid: side.oid.to_string(),
            size: side.size,
            language: facts.language,
            lines: facts.lines,
            code: facts.code,
            complexity: facts.complexity,
            licences: facts.licences,
        }
    }
}

/// Which changes are listed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangeFilter {
    #[param(schema_with = kinds)]
    pub(crate) kind: Option<String>,
    /// Only those of this repository.
    pub(crate) repository: Option<Uuid>,
}

/// A place in a list of changes: behind this row.
#[derive(Clone)]
pub(crate) struct Place(Cursor);

impl Place {
    pub(crate) fn of(row: &ChangeRow) -> Self {
        Self(row.cursor())
    }
}

/// No URL has a zero in it.
impl Position for Place {
    fn to_bytes(&self) -> Vec<u8> {
        [self.0.url.as_bytes(), b"\0", &self.0.path].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut halves = bytes.splitn(2, |byte| *byte == 0);
        let (url, path) = (halves.next()?, halves.next()?);
        Some(Self(Cursor { url: String::from_utf8(url.to_vec()).ok()?, path: path.to_vec() }))
    }
}

/// What reads a page of changes of that which `source` names.
#[expect(clippy::type_complexity, reason = "a closure has no shorter name")]
pub(crate) fn reader(
    source: impl Fn(&mut Tx) -> Result<Source, StoreError> + Clone + Send + 'static,
    filter: ChangeFilter,
) -> Result<
    impl Fn(&mut Tx, Option<Place>, u32) -> Result<Vec<ChangeRow>, StoreError> + Clone + Send + 'static,
    Problem,
> {
    let kinds = filter.kind.as_deref().map(kind_named).transpose()?.into_iter().collect();
    let repository = filter.repository.map(RepositoryId);
    let options = Options { kinds, repository, facts: true, ..options() };
    Ok(move |tx: &mut Tx, after: Option<Place>, limit: u32| {
        let source = source(tx)?;
        source.check(tx)?;
        Reader::open(source, options.clone(), after.map(|place| place.0)).page(tx, limit as usize)
    })
}

/// The words of a filter by kind.
pub(crate) fn kinds() -> Object {
    super::words("Only changes of this kind.", ChangeKind::ALL.iter().map(|kind| kind.as_str()))
}

fn kind_named(name: &str) -> Result<ChangeKind, Problem> {
    ChangeKind::ALL.iter().copied().find(|kind| kind.as_str() == name).ok_or_else(|| {
        let known: Vec<&str> = ChangeKind::ALL.iter().map(|kind| kind.as_str()).collect();
        Problem::invalid("kind", format!("{name:?} is no kind of change; known: {}", known.join(", ")))
    })
}
