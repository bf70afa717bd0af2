//! `size`: files that are too large.

use serde::Deserialize;
use serde_json::Value;

use super::{Check, Look};
use crate::{Found, Subject, params::read};

pub(super) struct Size;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    #[serde(default = "max_bytes")]
    max_bytes: u64,
}

fn max_bytes() -> u64 {
    1_000_000
}

impl Check for Size {
    fn id(&self) -> &'static str {
        "size"
    }

    fn summary(&self) -> &'static str {
        "Finds files that are too large."
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Look>, String> {
        Ok(Box::new(read::<Params>(params)?))
    }
}

impl Look for Params {
    fn look(&self, subject: &Subject<'_>, found: &mut Vec<Found>) {
        if subject.size > self.max_bytes {
            let text = format!("{} bytes; the most is {}", subject.size, self.max_bytes);
            found.push(Found::new("too_large", text));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::{file, said};

    #[test]
    fn the_limit_itself_is_fine() {
        let of = |size| said(&Size, json!({ "max_bytes": 10 }), &Subject { size, ..file("a") });
        assert!(of(10).is_empty());
        assert_eq!(of(11), ["too_large: 11 bytes; the most is 10"]);
    }
}
