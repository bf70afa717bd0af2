//! Each rule finds what it is for, and nothing of what only looks like it.

use proptest::prelude::*;

use super::*;

fn found(text: &str) -> Vec<String> {
    find(text.as_bytes()).iter().map(|secret| format!("{}: {}", secret.rule, secret.description)).collect()
}

fn codes(text: &str) -> Vec<&'static str> {
    find(text.as_bytes()).iter().map(|secret| secret.rule).collect()
}

/// Put together here, so that this file holds none.
#[expect(clippy::string_slice, reason = "these are letters and digits")]
fn samples() -> Vec<(&'static str, String)> {
    let random = "q7Zr3XkP9vLm2WbT8sYc5NdF6gHj4KaE1uRi0OoQ";
    let digits = "4815926037";
    let hex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b";
    let upper = "QZ7RXK3PVLM4WBT2SYC6NDF5GHJ6KAE4";
    let lines = "MIIEpAIBAAKCAQEAq7Zr3XkP9vLm2WbT8sYc5NdF6gHj4KaE1uRi0OoQ\n".repeat(3);
    vec![
        ("private-key", format!("-----BEGIN RSA {0}-----\n{lines}-----END RSA {0}-----", "PRIVATE KEY")),
        ("aws-access-key", format!("aws_id = {}{}", "AKIA", &upper[..16])),
        ("aws-secret-key", format!("aws_secret_access_key = \"{}\"", &random[..40])),
        ("github-token", format!("token: {}{}", "ghp_", &random[..36])),
        (
            "github-fine-token",
            format!("{}{}_{}", "github_pat_", &random[..22], format!("{random}{random}").get(..59).unwrap()),
        ),
        ("gitlab-token", format!("{}{}", "glpat-", &random[..20])),
        ("slack-token", format!("{}-{digits}12-{digits}34-{}", "xoxb", &random[..24])),
        (
            "slack-webhook",
            format!(
                "https://hooks.slack.com/{}/T{}/B{}/{}",
                "services",
                &upper[..8],
                &upper[8..16],
                &random[..24]
            ),
        ),
        ("stripe-key", format!("{}{}", "sk_live_", &random[..24])),
        ("google-api-key", format!("{}{}", "AIza", &random[..35])),
        ("npm-token", format!("{}{}", "npm_", &random[..36])),
        ("pypi-token", format!("{}{}{random}{random}", "pypi-", "AgEIcHlwaS5vcmc")),
        ("sendgrid-key", format!("{}{}.{}{}", "SG.", &random[..22], random, "abc")),
        ("openai-key", format!("{}{}{}{}", "sk-", &random[..20], "T3BlbkFJ", &random[20..40])),
        ("anthropic-key", format!("{}{random}{random}{}AA", "sk-ant-api03-", &random[..13])),
        (
            "jwt",
            format!("{}{}.{}{}.{}", "eyJ", "hbGciOiJIUzI1NiJ9", "eyJ", "zdWIiOiIxMjM0NTY3ODkwIn0", random),
        ),
        ("webhook-secret", format!("{}{}", "whsec_", &random[..32])),
        ("webhook-secret", format!("{}{random}{random}", "whsk_")),
        ("url-password", format!("postgres://user:{}@db.internal/x", &random[..12])),
        ("assigned-secret", format!("password = \"{}\"", &random[..16])),
        ("assigned-secret", format!("api_key: '{hex}'")),
    ]
}

#[test]
fn each_kind_is_found_once_and_never_repeated() {
    for (code, text) in samples() {
        let said = found(&text);
        assert_eq!(codes(&text), [code], "{text}");
        let secret: String = text.chars().rev().take(12).collect::<String>().chars().rev().collect();
        assert!(!said[0].contains(&secret), "{said:?}");
    }
}

#[test]
fn the_line_is_told() {
    let (_, token) = &samples()[3];
    let text = format!("a\nb\n{token}\n\n{token}");
    let lines: Vec<u64> = find(text.as_bytes()).iter().map(|secret| secret.line).collect();
    assert_eq!(lines, [3, 5]);
}

#[test]
fn examples_and_names_are_no_secrets() {
    for text in [
        "password = \"changeme\"",
        "password = os.environ['PASSWORD']",
        "api_key: ${API_KEY}",
        "secret = \"xxxxxxxxxxxxxxxxxxxxxxxx\"",
        "token = \"<your-token-goes-here>\"",
        "postgres://user:password@localhost/db",
        "postgres://user:${PASSWORD}@localhost/db",
        concat!("AKIA", "IOSFODNN7EXAMPLE"),
        "the password is kept elsewhere, in a file of its own",
        "const TOKEN_LENGTH_OF_EVERY_KIND: usize = 4096;",
        "sha256 = \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----",
    ] {
        assert!(found(text).is_empty(), "{text}: {:?}", found(text));
    }
}

#[test]
fn rules_are_added_and_left_out() {
    let ours = |regex: &str, keyword: &str| OwnRule {
        id: "ours".to_owned(),
        description: "our token".to_owned(),
        regex: regex.to_owned(),
        keywords: vec![keyword.to_owned()],
        entropy: 0.0,
    };
    let finder =
        Finder::new(&["github-token".to_owned()], vec![ours("OURS-([a-z0-9]{8})", "ours-")]).unwrap();
    let found = finder.find(b"OURS-q7zr3xkp");
    assert_eq!((found[0].rule, found[0].description, found[0].length), ("ours", "our token", 8));
    assert!(finder.find(samples()[3].1.replace("token", "a").as_bytes()).is_empty());
    assert!(Finder::new(&["nonsense".to_owned()], Vec::new()).err().unwrap().contains("private-key"));
    assert!(Finder::new(&[], vec![ours("(", "x1")]).err().unwrap().contains("\"ours\""));
    assert!(Finder::new(&[], vec![ours("x", "x")]).err().unwrap().contains("too short"));
}

#[test]
fn a_file_of_secrets_has_so_many_findings_and_no_more() {
    let text = format!("{}\n", samples()[3].1).repeat(10_000);
    assert_eq!(found(&text).len(), MOST);
}

proptest! {
    #[test]
    fn any_bytes_will_do(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        find(&bytes);
    }

    #[test]
    fn a_secret_is_found_wherever_it_stands(before in 0_usize..9_000, after in 0_usize..9_000) {
        let (code, token) = samples().swap_remove(3);
        let text = format!("{} {token} {}", "token ".repeat(before / 6), "x ".repeat(after / 2));
        prop_assert_eq!(codes(&text), [code]);
    }
}
