//! The text of a key: `stk_<prefix>_<secret><check>`.
//!
//! The prefix is public and names the key in lists and logs. The check tells a key from a slip of the hand
//! or a guess before anybody asks the database. The secret has 200 random bits, so that its plain SHA-256
//! is as good a digest at rest as any.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::StoreError;

/// What every key begins with, for whoever looks for leaked ones.
const MARK: &str = "stk_";
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Characters of the prefix behind the mark, of the secret, of the check.
const PREFIX: usize = 8;
const SECRET: usize = 40;
const CHECK: usize = 8;

/// The text of a key. No way of printing it shows the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(String);

/// What is kept of a key: the SHA-256 of its text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyDigest(pub(crate) [u8; 32]);

impl SecretKey {
    pub(crate) fn new() -> Result<Self, StoreError> {
        let mut random = [0; (PREFIX + SECRET) * 5 / 8];
        getrandom::fill(&mut random).map_err(|error| StoreError::Database {
            kind: contracts::ErrorKind::Internal,
            reason: format!("the system has no random numbers: {error}"),
        })?;
        let mut text = encode(&random);
        text.insert(PREFIX, '_');
        text.insert_str(0, MARK);
        text.push_str(&check(&text));
        Ok(Self(text))
    }

    /// The key that a caller sent; none when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let length = MARK.len() + PREFIX + 1 + SECRET + CHECK;
        let is_known = |byte: u8| ALPHABET.contains(&byte);
        let (prefix, secret) = text.strip_prefix(MARK)?.split_once('_')?;
        let (_, given) = text.split_at_checked(text.len().checked_sub(CHECK)?)?;
        let fits = text.len() == length
            && prefix.len() == PREFIX
            && prefix.bytes().chain(secret.bytes()).all(is_known);
        (fits && check(text.strip_suffix(given)?) == given).then(|| Self(text.to_owned()))
    }

    /// How it begins; no secret.
    pub fn prefix(&self) -> &str {
        self.0.split_at_checked(MARK.len() + PREFIX).map_or("", |(prefix, _)| prefix)
    }

    /// The whole text, for the one who is to have it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn digest(&self) -> KeyDigest {
        KeyDigest::of(&self.0)
    }
}

impl KeyDigest {
    /// What would be kept of a key with this text, whether or not there can be one.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_***", self.prefix())
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(***)")
    }
}

/// Five bits a character.
fn encode(bytes: &[u8]) -> String {
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| (byte >> (7 - at % 8)) & 1);
    let digit = |at: usize| (0..5).fold(0, |digit, offset| digit << 1 | usize::from(bit(at * 5 + offset)));
    (0..bytes.len() * 8 / 5).map(|at| char::from(ALPHABET[digit(at)])).collect()
}

fn check(text: &str) -> String {
    encode(&Sha256::digest(text)[..CHECK * 5 / 8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_from_a_slip_of_the_hand() {
        let key = SecretKey::new().unwrap();
        assert_eq!(SecretKey::parse(key.expose()), Some(key.clone()));
        assert_eq!(key.prefix().len(), MARK.len() + PREFIX);
        for at in 0..key.expose().len() {
            let mut wrong = key.expose().to_owned().into_bytes();
            wrong[at] = if wrong[at] == b'a' { b'b' } else { b'a' };
            assert_eq!(SecretKey::parse(std::str::from_utf8(&wrong).unwrap()), None, "{at}");
        }
        for wrong in ["", "stk_", "stk__", "ä", "stk_aaaaaaaa_", key.expose().get(..60).unwrap()] {
            assert_eq!(SecretKey::parse(wrong), None, "{wrong}");
        }
        assert_ne!(key, SecretKey::new().unwrap());
    }

    #[test]
    fn no_way_of_printing_shows_the_secret() {
        let key = SecretKey::new().unwrap();
        let shown = format!("{key:?} {:?}", key.digest());
        assert_eq!(shown, format!("{}_*** KeyDigest(***)", key.prefix()));
    }
}
