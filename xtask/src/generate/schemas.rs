//! One JSON Schema per message.

use contracts::samples::MESSAGES;

use super::pretty;
use crate::workspace::File;

pub(super) fn files() -> Vec<File> {
    let file = |message: &contracts::samples::Entry| File {
        path: format!("proto/schemas/{}.json", message.kind),
        text: pretty((message.schema)().as_value()),
    };
    MESSAGES.iter().map(file).collect()
}
