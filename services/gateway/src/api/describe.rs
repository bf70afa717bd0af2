//! What every operation's description has without saying so: a name that no other has, the stream of a list,
//! the scope, the problems that any request may meet.

use utoipa::openapi::{
    Content, OpenApi, Ref, RefOr, Schema,
    path::Operation,
    security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
};

use super::{
    example,
    operation::{SIGNED, scope_of},
};
use crate::{error, error_docs, paging::NDJSON};

/// The name of the one way to say who asks.
const KEY: &str = "key";

pub(super) fn complete(document: &mut OpenApi) {
    let schemas = example::schemas(document);
    for item in document.paths.paths.values_mut() {
        let operations = [
            ("GET", &mut item.get),
            ("POST", &mut item.post),
            ("PUT", &mut item.put),
            ("DELETE", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                name(operation);
                leave_out(operation);
                lift(operation);
                example::show(operation, &schemas);
                stream(operation);
                require(method, operation);
                refuse(method, operation);
            }
        }
    }
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A key: `Authorization: Bearer stk_…`. What stands beside it is the scope that the key needs. Reading may \
             be open to everybody; see the setting `http.anonymous`.",
        ))
        .build();
    let components = document.components.get_or_insert_default();
    components.security_schemes.insert(KEY.to_owned(), SecurityScheme::Http(scheme).into());
}

/// Functions have short names, one `list` in every file; what generated clients call has the group before it.
fn name(operation: &mut Operation) {
    let group = operation.tags.iter().flatten().next().map(|tag| tag.replace('-', "_")).unwrap_or_default();
    operation.operation_id = operation.operation_id.take().map(|name| format!("{group}_{name}"));
}

/// What a parameter is about stands with the parameter, also where its words know it.
fn lift(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && let Some(RefOr::T(Schema::Object(words))) = &mut parameter.schema
            && parameter.description.is_none()
        {
            parameter.description = words.description.take();
        }
    }
}

/// A body that may be left out is an object where it is not, and never null.
fn leave_out(operation: &mut Operation) {
    let contents = operation.request_body.iter_mut().filter_map(|body| match body {
        RefOr::T(body) => Some(body),
        RefOr::Ref(_) => None,
    });
    for content in contents.flat_map(|body| body.content.values_mut()) {
        let RefOr::T(content) = content else { continue };
        if let Some(RefOr::T(Schema::OneOf(one_of))) = &content.schema
            && let Some(said) = one_of.items.iter().find(|item| matches!(item, RefOr::Ref(_)))
        {
            content.schema = Some(said.clone());
        }
    }
}

/// Whatever answers a page also answers a stream of its items.
fn stream(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        let Some(RefOr::T(page)) = response.content.get("application/json") else { continue };
        let Some(RefOr::Ref(schema)) = &page.schema else { continue };
        if let Some(name) = schema.ref_location.strip_prefix("#/components/schemas/Page_") {
            let line = Content::new(Some(Ref::from_schema_name(name)));
            response.content.insert(NDJSON.to_owned(), line.into());
        }
    }
}

fn require(method: &str, operation: &mut Operation) {
    if operation.operation_id.as_deref().is_some_and(|name| SIGNED.contains(&name)) {
        operation.security = Some(Vec::new());
        return;
    }
    let scope = scope_of(method, operation);
    operation.security = Some(vec![SecurityRequirement::new(KEY, [scope.as_str()])]);
}

/// The problems that have nothing to do with what is asked for.
fn refuse(method: &str, operation: &mut Operation) {
    let any = [
        &error::INVALID,
        &error::UNAUTHENTICATED,
        &error::FORBIDDEN,
        &error::URI_TOO_LONG,
        &error::MISDIRECTED,
        &error::RATE_LIMITED,
        &error::HEADERS_TOO_LARGE,
        &error::INTERNAL,
        &error::UNAVAILABLE,
        &error::TIMED_OUT,
    ];
    let of_bodies = [&error::TOO_SLOW, &error::TOO_LARGE, &error::CONFLICT, &error::REUSED];
    let kinds = any.into_iter().chain(of_bodies.into_iter().filter(|_| method == "POST" || method == "PUT"));
    for kind in kinds {
        let (status, response) = error_docs::response(kind);
        operation.responses.responses.entry(status).or_insert(response);
    }
}
