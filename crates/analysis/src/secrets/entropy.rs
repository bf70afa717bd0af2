//! What tells a secret from a word.

/// Shannon's entropy in bits for each byte: 0 for one byte repeated, about 4 for random hexadecimal digits, up to 6
/// for random base64.
pub(super) fn entropy(bytes: &[u8]) -> f32 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let all = bytes.len() as f32;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = *count as f32 / all;
            -share * share.log2()
        })
        .sum()
}

/// Words that examples are made of. In any case.
const EXAMPLES: &[&str] = &[
    "example",
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "dummy",
    "sample",
    "redacted",
    "yourpassword",
    "your_",
    "your-",
    "<your",
    "xxxx",
    "****",
    "....",
    "password123",
    "insert",
    "replace",
    "foobar",
    "todo",
    "notasecret",
    "not-a-secret",
    "abcdefgh",
    "12345678",
    "deadbeef",
    "test_key",
    "fake",
];

/// Whether it is meant to be replaced, or is a name of where the secret is kept.
pub(super) fn is_placeholder(secret: &str) -> bool {
    let text = secret.to_ascii_lowercase();
    let variable = ["${", "{{", "$(", "<%", "%(", "process.env", "os.environ", "getenv", "env["];
    EXAMPLES.iter().chain(&variable).any(|word| text.contains(word))
        || text.starts_with('$')
        || (text.starts_with('<') && text.ends_with('>'))
        || (text.starts_with('%') && text.ends_with('%'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_random_has_entropy() {
        assert!(entropy(b"") < 0.1 && entropy(b"aaaaaaaa") < 0.1);
        assert!((entropy(b"abcdabcd") - 2.0).abs() < 0.01);
        assert!(entropy(b"q7Zr3XkP9vLm2WbT") > 3.9);
    }

    #[test]
    fn placeholders_are_told_by_their_words() {
        for text in ["${TOKEN}", "<your-token>", "AKIAIOSFODNN7EXAMPLE", "$PASSWORD", "%SECRET%"] {
            assert!(is_placeholder(text), "{text}");
        }
        assert!(!is_placeholder("q7Zr3XkP9vLm2WbT"));
    }
}
