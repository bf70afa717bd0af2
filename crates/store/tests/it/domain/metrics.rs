//! Metrics.

use std::borrow::Cow;

use store::{
    StoreError, Tx,
    contents::{self, ContentState, NewContent},
    metrics::{self, Metric, Missing, Outcome},
};

use super::{node, oid, some_revision, tree};
use crate::db::on_each;

fn metric(content: i64, hint: &'static str, analyzer: &'static str, outcome: Outcome) -> Metric {
    Metric { content, hint: Cow::Borrowed(hint), analyzer: Cow::Borrowed(analyzer), version: 1, outcome }
}

fn found(json: &str) -> Outcome {
    Outcome::Ok(json.to_owned())
}

fn contents(tx: &mut Tx, count: u8) -> Result<Vec<i64>, StoreError> {
    let new: Vec<NewContent> = (1..=count)
        .map(|number| NewContent {
            oid: oid(number),
            sha256: None,
            size: 1,
            state: ContentState::Stored,
            place: None,
        })
        .collect();
    contents::insert_many(tx, &new, false)
}

#[tokio::test]
async fn outcomes_come_back_byte_for_byte() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let id = contents(tx, 1)?[0];
                let given = [
                    metric(id, "", "lines", found(r#"{ "z": 1.50, "a":"\u0000é" }"#)),
                    metric(id, ".B", "lines", Outcome::Skipped("binary".to_owned())),
                    metric(id, ".a", "lines", Outcome::Failed("broke at \u{1}".to_owned())),
                ];
                assert_eq!(metrics::insert_many(tx, &given)?, 3);
                assert_eq!(metrics::of_content(tx, id)?, given);
                // PostgreSQL keeps no U+0000: reasons lose it rather than the row.
                let quoted = metric(id, ".c", "lines", Outcome::Failed("at \0".to_owned()));
                metrics::insert_many(tx, &[quoted])?;
                let kept = metrics::of_content(tx, id)?.pop().unwrap();
                assert_eq!(kept.outcome, Outcome::Failed("at \u{fffd}".to_owned()));
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_same_again_writes_nothing_and_another_outcome_replaces() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let ids = contents(tx, 2)?;
                let mut given = vec![
                    metric(ids[1], "", "language", Outcome::Failed("panic".to_owned())),
                    metric(ids[0], "", "language", found("{}")),
                    metric(ids[0], "", "lines", Outcome::Skipped("binary".to_owned())),
                ];
                assert_eq!(metrics::insert_many(tx, &given)?, 3);
                assert_eq!(metrics::insert_many(tx, &given)?, 0);
                given[0].outcome = found(r#"{"language":"Rust"}"#);
                given[2].outcome = Outcome::Skipped("too large".to_owned());
                assert_eq!(metrics::insert_many(tx, &given)?, 2);
                given[1].version = 2;
                assert_eq!(metrics::insert_many(tx, &given)?, 1);
                assert_eq!(metrics::of_content(tx, ids[1])?, given[..1]);
                assert_eq!(metrics::of_content(tx, ids[0])?.len(), 3, "another version is another row");
                // Twice in one call: the last word counts.
                let twice = [given[0].clone(), metric(ids[1], "", "language", found("[]"))];
                assert_eq!(metrics::insert_many(tx, &twice)?, 1);
                assert_eq!(metrics::of_content(tx, ids[1])?, twice[1..]);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn pairs_that_lack_an_analyzer_are_found_with_what_they_lack() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                const ANALYZERS: &[(&str, i32)] = &[("language", 1), ("lines", 1)];
                let ids = contents(tx, 2)?;
                let pair = |index: usize, hint: &str| (ids[index], hint.to_owned());
                let pairs = [pair(1, ".py"), pair(0, ".rs"), pair(0, ""), pair(0, ".py")];
                assert_eq!(contents::unanalyzed(tx, &pairs, ANALYZERS)?, pairs);
                let given = [
                    metric(ids[0], ".rs", "language", found("{}")),
                    metric(ids[0], ".rs", "lines", Outcome::Failed("no".to_owned())),
                    metric(ids[0], ".py", "lines", found("{}")),
                    metric(ids[1], ".rs", "lines", found("{}")),
                ];
                metrics::insert_many(tx, &given)?;
                let lacks = |(content, hint): (i64, String), analyzers: &[&str]| Missing {
                    content,
                    hint,
                    analyzers: analyzers.iter().map(|name| (*name).to_owned()).collect(),
                };
                let both = ["language", "lines"];
                let expected = [
                    lacks(pair(1, ".py"), &both),
                    lacks(pair(0, ""), &both),
                    lacks(pair(0, ".py"), &["language"]),
                ];
                assert_eq!(metrics::missing(tx, &pairs, ANALYZERS)?, expected);
                // A new version is missing everywhere.
                assert_eq!(contents::unanalyzed(tx, &pairs, &[("lines", 2)])?, pairs);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_tree_is_read_with_what_was_found_about_its_contents() {
    on_each(async |db| {
        let told: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let revision = some_revision(tx)?;
                let ids = contents(tx, 2)?;
                let nodes = [node(b"a.rs", 1), node(b"b", 3), node(b"c.py", 1), node(b"d.rs", 2)];
                let tree = tree(tx, revision, 1, &nodes)?;
                let mut old = metric(ids[0], ".rs", "lines", found("0"));
                old.version = 0;
                metrics::insert_many(
                    tx,
                    &[
                        old,
                        metric(ids[0], ".rs", "lines", found("1")),
                        metric(ids[0], ".py", "lines", found("2")),
                        metric(ids[0], ".py", "digests", found("3")),
                    ],
                )?;
                let mut told = Vec::new();
                metrics::for_each_of_tree(tx, tree, &[("lines", 1)], |node, found| {
                    let found: Vec<_> =
                        found.iter().map(|it| (it.hint.to_string(), it.outcome.clone())).collect();
                    told.push((node.node.path.clone(), node.content.is_some(), found));
                    Ok::<_, StoreError>(())
                })?;
                Ok(told)
            })
            .await;
        let both = vec![(".py".to_owned(), found("2")), (".rs".to_owned(), found("1"))];
        assert_eq!(
            told.unwrap(),
            [
                (b"a.rs".to_vec(), true, both.clone()),
                (b"b".to_vec(), false, vec![]),
                (b"c.py".to_vec(), true, both),
                (b"d.rs".to_vec(), true, vec![]),
            ]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_the_same_metrics_in_any_order_do_not_deadlock() {
    on_each(async |db| {
        let ids = db.store.write(|tx| contents(tx, 200)).await.unwrap();
        let writers: Vec<_> = (0..4_usize)
            .map(|writer| {
                let (store, mut ids) = (db.again(), ids.clone());
                ids.rotate_left(writer * 50);
                tokio::spawn(async move {
                    for round in 0..10 {
                        let given: Vec<Metric> = ids
                            .iter()
                            .map(|id| metric(*id, "", "lines", found(&format!("{round}"))))
                            .collect();
                        store.write(move |tx| metrics::insert_many(tx, &given)).await?;
                    }
                    Ok::<_, StoreError>(())
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap().unwrap();
        }
        let kept = db.store.read(move |tx| metrics::of_contents(tx, &ids, &[("lines", 1)])).await.unwrap();
        assert_eq!(kept.len(), 200);
    })
    .await;
}

#[tokio::test]
async fn an_older_result_is_found_until_the_version_asked_for_is_there() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let ids = contents(tx, 2)?;
                let of = |content: i64, version: i32| Metric {
                    version,
                    ..metric(content, ".rs", "lines", found(&version.to_string()))
                };
                metrics::insert_many(tx, &[of(ids[0], 1), of(ids[0], 2), of(ids[0], 4), of(ids[1], 1)])?;
                let found = |tx: &mut Tx, version| -> Result<Vec<(i64, i32)>, StoreError> {
                    let found = metrics::of_contents(tx, &ids, &[("lines", version), ("language", 9)])?;
                    Ok(found.iter().map(|metric| (metric.content, metric.version)).collect())
                };
                assert_eq!(found(tx, 1)?, [(ids[0], 1), (ids[1], 1)]);
                assert_eq!(found(tx, 3)?, [(ids[0], 2), (ids[1], 1)], "nothing of a version that is newer");
                assert_eq!(found(tx, 4)?, [(ids[0], 4), (ids[1], 1)]);
                assert_eq!(found(tx, 0)?, []);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn pairs_come_in_pages_that_cut_no_content_in_two() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let ids = contents(tx, 3)?;
                let each = [(0, ".a"), (0, ".b"), (1, ".a"), (1, ".b"), (2, ".a")];
                let rows: Vec<Metric> = each
                    .iter()
                    .flat_map(|(index, hint)| {
                        ["lines", "language"].map(|by| metric(ids[*index], hint, by, found("{}")))
                    })
                    .collect();
                metrics::insert_many(tx, &rows)?;
                let (mut seen, mut after) = (Vec::new(), 0);
                loop {
                    let page = metrics::pairs(tx, after, 3)?;
                    let Some((last, _)) = page.last() else { break };
                    after = *last;
                    seen.extend(page);
                }
                let expected: Vec<(i64, String)> =
                    each.iter().map(|(index, hint)| (ids[*index], (*hint).to_owned())).collect();
                assert_eq!(seen, expected);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}
