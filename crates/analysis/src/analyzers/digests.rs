//! `digests`: SHA-1, SHA-256 and BLAKE3 of the bytes as they are stored.

use serde::Serialize;
use sha1::{Digest, Sha1};
use sha2::Sha256;

use crate::{Analyzer, File, Outcome};

/// Every content has this one, whatever its size and kind.
pub(super) struct Digests;

#[derive(Serialize)]
struct Found {
    sha1: String,
    sha256: String,
    blake3: String,
}

impl Analyzer for Digests {
    fn id(&self) -> &'static str {
        "digests"
    }

    fn version(&self) -> i32 {
        1
    }

    fn analyze(&self, file: &File<'_>) -> Outcome {
        Outcome::json(&Found {
            sha1: hex(&Sha1::digest(file.bytes())),
            sha256: hex(&Sha256::digest(file.bytes())),
            blake3: blake3::hash(file.bytes()).to_hex().to_string(),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[test]
    fn the_digests_of_abc() {
        let limits = Limits { max_bytes: 1, ..Limits::default() };
        let outcome = Digests.analyze(&File::new("", b"abc", &limits));
        let Outcome::Ok(json) = outcome else { panic!("{outcome:?}") };
        assert_eq!(
            json,
            "{\"sha1\":\"a9993e364706816aba3e25717850c26c9cd0d89d\",\
             \"sha256\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\",\
             \"blake3\":\"6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85\"}"
        );
    }
}
