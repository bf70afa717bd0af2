//! Reading locations: what is accepted, what is refused, and what is shown of it.

use contracts::ErrorKind;

use super::*;

fn canonical(text: &str) -> String {
    Location::parse(text).unwrap().canonical().to_owned()
}

fn refused(text: &str) -> GitError {
    Location::parse(text).unwrap_err()
}

#[test]
fn texts_that_mean_the_same_have_one_form() {
    let cases = [
        ("https://example.org/a/b", "https://example.org/a/b"),
        (" https://EXAMPLE.org:443/a/b/ ", "https://example.org/a/b"),
        ("https://example.org/a/../c", "https://example.org/c"),
        ("http://example.org:8080/a.git//", "http://example.org:8080/a.git"),
        ("git://Example.org:9418/a", "git://example.org/a"),
        ("ssh://git@example.org:22/a/b.git", "ssh://git@example.org/a/b.git"),
        ("git+ssh://git@example.org/a", "ssh://git@example.org/a"),
        ("git@example.org:a/b.git", "ssh://git@example.org/a/b.git"),
        ("git@example.org:/a/b.git/", "ssh://git@example.org/a/b.git"),
        ("me@example.org:project", "ssh://me@example.org/~/project"),
        ("example.org:~you/project", "ssh://example.org/~you/project"),
        ("git@[::1]:a", "ssh://git@[::1]/a"),
        ("https://[::1]:8443/a", "https://[::1]:8443/a"),
    ];
    for (text, expected) in cases {
        assert_eq!(canonical(text), expected, "{text}");
        assert_eq!(canonical(expected), expected, "the form of a form is itself");
    }
}

#[test]
fn passwords_and_tokens_are_in_no_text() {
    for text in [
        "https://token-s3cret@example.org/a",
        "https://user:s3cret@example.org/a",
        "ssh://git:s3cret@example.org/a",
        "git://user:s3cret@example.org/a",
    ] {
        let location = Location::parse(text).unwrap();
        let check = location.check(&Policy { schemes: vec![], ..Policy::default() }).unwrap_err();
        for shown in [location.canonical().to_owned(), format!("{location:?}"), check.to_string()] {
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }
    for text in
        ["https://user:s3cret@/a", "https://user:s3cret@example.org:99999/a", "https://u:s3cret@ex ample/a"]
    {
        assert!(!refused(text).to_string().contains("s3cret"), "{text}");
    }
}

#[test]
fn what_is_not_supported_is_named() {
    for text in ["ext::sh -c id", "ftp://example.org/a", "rsync://example.org/a", "javascript://x/a"] {
        assert_eq!(refused(text).kind(), ErrorKind::Forbidden, "{text}");
        assert!(refused(text).to_string().contains("accepted:"), "{text}");
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for text in [
        "",
        "https://",
        "https://example.org",
        "https://example.org/",
        "https://example.org/a?x=y",
        "https://example.org/a#b",
        "git://example.org/a%0ahost=other",
        "git://example.org/%zz",
        "ssh://-oProxyCommand=id/a",
        "ssh://-l@example.org/a",
        "git@example.org:",
        "https:/example.org/a",
        ":a",
        "-oProxyCommand=id:a",
        "file://otherhost/a",
        "a\nb",
    ] {
        assert_eq!(refused(text).kind(), ErrorKind::Invalid, "{text:?}");
    }
}

#[test]
fn paths_are_local() {
    let here = std::env::current_dir().unwrap().canonicalize().unwrap();
    let url = Url::from_file_path(&here).unwrap();
    for text in [".", "./", url.as_str(), here.to_str().unwrap()] {
        let location = Location::parse(text).unwrap();
        assert_eq!(location.local_path(), Some(here.as_path()), "{text}");
        assert_eq!(location.canonical(), url.as_str().trim_end_matches('/'));
    }
    assert!(
        Location::parse("./odd:name").unwrap().local_path().is_some(),
        "a slash before the colon: a path"
    );
    assert_eq!(canonical("/no such/dir"), "file:///no%20such/dir");
    assert_eq!(canonical("/"), "file:///");
    assert_eq!(canonical("file:///"), "file:///");
}

#[test]
fn names_are_short() {
    for (text, name) in [
        ("https://example.org/a/b.git", "a/b"),
        ("git@example.org:a/b", "a/b"),
        ("me@example.org:project", "project"),
        ("/no/such/project.git", "project"),
        ("/no/such/.git", ".git"),
        ("/", "/"),
    ] {
        assert_eq!(Location::parse(text).unwrap().name(), name, "{text}");
    }
}

#[test]
fn the_default_policy_allows_https_only() {
    let check = |text: &str, policy: &Policy| Location::parse(text).unwrap().check(policy);
    assert_eq!(check("https://example.org/a", &Policy::default()), Ok(()));
    for text in ["http://example.org/a", "git://example.org/a", "git@example.org:a", "/tmp"] {
        assert_eq!(check(text, &Policy::default()).unwrap_err().kind(), ErrorKind::Forbidden, "{text}");
        assert_eq!(check(text, &Policy::trusted()), Ok(()), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_an_address_or_an_error(text in "\\PC*") {
        if let Ok(location) = Location::parse(&text) {
            let again = Location::parse(location.canonical()).unwrap();
            proptest::prop_assert_eq!(again.canonical(), location.canonical());
        }
    }
}
