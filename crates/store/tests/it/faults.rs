//! A database that is not there, goes away, or is busy.

use std::time::Duration;

use contracts::{ErrorKind, TaskId};
use diesel::{Connection, PgConnection, connection::SimpleConnection};
use jiff::Timestamp;
use store::{Store, StoreError, StoreOptions, outbox, tasks};

use crate::db::Db;

#[tokio::test]
async fn a_database_that_is_away_is_named_without_its_password() {
    // Nothing listens on this port of the loopback address.
    let url = "postgres://me:hush%21hush@127.0.0.1:1/stock?connect_timeout=2";
    let store = Store::open(url, StoreOptions::default()).unwrap();
    let error = store.check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    for text in [error.to_string(), format!("{error:?}"), format!("{store:?}")] {
        assert!(text.contains("127.0.0.1:1/stock"), "{text}");
        assert!(!text.contains("hush"), "{text}");
    }
}

#[tokio::test]
async fn a_url_that_libpq_refuses_is_not_repeated() {
    for url in
        ["postgres://me:hush@[::1/stock", "postgres://me:hush@h/x?nonsense=1", "postgres://me:hu%ZZsh@h/x"]
    {
        let store = Store::open(url, StoreOptions::default()).unwrap();
        let error = store.check().await.unwrap_err();
        assert!(matches!(error, StoreError::Connect { .. }), "{error}");
        for secret in ["hush", "hu%ZZsh", "me:"] {
            assert!(!error.to_string().contains(secret), "{error}");
        }
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing/store.db");
    let store = Store::open(&format!("sqlite://{}", missing.display()), StoreOptions::default()).unwrap();
    let error = store.migrate().await.unwrap_err();
    assert!(error.to_string().contains("missing/store.db"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    std::fs::write(&path, "This is a letter, and not a short one. ".repeat(200)).unwrap();
    let store = Store::open(&format!("sqlite://{}", path.display()), StoreOptions::default()).unwrap();
    let error = store.migrate().await.unwrap_err();
    assert!(error.to_string().contains("not a database"), "{error}");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("This is a letter"));
}

#[tokio::test]
async fn connections_that_died_while_idle_are_replaced() {
    let Some(db) = Db::postgres() else { return };
    db.store.migrate().await.unwrap();
    assert_eq!(db.store.read(outbox::len).await.unwrap(), 0);
    terminate_all(&db);
    assert_eq!(db.store.read(outbox::len).await.unwrap(), 0);
    terminate_all(&db);
    assert_eq!(db.store.ask(outbox::len).await.unwrap(), 0);
    assert_eq!(db.store.ask(outbox::len).await.unwrap(), 0);
}

#[tokio::test]
async fn a_connection_that_dies_in_a_transaction_is_a_transient_failure() {
    let Some(db) = Db::postgres() else { return };
    db.store.migrate().await.unwrap();
    let url = db.url.clone();
    let result: Result<(), StoreError> = db
        .store
        .write(move |tx| {
            outbox::len(tx)?;
            terminate(&url);
            tasks::get(tx, TaskId::new()).map(drop)
        })
        .await;
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(db.store.read(outbox::len).await.unwrap(), 0);
}

fn terminate_all(db: &Db) {
    terminate(&db.url);
}

/// Ends every other connection to the database, as a restart of the server does.
fn terminate(url: &str) {
    PgConnection::establish(url)
        .unwrap()
        .batch_execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_connections_are_all_busy_says_so() {
    let db = Db::sqlite();
    db.store.migrate().await.unwrap();
    let options = StoreOptions { wait: Duration::from_millis(20), ..StoreOptions::default() };
    let store = Store::open(&db.url, options).unwrap();
    let (has_begun, begun) = std::sync::mpsc::channel();
    let (may_end, end) = std::sync::mpsc::channel();
    let slow = {
        let store = store.clone();
        tokio::spawn(async move {
            let result: Result<(), StoreError> = store
                .write(move |_| {
                    has_begun.send(()).unwrap();
                    end.recv().unwrap();
                    Ok(())
                })
                .await;
            result
        })
    };
    begun.recv().unwrap();
    let refused: Result<u64, StoreError> = store.write(outbox::len).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    assert!(refused.to_string().contains("busy"), "{refused}");
    // Reading goes on meanwhile.
    assert_eq!(store.read(outbox::len).await.unwrap(), 0);

    // Another process waits for the lock, and says so when that takes too long.
    let impatient = StoreOptions { lock_wait: Duration::from_millis(20), ..StoreOptions::default() };
    let other = Store::open(&db.url, impatient).unwrap();
    let locked: Result<u64, StoreError> = other.write(outbox::len).await;
    assert_eq!(locked.unwrap_err().kind(), ErrorKind::Unavailable);
    may_end.send(()).unwrap();
    slow.await.unwrap().unwrap();
    let free: Result<u64, StoreError> = other.write(outbox::len).await;
    assert_eq!(free.unwrap(), 0);
    assert_eq!(store.read(outbox::next_due).await.unwrap(), None::<Timestamp>);
}
