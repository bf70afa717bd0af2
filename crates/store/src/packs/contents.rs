//! What a pack holds, and how contents move to another one.

use contracts::Oid;
use diesel::{
    PgConnection, QueryableByName, RunQueryDsl, SqliteConnection,
    sql_types::{Array, BigInt, Binary, Nullable},
};

use crate::{
    StoreError, Tx,
    connection::{AnyConnection, each},
    types::Hash,
    values::{KEYS, from_db, to_db},
};

/// A content that the store believes to lie in a pack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// Which one.
    pub id: i64,
    /// Git's id of it.
    pub oid: Oid,
    /// The SHA-256 of its bytes.
    pub sha256: Option<[u8; 32]>,
    /// Where in the pack its block begins.
    pub offset: u64,
    /// The length of that block.
    pub length: u32,
    /// How many bytes it has.
    pub size: u64,
    /// Whether a node names it.
    pub referenced: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Binary)]
    oid: Hash,
    #[diesel(sql_type = Nullable<Binary>)]
    sha256: Option<Vec<u8>>,
    #[diesel(sql_type = BigInt)]
    pack_offset: i64,
    #[diesel(sql_type = BigInt)]
    pack_length: i64,
    #[diesel(sql_type = BigInt)]
    size: i64,
    #[diesel(sql_type = BigInt)]
    referenced: i64,
}

const CONTENTS: &str = "SELECT c.id, c.oid, c.sha256, c.pack_offset, c.pack_length, c.size, \
    CAST(COALESCE((SELECT 1 FROM nodes n WHERE n.oid = c.oid LIMIT 1), 0) AS bigint) AS referenced \
    FROM contents c WHERE c.pack_id = $1 ORDER BY c.pack_offset, c.id";

/// Every content that lies in the pack, in the order of their places.
///
/// # Errors
/// When the database does not answer.
pub fn contents_of(tx: &mut Tx, pack: i64) -> Result<Vec<Held>, StoreError> {
    let rows: Vec<Row> = each!(tx, c => diesel::sql_query(CONTENTS).bind::<BigInt, _>(pack).load(c))?;
    rows.into_iter()
        .map(|row| {
            let length = u32::try_from(row.pack_length).map_err(|error| {
                StoreError::Corrupt(format!("content {} with no length: {error}", row.oid.0))
            })?;
            Ok(Held {
                id: row.id,
                oid: row.oid.0,
                sha256: row.sha256.and_then(|bytes| bytes.try_into().ok()),
                offset: from_db(row.pack_offset),
                length,
                size: from_db(row.size),
                referenced: row.referenced != 0,
            })
        })
        .collect()
}

/// A content that was copied to another pack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Move {
    /// The content.
    pub content: i64,
    /// Git's id of it.
    pub oid: Oid,
    /// The pack that it was copied from.
    pub from: i64,
    /// Where its block begins in the new pack.
    pub offset: u64,
    /// The length of that block.
    pub length: u32,
}

/// Says that these contents lie in the pack `to`, those that still lie where they were copied from. Returns
/// how many that were.
///
/// # Errors
/// When the database does not answer.
pub fn move_contents(tx: &mut Tx, to: i64, moves: &[Move]) -> Result<u64, StoreError> {
    let mut moves = moves.to_vec();
    // Locks are taken in the order of git ids, as everywhere.
    moves.sort_by_key(|one| one.oid);
    let mut moved = 0;
    for part in moves.chunks(KEYS) {
        moved += match tx.conn() {
            AnyConnection::Postgres(conn) => postgres(conn, to, part)?,
            AnyConnection::Sqlite(conn) => sqlite(conn, to, part)?,
        };
    }
    Ok(moved as u64)
}

const LOCK: &str = "SELECT id FROM contents WHERE id = ANY($1) ORDER BY oid FOR NO KEY UPDATE";
const MOVE: &str = "UPDATE contents SET pack_id = $1, pack_offset = new.place, pack_length = new.length \
    FROM unnest($2, $3, $4, $5) AS new (id, old, place, length) \
    WHERE contents.id = new.id AND contents.pack_id = new.old";

fn postgres(conn: &mut PgConnection, to: i64, part: &[Move]) -> Result<usize, StoreError> {
    let ids: Vec<i64> = part.iter().map(|one| one.content).collect();
    diesel::sql_query(LOCK).bind::<Array<BigInt>, _>(&ids).execute(conn)?;
    Ok(diesel::sql_query(MOVE)
        .bind::<BigInt, _>(to)
        .bind::<Array<BigInt>, _>(&ids)
        .bind::<Array<BigInt>, _>(part.iter().map(|one| one.from).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(part.iter().map(|one| to_db(one.offset)).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(part.iter().map(|one| i64::from(one.length)).collect::<Vec<_>>())
        .execute(conn)?)
}

fn sqlite(conn: &mut SqliteConnection, to: i64, part: &[Move]) -> Result<usize, StoreError> {
    use diesel::{ExpressionMethods, QueryDsl};

    use crate::schema::contents;
    let mut moved = 0;
    for one in part {
        moved += diesel::update(contents::table.find(one.content).filter(contents::pack_id.eq(one.from)))
            .set((
                contents::pack_id.eq(Some(to)),
                contents::pack_offset.eq(to_db(one.offset)),
                contents::pack_length.eq(i64::from(one.length)),
            ))
            .execute(conn)?;
    }
    Ok(moved)
}
