//! The pages of a tree that differs little from another: those in which nothing differs are copied.

use std::mem;

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl, sql_query, sql_types::BigInt};

use super::{Page, PageRef, Row, WRITTEN, references};
use crate::{
    StoreError, Tx,
    bulk::copy_in,
    connection::each,
    schema::tree_pages,
    trees::nodes::{PAGE, nodes_between},
};

/// Whether the pages of a tree are there.
pub(in crate::trees) fn are_written(tx: &mut Tx, tree: i64) -> Result<bool, StoreError> {
    let first = tree_pages::table.filter(tree_pages::tree_id.eq(tree)).select(tree_pages::seq).limit(1);
    Ok(!first.load::<i64>(tx.conn())?.is_empty())
}

/// Drops the pages of a tree.
///
/// # Errors
/// When the database does not answer.
pub(crate) fn drop_pages(tx: &mut Tx, tree: i64) -> Result<(), StoreError> {
    diesel::delete(tree_pages::table.filter(tree_pages::tree_id.eq(tree))).execute(tx.conn())?;
    Ok(())
}

/// Writes the pages of the tree `draft`, whose nodes are those of the tree `base` but for the paths `changed`, in
/// their order. A page ends where its names say: behind a change pages are made anew only until one ends where one
/// of the base's does.
pub(in crate::trees) fn take_over(
    tx: &mut Tx,
    draft: i64,
    base: i64,
    changed: &[Vec<u8>],
) -> Result<(), StoreError> {
    let known = all_references(tx, base)?;
    let mut writer = Writer { draft, base, seq: 0, copied: None, page: Page::default(), rows: Vec::new() };
    let mut changed = changed.iter().peekable();
    for (at, page) in known.iter().enumerate() {
        let end = known.get(at + 1).map(|next| next.first_path.as_slice());
        let is_before_end = |path: &Vec<u8>| end.is_none_or(|end| path.as_slice() < end);
        let mut is_same = writer.page.nodes == 0;
        while changed.next_if(|path| is_before_end(path)).is_some() {
            is_same = false;
        }
        if is_same {
            writer.copy(tx, page.seq)?;
        } else {
            let start = if at == 0 { &[][..] } else { &page.first_path };
            writer.make(tx, start, end)?;
        }
    }
    if known.is_empty() {
        writer.make(tx, &[], None)?;
    }
    writer.end(tx)
}

fn all_references(tx: &mut Tx, tree: i64) -> Result<Vec<PageRef>, StoreError> {
    let mut all: Vec<PageRef> = Vec::new();
    loop {
        let more = references(tx, tree, all.last().map_or(-1, |last| last.seq))?;
        if more.is_empty() {
            return Ok(all);
        }
        all.extend(more);
    }
}

struct Writer {
    draft: i64,
    base: i64,
    /// The place of the next page.
    seq: i64,
    /// Pages of the base that are still to be copied, one behind the other: from, and behind the last.
    copied: Option<(i64, i64)>,
    page: Page,
    rows: Vec<Row>,
}

impl Writer {
    fn copy(&mut self, tx: &mut Tx, seq: i64) -> Result<(), StoreError> {
        match &mut self.copied {
            Some((_, end)) if *end == seq => *end += 1,
            _ => {
                self.flush(tx)?;
                self.copied = Some((seq, seq + 1));
            }
        }
        self.seq += 1;
        Ok(())
    }

    /// Pages of the nodes from `start` on and before `end`.
    fn make(&mut self, tx: &mut Tx, start: &[u8], end: Option<&[u8]>) -> Result<(), StoreError> {
        self.flush(tx)?;
        let mut after: Option<Vec<u8>> = None;
        loop {
            let found = nodes_between(tx, self.draft, (start, after.as_deref()), end, PAGE)?;
            for node in &found {
                self.page.add(node);
                if self.page.is_full(&node.path) {
                    self.put();
                }
            }
            if self.rows.len() >= WRITTEN {
                self.flush(tx)?;
            }
            match found.last() {
                Some(last) if found.len() == PAGE as usize => after = Some(last.path.clone()),
                _ => return Ok(()),
            }
        }
    }

    fn put(&mut self) {
        self.rows.push(mem::take(&mut self.page).row(self.draft, self.seq));
        self.seq += 1;
    }

    fn flush(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        copy_in!(tx, tree_pages::table, &self.rows)?;
        self.rows.clear();
        let Some((from, end)) = self.copied.take() else { return Ok(()) };
        // It was counted when it was put off.
        let shift = self.seq - end;
        each!(tx, c => sql_query(
            "INSERT INTO tree_pages (tree_id, seq, first_path, nodes, digest, body)
             SELECT $1, seq + $2, first_path, nodes, digest, body FROM tree_pages
             WHERE tree_id = $3 AND seq >= $4 AND seq < $5",
        )
        .bind::<BigInt, _>(self.draft)
        .bind::<BigInt, _>(shift)
        .bind::<BigInt, _>(self.base)
        .bind::<BigInt, _>(from)
        .bind::<BigInt, _>(end)
        .execute(c))?;
        Ok(())
    }

    fn end(mut self, tx: &mut Tx) -> Result<(), StoreError> {
        if self.page.nodes > 0 {
            self.put();
        }
        self.flush(tx)
    }
}
