//! Metrics: what each version of each analyzer found about each content.
//!
//! What is analysed is a content under a hint, the part of a name that decides what it is taken for.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use diesel::{ExpressionMethods, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper};

use crate::{
    StoreError, Tx,
    connection::each,
    schema::metrics,
    trees::{self, TreeContent},
    values::KEYS,
};

mod insert;

pub use insert::insert_many;

/// How one analyzer fared with one content.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It found this, JSON.
    Ok(String),
    /// It failed for this reason.
    Failed(String),
    /// It does not apply, for this reason.
    Skipped(String),
}

const OK: &str = "ok";
const FAILED: &str = "failed";
const SKIPPED: &str = "skipped";

impl Outcome {
    /// The columns `outcome`, `reason` and `result`.
    fn columns(&self) -> (&'static str, Option<&str>, Option<&str>) {
        match self {
            Self::Ok(result) => (OK, None, Some(result)),
            Self::Failed(reason) => (FAILED, Some(reason), None),
            Self::Skipped(reason) => (SKIPPED, Some(reason), None),
        }
    }
}

/// What one version of one analyzer found about one content.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// The content.
    pub content: i64,
    /// The part of a name that decided what it was taken for.
    pub hint: Cow<'static, str>,
    /// The analyzer.
    pub analyzer: Cow<'static, str>,
    /// The analyzer's version.
    pub version: i32,
    /// What it found.
    pub outcome: Outcome,
}

/// A content under a hint that was not seen by every analyzer.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing {
    /// The content.
    pub content: i64,
    /// The hint.
    pub hint: String,
    /// The analyzers whose outcome is missing.
    pub analyzers: Vec<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = metrics)]
struct Row {
    content_id: i64,
    hint: String,
    analyzer: String,
    version: i32,
    outcome: String,
    reason: Option<String>,
    result: Option<String>,
}

impl TryFrom<Row> for Metric {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let outcome = match row.outcome.as_str() {
            OK => Outcome::Ok(row.result.unwrap_or_default()),
            FAILED => Outcome::Failed(row.reason.unwrap_or_default()),
            SKIPPED => Outcome::Skipped(row.reason.unwrap_or_default()),
            other => return Err(StoreError::unknown("metrics.outcome", other)),
        };
        Ok(Self {
            content: row.content_id,
            hint: row.hint.into(),
            analyzer: row.analyzer.into(),
            version: row.version,
            outcome,
        })
    }
}

/// Everything that was found about the content, by hint, analyzer and version.
///
/// # Errors
/// When the database does not answer.
pub fn of_content(tx: &mut Tx, content: i64) -> Result<Vec<Metric>, StoreError> {
    let rows = metrics::table
        .filter(metrics::content_id.eq(content))
        .order((metrics::hint, metrics::analyzer, metrics::version))
        .select(Row::as_select())
        .load(tx.conn())?;
    rows.into_iter().map(Metric::try_from).collect()
}

/// What these analyzers found about the contents, by content, hint and analyzer. Where the version asked for
/// has not been there yet it is what the newest of the older ones found: a result stays readable until a
/// better one takes its place, and says by its version which it is.
///
/// # Errors
/// When the database does not answer.
pub fn of_contents(
    tx: &mut Tx,
    contents: &[i64],
    analyzers: &[(&str, i32)],
) -> Result<Vec<Metric>, StoreError> {
    let mut contents = contents.to_vec();
    contents.sort_unstable();
    contents.dedup();
    let names: Vec<&str> = analyzers.iter().map(|(name, _)| *name).collect();
    let mut found = Vec::new();
    for part in contents.chunks(KEYS) {
        let rows: Vec<Row> = each!(tx, c => metrics::table
            .filter(metrics::content_id.eq_any(part))
            .filter(metrics::analyzer.eq_any(&names))
            .order((metrics::content_id, metrics::hint, metrics::analyzer, metrics::version))
            .select(Row::as_select())
            .load(c))?;
        let known = |row: &Row| {
            analyzers.iter().any(|(name, version)| row.analyzer == *name && row.version <= *version)
        };
        let mut rows = rows.into_iter().filter(known).peekable();
        while let Some(row) = rows.next() {
            let newer = rows.peek().is_some_and(|next| {
                (next.content_id, &next.hint, &next.analyzer) == (row.content_id, &row.hint, &row.analyzer)
            });
            if !newer {
                found.push(row.try_into()?);
            }
        }
    }
    Ok(found)
}

/// Those of these pairs of content and hint that lack the outcome of some of these analyzers, in the
/// order given, with the analyzers that are missing.
///
/// # Errors
/// When the database does not answer.
pub fn missing(
    tx: &mut Tx,
    pairs: &[(i64, String)],
    analyzers: &[(&str, i32)],
) -> Result<Vec<Missing>, StoreError> {
    let mut missing = Vec::new();
    for part in pairs.chunks(KEYS) {
        let mut ids: Vec<i64> = part.iter().map(|(content, _)| *content).collect();
        ids.sort_unstable();
        ids.dedup();
        let rows: Vec<(i64, String, String, i32)> = each!(tx, c => metrics::table
            .filter(metrics::content_id.eq_any(&ids))
            .select((metrics::content_id, metrics::hint, metrics::analyzer, metrics::version))
            .load(c))?;
        let there: HashSet<(i64, &str, &str, i32)> = rows
            .iter()
            .map(|(content, hint, analyzer, version)| (*content, hint.as_str(), analyzer.as_str(), *version))
            .collect();
        for (content, hint) in part {
            let lacks =
                |(name, version): &&(&str, i32)| !there.contains(&(*content, hint.as_str(), *name, *version));
            let analyzers: Vec<String> =
                analyzers.iter().filter(lacks).map(|(name, _)| (*name).to_owned()).collect();
            if !analyzers.is_empty() {
                missing.push(Missing { content: *content, hint: hint.clone(), analyzers });
            }
        }
    }
    Ok(missing)
}

/// Contents above `after`, by id and hint, under each hint that something was found under: about `limit`
/// pairs, with all hints of each content.
///
/// # Errors
/// When the database does not answer.
pub fn pairs(tx: &mut Tx, after: i64, limit: u32) -> Result<Vec<(i64, String)>, StoreError> {
    let mut pairs: Vec<(i64, String)> = metrics::table
        .filter(metrics::content_id.gt(after))
        .order((metrics::content_id, metrics::hint))
        .select((metrics::content_id, metrics::hint))
        .distinct()
        .limit(limit.into())
        .load(tx.conn())?;
    // The last content of a full page may have more hints: it is the first of the next one.
    if let (Some((first, _)), Some((last, _))) = (pairs.first().cloned(), pairs.last().cloned())
        && pairs.len() == limit as usize
        && first < last
    {
        pairs.retain(|(content, _)| *content < last);
    }
    Ok(pairs)
}

/// Calls `visit` for each node of the tree by path, with what [`of_contents`] finds about its content, under
/// every hint, by hint and analyzer. Holds one page in memory.
///
/// # Errors
/// What `visit` fails with; when the database does not answer.
pub fn for_each_of_tree<E: From<StoreError>>(
    tx: &mut Tx,
    tree: i64,
    analyzers: &[(&str, i32)],
    mut visit: impl FnMut(&TreeContent, &[Metric]) -> Result<(), E>,
) -> Result<(), E> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = trees::contents_page(tx, tree, after.as_deref(), trees::PAGE)?;
        let ids: Vec<i64> = page.iter().filter_map(|node| node.content.map(|(id, _)| id)).collect();
        let found = of_contents(tx, &ids, analyzers)?;
        let of_content: HashMap<i64, &[Metric]> =
            found.chunk_by(|a, b| a.content == b.content).map(|group| (group[0].content, group)).collect();
        for node in &page {
            let metrics = node.content.and_then(|(id, _)| of_content.get(&id)).copied();
            visit(node, metrics.unwrap_or_default())?;
        }
        if page.len() < trees::PAGE as usize {
            return Ok(());
        }
        after = page.last().map(|content| content.node.path.clone());
    }
}
