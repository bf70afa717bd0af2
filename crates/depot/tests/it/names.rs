//! URLs, options and names that are wrong.

use contracts::ErrorKind;
use depot::{Depot, DepotOptions, StorageOptions};

fn refusal(url: &str, options: &[(&str, &str)]) -> String {
    let storage = StorageOptions::from_iter(options.iter().copied());
    let error = Depot::open(url, &DepotOptions { storage, ..DepotOptions::default() }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");
    error.to_string()
}

#[test]
fn a_wrong_url_is_answered_with_what_is_accepted() {
    assert!(refusal("ftp://host/x", &[]).contains("known are file, memory, s3, gs and az"));
    assert!(refusal("/just/a/path", &[]).contains("expected file:///directory"));
    assert!(refusal("file://host/path", &[]).contains("not a local directory"));
}

#[test]
fn credentials_are_never_shown() {
    let secret = "AKIASECRET";
    let shown = refusal(&format!("s3://id:{secret}@bucket/x"), &[]);
    assert!(shown.contains("belong into the options") && !shown.contains(secret), "{shown}");
    let options = [("aws_secret_access_key", secret), ("aws_allow_http", secret), ("aws_region", "eu-1")];
    let shown = refusal("s3://bucket/x", &options);
    assert!(!shown.contains(secret), "{shown}");
    let storage = StorageOptions::from_iter(options);
    let debug = format!("{storage:?}");
    assert!(debug.contains("aws_secret_access_key") && !debug.contains(secret), "{debug}");
}

#[test]
fn an_unknown_option_is_named() {
    let shown = refusal("s3://bucket/x", &[("aws_acces_key_id", "x")]);
    assert!(shown.contains("`aws_acces_key_id`") && shown.contains("aws_access_key_id"), "{shown}");
}

#[test]
fn object_stores_open_without_sending_anything() {
    let open = |url: &str, options: &[(&str, &str)]| {
        let storage = StorageOptions::from_iter(options.iter().copied());
        Depot::open(url, &DepotOptions { storage, ..DepotOptions::default() }).unwrap();
    };
    open("s3://bucket/some/prefix", &[("aws_region", "eu-north-1")]);
    open("gs://bucket/prefix", &[]);
    let key = [("azure_storage_account_name", "name"), ("azure_storage_account_key", "c2VjcmV0")];
    open("az://container/prefix", &key);
}

#[tokio::test]
async fn an_unreachable_server_is_named_without_secrets() {
    let storage = StorageOptions::from_iter([
        // Nothing listens on port 1.
        ("aws_endpoint", "http://127.0.0.1:1"),
        ("aws_allow_http", "true"),
        ("aws_region", "us-east-1"),
        ("aws_access_key_id", "AKIDUNSHOWN"),
        ("aws_secret_access_key", "sk-unshown"),
    ]);
    let options = DepotOptions { storage, ..DepotOptions::default() };
    let depot = Depot::open("s3://bucket/prefix", &options).unwrap();
    let error = depot.check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let text = format!("{error} {error:?}");
    assert!(text.contains("s3://bucket/prefix") && !text.contains("nshown"), "{text}");
    assert!(!text.contains("AKIDUNSHOWN"), "{text}");
}

#[tokio::test]
async fn a_name_that_is_none_leads_nowhere() {
    let depot = Depot::open("memory:", &DepotOptions::default()).unwrap();
    for name in [
        "",
        "ab",
        "../../../../etc/passwd",
        &"A".repeat(64),
        &"é".repeat(32),
        &format!("{}/x", "0".repeat(62)),
    ] {
        assert_eq!(depot.stat(name).await.unwrap_err().kind(), ErrorKind::NotFound, "{name}");
        assert_eq!(depot.delete(name).await.unwrap_err().kind(), ErrorKind::NotFound, "{name}");
    }
}
