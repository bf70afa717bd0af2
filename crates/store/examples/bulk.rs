//! How many rows per second the bulk paths of the store take, on each database that is named.
//!
//! `cargo run --release -p store --example bulk -- ROWS URL…`, for instance with
//! `sqlite:///tmp/bulk.db` and `postgres://postgres@127.0.0.1/bulk`. Each database should be empty.

use std::{borrow::Cow, error::Error, time::Instant};

use contracts::{Oid, RevisionId};
use jiff::Timestamp;
use store::{
    Store, StoreError, StoreOptions,
    contents::{self, ContentState, NewContent, Place},
    digest,
    metrics::{self, Metric, Outcome},
    packs::{self, NewPack},
    trees::{self, Change, Node},
};

/// Rows of one transaction, about what a worker commits at once.
const PART: u64 = 5_000;
/// Contents of one batch that is analysed as one.
const BATCH: u64 = 1_000;
const ANALYZERS: &[(&str, i32)] = &[("digests", 1), ("language", 1), ("lines", 1)];

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// Ids are spread over their range, as real ones are.
fn oid(number: u64) -> Oid {
    let mut bytes = [0; 20];
    let spread = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bytes[..8].copy_from_slice(&spread.to_be_bytes());
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    Oid::from(bytes)
}

fn node(number: u64) -> Node {
    let path = format!("src/module_{:04}/part_{:02}/file_{number:07}.rs", number / 500, number / 50 % 10);
    Node { path: path.into_bytes(), mode: 0o100_644, oid: oid(number), size: 4_321 }
}

fn content(number: u64, pack_id: i64) -> NewContent {
    let place = Place { pack_id, offset: number % BATCH * 1_234, length: 1_234 };
    NewContent {
        oid: oid(number),
        sha256: Some([7; 32]),
        size: 4_321,
        state: ContentState::Stored,
        place: Some(place),
    }
}

fn metrics_of(content: i64) -> impl Iterator<Item = Metric> {
    const RESULTS: [&str; 3] = [
        r#"{"sha1":"da39a3ee5e6b4b0d3255bfef95601890afd80709","sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","blake3":"af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"}"#,
        r#"{"language":"Rust","kind":"text","encoding":"utf-8","generated":false,"minified":false}"#,
        r#"{"total":120,"code":90,"comments":20,"blanks":10}"#,
    ];
    ANALYZERS.iter().zip(RESULTS).map(move |((analyzer, version), result)| Metric {
        content,
        hint: Cow::Borrowed(".rs"),
        analyzer: Cow::Borrowed(*analyzer),
        version: *version,
        outcome: Outcome::Ok(result.to_owned()),
    })
}

struct Report {
    database: String,
}

impl Report {
    #[expect(clippy::print_stdout, reason = "this is a program that prints what it measured")]
    fn rate(&self, what: &str, rows: u64, since: Instant) {
        let seconds = since.elapsed().as_secs_f64();
        println!(
            "{:24} {what:36} {rows:9} rows {seconds:8.2} s {:10.0} rows/s",
            self.database,
            rows as f64 / seconds
        );
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let rows: u64 = args.next().ok_or("how many rows?")?.parse()?;
    for url in args {
        measure(&url, rows).await?;
    }
    Ok(())
}

async fn measure(url: &str, rows: u64) -> Result<(), StoreError> {
    let store = Store::open(url, StoreOptions::default())?;
    store.migrate().await?;
    let report = Report { database: store.check().await? };
    let tree = write_tree(&store, &report, rows).await?;
    let ids = write_contents(&store, &report, rows).await?;
    write_metrics(&store, &report, &ids).await?;
    read(&store, &report, rows, tree).await
}

async fn write_tree(store: &Store, report: &Report, rows: u64) -> Result<i64, StoreError> {
    let since = Instant::now();
    let revision = RevisionId::new();
    let draft = store.write(move |tx| trees::begin(tx, &oid(u64::MAX), revision, now())).await?;
    for from in (0..rows).step_by(PART as usize) {
        let nodes: Vec<Node> = (from..rows.min(from + PART)).map(node).collect();
        store.write(move |tx| trees::insert_nodes(tx, draft, &nodes)).await?;
    }
    let tree = store.write(move |tx| trees::complete(tx, draft, rows, rows * 4_321, rows)).await?;
    report.rate("nodes, written", rows, since);
    Ok(tree.id)
}

async fn write_contents(store: &Store, report: &Report, rows: u64) -> Result<Vec<i64>, StoreError> {
    let mut ids = Vec::new();
    for what in ["contents, looked up and written", "contents, looked up and found"] {
        let since = Instant::now();
        ids.clear();
        for from in (0..rows).step_by(BATCH as usize) {
            let numbers = from..rows.min(from + BATCH);
            let oids: Vec<Oid> = numbers.clone().map(oid).collect();
            let known = store.read(move |tx| contents::known(tx, &oids)).await?;
            if !known.is_empty() {
                ids.extend(known.values().map(|content| content.id));
                continue;
            }
            let made: Result<Vec<i64>, StoreError> = store
                .write(move |tx| {
                    let pack =
                        NewPack { name: format!("pack-{from}"), bytes: 1, contents: BATCH, content_bytes: 1 };
                    let pack = packs::insert(tx, &pack, now())?;
                    let new: Vec<NewContent> = numbers.map(|number| content(number, pack)).collect();
                    contents::insert_many(tx, &new, false)
                })
                .await;
            ids.extend(made?);
        }
        report.rate(what, rows, since);
    }
    Ok(ids)
}

async fn write_metrics(store: &Store, report: &Report, ids: &[i64]) -> Result<(), StoreError> {
    for what in ["metrics, written", "metrics, written again the same"] {
        let since = Instant::now();
        for part in ids.chunks(BATCH as usize) {
            let metrics: Vec<Metric> = part.iter().flat_map(|id| metrics_of(*id)).collect();
            store.write(move |tx| metrics::insert_many(tx, &metrics)).await?;
        }
        report.rate(what, (ids.len() * ANALYZERS.len()) as u64, since);
    }
    let since = Instant::now();
    for part in ids.chunks(BATCH as usize) {
        let pairs: Vec<(i64, String)> = part.iter().map(|id| (*id, ".rs".to_owned())).collect();
        store.read(move |tx| contents::unanalyzed(tx, &pairs, ANALYZERS)).await?;
    }
    report.rate("pairs, found to be analysed", ids.len() as u64, since);
    let since = Instant::now();
    for part in ids.chunks(BATCH as usize) {
        let part = part.to_vec();
        store.read(move |tx| contents::by_ids(tx, &part)).await?;
    }
    report.rate("contents, read by id", ids.len() as u64, since);
    Ok(())
}

async fn read(store: &Store, report: &Report, rows: u64, tree: i64) -> Result<(), StoreError> {
    let since = Instant::now();
    store.read(move |tx| trees::for_each_node(tx, tree, |_| Ok::<_, StoreError>(()))).await?;
    report.rate("nodes, read", rows, since);
    let since = Instant::now();
    let compared = store.read(move |tx| {
        let mut unchanged = 0;
        trees::compare(tx, Some(tree), Some(tree), |change| {
            unchanged += u64::from(matches!(change, Change::Unchanged(_)));
            Ok::<_, StoreError>(())
        })?;
        Ok::<_, StoreError>(unchanged)
    });
    report.rate("nodes, compared with themselves", compared.await?, since);
    let since = Instant::now();
    let all = |_: &trees::TreeContent, _: &[Metric]| Ok::<_, StoreError>(());
    store.read(move |tx| metrics::for_each_of_tree(tx, tree, ANALYZERS, all)).await?;
    report.rate("nodes, read with their metrics", rows, since);
    let since = Instant::now();
    store.read(digest::of_state).await?;
    report.rate("nodes, in the digest of the state", rows, since);
    Ok(())
}
