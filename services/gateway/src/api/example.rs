//! What the body of a request may look like, made of the examples of its fields.

use serde_json::{Map, Value, json};
use utoipa::openapi::{OpenApi, RefOr, path::Operation};

/// How deep a body is looked into; none of ours is deeper.
const DEEPEST: u32 = 8;

/// The schemas that others refer to, as they are published.
pub(super) fn schemas(document: &OpenApi) -> Value {
    serde_json::to_value(&document.components).map(|mut all| all["schemas"].take()).unwrap_or_default()
}

/// Gives each JSON body of an operation an example.
pub(super) fn show(operation: &mut Operation, schemas: &Value) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    if let Some(RefOr::T(content)) = body.content.get_mut("application/json")
        && let Ok(schema) = serde_json::to_value(&content.schema)
    {
        content.example = content.example.take().or_else(|| of(&schema, schemas, DEEPEST));
    }
}

/// Its own example, or one made of what it consists of: what has to be said, and what has an example.
fn of(schema: &Value, schemas: &Value, depth: u32) -> Option<Value> {
    if let Some(known) = own(schema) {
        return Some(known.clone());
    }
    let depth = depth.checked_sub(1)?;
    if let Some(name) = schema["$ref"].as_str() {
        return of(schemas.get(name.rsplit('/').next()?)?, schemas, depth);
    }
    if let Some(either) = schema["oneOf"].as_array() {
        return either.iter().find(|one| one["type"] != "null").and_then(|one| of(one, schemas, depth));
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"].get(0)?.as_str());
    match kind? {
        "object" => {
            let required = |name: &str| {
                schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name))
            };
            let fields = schema["properties"].as_object().into_iter().flatten();
            let wanted = fields.filter(|(name, field)| {
                required(name) || (field.get("example").is_some() || field.get("examples").is_some())
            });
            let all = wanted.filter_map(|(name, field)| Some((name.clone(), of(field, schemas, depth)?)));
            Some(Value::Object(all.collect::<Map<_, _>>()))
        }
        "array" => Some(Value::Array(of(&schema["items"], schemas, depth).into_iter().collect())),
        "string" => Some(match schema["format"].as_str() {
            Some("uuid") => json!("01890a5d-ac96-774b-bcce-b302099a8057"),
            Some("date-time") => json!("2027-01-01T00:00:00Z"),
            _ => json!("text"),
        }),
        "integer" | "number" => Some(schema.get("minimum").cloned().unwrap_or_else(|| json!(1))),
        "boolean" => Some(json!(false)),
        _ => None,
    }
}

/// What the schema itself gives as an example.
fn own(schema: &Value) -> Option<&Value> {
    let first = |list: &str| schema.get(list)?.get(0);
    schema
        .get("example")
        .or_else(|| first("examples"))
        .or_else(|| first("enum"))
        .or_else(|| schema.get("default"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_made_of_what_has_to_be_said_and_what_has_one() {
        let schemas = json!({
            "New": {
                "type": "object",
                "required": ["name", "kind", "at"],
                "properties": {
                    "name": { "type": "string", "example": "ours" },
                    "kind": { "$ref": "#/components/schemas/Kind" },
                    "at": { "type": "string", "format": "date-time" },
                    "every": { "type": ["integer", "null"], "minimum": 60 },
                    "all": { "type": "boolean", "example": true }
                }
            },
            "Kind": { "type": "string", "enum": ["list", "forge"] },
            "Loop": { "$ref": "#/components/schemas/Loop" }
        });
        let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        assert_eq!(
            of(&reference("New"), &schemas, DEEPEST),
            Some(json!({ "name": "ours", "kind": "list", "at": "2027-01-01T00:00:00Z", "all": true }))
        );
        assert_eq!(of(&reference("Loop"), &schemas, DEEPEST), None);
    }
}
