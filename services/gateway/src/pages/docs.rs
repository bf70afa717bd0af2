//! `/docs`: the description of the API as a page, made from the same document that programs read.

use utoipa::openapi::{
    Content, OpenApi, Ref, RefOr, Response, Schema,
    path::{Operation, ParameterIn},
};

use super::{Prose, Text, page};
use crate::{
    api::{OPENAPI, methods, parameters},
    error::TYPES,
    routes::{RESOURCES, Resource},
};

/// The whole page.
pub(crate) fn render(document: &OpenApi) -> String {
    let mut body = String::new();
    introduction(document, &mut body);
    for Resource { tag, about, .. } in RESOURCES {
        line(
            &mut body,
            format_args!("<h2 id=\"{tag}\">{}</h2>\n<p>{}</p>", Text(title_of(tag)), Prose(about)),
        );
        for (path, item) in &document.paths.paths {
            for (method, operation) in methods(item) {
                if operation.tags.iter().flatten().any(|one| one == tag) {
                    show_operation(method, path, operation, &mut body);
                }
            }
        }
    }
    show_problems(&mut body);
    show_schemas(document, &mut body);
    page("Stocktake: API", &body)
}

fn line(body: &mut String, text: std::fmt::Arguments<'_>) {
    body.push_str(&std::fmt::format(text));
    body.push('\n');
}

fn title_of(tag: &str) -> String {
    let text = tag.replace('-', " ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn introduction(document: &OpenApi, body: &mut String) {
    line(body, format_args!("<h1>API</h1>"));
    let text = document.info.description.as_deref().unwrap_or_default();
    for paragraph in text.trim().split("\n\n") {
        line(body, format_args!("<p>{}</p>", Prose(paragraph)));
    }
    line(body, format_args!("<p>For programs: <a href=\"{OPENAPI}\">{OPENAPI}</a> (OpenAPI 3.1).</p>"));
    line(body, format_args!("<pre><code>{}</code></pre>", Text(EXAMPLE)));
    line(body, format_args!("<ul class=\"toc\">"));
    for Resource { tag, .. } in RESOURCES {
        line(body, format_args!("<li><a href=\"#{tag}\">{}</a></li>", Text(title_of(tag))));
    }
    line(
        body,
        format_args!(
            "<li><a href=\"#problems\">Problems</a></li>\n<li><a href=\"#schemas\">Shapes</a></li>\n</ul>"
        ),
    );
}

const EXAMPLE: &str = "\
curl -X POST localhost:8080/api/v1/sources -H \"Authorization: Bearer $KEY\" -H 'Content-Type: application/json' \\
  -d '{\"name\": \"ours\", \"kind\": \"list\", \"params\": {\"urls\": [\"https://github.com/BurntSushi/ripgrep\"]}}'
curl -X POST localhost:8080/api/v1/sources/ID/runs -H \"Authorization: Bearer $KEY\"
curl localhost:8080/api/v1/snapshots
curl 'localhost:8080/api/v1/snapshots/ID/nodes?format=ndjson'
curl -N localhost:8080/api/v1/events";

fn show_operation(method: &str, path: &str, operation: &Operation, body: &mut String) {
    let class = method.to_lowercase();
    let anchor = operation.operation_id.as_deref().unwrap_or_default();
    let summary = operation.summary.as_deref().unwrap_or_default();
    line(
        body,
        format_args!(
            "<details id=\"{}-{}\"><summary><span class=\"method {class}\">{method}</span> <code>{}</code> \
             <span class=\"soft\">{}</span></summary><div>",
            class,
            Text(anchor),
            Text(path),
            Prose(summary)
        ),
    );
    if let Some(text) = &operation.description {
        line(body, format_args!("<p>{}</p>", Prose(text)));
    }
    show_parameters(operation, body);
    if let Some(RefOr::T(request)) = &operation.request_body {
        line(body, format_args!("<p>Body: {}</p>", contents(&request.content)));
        if let Some(RefOr::T(Content { example: Some(example), .. })) =
            request.content.get("application/json")
        {
            line(body, format_args!("<pre><code>{}</code></pre>", Text(&format!("{example:#}"))));
        }
    }
    line(
        body,
        format_args!("<div class=\"scroll\"><table><tr><th>Status</th><th>Meaning</th><th>Body</th></tr>"),
    );
    for (status, response) in &operation.responses.responses {
        if let RefOr::T(response) = response {
            show_response(status, response, body);
        }
    }
    line(body, format_args!("</table></div></div></details>"));
}

fn show_parameters(operation: &Operation, body: &mut String) {
    let parameters: Vec<_> = parameters(operation).collect();
    if parameters.is_empty() {
        return;
    }
    line(
        body,
        format_args!(
            "<div class=\"scroll\"><table><tr><th>Parameter</th><th>In</th><th>Type</th><th>Meaning</th></tr>"
        ),
    );
    for one in parameters {
        let place = match one.parameter_in {
            ParameterIn::Query | ParameterIn::QueryString => "query",
            ParameterIn::Path => "path",
            ParameterIn::Header => "header",
            ParameterIn::Cookie => "cookie",
        };
        let schema = one.schema.as_ref().map(type_of).unwrap_or_default();
        let text = one.description.as_deref().unwrap_or_default();
        line(
            body,
            format_args!(
                "<tr><td><code>{}</code></td><td>{place}</td><td>{schema}</td><td>{}</td></tr>",
                Text(&one.name),
                Prose(text)
            ),
        );
    }
    line(body, format_args!("</table></div>"));
}

fn show_response(status: &str, response: &Response, body: &mut String) {
    line(
        body,
        format_args!(
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
            Text(status),
            Prose(&response.description),
            contents(&response.content)
        ),
    );
}

fn contents<'a>(content: impl IntoIterator<Item = (&'a String, &'a RefOr<Content>)>) -> String {
    let one = |(kind, content): (&String, &RefOr<Content>)| {
        let schema = match content {
            RefOr::T(content) => content.schema.as_ref().map(type_of).unwrap_or_default(),
            RefOr::Ref(reference) => link(reference),
        };
        format!("{schema} <small>{}</small>", Text(kind))
    };
    content.into_iter().map(one).collect::<Vec<_>>().join("<br>")
}

/// A type in a few words, with links to the shapes.
fn type_of(schema: &RefOr<Schema>) -> String {
    match schema {
        RefOr::Ref(reference) => link(reference),
        RefOr::T(schema) => value_type(&serde_json::to_value(schema).unwrap_or_default()),
    }
}

fn link(reference: &Ref) -> String {
    name_link(&reference.ref_location)
}

fn name_link(location: &str) -> String {
    let name = location.rsplit('/').next().unwrap_or_default();
    format!("<a href=\"#schema-{}\">{}</a>", Text(name), Text(name))
}

/// The same for a schema in its JSON form, which is simpler to look into.
fn value_type(schema: &serde_json::Value) -> String {
    if let Some(location) = schema["$ref"].as_str() {
        return name_link(location);
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(parts) = schema[key].as_array() {
            let glue = if key == "allOf" { " and " } else { " or " };
            return parts.iter().map(value_type).collect::<Vec<_>>().join(glue);
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        return values
            .iter()
            .map(|value| format!("<code>{}</code>", Text(value)))
            .collect::<Vec<_>>()
            .join(" ");
    }
    let names: Vec<&str> = match &schema["type"] {
        serde_json::Value::Array(names) => names.iter().filter_map(serde_json::Value::as_str).collect(),
        name => name.as_str().into_iter().collect(),
    };
    let format = schema["format"].as_str().map(|format| format!(" ({format})")).unwrap_or_default();
    let items = if names.contains(&"array") {
        format!(" of {}", value_type(&schema["items"]))
    } else {
        String::new()
    };
    format!("{}{}{items}", Text(names.join(" or ")), Text(format))
}

fn show_problems(body: &mut String) {
    line(
        body,
        format_args!(
            "<h2 id=\"problems\">Problems</h2>\n<p>What an error may be: the last part of its {}.</p>",
            Prose("`type`")
        ),
    );
    for one in TYPES {
        line(
            body,
            format_args!(
                "<p id=\"problem-{slug}\"><code>{slug}</code> <span class=\"soft\">{}</span><br>{}: {}</p>",
                one.status,
                Prose(one.title),
                Prose(one.meaning),
                slug = one.slug
            ),
        );
    }
}

fn show_schemas(document: &OpenApi, body: &mut String) {
    line(body, format_args!("<h2 id=\"schemas\">Shapes</h2>"));
    let schemas = document.components.iter().flat_map(|components| &components.schemas);
    for (name, schema) in schemas {
        let schema = serde_json::to_value(schema).unwrap_or_default();
        line(
            body,
            format_args!("<details id=\"schema-{0}\"><summary><code>{0}</code></summary><div>", Text(name)),
        );
        if let Some(text) = schema["description"].as_str() {
            line(body, format_args!("<p>{}</p>", Prose(text)));
        }
        show_fields(&schema, body);
        line(body, format_args!("</div></details>"));
    }
}

fn show_fields(schema: &serde_json::Value, body: &mut String) {
    for part in schema["allOf"].as_array().into_iter().flatten() {
        match part["$ref"].as_str() {
            Some(location) => line(body, format_args!("<p>All of {}, and:</p>", name_link(location))),
            None => show_fields(part, body),
        }
    }
    let Some(fields) = schema["properties"].as_object() else {
        if schema["allOf"].is_null() {
            line(body, format_args!("<p>{}</p>", value_type(schema)));
        }
        return;
    };
    line(
        body,
        format_args!("<div class=\"scroll\"><table><tr><th>Field</th><th>Type</th><th>Meaning</th></tr>"),
    );
    for (name, field) in fields {
        let text = field["description"].as_str().unwrap_or_default();
        line(
            body,
            format_args!(
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                Text(name),
                value_type(field),
                Prose(text)
            ),
        );
    }
    line(body, format_args!("</table></div>"));
}
