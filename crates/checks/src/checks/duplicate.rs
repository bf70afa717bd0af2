//! `duplicate`: contents that the stock holds under another name.

use serde::Deserialize;
use serde_json::Value;

use super::{Check, Look};
use crate::{Found, Needs, Subject, params::read};

pub(super) struct Duplicate;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Smaller ones pass; an empty file is no duplicate of anything.
    #[serde(default = "min_bytes")]
    min_bytes: u64,
}

fn min_bytes() -> u64 {
    1
}

impl Check for Duplicate {
    fn id(&self) -> &'static str {
        "duplicate"
    }

    fn summary(&self) -> &'static str {
        "Finds files whose content the stock holds under another name."
    }

    fn needs(&self) -> Needs {
        Needs { stocked: true, ..Needs::default() }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Look>, String> {
        Ok(Box::new(read::<Params>(params)?))
    }
}

impl Look for Params {
    fn look(&self, subject: &Subject<'_>, found: &mut Vec<Found>) {
        if let Some(stocked) = subject.stocked.filter(|_| subject.size >= self.min_bytes) {
            let path = String::from_utf8_lossy(&stocked.path);
            found
                .push(Found::new("duplicate", format!("the stock holds the same as {}/{path}", stocked.url)));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        Stocked,
        checks::{file, said},
    };

    #[test]
    fn the_other_name_is_told() {
        let stocked = Stocked { url: "https://example.org/a".into(), path: b"b/c".to_vec() };
        let of = |size| said(&Duplicate, json!({}), &Subject { size, stocked: Some(&stocked), ..file("d") });
        assert_eq!(of(3), ["duplicate: the stock holds the same as https://example.org/a/b/c"]);
        assert!(of(0).is_empty());
    }
}
