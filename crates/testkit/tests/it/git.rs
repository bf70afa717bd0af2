//! Git fixtures: what they hold is what git says.

use testkit::{GitFixture, TreeEntry};

fn entry<'a>(entries: &'a [TreeEntry], path: &[u8]) -> &'a TreeEntry {
    entries.iter().find(|entry| entry.path == path).unwrap_or_else(|| panic!("{path:?} is missing"))
}

#[test]
fn an_odd_repository_has_every_kind_of_entry() {
    let odd = GitFixture::odd();
    let entries = odd.ls_tree();
    assert!(entries.is_sorted_by(|one, two| one.path < two.path));
    assert_eq!(entry(&entries, b"bin/run.sh").mode, 0o100_755);
    assert_eq!(entry(&entries, b"link").mode, 0o120_000);
    assert_eq!(odd.cat_file(&entry(&entries, b"broken-link").oid), b"nowhere/at all");
    let submodule = entry(&entries, b"vendor/sub");
    assert_eq!((submodule.mode, submodule.kind.as_str(), submodule.size), (0o160_000, "commit", None));
    assert_eq!(entry(&entries, b"empty").oid, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
    assert_eq!(entry(&entries, b"large.txt").size, Some(10 << 20));
    assert_eq!(odd.cat_file(&entry(&entries, b"crlf.txt").oid), b"one\r\ntwo\r\n\r\nthree\r\n");
    assert_eq!(entry(&entries, b"new\nline.py").kind, "blob");
    assert_eq!(entry(&entries, b"latin1-\xe9\xff.txt").kind, "blob");
    assert_eq!(entry(&entries, b"copies/one.rs").oid, entry(&entries, b"copies/same.txt").oid);
}

#[test]
fn a_repository_is_the_same_each_time() {
    let (one, two) = (GitFixture::tidy(30), GitFixture::tidy(30));
    assert_eq!((one.head(), one.tree()), (two.head(), two.tree()));
    assert_eq!(one.ls_tree().len(), 30);
    let before = one.head();
    one.remove("src/part0/file3.sh").write_sources(30, 2);
    assert_ne!(one.commit("more"), before);
    assert_eq!(one.ls_tree().len(), 31);
    assert_ne!(GitFixture::odd().head(), before);
}

#[test]
fn sha256_and_bare_repositories() {
    let sha256 = GitFixture::sha256();
    sha256.write("a", "b");
    assert_eq!(sha256.commit("one").len(), 64);
    let bare = GitFixture::tidy(2).bare();
    assert!(bare.ends_with("bare.git"));
    let tidy = GitFixture::tidy(2);
    assert!(tidy.bare().join("HEAD").is_file());
    // The clone is no part of the repository.
    tidy.commit("nothing new");
    assert_eq!(tidy.ls_tree().len(), 2);
}
