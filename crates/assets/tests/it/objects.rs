//! Assets in a bucket, on the S3 server when `STOCKTAKE_TEST_S3` names one (`http://key:secret@host:port/bucket`).

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use assets::Library;
use contracts::ErrorKind;
use egress::Reach;
use runtime::config::Assets;
use serde_json::json;
use store::assets::Provider;
use url::Url;

#[expect(clippy::disallowed_methods, reason = "tests are told of servers by the environment")]
fn server() -> Option<Url> {
    let named = std::env::var("STOCKTAKE_TEST_S3").ok();
    if named.is_none() {
        println!("not run: S3 (STOCKTAKE_TEST_S3 is not set)");
    }
    named.map(|url| url.parse().unwrap())
}

/// Puts an object into the bucket; the server of tests asks for no signature.
fn put(server: &Url, path: &str, bytes: &[u8]) {
    let mut stream = TcpStream::connect((server.host_str().unwrap(), server.port().unwrap())).unwrap();
    let head = format!(
        "PUT {}/{path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        server.path(),
        server.host_str().unwrap(),
        bytes.len()
    );
    stream.write_all(&[head.as_bytes(), bytes].concat()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Reads what lies below this root of the server's, files of 1 MB at the most.
fn library(server: &Url, root: &str) -> Library {
    let endpoint = format!("http://{}:{}", server.host_str().unwrap(), server.port().unwrap());
    let storage = json!({
        "aws_endpoint": endpoint, "aws_allow_http": "true", "aws_region": "us-east-1",
        "aws_access_key_id": server.username(), "aws_secret_access_key": server.password().unwrap(),
    });
    let config = Assets {
        roots: vec![root.to_owned()],
        storage: serde_json::from_value(storage).unwrap(),
        max_bytes: 1 << 20,
        ..Assets::default()
    };
    Library::open(&config, None).unwrap()
}

#[tokio::test]
async fn objects_below_a_root_are_read_and_no_others() {
    let Some(server) = server() else { return };
    let root = format!("s3:/{}/assets-{}", server.path(), std::process::id());
    let prefix = root.rsplit_once('/').unwrap().1;
    let large: Vec<u8> = (0..3 << 19).map(|at| at as u8).collect();
    put(&server, &format!("{prefix}/a/good.jpg"), b"\xff\xd8\xff and so on");
    put(&server, &format!("{prefix}/large"), &large);
    put(&server, "elsewhere", b"a secret");
    let library = library(&server, &root);
    let at = |path: &str| format!("{root}/{path}");
    assert_eq!(library.locate(&at("a/good.jpg")).unwrap(), Provider::Object);
    let read = library.read(Provider::Object, &at("a/good.jpg"), |_| true).await.unwrap();
    assert_eq!((read.bytes.as_ref(), read.whole), (&b"\xff\xd8\xff and so on"[..], true));
    let time = Duration::from_secs(20);
    assert_eq!(library.reach(Provider::Object, &at("a/good.jpg"), time).await, Reach::Yes);
    assert!(matches!(library.reach(Provider::Object, &at("nothing"), time).await, Reach::No(_)));
    let refused =
        async |path: String| library.read(Provider::Object, &path, |_| true).await.unwrap_err().kind;
    assert_eq!(refused(at("nothing")).await, ErrorKind::NotFound);
    assert_eq!(refused(at("large")).await, ErrorKind::TooLarge);
    let bucket = root.rsplit_once('/').unwrap().0;
    for outside in [
        at("../elsewhere"),
        format!("{bucket}/elsewhere"),
        format!("{root}x/elsewhere"),
        format!("{root}//elsewhere"),
        "s3://another/elsewhere".to_owned(),
        "gs://another/elsewhere".to_owned(),
    ] {
        assert_eq!(library.locate(&outside).unwrap_err().kind, ErrorKind::Forbidden, "{outside}");
        assert_eq!(refused(outside).await, ErrorKind::Forbidden);
    }
}

#[tokio::test]
async fn no_more_of_an_object_comes_than_is_wanted() {
    let Some(server) = server() else { return };
    let root = format!("s3:/{}/assets-head-{}", server.path(), std::process::id());
    let prefix = root.rsplit_once('/').unwrap().1;
    put(&server, &format!("{prefix}/no-picture"), &vec![b'x'; 900 << 10]);
    let read = library(&server, &root)
        .read(Provider::Object, &format!("{root}/no-picture"), |_| false)
        .await
        .unwrap();
    assert!(!read.whole && read.bytes.len() < 900 << 10, "{} bytes", read.bytes.len());
}

#[tokio::test]
async fn a_store_that_is_away_is_asked_again_and_said_to_be_away() {
    // A port that nobody listens on.
    let server: Url = "http://key:secret@127.0.0.1:9/bucket".parse().unwrap();
    let library = library(&server, "s3://bucket/assets");
    let found = tokio::time::timeout(
        Duration::from_secs(60),
        library.reach(Provider::Object, "s3://bucket/assets/a", Duration::from_millis(200)),
    );
    assert!(matches!(found.await.unwrap(), Reach::Unknown(_)));
}
