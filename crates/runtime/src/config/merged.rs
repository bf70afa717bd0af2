//! The values that somebody set, by key, each with where it comes from.

use std::collections::BTreeMap;

use config::{Value as Node, ValueKind};
use serde_json::{Value, json};

use super::{
    Origin, Problem,
    keys::{Key, Type},
    value::shown,
};

/// The values that somebody set, by key.
#[derive(Default)]
pub(super) struct Merged(pub(super) BTreeMap<String, (Value, Origin)>);

impl Merged {
    /// Takes over every value below `node`, and reports those whose keys nobody knows.
    pub(super) fn flatten(&mut self, node: &Node, name: &str, keys: &[Key], problems: &mut Vec<Problem>) {
        let is_leaf = keys.iter().any(|key| key.name == name && key.kind() != Type::Map);
        match &node.kind {
            ValueKind::Table(table) if !is_leaf => {
                let mut entries: Vec<_> = table.iter().collect();
                entries.sort_by_key(|(field, _)| field.as_str());
                for (field, node) in entries {
                    let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                    self.flatten(node, &name, keys, problems);
                }
            }
            kind => {
                let (key, origin) = (name.to_owned(), origin_of(node));
                let section: Vec<&str> =
                    keys.iter().filter_map(|key| key.name.strip_prefix(name)?.strip_prefix('.')).collect();
                if key_of(keys, name).is_some() {
                    self.0.insert(key, (json_of(kind), origin));
                } else if section.is_empty() {
                    problems.push(Problem::Unknown { key, closest: closest(keys, name), origin });
                } else {
                    let accepted = format!("a section with {}", section.join(", "));
                    problems.push(Problem::Value { key, value: json_of(kind).to_string(), accepted, origin });
                }
            }
        }
    }

    /// The value of a key as an error tells it, and where it comes from.
    pub(super) fn shown(&self, name: &str, keys: &[Key]) -> (String, Origin) {
        match (self.0.get(name), key_of(keys, name)) {
            (Some((value, origin)), Some(key)) => (shown(key, value), origin.clone()),
            (_, key) => (key.map(Key::default_text).unwrap_or_default(), Origin::Default),
        }
    }
}

/// Where a value comes from. The merge gives no origin to a section, but all that is in it has one.
fn origin_of(node: &Node) -> Origin {
    match (node.origin(), &node.kind) {
        (None, ValueKind::Table(table)) => table.values().next().map_or(Origin::Default, origin_of),
        (origin, _) => Origin::decode(origin),
    }
}

/// The key that `name` sets: itself, or the map that it is in.
pub(super) fn key_of<'a>(keys: &'a [Key], name: &str) -> Option<&'a Key> {
    keys.iter().find(|key| match name.strip_prefix(key.name.as_str()) {
        Some("") => true,
        Some(rest) => key.kind() == Type::Map && rest.len() > 1 && rest.starts_with('.'),
        None => false,
    })
}

/// The known key that resembles `name` most, when one does.
fn closest(keys: &[Key], name: &str) -> Option<String> {
    let field = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |key: &Key| {
        let whole = strsim::osa_distance(&key.name, name);
        // The right field in the wrong section is a common mistake too.
        let misplaced = if field(&key.name) == field(name) { 2 } else { usize::MAX };
        whole.min(misplaced)
    };
    let (distance, key) =
        keys.iter().map(|key| (distance(key), key)).min_by_key(|(distance, _)| *distance)?;
    (distance <= 2.max(name.len() / 4)).then(|| key.name.clone())
}

fn json_of(kind: &ValueKind) -> Value {
    match kind {
        ValueKind::Nil => Value::Null,
        ValueKind::Boolean(value) => json!(value),
        ValueKind::I64(value) => json!(value),
        ValueKind::U64(value) => json!(value),
        ValueKind::Float(value) => json!(value),
        ValueKind::String(value) => json!(value),
        ValueKind::Array(items) => items.iter().map(|item| json_of(&item.kind)).collect(),
        ValueKind::Table(table) => {
            Value::Object(table.iter().map(|(name, item)| (name.clone(), json_of(&item.kind))).collect())
        }
        // No value of ours is that large: as a text it is refused with the number in the message.
        ValueKind::I128(value) => json!(value.to_string()),
        ValueKind::U128(value) => json!(value.to_string()),
    }
}
