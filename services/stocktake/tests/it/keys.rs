//! Keys at the command line: the first one, and those that are made with it, here and at a gateway.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Output};

use serde_json::Value;

use crate::{
    support::{exit_code, stocktake},
    up::Up,
};

fn text(output: &Output) -> String {
    assert_eq!(exit_code(output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn the_first_key_is_shown_once_and_found_by_the_commands() {
    let data = tempfile::tempdir().unwrap();
    let up = Up::start(data.path());
    let file = data.path().join("admin.key");
    let first = fs::read_to_string(&file).unwrap();
    assert!(first.starts_with("stk_") && up.told.contains(first.trim()), "{}", up.told);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let there =
        |words: &[&str]| stocktake(data.path()).args(["--server", &up.url]).args(words).output().unwrap();
    let here = |words: &[&str]| stocktake(data.path()).args(words).output().unwrap();
    let list = |output: &Output| -> Vec<Value> { serde_json::from_str(&text(output)).unwrap() };
    let all = ["key", "list", "--format", "json"];
    assert_eq!(list(&there(&all)), list(&here(&all)));

    let made = text(&there(&["key", "create", "report", "--scope", "read", "--days", "3"]));
    assert!(made.starts_with("stk_"), "{made}");
    let keys = list(&here(&all));
    assert_eq!((keys.len(), &keys[0]["name"]), (2, &"report".into()));
    assert!(keys[0]["expires_at"].is_string() && !format!("{keys:?}").contains(&made));
    let id = keys[0]["id"].as_str().unwrap();
    let rotated = text(&there(&["key", "rotate", id]));
    assert_ne!(rotated, made);
    // With a key that may not, a gateway says so.
    let with = |key: &str, words: &[&str]| {
        stocktake(data.path())
            .env("STOCKTAKE_SERVER", &up.url)
            .env("STOCKTAKE_KEY", key)
            .args(words)
            .output()
            .unwrap()
    };
    let refused = with(&rotated, &all);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(exit_code(&refused) == 1 && said.contains("admin") && !said.contains(&rotated), "{said}");
    assert_eq!(text(&with(first.trim(), &["admin", "set-aside", "list"])), "nothing is set aside");
    // A target on this machine is nothing to a gateway.
    let scan = there(&["scan", "--format", "json", "."]);
    assert_eq!(exit_code(&scan), 3);
    assert!(String::from_utf8_lossy(&scan.stdout).contains("cannot read it"));
    let newest = list(&here(&all))[0]["id"].as_str().unwrap().to_owned();
    assert!(text(&there(&["key", "revoke", &newest])).contains("is revoked"));
    let refused = with(&rotated, &["admin", "set-aside", "list"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("revoked"));
    let wrong =
        stocktake(data.path()).args(["--server", "http://192.0.2.1", "key", "list"]).output().unwrap();
    assert_eq!(exit_code(&wrong), 2);
    drop(up);

    let again = Up::start(data.path());
    assert!(!again.told.contains("stk_"), "{}", again.told);
}
