//! Credentials: a host gets those that are configured for it, another host none, and nobody ever reads them again.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use contracts::{ErrorKind, Lane};
use store::revisions::{self, NewRevisions};
use testkit::{Stack, on_each_stack};

use crate::support::{PATIENCE, Visits};

const SECRET: &str = "s3cret-of-ours";
/// `reader` and the secret, as they cross the network.
const SENT: &str = "cmVhZGVyOnMzY3JldC1vZi1vdXJz";

/// A server that asks for credentials, and has nothing for whoever has them. Returns its address and what it was
/// shown.
fn server() -> (String, Arc<Mutex<Vec<Option<String>>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let shown = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&shown);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            let given = head.iter().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("authorization").then(|| value.to_owned())
            });
            let status = match &given {
                Some(_) => "404 Not Found",
                None => "401 Unauthorized\r\nWWW-Authenticate: Basic realm=x",
            };
            seen.lock().unwrap().push(given);
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).ok();
        }
    });
    (format!("http://{address}/some/repository"), shown)
}

fn netrc(folder: &Path, host: &str) -> PathBuf {
    let file = folder.join("netrc");
    std::fs::write(&file, format!("machine {host}\n  login reader\n  password {SECRET}\n")).unwrap();
    file
}

/// Files below `folder` in which the secret stands.
fn found_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(found_in(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap_or_default();
            let has = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
            if has(SECRET) || has(SENT) {
                found.push(path);
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_gets_what_is_configured_for_it_and_no_row_keeps_it() {
    on_each_stack(async |stack| {
        let elsewhere = tempfile::tempdir().unwrap();
        for (host, gets) in [("127.0.0.1", true), ("127.0.0.2", false), ("example.org", false)] {
            let (url, shown) = server();
            let mut visits = Visits::new(stack);
            visits.config.fetch.schemes.push("http".to_owned());
            visits.config.fetch.credentials_file = netrc(elsewhere.path(), host).display().to_string();
            let visited = visits.visit(&url).await;
            let failure = visited.failure.unwrap();
            let expected = if gets { ErrorKind::NotFound } else { ErrorKind::Forbidden };
            assert_eq!(failure.kind, expected, "{host}: {failure}");
            let shown = shown.lock().unwrap().clone();
            assert_eq!(shown.iter().any(Option::is_some), gets, "{host}");
            assert!(shown.iter().flatten().all(|given| given == &format!("Basic {SENT}")), "{host}");
        }
        // Whatever the stack keeps in files; what it keeps on a server it keeps alike.
        assert_eq!(found_in(stack.directory()), [""; 0].map(PathBuf::from));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_log_line_has_them_however_much_is_logged() {
    let Some(stack) = Stack::servers().await else { return };
    let visits = Visits::new(&stack);
    let data = tempfile::tempdir().unwrap();
    let (url, shown) = server();
    let log = data.path().join("log");
    let mut process = Command::new(env!("CARGO_BIN_EXE_repo-processor"))
        .env("STOCKTAKE__DATA__DIR", data.path())
        .env("STOCKTAKE__STORE__URL", &stack.store_url)
        .env("STOCKTAKE__BUS__URL", &stack.bus_url)
        .env("STOCKTAKE__BUS__PREFIX", &stack.bus_prefix)
        .env("STOCKTAKE__DEPOT__URL", &stack.depot_url)
        .env("STOCKTAKE__ADMIN__BIND", "127.0.0.1:0")
        .env("STOCKTAKE__FETCH__ALLOW_PRIVATE_ADDRESSES", "true")
        .env("STOCKTAKE__FETCH__SCHEMES", "https,http")
        .env("STOCKTAKE__FETCH__CREDENTIALS_FILE", netrc(stack.directory(), "127.0.0.1"))
        .env("STOCKTAKE__LOG__LEVEL", "trace")
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(data.path().join("out")).unwrap())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let revision = visits.begin(&url, NewRevisions::default(), Lane::Normal).await;
    let begun = Instant::now();
    while visits.open().await != (0, 0) {
        assert!(begun.elapsed() < PATIENCE, "{}", std::fs::read_to_string(&log).unwrap());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(shown.lock().unwrap().iter().any(Option::is_some), "they were sent");
    let revision = stack.store.read(move |tx| revisions::get(tx, revision)).await.unwrap().unwrap();
    assert_eq!(revision.failure.unwrap().kind, ErrorKind::NotFound);
    let said = [log, data.path().join("out")].map(|file| std::fs::read_to_string(file).unwrap()).concat();
    assert!(said.contains("127.0.0.1"), "something is logged: {said}");
    assert!(!said.contains(SECRET) && !said.contains(SENT));
    stack.remove().await;
}
