//! Single values: from the texts of the environment to their types, and to what people are shown.

use serde_json::{Map, Value, json};

use super::{
    Config,
    keys::{Key, Type},
    secret,
};

/// `value` as the key's type wants it: the environment and the command line only know texts.
pub(super) fn convert(key: &Key, value: &Value) -> Option<Value> {
    let Value::String(text) = value else {
        let fits = match key.kind() {
            Type::Integer => value.is_i64() || value.is_u64(),
            Type::Number => value.is_number(),
            Type::Boolean => value.is_boolean(),
            Type::List => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
            Type::Map | Type::Text => false,
        };
        return fits.then(|| value.clone());
    };
    let text = text.trim();
    match key.kind() {
        _ if text.is_empty() && key.is_optional() => Some(Value::Null),
        Type::Integer => text.replace('_', "").parse::<u64>().ok().map(|number| json!(number)),
        Type::Number => {
            text.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| json!(number))
        }
        Type::Boolean => text.parse::<bool>().ok().map(|truth| json!(truth)),
        Type::List => Some(text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()),
        Type::Map | Type::Text => Some(json!(text)),
    }
}

/// Whether the struct of the section takes this value.
pub(super) fn decodes(name: &str, value: &Value) -> bool {
    let mut tree = Map::new();
    put(&mut tree, name, value.clone());
    serde_json::from_value::<Config>(Value::Object(tree)).is_ok()
}

/// Sets the value at a dotted name: section, key and, in a map, the rest.
pub(super) fn put(tree: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        None => {
            tree.insert(name.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = tree.entry(first).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// A value as an error tells it.
pub(super) fn shown(key: &Key, value: &Value) -> String {
    match value {
        Value::String(text) if key.is_secret() && key.kind() == Type::Map => {
            format!("{:?}", "*".repeat(text.len().min(3)))
        }
        Value::String(text) if key.is_secret() => format!("{:?}", secret::redact(text)),
        other => other.to_string(),
    }
}

/// A value as a list of what is in force tells it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Object(map) if map.is_empty() => String::new(),
        other => other.to_string(),
    }
}
