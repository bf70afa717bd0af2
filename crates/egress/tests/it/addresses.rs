//! The known ways around address checks.

use std::sync::Arc;

use contracts::ErrorKind;
use egress::{Client, Reach};
use testkit::{Receiver, Reply};

use crate::support::{LONG, Names, client, options};

/// Spellings of this machine, of its networks and of what clouds keep for themselves.
const SPELLINGS: &[&str] = &[
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "0",
    "0.0.0.0",
    "[::]",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fd00::1]",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "localhost",
    "LOCALHOST",
    "①②⑦.⓪.⓪.①",
];

#[tokio::test]
async fn no_spelling_of_an_internal_address_is_asked() {
    let receiver = Receiver::new(|_, _| Reply::Status(200)).await;
    let (client, port) = (client(&[]), receiver.address.port());
    for host in SPELLINGS {
        for url in [format!("http://{host}:{port}/"), format!("http://a:b@{host}:{port}/")] {
            let posted = client.post(&url, &[], Vec::new(), LONG, 10).await.unwrap_err();
            assert!(matches!(posted.kind, ErrorKind::Forbidden | ErrorKind::Invalid), "{url}: {posted}");
            let got = client.get(&url, 10, LONG, |_| false).await.unwrap_err();
            assert!(matches!(got.kind, ErrorKind::Forbidden | ErrorKind::Invalid), "{url}: {got}");
            assert!(matches!(client.reach(&url, LONG).await, Reach::No(_)), "{url}");
        }
    }
    assert!(receiver.hits().is_empty(), "{:?}", receiver.hits());
}

#[tokio::test]
async fn no_url_with_a_user_or_a_password_is_asked_and_neither_is_told() {
    let receiver = Receiver::new(|_, _| Reply::Status(200)).await;
    let client = client(&["127.0.0.0/8"]);
    for user in ["user", "user:hunter2", ":hunter2", "example.org:443%40"] {
        let url = format!("http://{user}@{}/", receiver.address);
        let refused = client.post(&url, &[], Vec::new(), LONG, 10).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Forbidden, "{url}");
        assert!(!refused.reason.contains("hunter2"), "{refused}");
    }
    assert!(receiver.hits().is_empty());
}

#[tokio::test]
async fn a_name_that_changes_is_judged_by_the_answer_that_is_connected_to() {
    let receiver = Receiver::new(|_, _| Reply::With(200, "connection", "close".to_owned())).await;
    let url = format!("http://changing.example:{}/", receiver.address.port());
    // Good at first, and then where nobody may go.
    let names = Names::new(&[&["127.0.0.1"], &["127.0.0.2"], &["169.254.169.254"], &["::ffff:127.0.0.2"]]);
    let client = Client::with_lookup(&options(&["127.0.0.1/32"]), Arc::new(names.clone())).unwrap();
    assert_eq!(client.post(&url, &[], Vec::new(), LONG, 10).await.unwrap().status, 200);
    for _ in 0..3 {
        let refused = client.post(&url, &[], Vec::new(), LONG, 10).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Forbidden, "{refused}");
    }
    // One look-up for each connection: nobody can answer one thing to a check and another to a connection.
    assert_eq!((names.asked(), receiver.hits().len()), (4, 1));
}

#[tokio::test]
async fn of_several_addresses_only_those_that_are_allowed_are_connected_to() {
    let receiver = Receiver::new(|_, _| Reply::Status(200)).await;
    let url = format!("http://mixed.example:{}/", receiver.address.port());
    let names = Names::new(&[&["10.0.0.1", "127.0.0.2", "127.0.0.1", "::1"]]);
    let client = Client::with_lookup(&options(&["127.0.0.1/32"]), Arc::new(names)).unwrap();
    assert_eq!(client.post(&url, &[], Vec::new(), LONG, 10).await.unwrap().status, 200);
    let names = Names::new(&[&["10.0.0.1", "127.0.0.2", "::1"]]);
    let client = Client::with_lookup(&options(&["127.0.0.1/32"]), Arc::new(names)).unwrap();
    let refused = client.post(&url, &[], Vec::new(), LONG, 10).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Forbidden);
    assert_eq!(receiver.hits().len(), 1);
}
