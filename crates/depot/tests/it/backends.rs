//! The storages that the suite runs on.

use std::sync::atomic::{AtomicU32, Ordering};

use depot::{Depot, DepotOptions, StorageOptions};
use tempfile::TempDir;
use url::Url;

/// A depot of its own for one test.
pub(crate) struct Backend {
    pub(crate) name: &'static str,
    pub(crate) depot: Depot,
    _directory: Option<TempDir>,
}

/// A depot in a fresh local directory, and that directory.
pub(crate) fn local(options: &DepotOptions) -> (Depot, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let url = Url::from_directory_path(directory.path()).unwrap();
    (Depot::open(url.as_str(), options).unwrap(), directory)
}

/// One depot of each kind.
pub(crate) fn all() -> Vec<Backend> {
    with(&DepotOptions::default())
}

/// One depot of each kind, opened with these limits.
pub(crate) fn with(options: &DepotOptions) -> Vec<Backend> {
    let (depot, directory) = local(options);
    let memory = Depot::open("memory:", options).unwrap();
    let mut backends = vec![
        Backend { name: "local", depot, _directory: Some(directory) },
        Backend { name: "memory", depot: memory, _directory: None },
    ];
    match s3_server() {
        Some(server) => {
            let depot = s3(&server, options);
            backends.push(Backend { name: "s3", depot, _directory: None });
        }
        None => println!("not run: S3 (STOCKTAKE_TEST_S3 is not set)"),
    }
    backends
}

/// A depot in this bucket of the S3 server, when there is a server.
pub(crate) fn s3_in(bucket: &str) -> Option<Depot> {
    let mut server = Url::parse(&s3_server()?).unwrap();
    server.set_path(bucket);
    Some(s3(server.as_str(), &DepotOptions::default()))
}

fn s3(server: &str, options: &DepotOptions) -> Depot {
    static PREFIX: AtomicU32 = AtomicU32::new(0);
    let server = Url::parse(server).unwrap();
    let prefix = format!("test-{}-{}", std::process::id(), PREFIX.fetch_add(1, Ordering::Relaxed));
    let endpoint =
        format!("{}://{}:{}", server.scheme(), server.host().unwrap(), server.port().unwrap_or(80));
    let storage = StorageOptions::from_iter([
        ("aws_endpoint", endpoint.as_str()),
        ("aws_allow_http", "true"),
        ("aws_region", "us-east-1"),
        ("aws_access_key_id", server.username()),
        ("aws_secret_access_key", server.password().unwrap()),
    ]);
    let url = format!("s3:/{}/{prefix}", server.path());
    Depot::open(&url, &DepotOptions { storage, ..options.clone() }).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "tests are told of servers by the environment")]
fn s3_server() -> Option<String> {
    std::env::var("STOCKTAKE_TEST_S3").ok()
}
