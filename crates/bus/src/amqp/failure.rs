//! The broker's errors in words that say what to do.

use lapin::{ErrorKind, types::ShortString};

use crate::BusError;

const ACCESS_REFUSED: u16 = 403;
const PRECONDITION_FAILED: u16 = 406;
const NOT_ALLOWED: u16 = 530;

/// What went wrong while `doing` something. Lapin's errors never carry the URL.
pub(super) fn explain(doing: &str, error: &lapin::Error) -> BusError {
    let ErrorKind::ProtocolError(refusal) = error.kind() else {
        return BusError::Unavailable(format!("{doing}: {error}"));
    };
    let said = refusal.get_message().as_str();
    match refusal.get_id() {
        ACCESS_REFUSED => BusError::Refused(format!(
            "{doing}: the broker refuses access ({said}); check the user, the password and the permissions"
        )),
        NOT_ALLOWED => BusError::Refused(format!(
            "{doing}: the broker does not allow it ({said}); check that the virtual host at the end of the \
             URL exists and that the user may use it"
        )),
        PRECONDITION_FAILED => BusError::Refused(format!("{doing}: {said}")),
        _ => BusError::Unavailable(format!("{doing}: {said}")),
    }
}

/// `text` as one of AMQP's short strings.
///
/// # Errors
/// When it has more than 255 bytes.
pub(super) fn short(text: &str) -> Result<ShortString, BusError> {
    ShortString::try_new(text)
        .map_err(|_too_long| BusError::Invalid(format!("the name {text:?} has more than 255 bytes")))
}
