//! HMAC-SHA-256 (RFC 2104), and comparison that takes the same time whatever differs.

use sha2::{Digest, Sha256};

/// SHA-256 works on blocks of so many bytes.
const BLOCK: usize = 64;

/// The code of `body` under `key`.
pub(super) fn code(key: &[u8], body: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(body).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

/// Whether `shown`, in hexadecimal, is the code of `body` under `key`.
pub(super) fn verify(key: &[u8], body: &[u8], shown: &str) -> bool {
    let expected: String = code(key, body).iter().map(|byte| format!("{byte:02x}")).collect();
    same(expected.as_bytes(), shown.trim().to_ascii_lowercase().as_bytes())
}

/// Whether two texts are the same. Digests of both are compared, so that how long it takes says nothing about
/// where they differ, nor about their lengths.
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (Sha256::digest(one), Sha256::digest(other));
    one.iter().zip(other.iter()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, cases 1, 2 and 6.
    #[test]
    fn codes_are_those_of_the_standard() {
        let cases: [(&[u8], &[u8], &str); 3] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, body, expected) in cases {
            assert!(verify(key, body, expected));
            assert!(!verify(key, body, &expected.replace('b', "c")));
        }
    }
}
