//! Servers that redirect, hang, drip, close early or do not end.

use std::time::Duration;

use contracts::ErrorKind;
use testkit::{Receiver, Reply};

use crate::support::{LONG, client};

const SHORT: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_redirect_is_judged_like_the_first_address_and_never_followed_by_a_post() {
    let secret = Receiver::new(|_, _| Reply::Status(200)).await;
    let port = secret.address.port();
    let inward = [
        format!("http://127.0.0.2:{port}/"),
        format!("//127.0.0.2:{port}/"),
        format!("http://[::ffff:127.0.0.2]:{port}/"),
        format!("http://user@127.0.0.1:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1/".to_owned(),
    ];
    let client = client(&["127.0.0.1/32"]);
    for to in inward {
        for status in [301, 302, 303, 307, 308] {
            let location = to.clone();
            let server = Receiver::new(move |_, _| Reply::With(status, "location", location.clone())).await;
            let got = client.get(&server.url("/"), 100, LONG, |_| false).await.unwrap_err();
            assert!(matches!(got.kind, ErrorKind::Forbidden | ErrorKind::Invalid), "{to}: {got}");
            let posted = client.post(&server.url("/"), &[], Vec::new(), LONG, 10).await.unwrap();
            assert_eq!(posted.status, status);
            assert_eq!(server.hits().len(), 2);
        }
    }
    assert!(secret.hits().is_empty(), "{:?}", secret.hits());
}

#[tokio::test]
async fn redirects_are_followed_where_one_may_go_and_not_for_ever() {
    let end = Receiver::new(|_, _| Reply::Status(200)).await;
    let to = end.url("/there");
    let server = Receiver::new(move |_, _| Reply::With(302, "location", to.clone())).await;
    let client = client(&["127.0.0.1/32"]);
    let got = client.get(&server.url("/"), 100, LONG, |_| false).await.unwrap();
    assert_eq!((got.bytes.as_ref(), got.whole), (&b"well"[..], true));
    assert_eq!(end.hits()[0].path, "/there");
    let round = Receiver::new(|_, hit| Reply::With(307, "location", format!("{}a", hit.path))).await;
    let got = client.get(&round.url("/"), 100, LONG, |_| false).await.unwrap_err();
    assert_eq!(got.kind, ErrorKind::Invalid);
    assert!(round.hits().len() < 20, "{}", round.hits().len());
}

#[tokio::test]
async fn no_server_takes_more_time_or_room_than_it_may() {
    let client = client(&["127.0.0.1/32"]);
    for (reply, wanted) in [
        (Reply::Hang, ErrorKind::TimedOut),
        (Reply::Drip, ErrorKind::TimedOut),
        (Reply::DripBody, ErrorKind::TimedOut),
        (Reply::Close, ErrorKind::Unavailable),
        (Reply::Status(404), ErrorKind::NotFound),
        (Reply::Status(503), ErrorKind::Unavailable),
    ] {
        let script = reply.clone();
        let server = Receiver::new(move |_, _| script.clone()).await;
        let got = client.get(&server.url("/"), 2_000_000, SHORT, |_| false).await.unwrap_err();
        assert_eq!(got.kind, wanted, "{reply:?}: {got}");
    }
    // A gigabyte, announced: refused before it comes. When the beginning is enough, no more is taken.
    let server = Receiver::new(|_, _| Reply::Endless).await;
    let got = client.get(&server.url("/"), 1 << 20, LONG, |_| false).await.unwrap_err();
    assert_eq!(got.kind, ErrorKind::TooLarge);
    let got = client.get(&server.url("/"), usize::MAX, LONG, |come| come.len() >= 4).await.unwrap();
    assert!(!got.whole && got.bytes.len() < 1 << 20, "{}", got.bytes.len());
}
