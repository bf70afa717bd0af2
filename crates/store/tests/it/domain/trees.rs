//! Trees and nodes.

use std::ops::ControlFlow;

use contracts::{ErrorKind, Failure, RevisionId};
use jiff::SignedDuration;
use proptest::{prelude::*, strategy::ValueTree};
use store::{
    StoreError,
    contents::{self, ContentState, NewContent},
    revisions,
    trees::{self, Change, Node},
};

use super::{node, now, oid, some_revision, tree};
use crate::db::on_each;

/// Names that are odd but allowed: no UTF-8, line ends, backslashes, quotes, what means something in
/// SQL or in COPY, and neighbours of the separator.
const ODD: &[&[u8]] = &[
    b"a",
    b"a.b",
    b"a/b",
    b"a0",
    b"A",
    b"\\.",
    b"\\N",
    b"\\x41",
    b"back\\slash",
    b"line\nend",
    b"tab\tand\rreturn",
    b" space ",
    b"'; DROP TABLE nodes; --",
    b"\xff\xfe no text",
    b"\x01",
    b"\xc3\xa9",
    b"e\xcc\x81",
    b"%_",
];

#[tokio::test]
async fn odd_names_come_back_as_they_were_in_the_order_of_their_bytes() {
    on_each(async |db| {
        let mut nodes: Vec<Node> = ODD.iter().zip(1..).map(|(path, number)| node(path, number)).collect();
        nodes[3].mode = 0o120_000;
        nodes[4].size = u64::from(u32::MAX) + 1;
        let given = nodes.clone();
        nodes.sort_by(|a, b| a.path.cmp(&b.path));
        let id = db
            .store
            .write(move |tx| {
                let revision = some_revision(tx)?;
                tree(tx, revision, 99, &given)
            })
            .await
            .unwrap();
        let read: Result<_, StoreError> = db
            .store
            .read(move |tx| {
                let mut paged = Vec::new();
                while let Some(last) =
                    advance(trees::nodes_page(tx, id, paged.last().map(|n: &Node| n.path.as_slice()), 3)?)
                        .continue_value()
                {
                    paged.extend(last);
                }
                let mut streamed = Vec::new();
                trees::for_each_node(tx, id, |node| {
                    streamed.push(node);
                    Ok::<_, StoreError>(())
                })?;
                Ok((paged, streamed))
            })
            .await;
        let (paged, streamed) = read.unwrap();
        assert_eq!(paged, nodes);
        assert_eq!(streamed, nodes);
    })
    .await;
}

fn advance(page: Vec<Node>) -> ControlFlow<(), Vec<Node>> {
    if page.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(page) }
}

#[tokio::test]
async fn a_tree_exists_once_it_is_complete() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let revision = some_revision(tx)?;
                let draft = trees::begin(tx, &oid(1), revision, now())?;
                trees::insert_nodes(tx, draft, &[node(b"half", 1)])?;
                assert_eq!(trees::find(tx, &oid(1))?, None);
                // The attempt broke off; the next begins with nothing.
                let again = trees::begin(tx, &oid(1), revision, now())?;
                assert_ne!(draft, again);
                trees::insert_nodes(tx, again, &[node(b"half", 1), node(b"whole", 2)])?;
                let tree = trees::complete(tx, again, 2, 3, 2)?;
                assert_eq!(trees::find(tx, &oid(1))?, Some(tree));
                assert_eq!((tree.nodes, tree.bytes, tree.contents), (2, 3, 2));
                assert_eq!(trees::nodes_page(tx, draft, None, 9)?, []);
                assert_eq!(trees::nodes_page(tx, tree.id, None, 9)?.len(), 2);
                assert_eq!(trees::complete(tx, draft, 1, 1, 1).unwrap_err().kind(), ErrorKind::NotFound);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_write_the_same_tree_at_once_both_get_the_first() {
    on_each(async |db| {
        let both = tokio::sync::Barrier::new(2);
        let write = async |store: store::Store| {
            let revision = RevisionId::new();
            let draft = store.write(move |tx| trees::begin(tx, &oid(1), revision, now())).await?;
            for number in 0..20_u8 {
                let nodes = [node(&[b'a', number + 1], number)];
                store.write(move |tx| trees::insert_nodes(tx, draft, &nodes)).await?;
            }
            both.wait().await;
            let tree = store.write(move |tx| trees::complete(tx, draft, 20, 190, 20)).await?;
            Ok::<_, StoreError>((draft, tree.id))
        };
        let (one, two) = tokio::join!(write(db.again()), write(db.again()));
        let ((draft_one, one), (draft_two, two)) = (one.unwrap(), two.unwrap());
        assert_eq!(one, two);
        let loser = if one == draft_one { draft_two } else { draft_one };
        let read: Result<_, StoreError> = db
            .store
            .read(move |tx| {
                Ok((
                    trees::nodes_page(tx, one, None, 99)?.len(),
                    trees::nodes_page(tx, loser, None, 99)?.len(),
                ))
            })
            .await;
        assert_eq!(read.unwrap(), (20, 0));
    })
    .await;
}

#[tokio::test]
async fn what_two_trees_differ_in_is_told_path_by_path() {
    on_each(async |db| {
        let told: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let revision = some_revision(tx)?;
                let mut executable = node(b"mode", 3);
                let old = [node(b"gone", 1), node(b"kept", 2), executable.clone(), node(b"text", 4)];
                executable.mode = 0o100_755;
                let new = [node(b"a-new", 9), node(b"kept", 2), executable, node(b"text", 5), node(b"z", 6)];
                let (old, new) = (tree(tx, revision, 1, &old)?, tree(tx, revision, 2, &new)?);
                let mut told = Vec::new();
                for (old, new) in [(Some(old), Some(new)), (None, Some(old)), (Some(old), None)] {
                    trees::compare(tx, old, new, |change| {
                        told.push(match change {
                            Change::New(node) => ('+', node.path),
                            Change::Modified { old, new } => {
                                assert_eq!(old.path, new.path);
                                ('*', new.path)
                            }
                            Change::Mode { new, .. } => ('%', new.path),
                            Change::Removed(node) => ('-', node.path),
                            Change::Same(node) => ('=', node.path),
                            Change::Unchanged(nodes) => panic!("{nodes} nodes of pages that differ"),
                        });
                        Ok::<_, StoreError>(())
                    })?;
                }
                Ok(told)
            })
            .await;
        let told: Vec<String> = told
            .unwrap()
            .into_iter()
            .map(|(sign, path)| format!("{sign}{}", String::from_utf8(path).unwrap()))
            .collect();
        assert_eq!(
            told,
            [
                "+a-new", "-gone", "=kept", "%mode", "*text", "+z", "+gone", "+kept", "+mode", "+text",
                "-gone", "-kept", "-mode", "-text"
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn more_nodes_than_a_page_are_all_read_and_compared() {
    on_each(async |db| {
        const COUNT: u32 = 9_001;
        let nodes: Vec<Node> = (0..COUNT)
            .map(|number| Node { path: format!("{number:06}").into_bytes(), ..node(b"", 1) })
            .collect();
        let told: Result<_, StoreError> = db
            .store
            .write(move |tx| {
                let revision = some_revision(tx)?;
                let all = tree(tx, revision, 1, &nodes)?;
                let odd: Vec<Node> = nodes.iter().skip(1).step_by(2).cloned().collect();
                let odd = tree(tx, revision, 2, &odd)?;
                let (mut new, mut same) = (0, 0);
                trees::compare(tx, Some(odd), Some(all), |change| {
                    match change {
                        Change::New(_) => new += 1,
                        Change::Same(_) => same += 1,
                        Change::Unchanged(nodes) => same += nodes,
                        other => panic!("{other:?}"),
                    }
                    Ok::<_, StoreError>(())
                })?;
                Ok((new, same))
            })
            .await;
        assert_eq!(told.unwrap(), (4_501, 4_500));
    })
    .await;
}

#[tokio::test]
async fn nodes_know_their_contents_and_contents_their_names() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let revision = some_revision(tx)?;
                let kept = NewContent {
                    oid: oid(1),
                    sha256: None,
                    size: 1,
                    state: ContentState::TooLarge,
                    place: None,
                };
                let id = contents::insert_many(tx, &[kept], false)?[0];
                let one = tree(tx, revision, 1, &[node(b"a", 1), node(b"b", 2), node(b"c", 1)])?;
                let two = tree(tx, revision, 2, &[node(b"d", 1)])?;
                let draft = trees::begin(tx, &oid(3), revision, now())?;
                trees::insert_nodes(tx, draft, &[node(b"e", 1)])?;
                let page = trees::contents_page(tx, one, None, 9)?;
                let known: Vec<_> = page.iter().map(|it| (it.node.path.as_slice(), it.content)).collect();
                let content = Some((id, ContentState::TooLarge));
                assert_eq!(known, [(&b"a"[..], content), (b"b", None), (b"c", content)]);
                let all = trees::nodes_of_content(tx, &oid(1), None, 9)?;
                assert_eq!(all, [(one, b"a".to_vec()), (one, b"c".to_vec()), (two, b"d".to_vec())]);
                assert_eq!(trees::nodes_of_content(tx, &oid(1), Some((one, b"a")), 1)?, all[1..2]);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn drafts_are_purged_once_nobody_can_go_on_with_them() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let revision = some_revision(tx)?;
                let draft = trees::begin(tx, &oid(1), revision, now())?;
                trees::insert_nodes(tx, draft, &[node(b"a", 1)])?;
                let orphan = trees::begin(tx, &oid(2), RevisionId::new(), now())?;
                trees::insert_nodes(tx, orphan, &[node(b"a", 1)])?;
                let later = now() + SignedDuration::from_hours(1);
                assert_eq!(trees::purge_drafts(tx, now(), 9)?, 0, "too young");
                assert_eq!(trees::purge_drafts(tx, later, 9)?, 1, "its revision is gone");
                let failure = Failure::new(ErrorKind::TooLarge, "too much");
                assert!(revisions::failed(tx, revision, &failure, now())?);
                assert_eq!(trees::purge_drafts(tx, later, 9)?, 1, "its revision has ended");
                assert_eq!(trees::nodes_page(tx, draft, None, 9)?, []);
                assert_eq!(trees::nodes_page(tx, orphan, None, 9)?, []);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_summary_is_kept_for_each_fingerprint_and_replaced() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let revision = some_revision(tx)?;
                let tree = tree(tx, revision, 1, &[])?;
                trees::put_summary(tx, tree, "lines@1", r#"{ "b":1,"a":"\u0000"}"#)?;
                trees::put_summary(tx, tree, "lines@2", "{}")?;
                trees::put_summary(tx, tree, "lines@2", "[]")?;
                let read = |tx: &mut _, fingerprint| trees::summary(tx, tree, fingerprint);
                assert_eq!(read(tx, "lines@1")?.as_deref(), Some(r#"{ "b":1,"a":"\u0000"}"#));
                assert_eq!(read(tx, "lines@2")?.as_deref(), Some("[]"));
                assert_eq!(read(tx, "lines@3")?, None);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

fn paths() -> impl Strategy<Value = std::collections::BTreeSet<Vec<u8>>> {
    proptest::collection::btree_set(proptest::collection::vec(1..=255_u8, 1..12), 0..40)
}

#[test]
fn any_bytes_make_a_path() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(on_each(async |db| {
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
            cases: 24,
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        let cases: Vec<_> = (0..24).map(|_| paths().new_tree(&mut runner).unwrap().current()).collect();
        for (number, paths) in (1..).zip(cases) {
            let expected: Vec<Node> = paths.iter().map(|path| node(path, 1)).collect();
            let mut given = expected.clone();
            given.reverse();
            let read: Result<_, StoreError> = db
                .store
                .write(move |tx| {
                    let id = tree(tx, RevisionId::new(), number, &given)?;
                    trees::nodes_page(tx, id, None, 100)
                })
                .await;
            assert_eq!(read.unwrap(), expected);
        }
    }));
}
