//! What a transaction promises, whoever else is writing.

use std::{
    sync::{Arc, Barrier, mpsc},
    time::Duration,
};

use contracts::{ErrorKind, Failure, Outgoing, TaskId, messages::VisitRequested};
use jiff::Timestamp;
use store::{
    Store, StoreError, StoreOptions, Tx, inbox, schedules,
    tasks::{self, NewTask},
};

use crate::db::{Db, Kind, on_each};

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn create(tx: &mut Tx, id: TaskId) -> Result<(), StoreError> {
    let wake = Outgoing::new(&VisitRequested { task: id });
    let new = NewTask { id, kind: "process", subject: id.0, label: "x", wake: &wake };
    tasks::create(tx, new, now()).map(drop)
}

async fn exists(db: &Db, id: TaskId) -> bool {
    db.store.read(move |tx| tasks::get(tx, id)).await.unwrap().is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_update_of_concurrent_writers_is_lost() {
    on_each(async |db| {
        let id = TaskId::new();
        db.store.write(move |tx| create(tx, id)).await.unwrap();
        let writers: Vec<_> = (0..8)
            .map(|_| {
                let store = db.again();
                tokio::spawn(async move {
                    for _ in 0..25 {
                        // A lease of no length: every claim succeeds and raises the fence by one.
                        let claim: Result<_, StoreError> =
                            store.write(move |tx| tasks::claim(tx, id, "w", Duration::ZERO, now())).await;
                        assert!(claim.unwrap().is_some());
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let task = db.store.read(move |tx| tasks::get(tx, id)).await.unwrap().unwrap();
        assert_eq!((task.fence, task.attempt), (200, 200));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_question_is_asked_without_a_transaction_and_two_are_not() {
    on_each(async |db| {
        let id = TaskId::new();
        db.store.write(move |tx| create(tx, id)).await.unwrap();
        for _ in 0..3 {
            assert!(db.store.ask(move |tx| tasks::get(tx, id)).await.unwrap().is_some());
        }
        let two = db.store.ask(move |tx| Ok((tasks::get(tx, id)?, tasks::get(tx, id)?))).await;
        assert!(two.unwrap_err().to_string().contains("more than one statement"));
        let refused = db.store.ask(|_| Err::<(), _>(StoreError::NotFound("nothing".into()))).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotFound);
        assert!(exists(db, id).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_the_same_rows_in_any_order_do_not_deadlock() {
    on_each(async |db| {
        let writers: Vec<_> = (0..8_usize)
            .map(|writer| {
                let store = db.again();
                tokio::spawn(async move {
                    let mut new = 0;
                    for round in 0..10 {
                        let mut ids: Vec<String> =
                            (0..50).map(|number| format!("{round}-{number}")).collect();
                        ids.rotate_left(writer * 7);
                        if writer % 2 == 0 {
                            ids.reverse();
                        }
                        let found: Result<Vec<bool>, StoreError> = store
                            .write(move |tx| {
                                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                                inbox::insert_many(tx, "analyzer", &ids, now())
                            })
                            .await;
                        new += found.unwrap().into_iter().filter(|new| *new).count();
                    }
                    new
                })
            })
            .collect();
        let mut new = 0;
        for writer in writers {
            new += writer.await.unwrap();
        }
        assert_eq!(new, 500);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_locks_in_the_wrong_order_is_told_to_try_again() {
    on_each(async |db| {
        if db.kind == Kind::Sqlite {
            return; // It has one writer at a time: two cannot wait for each other.
        }
        let (one, two) = (TaskId::new(), TaskId::new());
        let fence: Result<_, StoreError> = db
            .store
            .write(move |tx| {
                for id in [one, two] {
                    create(tx, id)?;
                    tasks::claim(tx, id, "w", Duration::from_secs(60), now())?;
                }
                Ok(1)
            })
            .await;
        let fence = fence.unwrap();
        let both_hold_one = Arc::new(Barrier::new(2));
        let lock = |first: TaskId, second: TaskId| {
            let (store, barrier) = (db.again(), both_hold_one.clone());
            tokio::spawn(async move {
                let result: Result<(), StoreError> = store
                    .write(move |tx| {
                        tasks::guard(tx, first, fence)?;
                        barrier.wait();
                        tasks::guard(tx, second, fence)
                    })
                    .await;
                result.map_err(|error| error.kind())
            })
        };
        let (left, right) = (lock(one, two), lock(two, one));
        let mut results = [left.await.unwrap(), right.await.unwrap()];
        results.sort_by_key(Result::is_err);
        assert_eq!(results, [Ok(()), Err(ErrorKind::Conflict)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_too_long_for_a_row_is_told_to_try_again() {
    let Some(db) = Db::postgres() else { return };
    db.store.migrate().await.unwrap();
    let id = TaskId::new();
    db.store.write(move |tx| create(tx, id)).await.unwrap();
    let impatient = StoreOptions { lock_wait: Duration::from_millis(20), ..StoreOptions::default() };
    let impatient = Store::open(&db.url, impatient).unwrap();
    let (has_locked, locked) = mpsc::channel();
    let (may_end, end) = mpsc::channel();
    let holder = {
        let store = db.store.clone();
        tokio::spawn(async move {
            let result: Result<_, StoreError> = store
                .write(move |tx| {
                    let claim = tasks::claim(tx, id, "holder", Duration::ZERO, now())?;
                    has_locked.send(()).unwrap();
                    end.recv().unwrap();
                    Ok(claim)
                })
                .await;
            result.unwrap().is_some()
        })
    };
    locked.recv().unwrap();
    let claim = move |tx: &mut Tx| tasks::claim(tx, id, "waiter", Duration::ZERO, now());
    let waited: Result<_, StoreError> = impatient.write(claim).await;
    assert_eq!(waited.unwrap_err().kind(), ErrorKind::TimedOut);
    may_end.send(()).unwrap();
    assert!(holder.await.unwrap());
    let second: Result<_, StoreError> = impatient.write(claim).await;
    assert_eq!(second.unwrap().unwrap().fence, 2);
}

#[tokio::test]
async fn what_failed_leaves_nothing() {
    on_each(async |db| {
        let id = TaskId::new();
        let failed: Result<(), Failure> = db
            .store
            .write(move |tx| {
                create(tx, id)?;
                Err(Failure::new(ErrorKind::TooLarge, "too much"))
            })
            .await;
        assert_eq!(failed, Err(Failure::new(ErrorKind::TooLarge, "too much")));
        assert!(!exists(db, id).await);
    })
    .await;
}

#[tokio::test]
async fn a_savepoint_undoes_its_own_part_alone() {
    on_each(async |db| {
        let (kept, undone) = (TaskId::new(), TaskId::new());
        let result: Result<(), StoreError> = db
            .store
            .write(move |tx| {
                create(tx, kept)?;
                let inner: Result<(), StoreError> = tx.savepoint(|tx| {
                    create(tx, undone)?;
                    // There is one with this id already.
                    create(tx, kept)
                });
                assert_eq!(inner.unwrap_err().kind(), ErrorKind::Conflict);
                tx.savepoint(|tx| schedules::take_due(tx, "x", Duration::ZERO, now())).map(drop)
            })
            .await;
        result.unwrap();
        assert!(exists(db, kept).await);
        assert!(!exists(db, undone).await);
        let taken: Result<bool, StoreError> =
            db.store.write(|tx| schedules::take_due(tx, "x", Duration::from_secs(1), now())).await;
        assert!(!taken.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_failed_statement_that_was_passed_over_does_not_pass_for_a_commit() {
    on_each(async |db| {
        let (first, second) = (TaskId::new(), TaskId::new());
        db.store.write(move |tx| create(tx, first)).await.unwrap();
        let result: Result<(), StoreError> = db
            .store
            .write(move |tx| {
                create(tx, second)?;
                assert!(create(tx, first).is_err());
                Ok(())
            })
            .await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Internal);
        assert!(!exists(db, second).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_sees_one_state_throughout() {
    on_each(async |db| {
        let id = TaskId::new();
        let (has_looked, looked) = mpsc::channel();
        let (has_written, written) = mpsc::channel();
        let reader = {
            let store = db.store.clone();
            tokio::spawn(async move {
                store
                    .read(move |tx| {
                        let before = tasks::get(tx, id)?.is_some();
                        has_looked.send(()).unwrap();
                        written.recv().unwrap();
                        Ok((before, tasks::get(tx, id)?.is_some()))
                    })
                    .await
            })
        };
        let result: Result<(), StoreError> = db
            .store
            .write(move |tx| {
                looked.recv().unwrap();
                create(tx, id)
            })
            .await;
        result.unwrap();
        has_written.send(()).unwrap();
        assert_eq!(reader.await.unwrap().unwrap(), (false, false));
        assert!(exists(db, id).await);
    })
    .await;
}

#[tokio::test]
async fn a_read_cannot_write() {
    on_each(async |db| {
        let id = TaskId::new();
        let result = db.store.read(move |tx| create(tx, id)).await;
        assert!(result.is_err());
        assert!(!exists(db, id).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_transaction_rolls_it_back_and_the_store_goes_on() {
    on_each(async |db| {
        let (id, store) = (TaskId::new(), db.store.clone());
        let panicked = tokio::spawn(async move {
            let result: Result<(), StoreError> = store
                .write(move |tx| {
                    create(tx, id)?;
                    panic!("a defect")
                })
                .await;
            result
        });
        assert!(panicked.await.unwrap_err().is_panic());
        assert!(!exists(db, id).await);
        db.store.write(move |tx| create(tx, id)).await.unwrap();
        assert!(exists(db, id).await);
    })
    .await;
}
