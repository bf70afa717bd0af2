//! Source files.

use analysis::validation::Kind;

use super::made::{errors, run};

#[test]
fn rules_over_what_the_analyzers_say() {
    let rust = b"// SPDX-License-Identifier: GPL-3.0-only\nfn main() {}\n";
    let run = |steps: &[&str], name: &str, bytes: &[u8]| run(Kind::Source, steps, name, bytes);
    assert!(run(&["language allowed=Rust/Python"], "a.rs", rust).is_fit());
    assert_eq!(
        errors(&run(&["language allowed=Python"], "a.rs", rust)),
        [("language", "Assets must be in Python, the provided file is in Rust.")]
    );
    assert_eq!(errors(&run(&["language"], "a.rs", b"\x7fELF\0\0\0")), [("language", "Asset is not text.")]);
    assert_eq!(
        errors(&run(&["licence allowed=MIT"], "a.rs", rust)),
        [("licence", "Asset is under GPL-3.0-only, which is not wanted.")]
    );
    assert!(run(&["licence allowed=GPL-3.0-only required=yes"], "a.rs", rust).is_fit());
    assert!(!run(&["licence required=yes"], "a.rs", b"fn f() {}\n").is_fit());
    assert!(!run(&["parses"], "a.json", b"{\"a\": }").is_fit());
    assert!(run(&["parses"], "a.json", b"{\"a\": 1}").is_fit());
    assert!(!run(&["size max_bytes=3"], "a.rs", rust).is_fit());
    assert!(!run(&["size"], "a.rs", b"").is_fit());
}

#[test]
fn keys_are_told_and_not_shown() {
    let token = format!("ghp_{}", "q7Zr3XkP9vLm2WbT8sYc5NdF6gHj4KaE1uRi");
    let key = "MIIEpAIBAAKCAQEAq7Zr3XkP9vLm2WbT8sYc5NdF6gHj4KaE1uRi0OoQ\n".repeat(3);
    let text = format!(
        "x = 1\ntoken = \"{token}\"\n-----BEGIN RSA {0}-----\n{key}-----END RSA {0}-----\n",
        "PRIVATE KEY"
    );
    let verdict = run(Kind::Source, &["secrets"], "a.py", text.as_bytes());
    let texts = &verdict.errors["secrets"];
    assert_eq!(texts, &["Asset has a token of GitHub in line 2.", "Asset has a private key in line 4."]);
    assert!(!texts.concat().contains(&token));
    assert!(
        run(
            Kind::Source,
            &["secrets"],
            "a.py",
            b"AKIA is a prefix, ghp_short is none, password = \"changeme\"\n"
        )
        .is_fit()
    );
}
