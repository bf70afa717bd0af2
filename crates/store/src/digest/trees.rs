//! Trees and all their nodes.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::Fields;
use crate::{StoreError, Tx, schema, trees, types::Hash};

const PAGE: i64 = 1_000;

pub(super) fn add(tx: &mut Tx, digest: &mut Fields) -> Result<(), StoreError> {
    let mut after: Vec<u8> = Vec::new();
    loop {
        let page: Vec<(i64, Hash, i64, i64, i64)> = schema::trees::table
            .filter(schema::trees::oid.gt(&after))
            .order(schema::trees::oid)
            .limit(PAGE)
            .load(tx.conn())?;
        for (id, oid, nodes, bytes, contents) in &page {
            digest.bytes(oid.0.as_bytes()).number(*nodes).number(*bytes).number(*contents);
            trees::for_each_node(tx, *id, |node| {
                digest
                    .bytes(&node.path)
                    .number(node.mode.into())
                    .bytes(node.oid.as_bytes())
                    .bytes(&node.size.to_le_bytes());
                Ok::<_, StoreError>(())
            })?;
            // An empty path ends the list.
            digest.bytes(b"");
        }
        match page.last() {
            Some((_, oid, ..)) => after = oid.0.as_bytes().to_vec(),
            None => return Ok(()),
        }
    }
}
