//! Histories with their commits. Positions are left out: they tell in which order commits came to be known.

use diesel::{ExpressionMethods, JoinOnDsl, QueryDsl, RunQueryDsl};

use super::Fields;
use crate::{
    StoreError, Tx,
    schema::{commits, histories, repositories},
    types::{Hash, Id},
};

const PAGE: i64 = 1_000;

type Head = (Id, String, Option<Hash>, i64, bool, Option<String>);
type Words = (String, i64, i64, f64, f64);
type Who = (String, String, Option<i64>, i32);
type Row = (Hash, Vec<u8>, i64, Who, Who, String, i64, Words);

pub(super) fn add(tx: &mut Tx, digest: &mut Fields) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let page: Vec<Head> = histories::table
            .inner_join(repositories::table.on(repositories::id.eq(histories::repository_id)))
            .filter(repositories::url.gt(&after))
            .order(repositories::url)
            .limit(PAGE)
            .select((
                repositories::id,
                repositories::url,
                histories::tip,
                histories::commits,
                histories::is_cut,
                histories::error_kind,
            ))
            .load(tx.conn())?;
        let Some((_, last, ..)) = page.last() else { return Ok(()) };
        after.clone_from(last);
        for (id, url, tip, commits, is_cut, error) in page {
            digest.text(&url).maybe(tip.as_ref().map(|tip| tip.0.as_bytes())).number(commits);
            digest.number(is_cut.into()).maybe(error.as_deref().map(str::as_bytes));
            add_commits(tx, digest, id)?;
        }
    }
}

fn add_commits(tx: &mut Tx, digest: &mut Fields, repository: Id) -> Result<(), StoreError> {
    let mut after: Vec<u8> = Vec::new();
    loop {
        let page: Vec<Row> = commits::table
            .filter(commits::repository_id.eq(repository))
            .filter(commits::oid.gt(&after))
            .order(commits::oid)
            .limit(PAGE)
            .select((
                commits::oid,
                commits::parents,
                commits::parent_count,
                (commits::author_name, commits::author_email, commits::authored_at, commits::author_offset),
                (
                    commits::committer_name,
                    commits::committer_email,
                    commits::committed_at,
                    commits::committer_offset,
                ),
                commits::message,
                commits::message_bytes,
                (commits::kind, commits::chars, commits::words, commits::mean_word_length, commits::fog),
            ))
            .load(tx.conn())?;
        let Some((last, ..)) = page.last() else { return Ok(()) };
        after = last.0.as_bytes().to_vec();
        for (oid, parents, count, author, committer, message, bytes, words) in &page {
            digest.bytes(oid.0.as_bytes()).bytes(parents).number(*count);
            for (name, email, at, offset) in [author, committer] {
                digest.text(name).text(email).number((*offset).into());
                digest.maybe(at.map(i64::to_le_bytes).as_ref().map(<[u8; 8]>::as_slice));
            }
            let (kind, chars, count, length, fog) = words;
            digest.text(message).number(*bytes).text(kind).number(*chars).number(*count);
            digest.bytes(&length.to_le_bytes()).bytes(&fog.to_le_bytes());
        }
    }
}
