//! Smart HTTP: honest servers, and those that are not.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use contracts::ErrorKind;
use git::{Credential, Head, Limits, Location, Policy, Received, Scheme, Silent};

use crate::support::{
    Bench, GO_ON, assert_same, commit_all, entries, git, git_with,
    server::{Act, Seen, Server},
    text,
};

fn is_pack_request(seen: &Seen) -> bool {
    // The first POST asks for refs, the second for the pack.
    seen.method == "POST"
        && seen.header("content-length").is_some_and(|length| length.parse::<u32>().unwrap() > 150)
}

/// A repository that takes more than one read to transfer: random bytes do not compress.
fn sizeable(bench: &Bench) -> std::path::PathBuf {
    let repo = bench.sample("repo");
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(600_000)
    .collect();
    std::fs::write(repo.join("noise"), noise).unwrap();
    commit_all(&repo);
    repo
}

#[test]
fn a_repository_is_fetched_without_its_history() {
    let bench = Bench::new();
    let repo = bench.sample("repo");
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    let address = format!("{}/repo/.git", server.url);
    let commit = text(git(&repo, &["rev-parse", "HEAD"])).parse().unwrap();
    assert_eq!(
        bench.resolve(&address).unwrap(),
        Head::At { commit, ref_name: Some("refs/heads/main".into()) }
    );
    let asked = server.seen();
    assert_eq!(
        asked.iter().map(|seen| seen.method.as_str()).collect::<Vec<_>>(),
        ["GET", "POST"],
        "refs only"
    );

    let origin = bench.visit(&address).unwrap();
    assert_same(&origin, &repo, "HEAD");
    assert!(!origin.has_worktree());
    let scratch = bench.path("scratch/visit");
    let history = text(git(&scratch, &["rev-list", "--count", "HEAD"]));
    assert_eq!(history, "1", "depth 1, in a repository that git can read");
    git(&scratch, &["fsck", "--strict"]);
    assert!(!scratch.join("a").exists(), "nothing is checked out");
    for seen in server.seen() {
        assert!(seen.header("authorization").is_none());
        assert_eq!(seen.header("git-protocol"), Some("version=2"));
    }
}

#[test]
fn a_head_that_moved_away_is_asked_for_again() {
    let bench = Bench::new();
    bench.sample("repo");
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    let location = Location::parse(&format!("{}/repo/.git", server.url)).unwrap();
    let gone = Head::At { commit: "1".repeat(40).parse().unwrap(), ref_name: Some("refs/heads/main".into()) };
    let error = bench.fetcher().fetch(&location, &gone, "visit", None, &Silent, &GO_ON).err().unwrap();
    assert!(error.kind().is_transient(), "{error}");
}

#[test]
fn sha256_repositories_are_refused_with_the_reason() {
    let bench = Bench::new();
    git(bench.folder.path(), &["init", "-q", "--object-format=sha256", "repo"]);
    commit_all(&bench.path("repo"));
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    for old in [false, true] {
        server.old(old);
        let error = bench.resolve(&format!("{}/repo/.git", server.url)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(error.to_string().contains("sha256; only SHA-1"), "{error}");
    }
}

#[test]
fn progress_is_told() {
    let bench = Bench::new();
    sizeable(&bench);
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    let location = Location::parse(&format!("{}/repo/.git", server.url)).unwrap();
    let fetcher = bench.fetcher();
    let head = fetcher.resolve(&location, &GO_ON).unwrap();
    let last = std::sync::Mutex::new(Received::default());
    let origin = fetcher
        .fetch(&location, &head, "visit", None, &|so_far| *last.lock().unwrap() = so_far, &GO_ON)
        .unwrap();
    let last = last.into_inner().unwrap();
    assert!(last.bytes > 600_000, "{last:?}");
    assert_eq!(Some(last.objects), last.total_objects, "{last:?}");
    assert!(last.objects > entries(&origin).len() as u64 / 2, "{last:?}");
}

#[test]
fn heads_of_every_kind() {
    let bench = Bench::new();
    let repo = bench.sample("repo");
    bench.init("empty");
    git(&repo, &["clone", "-q", "--bare", ".", "../detached.git"]);
    let first = text(git(&repo, &["rev-parse", "HEAD~1"]));
    git(&bench.path("detached.git"), &["update-ref", "--no-deref", "HEAD", &first]);
    git(&repo, &["clone", "-q", "--bare", ".", "../nowhere.git"]);
    git(&bench.path("nowhere.git"), &["symbolic-ref", "HEAD", "refs/heads/nowhere"]);

    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    let resolve = |name: &str| bench.resolve(&format!("{}/{name}", server.url)).unwrap();
    assert_eq!(resolve("empty/.git"), Head::Unborn { ref_name: Some("refs/heads/main".into()) });
    assert_eq!(resolve("nowhere.git"), Head::Unborn { ref_name: Some("refs/heads/nowhere".into()) });
    assert_eq!(resolve("detached.git"), Head::At { commit: first.parse().unwrap(), ref_name: None });
    assert_same(&bench.visit(&format!("{}/detached.git", server.url)).unwrap(), &repo, "HEAD~1");
    let empty = bench.visit(&format!("{}/empty/.git", server.url)).unwrap();
    assert!(empty.commit().is_none() && entries(&empty).is_empty());
}

#[test]
fn a_commit_that_the_caller_names_is_fetched_or_not_found() {
    let bench = Bench::new();
    let repo = bench.sample("repo");
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    let location = Location::parse(&format!("{}/repo/.git", server.url)).unwrap();
    let at = |commit: &str| {
        let head = Head::At { commit: commit.parse().unwrap(), ref_name: None };
        bench.fetcher().fetch(&location, &head, "visit", None, &Silent, &GO_ON)
    };
    let first = text(git(&repo, &["rev-parse", "HEAD~1"]));
    assert_same(&at(&first).unwrap(), &repo, "HEAD~1");
    let error = at(&"1".repeat(40)).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert!(bench.scratch_is_empty(), "nothing is left after an error");
}

#[test]
fn an_old_server_that_lists_all_refs_will_do() {
    let bench = Bench::new();
    let repo = bench.sample("repo");
    bench.init("empty");
    // Without the header the backend answers in the first version of the protocol.
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    server.old(true);
    bench.resolve(&format!("{}/repo/.git", server.url)).unwrap();
    let asked: Vec<_> = server.seen().into_iter().map(|seen| seen.method).collect();
    assert_eq!(asked, ["GET"], "the refs came without being asked for");
    assert_same(&bench.visit(&format!("{}/repo/.git", server.url)).unwrap(), &repo, "HEAD");
    assert!(matches!(bench.resolve(&format!("{}/empty/.git", server.url)).unwrap(), Head::Unborn { .. }));
}

#[test]
fn answers_of_servers_become_kinds() {
    let bench = Bench::new();
    bench.sample("repo");
    for (status, kind, words) in [
        ("401 Unauthorized\r\nWWW-Authenticate: Basic realm=x", ErrorKind::Forbidden, "asks for credentials"),
        ("403 Forbidden", ErrorKind::Forbidden, "refuses access"),
        ("404 Not Found", ErrorKind::NotFound, "there is no repository"),
        ("410 Gone", ErrorKind::NotFound, "there is no repository"),
        ("429 Too Many Requests\r\nRetry-After: 7", ErrorKind::RateLimited, "7 s"),
        ("500 Internal Server Error", ErrorKind::Unavailable, "has a problem"),
        ("503 Service Unavailable", ErrorKind::Unavailable, "HTTP 503"),
        ("418 I'm a teapot", ErrorKind::Invalid, "HTTP 418"),
        ("200 OK\r\nContent-Type: text/html", ErrorKind::Invalid, "smart"),
    ] {
        let server = Server::start(bench.folder.path(), move |_| Act::Say(status.to_owned()));
        let error = bench.resolve(&format!("{}/repo/.git", server.url)).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().starts_with(&server.url), "{error}");
    }
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    let error = bench.resolve(&format!("{}/none", server.url)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}

#[test]
fn nobody_at_the_port() {
    let bench = Bench::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for scheme in ["http", "https", "git"] {
        let error = bench.resolve(&format!("{scheme}://127.0.0.1:{port}/repo")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert!(error.to_string().to_lowercase().contains("refused"), "{error}");
    }
    let error = bench.resolve("https://nowhere.invalid/repo").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.to_string().contains("nowhere.invalid cannot be resolved"), "{error}");
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let idle = Duration::from_millis(300);
    let bench = Bench::with_limits(Limits { idle, ..Limits::default() });
    sizeable(&bench);
    // Before the first byte of an answer, and in the middle of the pack.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let error = bench.resolve(&format!("http://{}/repo", silent.local_addr().unwrap())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    let server = Server::start(bench.folder.path(), |seen| {
        if is_pack_request(seen) { Act::Stall(100_000) } else { Act::Serve }
    });
    let error = bench.visit(&format!("{}/repo/.git", server.url)).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    assert!(error.to_string().contains("300 ms"), "{error}");
    assert!(bench.scratch_is_empty());
}

#[test]
fn a_connection_that_is_cut_can_be_tried_again() {
    let bench = Bench::new();
    let repo = sizeable(&bench);
    let cut = std::sync::Arc::new(AtomicBool::new(true));
    let server = Server::start(bench.folder.path(), {
        let cut = std::sync::Arc::clone(&cut);
        move |seen| if is_pack_request(seen) && cut.load(Relaxed) { Act::Cut(100_000) } else { Act::Serve }
    });
    let address = format!("{}/repo/.git", server.url);
    let error = bench.visit(&address).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(bench.scratch_is_empty());
    cut.store(false, Relaxed);
    assert_same(&bench.visit(&address).unwrap(), &repo, "HEAD");
}

#[test]
fn a_fetch_can_be_cancelled_in_the_middle() {
    let bench = Bench::new();
    sizeable(&bench);
    let server = Server::start(bench.folder.path(), |seen| {
        if is_pack_request(seen) { Act::Stall(100_000) } else { Act::Serve }
    });
    let location = Location::parse(&format!("{}/repo/.git", server.url)).unwrap();
    let fetcher = bench.fetcher();
    let head = fetcher.resolve(&location, &GO_ON).unwrap();
    let cancel = AtomicBool::new(false);
    let progress = |so_far: Received| {
        if so_far.bytes >= 50_000 {
            cancel.store(true, Relaxed);
        }
    };
    let error = fetcher.fetch(&location, &head, "visit", None, &progress, &cancel).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    assert!(bench.scratch_is_empty());
}

#[test]
fn redirects_on_the_same_host_only() {
    let bench = Bench::new();
    let repo = bench.sample("repo");
    bench.sample("other");
    let server = Server::start(bench.folder.path(), |seen| match seen.target.split_once("/info/refs") {
        Some(("/moved", query)) => Act::Say(format!("301 Moved\r\nLocation: /repo/.git/info/refs{query}")),
        Some(("/circle", query)) => Act::Say(format!("302 Found\r\nLocation: /circle/info/refs{query}")),
        Some(("/login", _)) => Act::Say("302 Found\r\nLocation: /sign-in".to_owned()),
        _ => Act::Serve,
    });
    assert_same(&bench.visit(&format!("{}/moved", server.url)).unwrap(), &repo, "HEAD");
    let posted: Vec<_> = server.seen().into_iter().filter(|seen| seen.method == "POST").collect();
    assert!(posted.iter().all(|seen| seen.target == "/repo/.git/git-upload-pack"), "{posted:?}");
    let error = |name: &str| bench.resolve(&format!("{}/{name}", server.url)).unwrap_err();
    assert!(error("circle").to_string().contains("redirects"), "{}", error("circle"));
    assert_eq!(error("login").kind(), ErrorKind::NotFound);

    let target = server.url.clone();
    let elsewhere = Server::start(bench.folder.path(), move |_| {
        Act::Say(format!("301 Moved\r\nLocation: {target}/other/.git/info/refs?service=git-upload-pack"))
    });
    let before = server.seen().len();
    let error = bench.resolve(&format!("{}/repo/.git", elsewhere.url)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
    assert!(error.to_string().contains(&format!("{}/other/.git", server.url)), "{error}");
    assert_eq!(server.seen().len(), before, "the other server was never asked");
}

#[test]
fn addresses_of_this_machine_are_refused_without_permission() {
    let mut bench = Bench::new();
    bench.sample("repo");
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    bench.options.policy = Policy { allow_private_addresses: false, ..Policy::trusted() };
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    for host in
        ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0x7f000001", "169.254.169.254", "10.1.2.3"]
    {
        for scheme in ["http", "https", "git", "ssh"] {
            let error = bench.resolve(&format!("{scheme}://{host}:{port}/repo/.git")).unwrap_err();
            let refused = matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::Unavailable);
            assert!(refused, "{scheme} {host}: {error}");
            if scheme == "http" {
                assert_eq!(error.kind(), ErrorKind::Forbidden, "{host}: {error}");
            }
        }
    }
    assert!(server.seen().is_empty());
}

#[test]
fn schemes_need_permission() {
    let mut bench = Bench::new();
    bench.options.policy = Policy { schemes: vec![Scheme::Https], ..Policy::trusted() };
    let error = bench.resolve("http://127.0.0.1:1/x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert!(error.to_string().contains("allowed: https"), "{error}");
}

#[test]
fn passwords_are_never_sent_in_clear_text_nor_shown() {
    let bench = Bench::new();
    bench.sample("repo");
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    let address = server.url.replace("http://", "http://me:s3cret@") + "/repo/.git";
    let error = bench.resolve(&address).unwrap_err();
    assert!(!error.to_string().contains("s3cret"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
    assert!(server.seen().iter().all(|seen| seen.header("authorization").is_none()));
}

#[test]
fn credentials_go_to_the_host_that_they_are_for_and_to_no_other() {
    let mut bench = Bench::new();
    let repo = bench.sample("repo");
    let asks = |seen: &Seen| match seen.header("authorization") {
        // `reader:s3cret`
        Some("Basic cmVhZGVyOnMzY3JldA==") => Act::Serve,
        _ => Act::Say("401 Unauthorized\r\nWWW-Authenticate: Basic realm=x".to_owned()),
    };
    let server = Server::start(bench.folder.path(), asks);
    let url = format!("{}/repo/.git", server.url);
    let error = bench.resolve(&url).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
    // Those of another host stay here, whatever this one asks for; the name of a host is more than its beginning.
    let netrc = |host: &str| Credential::read_netrc(&format!("machine {host} login reader password s3cret"));
    for other in ["127.0.0.2", "127.0.0.1.example.org", "example.org"] {
        bench.options.credentials = netrc(other).unwrap();
        let error = bench.resolve(&url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    // By name it is another host than by number, and names are reached over a network: not in clear text.
    bench.options.credentials = netrc("localhost").unwrap();
    assert!(bench.resolve(&url.replace("127.0.0.1", "localhost")).is_err());
    assert!(server.seen().iter().all(|seen| seen.header("authorization").is_none()));
    bench.options.credentials = netrc("127.0.0.1").unwrap();
    assert_same(&bench.visit(&url).unwrap(), &repo, "HEAD");
    // A server that sends us elsewhere does not get them sent there.
    let stranger = Server::start(bench.folder.path(), |_| Act::Serve);
    let target = stranger.url.replace("127.0.0.1", "localhost");
    let moved = Server::start(bench.folder.path(), move |_| {
        Act::Say(format!("301 Moved\r\nLocation: {target}/repo/.git/info/refs?service=git-upload-pack"))
    });
    let error = bench.resolve(&format!("{}/repo/.git", moved.url)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
    assert!(stranger.seen().is_empty() && !error.to_string().contains("s3cret"), "{error}");
}

#[test]
fn hostile_names_stay_names() {
    let bench = Bench::new();
    let repo = bench.init("repo");
    let evil = text(git_with(&repo, &["hash-object", "-w", "--stdin"], b"evil"));
    let id: Vec<u8> =
        (0..40).step_by(2).map(|at| u8::from_str_radix(&evil[at..at + 2], 16).unwrap()).collect();
    let tree = [b"100644 ..\0".as_slice(), &id, b"100644 .git\0", &id, b"100644 \\\\x\0", &id].concat();
    let tree = text(git_with(&repo, &["hash-object", "-t", "tree", "-w", "--stdin", "--literally"], &tree));
    let commit = text(git(&repo, &["commit-tree", &tree, "-m", "x"]));
    git(&repo, &["update-ref", "HEAD", &commit]);
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    let origin = bench.visit(&format!("{}/repo/.git", server.url)).unwrap();
    assert_same(&origin, &repo, "HEAD");
    let scratch = std::fs::read_dir(bench.path("scratch/visit")).unwrap();
    let mut names: Vec<_> = scratch.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["HEAD", "config", "objects", "refs", "shallow"]);
}
