//! `git daemon`, and `ssh` by way of a program that stands in for it.

use std::{
    net::TcpListener,
    os::{fd::OwnedFd, unix::fs::PermissionsExt},
    path::Path,
    process::Stdio,
    time::Duration,
};

use contracts::ErrorKind;
use git::{Head, Limits};

use crate::support::{Bench, assert_same, git, git_command, text};

/// Answers each connection with a `git daemon` of its own, until the process ends.
pub(crate) fn daemon(root: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let root = root.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = OwnedFd::from(stream.unwrap());
            let base = format!("--base-path={}", root.display());
            let mut command = git_command(&root);
            command.args(["daemon", "--inetd", "--export-all", "--informative-errors", &base]);
            command.stdin(stream.try_clone().unwrap()).stdout(stream).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            // Its end of the connection is closed with the command.
            drop(command);
            std::thread::spawn(move || child.wait());
        }
    });
    format!("git://{address}")
}

#[test]
fn git_daemon() {
    let bench = Bench::new();
    let repo = bench.sample("repo");
    bench.init("empty");
    let url = daemon(bench.folder.path());
    assert_same(&bench.visit(&format!("{url}/repo")).unwrap(), &repo, "HEAD");
    let head = bench.resolve(&format!("{url}/empty")).unwrap();
    assert_eq!(head, Head::Unborn { ref_name: Some("refs/heads/main".into()) });
    let error = bench.resolve(&format!("{url}/none")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}

#[test]
fn a_daemon_that_says_nothing_is_given_up() {
    let bench = Bench::with_limits(Limits { idle: Duration::from_millis(200), ..Limits::default() });
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let error = bench.resolve(&format!("git://{}/repo", silent.local_addr().unwrap())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
}

/// A program that is called like `ssh` and runs the command here; it writes down how it was called.
fn stand_in(bench: &mut Bench, script: &str) {
    let program = bench.path("ssh-stand-in");
    let called = bench.path("called");
    let text = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > '{}'\n{script}\n", called.display());
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    bench.options.ssh_program = program;
}

const RUN_LAST_ARGUMENT: &str = "for last; do :; done; exec sh -c \"$last\"";

#[test]
fn ssh() {
    let mut bench = Bench::new();
    let repo = bench.sample("it's a repo");
    stand_in(&mut bench, RUN_LAST_ARGUMENT);
    let address =
        format!("ssh://me@example.org:2222{}", repo.display()).replace('\'', "%27").replace(' ', "%20");
    assert_same(&bench.visit(&address).unwrap(), &repo, "HEAD");
    let called = std::fs::read_to_string(bench.path("called")).unwrap();
    let called: Vec<_> = called.lines().collect();
    for wanted in ["BatchMode=yes", "ForwardAgent=no", "PermitLocalCommand=no", "2222", "me@example.org"] {
        assert!(called.contains(&wanted), "{called:?}");
    }
    assert!(called.last().unwrap().starts_with("git-upload-pack '"), "{called:?}");

    let error = bench.resolve("ssh://example.org/no/such/repository").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    let last = text(git(&repo, &["rev-parse", "HEAD"]));
    let head = bench.resolve(&address).unwrap();
    assert_eq!(head, Head::At { commit: last.parse().unwrap(), ref_name: Some("refs/heads/main".into()) });
}

#[test]
fn what_ssh_complains_about_is_told() {
    let mut bench = Bench::new();
    stand_in(&mut bench, "echo 'me@example.org: Permission denied (publickey).' >&2; exit 255");
    let error = bench.resolve("ssh://me@example.org/repo").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
    assert!(error.to_string().contains("Permission denied (publickey)"), "{error}");

    bench.options.ssh_program = bench.path("no-such-program");
    let error = bench.resolve("ssh://me@example.org/repo").unwrap_err();
    assert!(error.to_string().contains("no-such-program cannot be started"), "{error}");
}

#[test]
fn an_ssh_that_hangs_is_ended() {
    let mut bench = Bench::with_limits(Limits { idle: Duration::from_millis(200), ..Limits::default() });
    let pid = bench.path("pid");
    stand_in(&mut bench, &format!("echo $$ > '{}.new' && mv '{0}.new' '{0}'; exec cat", pid.display()));
    let error = bench.resolve("ssh://me@example.org/repo").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    let pid = std::fs::read_to_string(pid).unwrap();
    assert!(!Path::new("/proc").join(pid.trim()).exists(), "no process is left behind");
}
