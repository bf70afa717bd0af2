//! The routes put together, and their description.

mod describe;
mod example;
mod operation;

use actix_web::{
    App, Error, HttpRequest, HttpResponse,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    http::header,
    middleware::{NormalizePath, TrailingSlash, from_fn},
    web::{self, Data},
};
use utoipa::openapi::{
    Info, License, OpenApi, RefOr,
    path::{self, Parameter, PathItem},
    tag::Tag,
};
use utoipa_actix_web::{AppExt as _, service_config::ServiceConfig};

pub(crate) use self::operation::{Operation, Routes};
use crate::{
    context::Shared,
    error::{NOT_FOUND, Problem, wrong_query},
    error_docs, etag,
    guard::guard,
    idempotent, pages, routes,
};

/// Where every resource is.
pub(crate) const BASE: &str = "/api/v1";
/// Where the description is.
pub(crate) const OPENAPI: &str = "/api/v1/openapi.json";

/// The description, made once.
pub(crate) struct Document {
    pub(crate) json: String,
    pub(crate) page: String,
    routes: Data<Routes>,
}

impl Document {
    pub(crate) fn new() -> Self {
        let (_, mut document) =
            App::new().into_utoipa_app().openapi(description()).configure(resources).split_for_parts();
        describe::complete(&mut document);
        let json = document.to_pretty_json().map(|json| json + "\n").unwrap_or_default();
        let page = pages::docs::render(&document);
        Self { json, page, routes: Data::new(Routes::of(&document)) }
    }
}

/// The operations of a path by method, in the order in which they are shown.
pub(crate) fn methods(item: &PathItem) -> impl Iterator<Item = (&'static str, &path::Operation)> {
    let all = [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("DELETE", &item.delete)];
    all.into_iter().filter_map(|(name, operation)| Some((name, operation.as_ref()?)))
}

/// The parameters of an operation. None of ours is described elsewhere and only referred to.
pub(crate) fn parameters(operation: &path::Operation) -> impl Iterator<Item = &Parameter> {
    operation.parameters.iter().flatten().filter_map(|one| match one {
        RefOr::T(one) => Some(one),
        RefOr::Ref(_) => None,
    })
}

/// What is said of the API as a whole.
fn description() -> OpenApi {
    let mut info = Info::new("Stocktake", env!("CARGO_PKG_VERSION"));
    info.description = Some(include_str!("pages/introduction.md").to_owned());
    info.license = Some(License::new("Apache-2.0"));
    let mut document = OpenApi::new(info, utoipa::openapi::Paths::new());
    document.tags = Some(
        routes::RESOURCES
            .iter()
            .map(|resource| {
                let mut tag = Tag::new(resource.tag);
                tag.description = Some(resource.about.to_owned());
                tag
            })
            .collect(),
    );
    document.components.get_or_insert_default().schemas.extend([error_docs::schema()]);
    document
}

fn resources(config: &mut ServiceConfig<'_>) {
    config
        .service(utoipa_actix_web::scope(BASE).configure(routes::configure))
        .configure(routes::configure_legacy);
}

/// The application that every thread of the server runs.
pub(crate) fn app(
    context: Shared,
    document: Data<Document>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let admin = context.admin.clone();
    let (app, _) = App::new()
        .into_utoipa_app()
        .app_data(context)
        .app_data(document.routes.clone())
        .app_data(document)
        .app_data(web::PathConfig::default().error_handler(|error, _| wrong_path(&error).into()))
        .app_data(web::QueryConfig::default().error_handler(|error, _| wrong_query(&error).into()))
        // Before the scope of the resources, which would take it for one.
        .route(OPENAPI, web::get().to(openapi))
        .configure(resources)
        .split_for_parts();
    app.configure(admin.configure())
        .configure(pages::configure)
        .default_service(web::to(unknown))
        .wrap(from_fn(etag::tag))
        .wrap(from_fn(idempotent::answer_once))
        // Behind what makes paths equal: the path that is looked at is the one that is routed.
        .wrap(from_fn(guard))
        .wrap(NormalizePath::new(TrailingSlash::Trim))
        .wrap(from_fn(runtime::http::measure))
}

async fn openapi(document: Data<Document>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(document.json.clone())
}

fn wrong_path(error: &actix_web::error::PathError) -> Problem {
    Problem::invalid("path", format!("the path has an id that is no UUID: {error}"))
}

async fn unknown(request: HttpRequest, routes: Data<Routes>) -> Result<HttpResponse, Problem> {
    Err(match routes.methods_of(request.path()) {
        Some(methods) => Problem::method(methods),
        None => Problem::new(&NOT_FOUND, format!("nothing is at {}; see /docs", request.path())),
    })
}
