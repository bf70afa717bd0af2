//! What a pack is called.
//!
//! Half of a name says what the bytes are, the other half is a UUID: no two packs that were ever written have the
//! same name, whatever they hold. So an object is written by one writer, once, and a removal that comes late
//! removes nothing but what it was meant for.

/// The digits of a name.
const DIGITS: usize = 64;
/// The digits of it that are a digest.
const OF_DIGEST: usize = 32;

/// A name for a pack of these bytes: 128 bits of their BLAKE3 digest and a new UUID, in hexadecimal.
pub(crate) fn of(bytes: &[u8]) -> String {
    let digest = blake3::hash(bytes).to_hex();
    let unique = uuid::Uuid::now_v7().simple().to_string();
    digest.chars().take(OF_DIGEST).chain(unique.chars().take(DIGITS - OF_DIGEST)).collect()
}

/// Whether `name` is one of a pack.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() == DIGITS && name.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
}

/// The digest that these bytes have, when it is not the one that the name of their pack says.
pub(crate) fn contradicts(name: &str, bytes: &[u8]) -> Option<String> {
    let digest = blake3::hash(bytes).to_hex();
    let (said, found) = (name.get(..OF_DIGEST), digest.get(..OF_DIGEST));
    (said != found).then(|| digest.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_twice_are_two_names_of_one_digest() {
        let (one, two) = (of(b"pack"), of(b"pack"));
        assert_ne!(one, two);
        assert!(is_name(&one) && is_name(&two));
        assert_eq!(contradicts(&one, b"pack"), None);
        assert_eq!(contradicts(&two, b"park"), Some(blake3::hash(b"park").to_hex().to_string()));
    }
}
