//! Git object ids, of SHA-1 and of SHA-256 repositories.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A git object id: 20 bytes in SHA-1 repositories, 32 bytes in SHA-256 ones. Written in lowercase hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid {
    bytes: [u8; 32],
    length: u8,
}

/// The text or bytes are not a git object id.
#[derive(Debug, thiserror::Error)]
#[error("not a git object id: expected 40 or 64 hexadecimal digits (20 or 32 bytes)")]
pub struct InvalidOid;

impl Oid {
    /// The id in its binary form.
    ///
    /// # Errors
    /// When `bytes` is neither 20 nor 32 bytes long.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidOid> {
        if !matches!(bytes.len(), 20 | 32) {
            return Err(InvalidOid);
        }
        let mut id = Self { bytes: [0; 32], length: bytes.len() as u8 };
        id.bytes[..bytes.len()].copy_from_slice(bytes);
        Ok(id)
    }

    /// The 20 or 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// The `SWHID` of a content with this id (ISO/IEC 18670). Only SHA-1 ids have one.
    pub fn to_content_swhid(&self) -> String {
        format!("swh:1:cnt:{self}")
    }
}

impl From<[u8; 20]> for Oid {
    fn from(bytes: [u8; 20]) -> Self {
        let mut id = Self { bytes: [0; 32], length: 20 };
        id.bytes[..20].copy_from_slice(&bytes);
        id
    }
}

impl From<[u8; 32]> for Oid {
    fn from(bytes: [u8; 32]) -> Self {
        Self { bytes, length: 32 }
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Reports and lists write very many of them.
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.as_bytes()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        let text = text.get(..2 * usize::from(self.length)).unwrap_or_default();
        f.write_str(std::str::from_utf8(text).unwrap_or_default())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Oid {
    type Err = InvalidOid;

    fn from_str(text: &str) -> Result<Self, InvalidOid> {
        let digits = text.as_bytes();
        if !matches!(digits.len(), 40 | 64) {
            return Err(InvalidOid);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = (nibble(pair[0])? << 4) | nibble(pair[1])?;
        }
        Self::from_bytes(&bytes[..digits.len() / 2])
    }
}

fn nibble(digit: u8) -> Result<u8, InvalidOid> {
    (digit as char).to_digit(16).map(|value| value as u8).ok_or(InvalidOid)
}

impl Serialize for Oid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Oid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Oid {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Oid".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$",
            "description": "A git object id in lowercase hexadecimal."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_and_bytes_agree() {
        for hex in ["e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", &"0f".repeat(32)] {
            let id: Oid = hex.parse().unwrap();
            assert_eq!(id.to_string(), hex);
            assert_eq!(Oid::from_bytes(id.as_bytes()).unwrap(), id);
        }
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "e69d", &"g".repeat(40), &"0".repeat(41), "é69de29bb2d1d6434b8b29ae775ad8c2e48c539"]
        {
            assert!(text.parse::<Oid>().is_err(), "{text}");
        }
    }
}
