//! Contents: some bytes, known by git's id of them and kept once, whatever their names.

use std::collections::HashMap;

use contracts::Oid;
use diesel::{ExpressionMethods, JoinOnDsl, NullableExpressionMethods, QueryDsl, Queryable, RunQueryDsl};

use crate::{
    StoreError, Tx,
    connection::each,
    names::names,
    packs::PackState,
    schema::{contents, packs},
    types::Hash,
    values::{KEYS, from_db},
};

mod insert;

pub use insert::{NewContent, Place, insert_many};

names! {
    /// Whether the bytes of a content are kept.
    pub enum ContentState in "contents.state" {
        /// They are.
        Stored = "stored",
        /// They are more than is kept of one content.
        TooLarge = "too_large",
        /// They could not be read.
        Unreadable = "unreadable",
        /// They are, in a pack that is about to go: whoever needs them stores them again. Never a stored
        /// state; a content is said to be so as long as its pack is ([`crate::packs`]).
        Condemned = "condemned",
    }
}

/// Some bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// Which one.
    pub id: i64,
    /// Git's id of it.
    pub oid: Oid,
    /// The SHA-256 of the bytes; none when they are not kept.
    pub sha256: Option<[u8; 32]>,
    /// How many bytes it has.
    pub size: u64,
    /// Whether the bytes are kept.
    pub state: ContentState,
    /// Where they are kept.
    pub location: Option<Location>,
}

/// Where the bytes of a content are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Location {
    /// The pack.
    pub pack_id: i64,
    /// The pack's name in the depot.
    pub pack: String,
    /// Where in the pack its compressed bytes begin.
    pub offset: u64,
    /// How many compressed bytes it has.
    pub length: u32,
}

#[derive(Queryable)]
struct Row {
    id: i64,
    oid: Hash,
    sha256: Option<Vec<u8>>,
    size: i64,
    state: String,
    pack_id: Option<i64>,
    pack_offset: i64,
    pack_length: i64,
    pack: Option<String>,
    pack_state: Option<String>,
}

impl TryFrom<Row> for Content {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("content {} with {what}", row.oid.0));
        let sha256 = match &row.sha256 {
            None => None,
            Some(bytes) => Some(
                <[u8; 32]>::try_from(bytes.as_slice())
                    .map_err(|error| corrupt(&format!("no SHA-256 in its column: {error}")))?,
            ),
        };
        let location = match (row.pack_id, &row.pack) {
            (None, _) => None,
            (Some(id), None) => return Err(corrupt(&format!("pack {id}, which is not there"))),
            (Some(pack_id), Some(pack)) => Some(Location {
                pack_id,
                pack: pack.clone(),
                offset: from_db(row.pack_offset),
                length: u32::try_from(row.pack_length)
                    .map_err(|error| corrupt(&format!("no length in its column: {error}")))?,
            }),
        };
        let kept = row.pack_state.as_deref().is_none_or(|state| state == PackState::Kept.as_str());
        let state = if kept { ContentState::stored(&row.state)? } else { ContentState::Condemned };
        Ok(Self { id: row.id, oid: row.oid.into(), sha256, size: from_db(row.size), state, location })
    }
}

/// Contents with the names of their packs, for a filter behind it.
macro_rules! with_packs {
    () => {
        contents::table.left_join(packs::table.on(packs::id.nullable().eq(contents::pack_id))).select((
            contents::id,
            contents::oid,
            contents::sha256,
            contents::size,
            contents::state,
            contents::pack_id,
            contents::pack_offset,
            contents::pack_length,
            packs::name.nullable(),
            packs::state.nullable(),
        ))
    };
}

/// Those of these contents that are known. What a task is told here holds until it ends; what a task may rely
/// on is [`ContentState::Stored`].
///
/// # Errors
/// When the database does not answer.
pub fn known(tx: &mut Tx, oids: &[Oid]) -> Result<HashMap<Oid, Content>, StoreError> {
    let mut known = HashMap::with_capacity(oids.len());
    for part in oids.chunks(KEYS) {
        let keys: Vec<Hash> = part.iter().copied().map(Hash).collect();
        let rows: Vec<Row> = each!(tx, c => with_packs!().filter(contents::oid.eq_any(keys)).load(c))?;
        for row in rows {
            known.insert(row.oid.0, row.try_into()?);
        }
    }
    Ok(known)
}

/// The content whose bytes have this SHA-256.
///
/// # Errors
/// When the database does not answer.
pub fn by_sha256(tx: &mut Tx, digest: &[u8; 32]) -> Result<Option<Content>, StoreError> {
    let rows: Vec<Row> = each!(tx, c => with_packs!()
        .filter(contents::sha256.eq(digest.to_vec()))
        .order(contents::id)
        .limit(1)
        .load(c))?;
    rows.into_iter().next().map(Content::try_from).transpose()
}

/// Those of these contents that are there, by id.
///
/// # Errors
/// When the database does not answer.
pub fn by_ids(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Content>, StoreError> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::with_capacity(ids.len());
    for part in ids.chunks(KEYS) {
        let rows: Vec<Row> = each!(tx, c => with_packs!()
            .filter(contents::id.eq_any(part))
            .order(contents::id)
            .load(c))?;
        for row in rows {
            found.push(row.try_into()?);
        }
    }
    Ok(found)
}

/// Those of these pairs of content and hint that lack the outcome of some of these analyzers, in the
/// order given.
///
/// # Errors
/// When the database does not answer.
pub fn unanalyzed(
    tx: &mut Tx,
    pairs: &[(i64, String)],
    analyzers: &[(&str, i32)],
) -> Result<Vec<(i64, String)>, StoreError> {
    let missing = crate::metrics::missing(tx, pairs, analyzers)?;
    Ok(missing.into_iter().map(|missing| (missing.content, missing.hint)).collect())
}
