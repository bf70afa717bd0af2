//! A tree that differs little from one that is known: what differs is written, the rest taken over.

use contracts::Oid;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, IntoSql, QueryDsl, QueryableByName, RunQueryDsl, sql_query,
    sql_types::{BigInt, Binary},
};

use super::Tree;
use crate::{StoreError, Tx, connection::each, schema::nodes, types::Hash, values::from_db};

/// The mode of a row that only says that the base's node is not taken over. No node has it.
const NOT_TAKEN: i32 = 0;

/// What the base has and the draft has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Its path.
    pub path: Vec<u8>,
    /// Whether it is a folder, with everything in it.
    pub is_folder: bool,
}

/// What the nodes of a tree come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many there are.
    pub nodes: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their distinct contents.
    pub contents: u64,
}

/// Notes that these of the tree `base` are not in the draft.
///
/// # Errors
/// [`contracts::ErrorKind::Conflict`] when the draft has a node there; when the database does not answer.
pub fn insert_gone(tx: &mut Tx, draft: i64, base: i64, gone: &[Gone]) -> Result<(), StoreError> {
    for Gone { path, is_folder } in gone {
        let mut behind = path.clone();
        let of_base = nodes::table.filter(nodes::tree_id.eq(base));
        let columns = (nodes::tree_id, nodes::path, nodes::mode, nodes::oid, nodes::size);
        if *is_folder {
            behind.push(b'/');
            let mut end = path.clone();
            end.push(b'/' + 1);
            each!(tx, c => diesel::insert_into(nodes::table)
                .values(
                    of_base
                        .filter(nodes::path.gt(behind).and(nodes::path.lt(end)))
                        .select((
                            draft.into_sql::<BigInt>(),
                            nodes::path,
                            NOT_TAKEN.into_sql::<diesel::sql_types::Integer>(),
                            nodes::oid,
                            nodes::size,
                        )),
                )
                .into_columns(columns)
                .execute(c))?;
        } else {
            let row = (
                nodes::tree_id.eq(draft),
                nodes::path.eq(path),
                nodes::mode.eq(NOT_TAKEN),
                nodes::oid.eq(Hash(Oid::from([0; 20]))),
                nodes::size.eq(0_i64),
            );
            each!(tx, c => diesel::insert_into(nodes::table).values(row).execute(c))?;
        }
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Sums {
    #[diesel(sql_type = BigInt)]
    nodes: i64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
    #[diesel(sql_type = BigInt)]
    contents: i64,
}

/// Gives the draft every node of the tree `base` whose path it does not name itself, and returns what all
/// its nodes come to. To be called once, when everything else of the draft is written.
///
/// # Errors
/// [`StoreError::Conflict`] when the base was forgotten in the meantime: look again what is known. When the
/// database does not answer.
pub fn take_over(tx: &mut Tx, draft: i64, base: i64) -> Result<Totals, StoreError> {
    let known = super::hold(tx, base)?;
    let changed = changed_paths(tx, draft)?;
    let few = match &changed {
        Some(changed) if changed.len() <= FEW => Some(Change::read(tx, draft, base, changed)?),
        _ => None,
    };
    let taken = match (&few, &changed) {
        (Some(_), Some(changed)) => take_gaps(tx, draft, base, changed)?,
        _ => take_rest(tx, draft, base)?,
    };
    if taken as u64 > known.nodes {
        return Err(StoreError::Corrupt(format!("tree {base} has more nodes than it should")));
    }
    diesel::delete(nodes::table.filter(nodes::tree_id.eq(draft)).filter(nodes::mode.eq(NOT_TAKEN)))
        .execute(tx.conn())?;
    if let Some(changed) = &changed {
        super::pages::taken::take_over(tx, draft, base, changed)?;
    }
    match few {
        Some(change) => change.totals(tx, draft, base, &known),
        None => totals(tx, draft),
    }
}

/// Paths of the draft's own up to which the base's pages and sums are worth looking at; and up to which its nodes
/// are taken over between one path and the next.
const MANY: i64 = 20_000;
const FEW: usize = 200;

/// The paths that the draft names itself, or says that they are gone, in their order; none when there are many.
fn changed_paths(tx: &mut Tx, draft: i64) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
    let own = nodes::table.filter(nodes::tree_id.eq(draft)).order(nodes::path);
    let paths: Vec<Vec<u8>> = own.select(nodes::path).limit(MANY + 1).load(tx.conn())?;
    Ok((paths.len() as i64 <= MANY).then_some(paths))
}

fn take_rest(tx: &mut Tx, draft: i64, base: i64) -> Result<usize, StoreError> {
    // One statement, because the number of rows is that of a whole tree.
    Ok(each!(tx, c => sql_query(
        "INSERT INTO nodes (tree_id, path, mode, oid, size)
         SELECT $1, base.path, base.mode, base.oid, base.size FROM nodes base
         WHERE base.tree_id = $2
           AND NOT EXISTS (SELECT 1 FROM nodes own WHERE own.tree_id = $1 AND own.path = base.path)",
    )
    .bind::<BigInt, _>(draft)
    .bind::<BigInt, _>(base)
    .execute(c))?)
}

/// The same, from one changed path to the next: nothing is looked up for the nodes between them.
fn take_gaps(tx: &mut Tx, draft: i64, base: i64, changed: &[Vec<u8>]) -> Result<usize, StoreError> {
    let mut taken = 0;
    // No path is empty, and none is behind every other: the last gap has no end.
    let mut start: &[u8] = &[];
    for end in changed.iter().map(Some).chain([None]) {
        taken += match end {
            Some(end) => each!(tx, c => sql_query(
                "INSERT INTO nodes (tree_id, path, mode, oid, size)
                 SELECT $1, path, mode, oid, size FROM nodes WHERE tree_id = $2 AND path > $3 AND path < $4",
            )
            .bind::<BigInt, _>(draft)
            .bind::<BigInt, _>(base)
            .bind::<Binary, _>(start)
            .bind::<Binary, _>(end.as_slice())
            .execute(c))?,
            None => each!(tx, c => sql_query(
                "INSERT INTO nodes (tree_id, path, mode, oid, size)
                 SELECT $1, path, mode, oid, size FROM nodes WHERE tree_id = $2 AND path > $3",
            )
            .bind::<BigInt, _>(draft)
            .bind::<BigInt, _>(base)
            .bind::<Binary, _>(start)
            .execute(c))?,
        };
        start = end.map_or(start, Vec::as_slice);
    }
    Ok(taken)
}

type Seen = (i32, Hash, i64);

/// What a draft has that its base has not, and the other way round, where that is little.
struct Change {
    added: Vec<Seen>,
    removed: Vec<Seen>,
}

impl Change {
    fn read(tx: &mut Tx, draft: i64, base: i64, changed: &[Vec<u8>]) -> Result<Self, StoreError> {
        let seen = (nodes::mode, nodes::oid, nodes::size);
        let own = nodes::table.filter(nodes::tree_id.eq(draft)).filter(nodes::mode.ne(NOT_TAKEN));
        let added = own.select(seen).load(tx.conn())?;
        let removed = each!(tx, c => nodes::table
            .filter(nodes::tree_id.eq(base))
            .filter(nodes::path.eq_any(changed.to_vec()))
            .select(seen)
            .load(c))?;
        Ok(Self { added, removed })
    }

    /// What the draft's nodes come to, once they are all there.
    fn totals(&self, tx: &mut Tx, draft: i64, base: i64, known: &Tree) -> Result<Totals, StoreError> {
        let bytes = |seen: &[Seen]| seen.iter().map(|(_, _, size)| from_db(*size)).sum::<u64>();
        let (added, removed) = (contents(&self.added), contents(&self.removed));
        let fresh = added.len() as u64 - found_in(tx, base, &added)?;
        let lost = removed.len() as u64 - found_in(tx, draft, &removed)?;
        Ok(Totals {
            nodes: known.nodes + self.added.len() as u64 - self.removed.len() as u64,
            bytes: known.bytes + bytes(&self.added) - bytes(&self.removed),
            contents: known.contents + fresh - lost,
        })
    }
}

fn contents(seen: &[Seen]) -> Vec<Hash> {
    let with_bytes = seen.iter().filter(|(mode, ..)| !WITHOUT_CONTENT.contains(mode));
    let mut oids: Vec<Hash> = with_bytes.map(|(_, oid, _)| *oid).collect();
    oids.sort_unstable_by_key(|oid| oid.0);
    oids.dedup_by_key(|oid| oid.0);
    oids
}

/// How many of these contents the tree has.
fn found_in(tx: &mut Tx, tree: i64, oids: &[Hash]) -> Result<u64, StoreError> {
    let found: Vec<Hash> = each!(tx, c => nodes::table
        .filter(nodes::oid.eq_any(oids.to_vec()))
        .filter(nodes::tree_id.eq(tree))
        .filter(nodes::mode.ne_all(WITHOUT_CONTENT.to_vec()))
        .select(nodes::oid)
        .distinct()
        .load(c))?;
    Ok(found.len() as u64)
}

/// The modes of submodules and folders, as they are stored.
const WITHOUT_CONTENT: [i32; 2] = [57_344, 16_384];

/// Submodules and folders have no content of their own.
fn totals(tx: &mut Tx, draft: i64) -> Result<Totals, StoreError> {
    let sums: Sums = each!(tx, c => sql_query(
        "SELECT count(*) AS nodes, CAST(coalesce(sum(size), 0) AS bigint) AS bytes,
                count(DISTINCT CASE WHEN mode IN (57344, 16384) THEN NULL ELSE oid END) AS contents
         FROM nodes WHERE tree_id = $1",
    )
    .bind::<BigInt, _>(draft)
    .get_result(c))?;
    Ok(Totals { nodes: from_db(sums.nodes), bytes: from_db(sums.bytes), contents: from_db(sums.contents) })
}
