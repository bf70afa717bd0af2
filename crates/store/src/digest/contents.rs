//! Contents, and what every analyzer found about them.

use std::collections::BTreeMap;

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::{Fields, canon::canonical};
use crate::{
    StoreError, Tx,
    connection::each,
    schema::{contents, metrics},
    types::Hash,
};

const PAGE: i64 = 1_000;

type Row = (i64, Hash, Option<Vec<u8>>, i64, String);
type Metric = (i64, String, String, i32, String, Option<String>, Option<String>);

pub(super) fn add(tx: &mut Tx, digest: &mut Fields) -> Result<(), StoreError> {
    let mut after: Vec<u8> = Vec::new();
    loop {
        let page: Vec<Row> = contents::table
            .filter(contents::oid.gt(&after))
            .order(contents::oid)
            .limit(PAGE)
            .select((contents::id, contents::oid, contents::sha256, contents::size, contents::state))
            .load(tx.conn())?;
        let Some((_, last, ..)) = page.last() else { return Ok(()) };
        after = last.0.as_bytes().to_vec();
        let mut found = metrics_of(tx, page.iter().map(|(id, ..)| *id).collect())?;
        for (id, oid, sha256, size, state) in &page {
            digest.bytes(oid.0.as_bytes()).maybe(sha256.as_deref()).number(*size).text(state);
            let mut found = found.remove(id).unwrap_or_default();
            found.sort_unstable();
            for (_, hint, analyzer, version, outcome, reason, result) in &found {
                let result = result.as_deref().map(canonical);
                digest
                    .text(hint)
                    .text(analyzer)
                    .number((*version).into())
                    .text(outcome)
                    .maybe(reason.as_deref().map(str::as_bytes))
                    .maybe(result.as_deref().map(str::as_bytes));
            }
            // How many there were ends the list.
            digest.number(found.len() as i64);
        }
    }
}

fn metrics_of(tx: &mut Tx, ids: Vec<i64>) -> Result<BTreeMap<i64, Vec<Metric>>, StoreError> {
    let rows: Vec<Metric> = each!(tx, c => metrics::table.filter(metrics::content_id.eq_any(ids)).load(c))?;
    let mut of_content: BTreeMap<i64, Vec<Metric>> = BTreeMap::new();
    for row in rows {
        of_content.entry(row.0).or_default().push(row);
    }
    Ok(of_content)
}
