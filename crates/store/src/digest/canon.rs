//! One form for JSON that says the same.

use serde_json::Value;

/// The document with its keys in order and nothing between its tokens; the text itself when it is no
/// JSON.
pub(super) fn canonical(json: &str) -> String {
    match serde_json::from_str(json) {
        Ok(value) => {
            let mut out = String::with_capacity(json.len());
            write(&value, &mut out);
            out
        }
        Err(_) => json.to_owned(),
    }
}

/// `serde_json` keeps the order of keys when any crate of the build asks it to, so we sort ourselves.
/// It refuses documents nested deeper than 128, which bounds the recursion.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            list(out, ('{', '}'), members, |(key, value), out| {
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write(value, out);
            });
        }
        Value::Array(items) => list(out, ('[', ']'), items, write),
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn list<T>(
    out: &mut String,
    (open, close): (char, char),
    items: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut String),
) {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(close);
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn order_and_spaces_do_not_matter() {
        assert_eq!(
            canonical(r#"{ "b": [1, {"d": null, "c": "x\"y"}], "a": 1.5 }"#),
            r#"{"a":1.5,"b":[1,{"c":"x\"y","d":null}]}"#
        );
        assert_eq!(canonical("no json"), "no json");
    }
}
