//! What comparisons of many small trees are going to read, read at once: a tree by itself costs several questions.

use std::collections::{HashMap, HashSet};

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::pages::{PageRef, REFERENCES};
use crate::{StoreError, Tx, connection::each, schema::tree_pages, values::from_db};

/// Nodes of all pages that are read ahead: some ten megabytes.
const NODES: u64 = 100_000;

/// Pages of some trees. What is not here is asked for when it is wanted.
#[derive(Default)]
pub(crate) struct Ahead {
    trees: HashMap<i64, Given>,
}

/// All page references of a tree, and the bodies of those that another tree has not.
#[derive(Default)]
pub(super) struct Given {
    pub(super) pages: Vec<PageRef>,
    pub(super) bodies: HashMap<i64, Vec<u8>>,
}

impl Ahead {
    /// What comparing each of these old trees with its new one reads, as far as there is room for it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) fn read(tx: &mut Tx, pairs: &[(Option<i64>, Option<i64>)]) -> Result<Self, StoreError> {
        let mut ids: Vec<i64> = pairs.iter().flat_map(|(old, new)| [*old, *new]).flatten().collect();
        ids.sort_unstable();
        ids.dedup();
        let mut ahead = Self { trees: references(tx, &ids)? };
        let (mut trees, mut digests) = (HashSet::new(), HashSet::new());
        let mut nodes = 0;
        for (old, new) in pairs {
            for (mine, others) in [(*old, *new), (*new, *old)] {
                let others: HashSet<&[u8]> =
                    ahead.pages_of(others).iter().map(|page| page.digest.as_slice()).collect();
                let pages = ahead.pages_of(mine).iter();
                for page in pages.filter(|page| !others.contains(page.digest.as_slice())) {
                    nodes += page.nodes;
                    if nodes <= NODES {
                        trees.extend(mine);
                        digests.insert(page.digest.clone());
                    }
                }
            }
        }
        let (trees, digests): (Vec<i64>, Vec<Vec<u8>>) =
            (trees.into_iter().collect(), digests.into_iter().collect());
        for (tree, seq, body) in bodies(tx, &trees, &digests)? {
            if let Some(given) = ahead.trees.get_mut(&tree) {
                given.bodies.insert(seq, body);
            }
        }
        Ok(ahead)
    }

    fn pages_of(&self, tree: Option<i64>) -> &[PageRef] {
        tree.and_then(|tree| self.trees.get(&tree)).map_or(&[], |given| &given.pages)
    }

    /// What is known of this tree; given once.
    pub(super) fn take(&mut self, tree: i64) -> Option<Given> {
        self.trees.remove(&tree)
    }
}

/// Of trees with very many pages nothing: they are read piece by piece.
fn references(tx: &mut Tx, ids: &[i64]) -> Result<HashMap<i64, Given>, StoreError> {
    type Row = (i64, i64, Vec<u8>, i64, Vec<u8>);
    let rows: Vec<Row> = each!(tx, c => tree_pages::table
        .filter(tree_pages::tree_id.eq_any(ids))
        .order((tree_pages::tree_id, tree_pages::seq))
        .limit(REFERENCES as i64)
        .select((
            tree_pages::tree_id,
            tree_pages::seq,
            tree_pages::first_path,
            tree_pages::nodes,
            tree_pages::digest,
        ))
        .load(c))?;
    let cut_off = if rows.len() < REFERENCES { None } else { rows.last().map(|row| row.0) };
    let mut trees: HashMap<i64, Given> = HashMap::new();
    for (tree, seq, first_path, nodes, digest) in rows {
        let page = PageRef { seq, first_path, nodes: from_db(nodes), digest };
        trees.entry(tree).or_default().pages.push(page);
    }
    if let Some(tree) = cut_off {
        trees.remove(&tree);
    }
    Ok(trees)
}

fn bodies(tx: &mut Tx, trees: &[i64], digests: &[Vec<u8>]) -> Result<Vec<(i64, i64, Vec<u8>)>, StoreError> {
    if digests.is_empty() {
        return Ok(Vec::new());
    }
    Ok(each!(tx, c => tree_pages::table
        .filter(tree_pages::tree_id.eq_any(trees))
        .filter(tree_pages::digest.eq_any(digests))
        .select((tree_pages::tree_id, tree_pages::seq, tree_pages::body))
        .load(c))?)
}
