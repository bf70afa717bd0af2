//! Any path and any message.

#![no_main]

use analysis::{classify, commit_message, hint};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = classify(bytes);
    let found = hint(bytes);
    assert!(found.is_empty() || hint(found.as_bytes()) == found || found.starts_with('.'));
    if let Ok(message) = std::str::from_utf8(bytes) {
        assert!(commit_message(message).fog.is_finite());
    }
});
