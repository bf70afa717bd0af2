//! Sources, repositories and notifications.

use contracts::{SourceId, StockId};
use serde_json::json;
use store::{
    StoreError,
    notifications::{self, NewNotification},
    repositories::{self, LastVisit},
    sources::{self, NewSource, SourceState},
};

use super::{now, oid, some_revision, stock, tree};
use crate::db::on_each;

fn source(name: &str, stock: StockId) -> NewSource {
    NewSource {
        kind: "list".to_owned(),
        name: name.to_owned(),
        params: json!({"urls": ["https://a\u{0}"]}),
        stock,
    }
}

#[tokio::test]
async fn a_source_keeps_its_place_until_it_is_configured_otherwise() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let later = now() + jiff::SignedDuration::from_secs(1);
                let mut new = source("one", stock(tx, "main")?);
                let made = sources::upsert_by_name(tx, &new, now())?;
                assert_eq!(
                    (&made.params, made.state, &made.cursor),
                    (&new.params, SourceState::Active, &None)
                );
                sources::save_cursor(tx, made.id, Some(&json!({"page": 2})))?;
                assert!(sources::set_state(tx, made.id, SourceState::Paused, later)?);
                assert!(!sources::set_state(tx, made.id, SourceState::Paused, later)?);
                let same = sources::upsert_by_name(tx, &new, later)?;
                assert_eq!((same.id, same.cursor), (made.id, Some(json!({"page": 2}))));
                new.stock = stock(tx, "other")?;
                let moved = sources::upsert_by_name(tx, &new, later)?;
                assert_eq!((moved.stock, moved.cursor), (new.stock, Some(json!({"page": 2}))));
                new.params = json!({"urls": []});
                let changed = sources::upsert_by_name(tx, &new, later)?;
                assert_eq!((&changed.params, &changed.cursor), (&new.params, &None));
                assert_eq!((changed.state, changed.updated_at), (SourceState::Paused, later));
                assert_eq!(sources::get(tx, made.id)?, Some(changed));
                assert_eq!(sources::get(tx, SourceId::new())?, None);
                let second = sources::upsert_by_name(tx, &source("two", new.stock), now())?;
                assert_eq!(sources::list(tx, Some("one"), 9)?, [second]);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn repositories_are_made_once_and_renamed() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let pair = |url: &str, name: &str| (url.to_owned(), name.to_owned());
                let first =
                    repositories::upsert_many(tx, &[pair("https://b", "b"), pair("https://a", "a")], now())?;
                let again = [pair("https://c", "c"), pair("https://a", "new"), pair("https://c", "c")];
                let second = repositories::upsert_many(tx, &again, now())?;
                assert_eq!((second[1], second[0]), (first[1], second[2]));
                let listed = repositories::list(tx, None, 2)?;
                assert_eq!(
                    listed.iter().map(|it| (it.id, it.name.as_str())).collect::<Vec<_>>(),
                    [(first[1], "new"), (first[0], "b")]
                );
                assert_eq!(repositories::list(tx, Some("https://b"), 9)?.len(), 1);
                assert_eq!(repositories::by_url(tx, "https://a")?, listed.first().cloned());
                assert_eq!(listed[0].last, None);

                let revision = some_revision(tx)?;
                let tree = tree(tx, revision, 1, &[])?;
                let last = LastVisit { revision, commit: Some(oid(3)), tree, at: now() };
                repositories::set_last(tx, first[1], &last)?;
                assert_eq!(repositories::get(tx, first[1])?.unwrap().last, Some(last));
                let plain = LastVisit { commit: None, ..last };
                repositories::set_last(tx, first[1], &plain)?;
                assert_eq!(repositories::get(tx, first[1])?.unwrap().last, Some(plain));
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_discover_the_same_repositories_agree_on_their_ids() {
    on_each(async |db| {
        let finders: Vec<_> = (0..4_usize)
            .map(|finder| {
                let store = db.again();
                tokio::spawn(async move {
                    let mut found: Vec<(String, String)> =
                        (0..1_500).map(|number| (format!("https://{number}"), format!("{number}"))).collect();
                    found.rotate_left(finder * 400);
                    let urls = found.clone();
                    let ids = store.write(move |tx| repositories::upsert_many(tx, &found, now())).await?;
                    let mut pairs: Vec<_> = urls.into_iter().map(|(url, _)| url).zip(ids).collect();
                    pairs.sort();
                    Ok::<_, StoreError>(pairs)
                })
            })
            .collect();
        let mut found = Vec::new();
        for finder in finders {
            found.push(finder.await.unwrap().unwrap());
        }
        assert!(found.iter().all(|other| *other == found[0]));
    })
    .await;
}

#[tokio::test]
async fn notifications_stay_until_they_are_read() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let new = |text: &str| NewNotification {
                    kind: "repair.done".to_owned(),
                    subject: Some(SourceId::new().0),
                    text: text.to_owned(),
                    body: json!({"text": text}),
                };
                let first = notifications::create(tx, &new("first"), now())?;
                let second = notifications::create(tx, &new("nul \0"), now())?;
                assert!(notifications::mark_read(tx, first, now())?);
                assert!(!notifications::mark_read(tx, first, now())?);
                let unread = notifications::list(tx, true, None, 9)?;
                assert_eq!(unread.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(), ["nul \u{fffd}"]);
                assert_eq!(unread[0].body, json!({"text": "nul \0"}));
                let older = notifications::list(tx, false, Some(second), 9)?;
                assert_eq!(notifications::get(tx, first)?, older.first().cloned());
                assert_eq!(older[0].read_at, Some(now()));
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}
