//! How contents become known.

use std::collections::HashMap;

use contracts::Oid;
use diesel::{
    ExpressionMethods, OptionalExtension, PgConnection, QueryDsl, RunQueryDsl, SqliteConnection,
    sql_types::{Array, BigInt, Binary, Nullable, Text},
};

use super::ContentState;
use crate::{
    StoreError, Tx,
    connection::AnyConnection,
    packs::PackState,
    schema::{contents, packs},
    types::Hash,
    values::{KEYS, to_db},
};

/// A content that is to become known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NewContent {
    /// Git's id of it.
    pub oid: Oid,
    /// The SHA-256 of the bytes; none when they are not kept.
    pub sha256: Option<[u8; 32]>,
    /// How many bytes it has.
    pub size: u64,
    /// Whether the bytes are kept.
    pub state: ContentState,
    /// Where they are kept.
    pub place: Option<Place>,
}

/// A place in a pack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// The pack.
    pub pack_id: i64,
    /// Where in the pack the compressed bytes begin.
    pub offset: u64,
    /// How many compressed bytes there are.
    pub length: u32,
}

/// Makes contents known and returns their ids in the order given. What is known already is kept as it
/// is; with `replace` it is brought to the state and place given. Transactions that call this more than
/// once do so in the order of git ids, or two of them may have to be run again.
///
/// # Errors
/// When the database does not answer.
pub fn insert_many(tx: &mut Tx, new: &[NewContent], replace: bool) -> Result<Vec<i64>, StoreError> {
    // Locks are taken in the order of keys. The last word about one content counts.
    let mut rows: Vec<&NewContent> = new.iter().rev().collect();
    rows.sort_by_key(|content| content.oid);
    rows.dedup_by_key(|content| content.oid);
    let mut ids = HashMap::with_capacity(rows.len());
    match tx.conn() {
        AnyConnection::Postgres(conn) => {
            for part in rows.chunks(KEYS * 5) {
                postgres(conn, part, replace, &mut ids)?;
            }
        }
        AnyConnection::Sqlite(conn) => {
            for row in rows {
                ids.insert(row.oid, sqlite(conn, row, replace)?);
            }
        }
    }
    new.iter()
        .map(|content| ids.get(&content.oid).copied())
        .collect::<Option<Vec<i64>>>()
        .ok_or_else(|| StoreError::NotFound("a content that was just made known".to_owned()))
}

/// One statement whatever the number of rows. It waits for others that insert the same contents.
const INSERT: &str = "INSERT INTO contents (oid, sha256, size, state, pack_id, pack_offset, pack_length) \
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)";
/// What is known is kept, but for bytes that were not kept before or lie in a pack that is about to go.
const KEEP: &str = " ON CONFLICT (oid) DO UPDATE SET sha256 = excluded.sha256, size = excluded.size, \
    state = excluded.state, pack_id = excluded.pack_id, pack_offset = excluded.pack_offset, \
    pack_length = excluded.pack_length \
    WHERE excluded.state = 'stored' AND (contents.state <> 'stored' \
    OR contents.pack_id IN (SELECT id FROM packs WHERE state <> 'kept'))";
const REPLACE: &str = " ON CONFLICT (oid) DO UPDATE SET sha256 = excluded.sha256, size = excluded.size, \
    state = excluded.state, pack_id = excluded.pack_id, pack_offset = excluded.pack_offset, \
    pack_length = excluded.pack_length \
    WHERE (contents.sha256, contents.size, contents.state, contents.pack_id, contents.pack_offset, \
    contents.pack_length) IS DISTINCT FROM (excluded.sha256, excluded.size, excluded.state, \
    excluded.pack_id, excluded.pack_offset, excluded.pack_length)";

fn postgres(
    conn: &mut PgConnection,
    part: &[&NewContent],
    replace: bool,
    ids: &mut HashMap<Oid, i64>,
) -> Result<(), StoreError> {
    let oids: Vec<Hash> = part.iter().map(|content| Hash(content.oid)).collect();
    let place = |content: &&NewContent| content.place;
    diesel::sql_query(format!("{INSERT}{}", if replace { REPLACE } else { KEEP }))
        .bind::<Array<Binary>, _>(&oids)
        .bind::<Array<Nullable<Binary>>, _>(
            part.iter().map(|it| it.sha256.as_ref().map(<[u8; 32]>::as_slice)).collect::<Vec<_>>(),
        )
        .bind::<Array<BigInt>, _>(part.iter().map(|it| to_db(it.size)).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(part.iter().map(|it| it.state.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<BigInt>>, _>(
            part.iter().map(|it| place(it).map(|place| place.pack_id)).collect::<Vec<_>>(),
        )
        .bind::<Array<BigInt>, _>(
            part.iter().map(|it| place(it).map_or(0, |place| to_db(place.offset))).collect::<Vec<_>>(),
        )
        .bind::<Array<BigInt>, _>(
            part.iter().map(|it| place(it).map_or(0, |place| i64::from(place.length))).collect::<Vec<_>>(),
        )
        .execute(conn)?;
    let found: Vec<(Hash, i64)> = contents::table
        .filter(contents::oid.eq_any(&oids))
        .select((contents::oid, contents::id))
        .load(conn)?;
    ids.extend(found.into_iter().map(|(oid, id)| (oid.0, id)));
    Ok(())
}

fn sqlite(conn: &mut SqliteConnection, content: &NewContent, replace: bool) -> Result<i64, StoreError> {
    let sha256 = content.sha256.as_ref().map(<[u8; 32]>::as_slice);
    let values = (
        contents::sha256.eq(sha256),
        contents::size.eq(to_db(content.size)),
        contents::state.eq(content.state.as_str()),
        contents::pack_id.eq(content.place.map(|place| place.pack_id)),
        contents::pack_offset.eq(content.place.map_or(0, |place| to_db(place.offset))),
        contents::pack_length.eq(content.place.map_or(0, |place| i64::from(place.length))),
    );
    let oid = contents::oid.eq(Hash(content.oid));
    let made: Option<i64> = diesel::insert_into(contents::table)
        .values((oid, values))
        .on_conflict_do_nothing()
        .returning(contents::id)
        .get_result(conn)
        .optional()?;
    if let Some(id) = made {
        return Ok(id);
    }
    let (id, state, pack): (i64, String, Option<i64>) =
        contents::table.filter(oid).select((contents::id, contents::state, contents::pack_id)).first(conn)?;
    if replace || (content.state == ContentState::Stored && !is_kept(conn, &state, pack)?) {
        diesel::update(contents::table.find(id)).set(values).execute(conn)?;
    }
    Ok(id)
}

/// Whether the bytes of a content in this state and pack may be relied on.
fn is_kept(conn: &mut SqliteConnection, state: &str, pack: Option<i64>) -> Result<bool, StoreError> {
    let (true, Some(pack)) = (state == ContentState::Stored.as_str(), pack) else { return Ok(false) };
    let state: Option<String> = packs::table.find(pack).select(packs::state).first(conn).optional()?;
    Ok(state.is_some_and(|state| state == PackState::Kept.as_str()))
}
