//! Every limit, passed.

use std::time::Duration;

use contracts::ErrorKind;
use git::{GitError, Limits};

use crate::support::{
    Bench, commit_all, entries,
    server::{Act, Server},
};

fn assert_limit(error: &GitError, words: &str) {
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn bytes_of_a_transfer_and_on_disk() {
    let mut bench = Bench::new();
    let repo = bench.sample("repo");
    let noise: Vec<u8> = (0..40_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    std::fs::write(repo.join("noise"), noise).unwrap();
    commit_all(&repo);
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    let address = format!("{}/repo/.git", server.url);
    bench.options.limits.transfer_bytes = 50_000;
    assert_limit(&bench.visit(&address).err().unwrap(), "more than 50000 bytes were sent");
    bench.options.limits = Limits { disk_bytes: 1_000, ..Limits::default() };
    assert_limit(&bench.visit(&address).err().unwrap(), "more than 1000 bytes on disk");
    assert!(bench.scratch_is_empty());
}

#[test]
fn what_an_object_unfolds_to() {
    let mut bench = Bench::new();
    let repo = bench.sample("repo");
    std::fs::write(repo.join("bomb"), vec![0; 20_000_000]).unwrap();
    commit_all(&repo);
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    let address = format!("{}/repo/.git", server.url);
    bench.options.limits.object_bytes = 10_000_000;
    assert_limit(&bench.visit(&address).err().unwrap(), "10000000 bytes of memory");
    bench.options.limits.object_bytes = 100_000_000;
    assert!(bench.visit(&address).is_ok());
}

#[test]
fn a_large_content_is_listed_but_not_read() {
    let bench = Bench::with_limits(Limits { content_bytes: 10, ..Limits::default() });
    let repo = bench.init("repo");
    std::fs::write(repo.join("large"), "01234567890").unwrap();
    std::fs::write(repo.join("small"), "0123456789").unwrap();
    commit_all(&repo);
    std::fs::create_dir(bench.path("plain")).unwrap();
    for name in ["large", "small"] {
        std::fs::copy(repo.join(name), bench.path("plain").join(name)).unwrap();
    }
    for place in ["repo", "plain"] {
        let origin = bench.visit_path(&bench.path(place)).unwrap();
        let [large, mut small] = <[_; 2]>::try_from(entries(&origin)).unwrap();
        assert_eq!((large.size, &large.problem), (11, &None));
        let mut bytes = Vec::new();
        let error = origin.reader().read(&large, &mut bytes).unwrap_err();
        assert_limit(&error, "11 bytes, over the limit of 10");
        origin.reader().read(&small, &mut bytes).unwrap();
        assert_eq!(bytes, b"0123456789");
        // What the entry claims does not matter.
        small.oid = large.oid;
        assert!(origin.reader().read(&small, &mut bytes).is_err());
    }
}

#[test]
fn files_depth_and_path_length() {
    let mut bench = Bench::new();
    let repo = bench.init("repo");
    std::fs::create_dir_all(repo.join("one/two/three")).unwrap();
    std::fs::write(repo.join("one/two/three/file"), "x").unwrap();
    std::fs::write(repo.join("file"), "x").unwrap();
    commit_all(&repo);
    let plain = bench.path("plain");
    std::fs::create_dir_all(plain.join("one/two/three")).unwrap();
    std::fs::write(plain.join("one/two/three/file"), "x").unwrap();
    std::fs::write(plain.join("file"), "x").unwrap();

    let cases = [
        (Limits { files: 3, ..Limits::default() }, "more than 3 entries"),
        (Limits { depth: 2, ..Limits::default() }, "more than 2 deep"),
        (Limits { path_bytes: 17, ..Limits::default() }, "has 18 bytes, over the limit of 17"),
    ];
    for (limits, words) in cases {
        bench.options.limits = limits;
        for place in [&repo, &plain] {
            let outcome = bench.visit_path(place).and_then(|origin| origin.walk(|_| Ok::<_, GitError>(())));
            assert_limit(&outcome.unwrap_err(), words);
        }
    }
    bench.options.limits = Limits { files: 4, depth: 3, path_bytes: 18, ..Limits::default() };
    for place in [&repo, &plain] {
        assert_eq!(entries(&bench.visit_path(place).unwrap()).len(), 2);
    }
}

#[test]
fn time_in_all() {
    let limits = Limits { total: Duration::from_millis(300), ..Limits::default() };
    let bench = Bench::with_limits(limits);
    bench.sample("repo");
    let server = Server::start(bench.folder.path(), |_| Act::Stall(0));
    let error = bench.resolve(&format!("{}/repo/.git", server.url)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    assert!(error.to_string().contains("not done after 300 ms"), "{error}");
}

#[test]
fn a_visitor_can_end_the_walk() {
    let bench = Bench::new();
    let origin = bench.visit_path(&bench.sample("repo")).unwrap();
    let mut seen = 0;
    let error = origin
        .walk(|_| {
            seen += 1;
            if seen == 3 { Err(GitError::new(ErrorKind::Cancelled, "enough")) } else { Ok(()) }
        })
        .unwrap_err();
    assert_eq!((seen, error.to_string().as_str()), (3, "enough"));
}
