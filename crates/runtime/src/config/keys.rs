//! The list of keys, taken from the documented structs by way of their JSON Schema.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Config;

/// One key: its name, what it means and what it takes.
pub(super) struct Key {
    /// The name with its section, for instance `http.bind`.
    pub(super) name: String,
    /// What it means, from the field's documentation.
    pub(super) doc: String,
    /// What it is when nobody sets it, as JSON.
    pub(super) default: Value,
    schema: Value,
}

/// One section: its name, what it is about, and its keys.
pub(super) struct Section {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) keys: Vec<Key>,
}

/// What a key takes, as far as texts from the environment have to be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Integer,
    Number,
    Boolean,
    List,
    Map,
    Text,
}

/// Every section, by name, with its keys by name.
pub(super) fn sections() -> Vec<Section> {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<Config>().to_value();
    let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
    let section = |(name, schema): (&String, &Value)| Section {
        name: name.clone(),
        doc: text(schema, "description"),
        keys: properties(schema)
            .map(|(field, schema)| Key {
                name: format!("{name}.{field}"),
                doc: text(schema, "description"),
                default: defaults[name][field].clone(),
                schema: schema.clone(),
            })
            .collect(),
    };
    properties(&schema).map(section).collect()
}

/// The names of all keys, sorted: `admin.bind` and so on.
pub fn names() -> Vec<String> {
    keys().into_iter().map(|key| key.name).collect()
}

/// Every key, by name.
pub(super) fn keys() -> Vec<Key> {
    sections().into_iter().flat_map(|section| section.keys).collect()
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

/// The text at `name`, its lines joined: documentation is wrapped where its source is, not where it is read.
fn text(schema: &Value, name: &str) -> String {
    schema[name].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Key {
    /// What the value is made of.
    pub(super) fn kind(&self) -> Type {
        let has = |name: &str| match &self.schema["type"] {
            Value::Array(names) => names.iter().any(|known| known == name),
            known => known == name,
        };
        match () {
            () if has("integer") => Type::Integer,
            () if has("number") => Type::Number,
            () if has("boolean") => Type::Boolean,
            () if has("array") => Type::List,
            () if has("object") => Type::Map,
            () => Type::Text,
        }
    }

    /// Whether an empty text means that it is not set.
    pub(super) fn is_optional(&self) -> bool {
        self.default.is_null()
    }

    /// Whether the value may hold a secret.
    pub(super) fn is_secret(&self) -> bool {
        self.schema.to_string().contains("x-secret") || self.kind() == Type::Map
    }

    /// The default as people read it.
    pub(super) fn default_text(&self) -> String {
        match &self.schema["x-default"] {
            Value::String(text) => text.clone(),
            _ => match &self.default {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
                Value::Object(_) => String::new(),
                other => other.to_string(),
            },
        }
    }

    /// The default in TOML, when it is the same everywhere.
    pub(super) fn default_toml(&self) -> Option<String> {
        match &self.default {
            _ if self.schema["x-default"].is_string() => None,
            Value::Null => Some("\"\"".to_owned()),
            Value::Object(_) => None,
            // A JSON text, list or number of ours is the same in TOML.
            other => Some(other.to_string()),
        }
    }

    /// What is accepted, in words.
    pub(super) fn accepted(&self) -> String {
        if let Some(text) = self.schema["x-accepted"].as_str() {
            return text.to_owned();
        }
        let names: Vec<&str> = [&self.schema["enum"], &self.schema["oneOf"]]
            .into_iter()
            .flat_map(Value::as_array)
            .flatten()
            .filter_map(|choice| choice.as_str().or_else(|| choice["const"].as_str()))
            .collect();
        if let [first @ .., last] = names.as_slice() {
            return format!("{} or {last}", first.join(", "));
        }
        let range = |whole: &str| match (&self.schema["minimum"], &self.schema["maximum"]) {
            (Value::Null, Value::Null) => whole.to_owned(),
            (Value::Null, most) => format!("{whole} up to {most}"),
            (least, Value::Null) => format!("{whole} from {least}"),
            (least, most) => format!("{whole} from {least} to {most}"),
        };
        match self.kind() {
            Type::Integer => range("a whole number"),
            Type::Number => range("a number"),
            Type::Boolean => "true or false".to_owned(),
            Type::List => "a list of texts".to_owned(),
            Type::Map => "a section of names and texts".to_owned(),
            Type::Text => "a text".to_owned(),
        }
    }

    /// Whether a number lies in the range that the schema gives; true for all else.
    pub(super) fn in_range(&self, value: &Value) -> bool {
        let Some(number) = value.as_f64() else { return true };
        self.schema["minimum"].as_f64().is_none_or(|least| number >= least)
            && self.schema["maximum"].as_f64().is_none_or(|most| number <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_section_is_documented_and_has_an_accepted_form() {
        for section in sections() {
            assert!(!section.doc.is_empty(), "{}", section.name);
            assert!(!section.keys.is_empty(), "{}", section.name);
            for key in section.keys {
                assert!(key.doc.ends_with('.'), "{}: {}", key.name, key.doc);
                assert!(!key.accepted().is_empty(), "{}", key.name);
                assert_ne!(key.accepted(), "a text", "{}", key.name);
            }
        }
    }
}
