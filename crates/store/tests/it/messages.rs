//! Inbox, outbox, set-aside messages, schedules.

use std::time::Duration;

use contracts::{Envelope, ErrorKind, Failure, Lane, SetAsideId};
use jiff::{SignedDuration, Timestamp};
use store::{
    Store, StoreError, inbox, outbox, schedules,
    set_aside::{self, NewSetAside, SetAsideFilter},
};

use crate::db::on_each;

/// A time that both databases can keep, `seconds` after an arbitrary one.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap() + SignedDuration::from_micros(123_456)
}

fn envelope(id: &str) -> Envelope {
    Envelope {
        id: id.to_owned(),
        source: "stocktake/test".to_owned(),
        kind: "batch.stored.v1".to_owned(),
        time: at(0),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        lane: Lane::Urgent,
        attempt: 3,
        body: br#"{"batch":"\u0000"}"#.to_vec(),
    }
}

#[tokio::test]
async fn a_message_is_new_once_per_service() {
    on_each(async |db| {
        let store = &db.store;
        let insert = async |service: &'static str, ids: Vec<&'static str>| {
            store.write(move |tx| inbox::insert_many(tx, service, &ids, at(0))).await
        };
        let found: Result<_, StoreError> = insert("analyzer", vec!["b", "a", "b"]).await;
        assert_eq!(found.unwrap(), [true, true, false]);
        let found: Result<_, StoreError> = insert("analyzer", vec!["c", "a"]).await;
        assert_eq!(found.unwrap(), [true, false]);
        let found: Result<_, StoreError> = insert("auditor", vec!["a"]).await;
        assert_eq!(found.unwrap(), [true]);
        let found: Result<_, StoreError> = insert("auditor", vec![]).await;
        assert_eq!(found.unwrap(), [] as [bool; 0]);
    })
    .await;
}

#[tokio::test]
async fn whatever_a_stranger_calls_a_message_it_can_be_remembered() {
    on_each(async |db| {
        for id in [String::new(), "\0".to_owned(), "ü".repeat(5_000), "'; DROP TABLE inbox; --".to_owned()] {
            let first: bool = write(&db.store, {
                let id = id.clone();
                move |tx| inbox::insert(tx, "indexer", &id, at(0))
            })
            .await;
            assert!(first);
            assert!(!write(&db.store, move |tx| inbox::insert(tx, "indexer", &id, at(0))).await);
        }
    })
    .await;
}

#[tokio::test]
async fn a_message_that_was_rolled_back_is_new_again() {
    on_each(async |db| {
        let failed: Result<(), StoreError> = db
            .store
            .write(|tx| {
                assert!(inbox::insert(tx, "analyzer", "a", at(0))?);
                Err(StoreError::Invalid("changed my mind".to_owned()))
            })
            .await;
        assert_eq!(failed.unwrap_err().to_string(), "changed my mind");
        assert!(write(&db.store, |tx| inbox::insert(tx, "analyzer", "a", at(0))).await);
    })
    .await;
}

#[tokio::test]
async fn old_inbox_rows_are_forgotten_and_young_ones_kept() {
    on_each(async |db| {
        write(&db.store, |tx| inbox::insert(tx, "analyzer", "old", at(0))).await;
        write(&db.store, |tx| inbox::insert(tx, "analyzer", "young", at(10))).await;
        assert_eq!(write(&db.store, |tx| inbox::purge(tx, at(10))).await, 1);
        let new = write(&db.store, |tx| inbox::insert_many(tx, "analyzer", &["old", "young"], at(20))).await;
        assert_eq!(new, [true, false]);
    })
    .await;
}

#[tokio::test]
async fn what_comes_out_of_the_outbox_is_what_went_in() {
    on_each(async |db| {
        let said = vec![envelope("b"), Envelope { traceparent: None, body: vec![], ..envelope("a") }];
        let ids = write(&db.store, {
            let said = said.clone();
            move |tx| outbox::push(tx, &said, None, at(30))
        })
        .await;
        assert!(ids[0] < ids[1]);
        assert_eq!(db.store.read(outbox::len).await.unwrap(), 2);
        assert_eq!(db.store.read(outbox::next_due).await.unwrap(), Some(at(30)));
        // Until then it belongs to whoever pushed it.
        assert_eq!(write(&db.store, |tx| outbox::claim_due(tx, 10, at(29), at(60))).await, []);
        let claimed = write(&db.store, |tx| outbox::claim_due(tx, 10, at(30), at(60))).await;
        assert_eq!(claimed, ids.iter().copied().zip(said).collect::<Vec<_>>());
        assert_eq!(write(&db.store, |tx| outbox::claim_due(tx, 10, at(59), at(90))).await, []);
        write(&db.store, move |tx| outbox::published(tx, &ids)).await;
        assert_eq!(db.store.read(outbox::len).await.unwrap(), 0);
        assert_eq!(db.store.read(outbox::next_due).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_message_for_later_is_due_then_and_a_lone_process_need_not_wait_for_claims() {
    on_each(async |db| {
        write(&db.store, |tx| outbox::push(tx, &[envelope("later")], Some(at(100)), at(5))).await;
        assert_eq!(write(&db.store, |tx| outbox::claim_due(tx, 10, at(99), at(200))).await, []);
        assert_eq!(write(&db.store, |tx| outbox::claim_due(tx, 10, at(100), at(200))).await.len(), 1);
        assert_eq!(write(&db.store, |tx| outbox::release_all(tx, at(101))).await, 1);
        assert_eq!(write(&db.store, |tx| outbox::claim_due(tx, 10, at(101), at(200))).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_never_claim_the_same_message() {
    on_each(async |db| {
        let said: Vec<Envelope> = (0..2_500).map(|number| envelope(&number.to_string())).collect();
        let mut pushed = write(&db.store, move |tx| outbox::push(tx, &said, None, at(0))).await;
        let relay = |store: Store| async move {
            let mut mine = Vec::new();
            loop {
                let claimed = write(&store, |tx| outbox::claim_due(tx, 70, at(1), at(100))).await;
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed.into_iter().map(|(id, _)| id));
            }
        };
        let (one, two) = (tokio::spawn(relay(db.again())), tokio::spawn(relay(db.again())));
        let mut claimed = [one.await.unwrap(), two.await.unwrap()].concat();
        // A relay may find nothing while the other still holds the last ones, and stop.
        claimed.extend(relay(db.store.clone()).await);
        claimed.sort_unstable();
        pushed.sort_unstable();
        assert_eq!(claimed, pushed);
    })
    .await;
}

fn failed(message: &Envelope) -> NewSetAside {
    NewSetAside {
        service: "analyzer".to_owned(),
        queue: "analyzer.urgent".to_owned(),
        message_id: message.id.clone(),
        routing_key: message.routing_key(),
        headers: serde_json::to_value(message).unwrap(),
        body: message.body.clone(),
        failure: Failure::new(ErrorKind::NotFound, "there is no such batch"),
        tries: 4,
        first_at: at(0),
        last_at: at(5),
    }
}

#[tokio::test]
async fn a_message_set_aside_is_replayed_as_if_it_were_new() {
    on_each(async |db| {
        let message = envelope("m");
        write(&db.store, {
            let message = message.clone();
            move |tx| {
                inbox::insert_many(tx, "analyzer", &["m"], at(0))?;
                inbox::insert_many(tx, "auditor", &["m"], at(0))?;
                set_aside::put(tx, &failed(&message))
            }
        })
        .await;
        let listed =
            db.store.read(|tx| set_aside::list(tx, &SetAsideFilter::default(), None, 10)).await.unwrap();
        let kept = &listed[0];
        assert_eq!((listed.len(), kept.tries, kept.failure.kind), (1, 4, ErrorKind::NotFound));
        assert_eq!((kept.first_at, kept.last_at, &kept.body), (at(0), at(5), &message.body));
        let id = kept.id;
        let replayed = write(&db.store, move |tx| set_aside::replay(tx, id, at(9))).await;
        assert_eq!(replayed, Envelope { attempt: 0, ..message });
        assert_eq!(db.store.read(set_aside::len).await.unwrap(), 0);
        // The service that gave up takes it again; the one that has handled it does not.
        assert!(write(&db.store, |tx| inbox::insert(tx, "analyzer", "m", at(9))).await);
        assert!(!write(&db.store, |tx| inbox::insert(tx, "auditor", "m", at(9))).await);
        let twice: Result<Envelope, StoreError> =
            db.store.write(move |tx| set_aside::replay(tx, id, at(9))).await;
        assert_eq!(twice.unwrap_err().kind(), ErrorKind::NotFound);
    })
    .await;
}

#[tokio::test]
async fn a_message_set_aside_again_is_one_row_with_the_newest_reason() {
    on_each(async |db| {
        let message = envelope("m");
        for reason in ["first", "second"] {
            let failure = Failure::new(ErrorKind::Internal, reason);
            let row = NewSetAside { failure, ..failed(&message) };
            write(&db.store, move |tx| set_aside::put(tx, &row)).await;
        }
        let filter = SetAsideFilter { service: Some("analyzer".to_owned()), routing_key: None };
        let listed = db.store.read(move |tx| set_aside::list(tx, &filter, None, 10)).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].tries, listed[0].failure.reason.as_str()), (8, "second"));
    })
    .await;
}

#[tokio::test]
async fn a_message_that_nobody_understood_is_kept_bytes_and_all() {
    on_each(async |db| {
        let body = vec![0xff, 0x00, 0xfe];
        let row = NewSetAside {
            message_id: "a\0b".to_owned(),
            routing_key: "repository.discovered.v1.urgent\0".to_owned(),
            headers: serde_json::json!({ "x-note": "\0" }),
            body: body.clone(),
            failure: Failure::new(ErrorKind::Invalid, "byte \0 in the id"),
            ..failed(&envelope("unused"))
        };
        write(&db.store, move |tx| set_aside::put(tx, &row)).await;
        let listed =
            db.store.read(|tx| set_aside::list(tx, &SetAsideFilter::default(), None, 10)).await.unwrap();
        let id = listed[0].id;
        assert_eq!(listed[0].headers, serde_json::json!({ "x-note": "\0" }));
        let replayed = write(&db.store, move |tx| set_aside::replay(tx, id, at(9))).await;
        assert_eq!((replayed.body, replayed.attempt), (body, 0));
    })
    .await;
}

#[tokio::test]
async fn messages_set_aside_are_paged_and_dropped() {
    on_each(async |db| {
        for number in 0..5 {
            let row = failed(&envelope(&number.to_string()));
            write(&db.store, move |tx| set_aside::put(tx, &row)).await;
        }
        let page = async |after: Option<SetAsideId>| {
            db.store.read(move |tx| set_aside::list(tx, &SetAsideFilter::default(), after, 3)).await.unwrap()
        };
        let first = page(None).await;
        let second = page(Some(first[2].id)).await;
        let ids: Vec<&str> = first.iter().chain(&second).map(|row| row.message_id.as_str()).collect();
        assert_eq!(ids, ["4", "3", "2", "1", "0"]);
        let id = first[0].id;
        write(&db.store, move |tx| set_aside::drop_one(tx, id)).await;
        assert_eq!(db.store.read(move |tx| set_aside::get(tx, id)).await.unwrap(), None);
        let twice: Result<(), StoreError> = db.store.write(move |tx| set_aside::drop_one(tx, id)).await;
        assert_eq!(twice.unwrap_err().kind(), ErrorKind::NotFound);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_is_taken_by_one_of_many_in_each_period() {
    on_each(async |db| {
        let every = Duration::from_secs(60);
        for (now, expected) in [(at(0), 1), (at(59), 0), (at(60), 1), (at(400), 1)] {
            let callers: Vec<_> = (0..6)
                .map(|_| {
                    let store = db.store.clone();
                    tokio::spawn(async move {
                        write(&store, move |tx| schedules::take_due(tx, "sweep", every, now)).await
                    })
                })
                .collect();
            let mut taken = 0;
            for caller in callers {
                taken += usize::from(caller.await.unwrap());
            }
            assert_eq!(taken, expected, "at {now}");
        }
        assert!(write(&db.store, move |tx| schedules::take_due(tx, "another", every, at(400))).await);
    })
    .await;
}

/// A write that is expected to succeed.
async fn write<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&mut store::Tx) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.write(work).await.unwrap()
}
