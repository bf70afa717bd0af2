//! What receivers do with our signatures: the public library of Standard Webhooks verifies them.

use std::process::Command;

use egress::sign::{Key, Scheme, for_receiver, generate, headers};

/// Verifies one webhook, and refuses it when anything of it is changed.
const VERIFY: &str = r#"
import sys
from standardwebhooks import Webhook, WebhookVerificationError
secret, id, timestamp, signature, body = sys.argv[1:]
headers = {"webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature}
hook = Webhook(secret)
hook.verify(body, headers)
for changed in ({"webhook-id": id + "x"}, {"webhook-timestamp": str(int(timestamp) + 1)}):
    try:
        hook.verify(body, headers | changed)
    except WebhookVerificationError:
        continue
    sys.exit(f"{changed} was not seen")
try:
    hook.verify(body + " ", headers)
except WebhookVerificationError:
    print("verified")
"#;

/// A Python with the library: the one that `STOCKTAKE_TEST_PYTHON` names, or the machine's.
#[expect(clippy::disallowed_methods, reason = "tests are told of their surroundings by the environment")]
fn python() -> Option<String> {
    let python = std::env::var("STOCKTAKE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&python).args(["-c", "import standardwebhooks"]).output();
    if has.is_ok_and(|has| has.status.success()) {
        return Some(python);
    }
    println!("not run: {python} has no package standardwebhooks (STOCKTAKE_TEST_PYTHON names another)");
    None
}

#[test]
fn the_public_library_verifies_what_we_sign() {
    let Some(python) = python() else { return };
    let (old, new) = (generate(Scheme::Shared).unwrap(), generate(Scheme::Shared).unwrap());
    let keys = [Key::read(&new).unwrap(), Key::read(&old).unwrap()];
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for body in ["{}", r#"{"type":"snapshot.committed","data":{"name":"größe \u0000 'x' \"y\""}}"#] {
        let sent = headers(&keys, "msg_01a1fe5c604976e3b861e467b43e1f50", now as i64, body);
        let of = |name: &str| sent.iter().find(|(known, _)| *known == name).unwrap().1.clone();
        // Both the key that goes and the one that comes are good while they change places.
        for secret in [&old, &new] {
            let ran = Command::new(&python)
                .args(["-c", VERIFY, &for_receiver(secret).unwrap()])
                .args([of("webhook-id"), of("webhook-timestamp"), of("webhook-signature"), body.to_owned()])
                .output()
                .unwrap();
            let told = String::from_utf8_lossy(&ran.stdout);
            assert_eq!(told.trim(), "verified", "{}", String::from_utf8_lossy(&ran.stderr));
        }
    }
}

/// Made once with the library's own `sign`.
#[test]
fn vectors_of_the_public_library_come_out() {
    for (secret, id, timestamp, body, signature) in VECTORS {
        assert_eq!(Key::read(secret).unwrap().sign(id, *timestamp, body), *signature);
    }
}

const VECTORS: &[(&str, &str, i64, &str, &str)] = &[
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_1",
        1795262400,
        r#"{}"#,
        "v1,OcR5oLy4yGiVhygGwZZcOCEuUNTyJQGYxx0FZFOt0Lk=",
    ),
    (
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "msg_01a1fe5c604976e3b861e467b43e1f50",
        1,
        r#"{"type":"asset.failed","data":{"name":"größe"}}"#,
        "v1,68oh6FswJoGeYS7SmJ5/xbyOJelLdfmncxdN6tV3uNs=",
    ),
];
