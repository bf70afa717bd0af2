//! Two processes on one SQLite file.

use std::process::{Command, Stdio};

use jiff::Timestamp;
use store::{Store, StoreError, StoreOptions, inbox};

use crate::db::Db;

const URL: &str = "STORE_TEST_SECOND_PROCESS";
const MESSAGES: usize = 200;

/// What each process does: tries to be the first to handle each of the same messages. Returns how
/// often it was.
async fn take_part(store: &Store) -> usize {
    let mut first = 0;
    for number in 0..MESSAGES {
        let new: Result<bool, StoreError> = store
            .write(move |tx| inbox::insert(tx, "analyzer", &number.to_string(), Timestamp::UNIX_EPOCH))
            .await;
        first += usize::from(new.unwrap());
    }
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_a_file_without_losing_or_doubling_anything() {
    let db = Db::sqlite();
    // The second process finds no schema and no file: both of them open and migrate it at once.
    let mut others: Vec<_> = (0..2)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["processes::second_process", "--exact", "--nocapture"])
                .env(URL, &db.url)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    db.store.migrate().await.unwrap();
    let mut first = take_part(&db.store).await;
    for other in others.drain(..) {
        let output = other.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let theirs = text.lines().find_map(|line| line.split_once("was first: ")).unwrap().1;
        first += theirs.trim().parse::<usize>().unwrap();
    }
    assert_eq!(first, MESSAGES);
}

/// Run by the test above as another process; on its own it has no part to play.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the other process is told its part by the environment")]
async fn second_process() {
    let Ok(url) = std::env::var(URL) else { return };
    let store = Store::open(&url, StoreOptions::default()).unwrap();
    store.migrate().await.unwrap();
    println!("\nwas first: {}", take_part(&store).await);
}
