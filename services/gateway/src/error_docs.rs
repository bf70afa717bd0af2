//! The problems that an operation may answer with, for its documentation.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{Content, Ref, RefOr, Response, ResponseBuilder, Schema},
};

use crate::error::{self, Document, Type};

/// Declares a set of problems.
macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident: $($kind:ident),+;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$(&error::$kind),+].into_iter().map(response).collect()
            }
        }
    )*};
}

problems! {
    /// Of a list.
    Listing: INVALID, MISDIRECTED, INTERNAL, UNAVAILABLE, TIMED_OUT;
    /// Of one thing, or of a list that belongs to one.
    Finding: INVALID, NOT_FOUND, MISDIRECTED, INTERNAL, UNAVAILABLE, TIMED_OUT;
    /// Of a report of something, or of rows of it.
    Reporting: INVALID, NOT_FOUND, CONFLICT, MISDIRECTED, INTERNAL, UNAVAILABLE, TIMED_OUT;
    /// Of what was replaced.
    Replaced: FORBIDDEN, GONE, MISDIRECTED;
    /// Of making something out of a body.
    Making: INVALID, FORBIDDEN, CONFLICT, TOO_LARGE, MEDIA_TYPE, MISDIRECTED, INTERNAL, UNAVAILABLE, TIMED_OUT;
    /// Of changing one thing.
    Changing: INVALID, FORBIDDEN, NOT_FOUND, CONFLICT, TOO_LARGE, MEDIA_TYPE, MISDIRECTED, INTERNAL, UNAVAILABLE, TIMED_OUT;
}

pub(crate) fn response(kind: &'static Type) -> (String, RefOr<Response>) {
    let schema: RefOr<Schema> = RefOr::Ref(Ref::from_schema_name(Document::name()));
    let response = ResponseBuilder::new()
        .description(kind.title)
        .content("application/problem+json", Content::new(Some(schema)))
        .build();
    (kind.status.to_string(), response.into())
}

/// The schema of a problem, which no operation names by itself.
pub(crate) fn schema() -> (String, RefOr<Schema>) {
    (Document::name().into_owned(), Document::schema())
}
