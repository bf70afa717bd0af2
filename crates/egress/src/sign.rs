//! Signatures as the Standard Webhooks specification has them.
//!
//! Signed is `id.timestamp.body`. `v1` is HMAC-SHA256 under a shared secret, `whsec_` and 24 to 64 bytes in
//! base64. `v1a` is ed25519: we hold `whsk_` (the seed and the public key, 64 bytes), the receiver knows
//! `whpk_` (the public key, 32 bytes). While a key is being replaced both are used, newest first.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use contracts::{ErrorKind, Failure};
use ring::{
    hmac,
    rand::{SecureRandom as _, SystemRandom},
    signature::{Ed25519KeyPair, KeyPair as _},
};

const SHARED: &str = "whsec_";
const PRIVATE: &str = "whsk_";
const PUBLIC: &str = "whpk_";

/// How the two sides know each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// HMAC-SHA256 under a secret that both know.
    #[default]
    Shared,
    /// ed25519: only we can sign, everybody can verify.
    Asymmetric,
}

/// A key that deliveries are signed with.
pub enum Key {
    /// HMAC-SHA256.
    Shared(hmac::Key),
    /// ed25519.
    Asymmetric(Box<Ed25519KeyPair>),
}

fn wrong(reason: &str) -> Failure {
    // Never with the key in it.
    Failure::new(ErrorKind::Invalid, format!("the signing key {reason}"))
}

impl Key {
    /// Reads a key as it is written: `whsec_…` or `whsk_…`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn read(text: &str) -> Result<Self, Failure> {
        let decoded =
            |text: &str| STANDARD.decode(text).map_err(|_not_base64| wrong("is no base64 behind its prefix"));
        if let Some(text) = text.strip_prefix(SHARED) {
            let bytes = decoded(text)?;
            if !(24..=64).contains(&bytes.len()) {
                return Err(wrong("has to have 24 to 64 bytes"));
            }
            return Ok(Self::Shared(hmac::Key::new(hmac::HMAC_SHA256, &bytes)));
        }
        if let Some(text) = text.strip_prefix(PRIVATE) {
            let bytes = decoded(text)?;
            let Some((seed, public)) = bytes.split_at_checked(32) else {
                return Err(wrong("has to have 64 bytes"));
            };
            let pair = Ed25519KeyPair::from_seed_and_public_key(seed, public)
                .map_err(|_rejected| wrong("is no pair of an ed25519 seed and its public key"))?;
            return Ok(Self::Asymmetric(Box::new(pair)));
        }
        Err(wrong("has to begin with whsec_ or whsk_"))
    }

    /// The signature of one try, with its version before it.
    pub fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let signed = format!("{id}.{timestamp}.{body}");
        match self {
            Self::Shared(key) => format!("v1,{}", STANDARD.encode(hmac::sign(key, signed.as_bytes()))),
            Self::Asymmetric(pair) => format!("v1a,{}", STANDARD.encode(pair.sign(signed.as_bytes()))),
        }
    }
}

/// A new key of this scheme, as it is written.
///
/// # Errors
/// When the machine has no randomness to give.
pub fn generate(scheme: Scheme) -> Result<String, Failure> {
    let mut bytes = [0_u8; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_none| Failure::new(ErrorKind::Unavailable, "the machine has no randomness to give"))?;
    match scheme {
        Scheme::Shared => Ok(format!("{SHARED}{}", STANDARD.encode(bytes))),
        Scheme::Asymmetric => {
            let pair = Ed25519KeyPair::from_seed_unchecked(&bytes)
                .map_err(|_rejected| wrong("could not be made"))?;
            let both = [bytes.as_slice(), pair.public_key().as_ref()].concat();
            Ok(format!("{PRIVATE}{}", STANDARD.encode(both)))
        }
    }
}

/// What the receiver has to know to verify: the shared secret itself, or the public key of a pair.
///
/// # Errors
/// When `key` is none.
pub fn for_receiver(key: &str) -> Result<String, Failure> {
    match Key::read(key)? {
        Key::Shared(_) => Ok(key.to_owned()),
        Key::Asymmetric(pair) => Ok(format!("{PUBLIC}{}", STANDARD.encode(pair.public_key()))),
    }
}

/// The headers of one try. With several keys the signatures stand side by side.
pub fn headers(keys: &[Key], id: &str, timestamp: i64, body: &str) -> Vec<(&'static str, String)> {
    let signatures: Vec<String> = keys.iter().map(|key| key.sign(id, timestamp, body)).collect();
    let mut headers = vec![
        ("content-type", "application/json".to_owned()),
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp.to_string()),
    ];
    if !signatures.is_empty() {
        headers.push(("webhook-signature", signatures.join(" ")));
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the specification's own reference libraries.
    #[test]
    fn the_known_vector_comes_out() {
        let key = Key::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn generated_keys_are_read_and_verified() {
        let shared = generate(Scheme::Shared).unwrap();
        assert!(matches!(Key::read(&shared).unwrap(), Key::Shared(_)));
        assert_eq!(for_receiver(&shared).unwrap(), shared);
        let private = generate(Scheme::Asymmetric).unwrap();
        let public = for_receiver(&private).unwrap();
        let public = STANDARD.decode(public.strip_prefix("whpk_").unwrap()).unwrap();
        let signature = Key::read(&private).unwrap().sign("msg_1", 7, "{}");
        let signature = STANDARD.decode(signature.strip_prefix("v1a,").unwrap()).unwrap();
        let verifier = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, public);
        verifier.verify(b"msg_1.7.{}", &signature).unwrap();
        assert!(verifier.verify(b"msg_2.7.{}", &signature).is_err());
    }

    #[test]
    fn two_keys_give_two_signatures_newest_first() {
        let keys =
            [Scheme::Shared, Scheme::Asymmetric].map(|scheme| Key::read(&generate(scheme).unwrap()).unwrap());
        let headers = headers(&keys, "msg_1", 7, "{}");
        let (_, both) = headers.iter().find(|(name, _)| *name == "webhook-signature").unwrap();
        let [first, second] = both.split(' ').collect::<Vec<_>>()[..] else { panic!("{both}") };
        assert!(first.starts_with("v1,") && second.starts_with("v1a,"));
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_shown() {
        for text in ["", "whsec_", "whsec_c2hvcnQ=", "whsec_!!", "whsk_AAAA", "topsecret", "whsec_ MfKQ"] {
            let failure = Key::read(text).err().unwrap();
            assert!(text.is_empty() || !failure.reason.contains(text) || text.ends_with('_'), "{failure}");
        }
    }
}
