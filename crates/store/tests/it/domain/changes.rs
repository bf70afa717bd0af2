//! Changes between trees, versions and snapshots.

use std::collections::BTreeMap;

use contracts::{Oid, RepositoryId, RevisionId, StockId};
use proptest::prelude::*;
use store::{
    StoreError, Tx,
    changes::{ChangeKind, ChangeRow, Options, Reader, Source},
    revisions,
    stocks::{self, NewEntry},
    trees::{self, Change, Comparison, Gone, Node, Totals},
};

use super::{node, now, oid, revision, snapshot, some_revision, stock, tree};
use crate::db::{Db, on_each};

type Model = BTreeMap<Vec<u8>, (u32, u8)>;

fn options(kinds: &[ChangeKind]) -> Options {
    let hint = |path: &[u8]| if path.ends_with(b".rs") { ".rs" } else { "" };
    Options { kinds: kinds.to_vec(), repository: None, facts: false, hint, analyzers: "lines@1".to_owned() }
}

fn nodes_of(model: &Model) -> Vec<Node> {
    model.iter().map(|(path, (mode, number))| Node { mode: *mode, ..node(path, *number) }).collect()
}

/// Names of which many are alike, so that pages end in many places.
fn model() -> impl Strategy<Value = Model> {
    let path = (0_u32..600).prop_map(|number| format!("dir{}/file{number}", number % 7).into_bytes());
    let mode = prop_oneof![9 => Just(0o100_644_u32), 1 => Just(0o100_755_u32)];
    prop::collection::btree_map(path, (mode, 0_u8..4), 0..500)
}

fn store_tree(tx: &mut Tx, revision: RevisionId, id: u32, model: &Model) -> Result<i64, StoreError> {
    let mut bytes = [0; 20];
    bytes[..4].copy_from_slice(&id.to_be_bytes());
    let draft = trees::begin(tx, &Oid::from(bytes), revision, now())?;
    trees::insert_nodes(tx, draft, &nodes_of(model))?;
    Ok(trees::complete(tx, draft, model.len() as u64, 0, 0)?.id)
}

/// What a comparison tells, with the nodes that are the same counted.
#[expect(clippy::type_complexity, reason = "its one caller takes it apart at once")]
fn told(tx: &mut Tx, comparison: &mut Comparison) -> Result<(Vec<(char, Vec<u8>)>, u64), StoreError> {
    let (mut told, mut same) = (Vec::new(), 0);
    while let Some(change) = comparison.next(tx)? {
        match change {
            Change::New(node) => told.push(('+', node.path)),
            Change::Removed(node) => told.push(('-', node.path)),
            Change::Modified { new, .. } => told.push(('*', new.path)),
            Change::Mode { new, .. } => told.push(('%', new.path)),
            Change::Same(_) => same += 1,
            Change::Unchanged(nodes) => same += nodes,
        }
    }
    Ok((told, same))
}

fn expected(old: &Model, new: &Model) -> (Vec<(char, Vec<u8>)>, u64) {
    let mut all: Vec<&Vec<u8>> = old.keys().chain(new.keys()).collect();
    all.sort_unstable();
    all.dedup();
    let (mut told, mut same) = (Vec::new(), 0);
    for path in all {
        let sign = match (old.get(path), new.get(path)) {
            (Some(old), Some(new)) if old == new => {
                same += 1;
                continue;
            }
            (Some(old), Some(new)) if old.1 == new.1 => '%',
            (Some(_), Some(_)) => '*',
            (Some(_), None) => '-',
            _ => '+',
        };
        told.push((sign, path.clone()));
    }
    (told, same)
}

#[test]
fn trees_are_compared_as_a_naive_model_does_from_any_place() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let db = Db::sqlite();
    runtime.block_on(db.store.migrate()).unwrap();
    let made: Result<RevisionId, StoreError> = runtime.block_on(db.store.write(some_revision));
    let revision = made.unwrap();
    let next = std::cell::Cell::new(0);
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(old in model(), changes in model(), gone in 0_usize..20, behind in any::<prop::sample::Index>())| {
        // The new tree is the old one with a few changes, or another one.
        let mut new = if gone == 0 { Model::new() } else { old.clone() };
        new.extend(changes.iter().take(gone * 4).map(|(path, node)| (path.clone(), *node)));
        for path in old.keys().step_by(gone + 7) {
            new.remove(path);
        }
        next.set(next.get() + 2);
        let (first, second) = (next.get(), next.get() + 1);
        let (wanted, same) = expected(&old, &new);
        let after = wanted.get(behind.index(wanted.len().max(1))).map(|(_, path)| path.clone());
        let (o, n, a) = (old.clone(), new.clone(), after.clone());
        let found: Result<_, StoreError> = runtime.block_on(db.store.write(move |tx| {
            let (old, new) = (store_tree(tx, revision, first, &o)?, store_tree(tx, revision, second, &n)?);
            let all = told(tx, &mut Comparison::new(Some(old), Some(new), false))?;
            let each = told(tx, &mut Comparison::new(Some(old), Some(new), true))?;
            let rest = match a {
                Some(path) => told(tx, &mut Comparison::behind(Some(old), Some(new), false, path))?.0,
                None => Vec::new(),
            };
            let union = stocks::union(tx, (old, new), revision, now())?;
            let again = stocks::union(tx, (old, new), revision, now())?;
            assert_eq!(union, again);
            let held: Vec<Node> = trees::nodes_page(tx, union.id, None, 10_000)?;
            Ok((all, each, rest, held, union.nodes))
        }));
        let (all, each, rest, held, nodes) = found.unwrap();
        prop_assert_eq!(&all, &(wanted.clone(), same));
        prop_assert_eq!(&each, &(wanted.clone(), same));
        let behind: Vec<_> = wanted.into_iter().filter(|(_, path)| Some(path) > after.as_ref()).collect();
        prop_assert_eq!(rest, if after.is_some() { behind } else { Vec::new() });
        let mut both = old;
        both.extend(new);
        prop_assert_eq!(nodes, both.len() as u64);
        prop_assert_eq!(held, nodes_of(&both));
    });
}

#[tokio::test]
async fn trees_that_are_alike_are_known_by_their_pages() {
    on_each(async |db| {
        let told: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let revision = some_revision(tx)?;
                let mut model: Model =
                    (0..5_000_u32).map(|n| (format!("{n:05}").into_bytes(), (0o100_644, 1))).collect();
                let old = store_tree(tx, revision, 1, &model)?;
                model.insert(b"02500".to_vec(), (0o100_644, 2));
                let new = store_tree(tx, revision, 2, &model)?;
                let mut comparison = Comparison::new(Some(old), Some(new), false);
                let (mut looked_at, mut skipped) = (0, 0);
                while let Some(change) = comparison.next(tx)? {
                    match change {
                        Change::Unchanged(nodes) => skipped += nodes,
                        _ => looked_at += 1,
                    }
                }
                Ok((looked_at, skipped))
            })
            .await;
        let (looked_at, skipped) = told.unwrap();
        assert_eq!(looked_at + skipped, 5_000);
        assert!(looked_at <= 1_024, "{looked_at} nodes were looked at for one that changed");
    })
    .await;
}

/// A visit of this repository that saw these nodes.
fn visit(
    tx: &mut Tx,
    stock: StockId,
    url: &str,
    number: u8,
    nodes: &[Node],
) -> Result<(NewEntry, contracts::SnapshotId, RepositoryId), StoreError> {
    let snapshot = snapshot(tx, stock)?;
    let (revision, repository) = revision(tx, snapshot, url)?;
    let tree = tree(tx, revision, number, nodes)?;
    revisions::stored(tx, revision, Some(oid(number)), tree, now())?;
    Ok((NewEntry { repository, revision, tree }, snapshot, repository))
}

fn shown(rows: &[ChangeRow]) -> Vec<String> {
    let text = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
    rows.iter()
        .map(|row| {
            let from = row.old_path.as_deref().map_or_else(String::new, |old| format!(" from {}", text(old)));
            format!("{} {}/{}{from}", row.kind.as_str(), row.url, text(&row.path))
        })
        .collect()
}

fn all(tx: &mut Tx, source: Source, kinds: &[ChangeKind], page: usize) -> Result<Vec<ChangeRow>, StoreError> {
    source.check(tx)?;
    let mut reader = Reader::open(source, options(kinds), None);
    let mut rows = Vec::new();
    loop {
        let found = reader.page(tx, page)?;
        if found.is_empty() {
            return Ok(rows);
        }
        assert!(found.len() <= page);
        rows.extend(found);
    }
}

#[tokio::test]
async fn versions_and_snapshots_differ_the_same_whatever_the_pages() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let id = stock(tx, "main")?;
                let odd = "=cmd,\"x\"\n\u{5d0}".as_bytes();
                let before = [node(b"gone", 1), node(b"old/name", 2), node(b"same", 3), node(b"text", 4)];
                let after = [node(odd, 9), node(b"new/name", 2), node(b"same", 3), node(b"text", 5)];
                let (a, from, _) = visit(tx, id, "https://a", 1, &before)?;
                let (b, _, _) = visit(tx, id, "https://b", 2, &[node(b"x", 1)])?;
                stocks::commit_entries(tx, id, 1, &[a, b])?;
                let (a2, to, _) = visit(tx, id, "https://a", 3, &after)?;
                let (c, _, _) = visit(tx, id, "https://c", 4, &[node(b"y", 1)])?;
                stocks::commit_entries(tx, id, 2, &[a2, c])?;

                let odd = String::from_utf8_lossy(odd);
                let of_a = [
                    format!("new https://a/{odd}"),
                    "removed https://a/gone".to_owned(),
                    "moved https://a/new/name from old/name".to_owned(),
                    "modified https://a/text".to_owned(),
                ];
                let snapshots = Source::Snapshots { from, to };
                assert_eq!(shown(&all(tx, snapshots, &[], 100)?), of_a);
                let versions = Source::Versions { stock: id, from: 1, to: 2 };
                let mut wanted = of_a.to_vec();
                wanted.push("new https://c/y".to_owned());
                for page in [1, 2, 3, 100] {
                    assert_eq!(shown(&all(tx, versions, &[], page)?), wanted, "by {page}");
                }
                let kinds = [ChangeKind::Removed, ChangeKind::Modified];
                assert_eq!(shown(&all(tx, versions, &kinds, 1)?), [&*wanted[1], &*wanted[3]]);

                // Going on behind any row gives the rest.
                let rows = all(tx, versions, &[], 100)?;
                for (at, row) in rows.iter().enumerate() {
                    let mut reader = Reader::open(versions, options(&[]), Some(row.cursor()));
                    assert_eq!(reader.page(tx, 100)?, rows[at + 1..]);
                }
                // Backwards everything is the other way round.
                let back = all(tx, Source::Versions { stock: id, from: 2, to: 1 }, &[], 100)?;
                let kind = |kind| back.iter().filter(|row: &&ChangeRow| row.kind == kind).count();
                assert_eq!((kind(ChangeKind::New), kind(ChangeKind::Removed)), (1, 2));
                assert_eq!((kind(ChangeKind::Moved), kind(ChangeKind::Modified)), (1, 1));
                assert!(Source::Versions { stock: id, from: 1, to: 3 }.check(tx).is_err());
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn old_versions_are_let_go_as_the_policy_says() {
    use contracts::policy::{Retention, StockPolicy};
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let id = stock(tx, "main")?;
                for number in 1..=5_u8 {
                    let (entry, ..) = visit(tx, id, "https://a", number, &[node(b"x", number)])?;
                    stocks::commit_entries(tx, id, i64::from(number), &[entry])?;
                    assert_eq!(stocks::trim(tx, id, now())?, Some(0), "nothing is let go without a rule");
                }
                let retention = Retention { versions: Some(2), days: None };
                let policy = StockPolicy { retention, ..StockPolicy::default() };
                assert_eq!(stocks::set_policy(tx, id, &policy)?.policy_version, 1);
                assert_eq!(stocks::set_policy(tx, id, &policy)?.policy_version, 1, "the same again");
                assert_eq!(stocks::trim(tx, id, now())?, Some(4));
                for (version, readable) in [(3, false), (4, true), (5, true)] {
                    let read = stocks::entries_at(tx, id, Some(version), None, 9);
                    assert_eq!(read.is_ok(), readable, "{version}");
                }
                let versions = Source::Versions { stock: id, from: 3, to: 5 };
                assert!(versions.check(tx).unwrap_err().to_string().contains("4 to 5"));
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[test]
fn what_is_taken_over_has_the_pages_and_the_sums_of_what_is_written_whole() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let db = Db::sqlite();
    runtime.block_on(db.store.migrate()).unwrap();
    let made: Result<RevisionId, StoreError> = runtime.block_on(db.store.write(some_revision));
    let revision = made.unwrap();
    let next = std::cell::Cell::new(0);
    let config = ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() };
    // Few changes or more than are looked at one by one, and nodes that go, at either end and in between.
    let strategy = (model(), model(), prop_oneof![0_usize..6, 0_usize..500], 1_usize..200);
    proptest!(config, |((old, changes, count, every) in strategy)| {
        let mut new = old.clone();
        let mut changed: Model = changes.into_iter().take(count).collect();
        let gone: Vec<Vec<u8>> =
            old.keys().step_by(every).filter(|path| !changed.contains_key(*path)).cloned().collect();
        // Something behind everything, and before it.
        if every % 3 == 0 {
            changed.extend([(b"zzz".to_vec(), (0o100_644, 1)), (b"!".to_vec(), (0o160_000, 2))]);
        }
        new.extend(changed.clone());
        new.retain(|path, _| !gone.contains(path));
        next.set(next.get() + 3);
        let (first, n) = (next.get(), new.clone());
        let found: Result<_, StoreError> = runtime.block_on(db.store.write(move |tx| {
            let draft = begin_tree(tx, revision, first, &old)?;
            let sums = whole(&old);
            let base = trees::complete(tx, draft, sums.nodes, sums.bytes, sums.contents)?.id;
            let draft = begin_tree(tx, revision, first + 1, &changed)?;
            let gone: Vec<Gone> = gone.iter().map(|path| Gone { path: path.clone(), is_folder: false }).collect();
            trees::insert_gone(tx, draft, base, &gone)?;
            let sums = trees::take_over(tx, draft, base)?;
            let taken = trees::complete(tx, draft, sums.nodes, sums.bytes, sums.contents)?.id;
            let draft = begin_tree(tx, revision, first + 2, &n)?;
            let written = trees::complete(tx, draft, n.len() as u64, 0, 0)?.id;
            let nodes = trees::nodes_page(tx, taken, None, 10_000)?;
            let mut comparison = Comparison::new(Some(taken), Some(written), false);
            let mut pages = Vec::new();
            while let Some(change) = comparison.next(tx)? {
                pages.push(change);
            }
            Ok((sums, nodes, pages))
        }));
        let (sums, nodes, pages) = found.unwrap();
        prop_assert_eq!(nodes, nodes_of(&new));
        prop_assert_eq!(sums, whole(&new));
        for page in pages {
            prop_assert!(matches!(page, Change::Unchanged(_)), "{page:?}");
        }
    });
}

fn begin_tree(tx: &mut Tx, revision: RevisionId, id: u32, model: &Model) -> Result<i64, StoreError> {
    let mut bytes = [0; 20];
    bytes[..4].copy_from_slice(&id.to_be_bytes());
    let draft = trees::begin(tx, &Oid::from(bytes), revision, now())?;
    trees::insert_nodes(tx, draft, &nodes_of(model))?;
    Ok(draft)
}

fn whole(model: &Model) -> Totals {
    let nodes = nodes_of(model);
    let mut contents: Vec<Oid> =
        nodes.iter().filter(|node| node.mode != 0o160_000).map(|node| node.oid).collect();
    contents.sort_unstable();
    contents.dedup();
    Totals {
        nodes: nodes.len() as u64,
        bytes: nodes.iter().map(|node| node.size).sum(),
        contents: contents.len() as u64,
    }
}
