//! Stocks: their names, versions, and which tree each repository has in them.

use contracts::StockId;
use diesel::{OptionalExtension, QueryDsl, RunQueryDsl};

use super::Fields;
use crate::{StoreError, Tx, schema::trees, stocks, types::Hash};

const PAGE: u32 = 1_000;

pub(super) fn add(tx: &mut Tx, digest: &mut Fields) -> Result<(), StoreError> {
    let mut after: Option<String> = None;
    loop {
        let page = stocks::list(tx, after.as_deref(), PAGE)?;
        for stock in &page {
            digest.text(&stock.name).number(stock.version);
            add_entries(tx, digest, stock.id)?;
        }
        match page.last() {
            Some(stock) => after = Some(stock.name.clone()),
            None => return Ok(()),
        }
    }
}

fn add_entries(tx: &mut Tx, digest: &mut Fields, stock: StockId) -> Result<(), StoreError> {
    let mut after: Option<String> = None;
    loop {
        let page = stocks::entries_at(tx, stock, None, after.as_deref(), PAGE)?;
        for entry in &page {
            let tree: Option<Hash> =
                trees::table.find(entry.tree).select(trees::oid).first(tx.conn()).optional()?;
            digest
                .text(&entry.url)
                .maybe(entry.commit.as_ref().map(|commit| commit.as_bytes()))
                .maybe(tree.as_ref().map(|tree| tree.0.as_bytes()));
        }
        match page.last() {
            Some(entry) => after = Some(entry.url.clone()),
            None => {
                // An empty URL ends the list.
                digest.text("");
                return Ok(());
            }
        }
    }
}
