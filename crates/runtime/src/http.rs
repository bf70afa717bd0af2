//! What every HTTP server of ours does around each request: one span of the caller's trace, and the four
//! golden signals.
//!
//! `App::new().wrap(actix_web::middleware::from_fn(runtime::http::measure))`

use std::{cell::OnceCell, rc::Rc, sync::Arc, time::Instant};

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
};
use metrics::{counter, gauge, histogram};
use tracing::{Instrument, Span, field};

use crate::{
    metrics::names::{HTTP_IN_FLIGHT, HTTP_REQUEST_SECONDS, HTTP_REQUESTS},
    trace,
};

/// Measures one request and runs it in a span that goes on with the trace of its `traceparent` header.
///
/// # Errors
/// What the request ended with, unchanged.
pub async fn measure<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let method = method_name(request.method());
    let route = Route::default();
    request.extensions_mut().insert(route.clone());
    let span = tracing::info_span!(
        "request",
        otel.name = field::Empty,
        otel.kind = "server",
        http.request.method = method,
        http.route = field::Empty,
        http.response.status_code = field::Empty,
    );
    trace::follow(&span, request.headers().get("traceparent").and_then(|value| value.to_str().ok()));

    let _in_flight = InFlight::begin();
    let begun = Instant::now();
    let result = next.call(request).instrument(span.clone()).await;
    let (status, matched) = match &result {
        Ok(response) if route.0.get().is_none() => (response.status(), response.request().match_pattern()),
        Ok(response) => (response.status(), None),
        Err(error) => (error.as_response_error().status_code(), None),
    };
    let route = matched.map_or_else(|| route.0.get().cloned(), |pattern| Some(pattern.into()));
    finish(&span, method, route.unwrap_or_else(|| "unmatched".into()), status.as_u16(), begun);
    result
}

/// The pattern of a request's path: it and not the path is a label, labels must stay few. The router tells it by
/// going through all that it knows; whoever knows it sooner says so.
#[derive(Clone, Default)]
pub struct Route(Rc<OnceCell<Arc<str>>>);

impl Route {
    /// The pattern is this one.
    pub fn is(&self, pattern: &Arc<str>) {
        // It is the same that was said before, if any was.
        drop(self.0.set(pattern.clone()));
    }
}

fn finish(span: &Span, method: &'static str, route: Arc<str>, status: u16, begun: Instant) {
    span.record("otel.name", format_args!("{method} {route}").to_string());
    span.record("http.route", &*route);
    span.record("http.response.status_code", status);
    let status = status.to_string();
    counter!(HTTP_REQUESTS, "method" => method, "route" => route.clone(), "status" => status).increment(1);
    histogram!(HTTP_REQUEST_SECONDS, "method" => method, "route" => route).record(begun.elapsed());
}

/// Methods as labels. Anyone can invent one, so the rest is one.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Counts a request as long as it lives: a client that goes away drops it.
struct InFlight;

impl InFlight {
    fn begin() -> Self {
        gauge!(HTTP_IN_FLIGHT).increment(1.0);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!(HTTP_IN_FLIGHT).decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{
        App, HttpResponse,
        middleware::from_fn,
        rt::System,
        test::{TestRequest, call_service, init_service},
        web,
    };

    use super::*;
    use crate::{config, logs, metrics, trace::current_traceparent};

    #[test]
    fn a_request_is_counted_by_its_pattern_and_goes_on_with_its_trace() {
        let log = config::Log { level: "off".into(), ..config::Log::default() };
        let writer = tracing_subscriber::fmt::writer::BoxMakeWriter::new(std::io::sink);
        let (subscriber, _exporting) =
            logs::subscriber(&log, &config::Trace::default(), "test", writer).unwrap();
        let _default = tracing::subscriber::set_default(subscriber);
        let metrics = metrics::install().unwrap();
        let text = System::new().block_on(async {
            let app = App::new().wrap(from_fn(measure)).route(
                "/things/{id}",
                web::get()
                    .to(|| async { HttpResponse::Ok().body(current_traceparent().unwrap_or_default()) }),
            );
            let app = init_service(app).await;
            let request = TestRequest::get()
                .uri("/things/7")
                .insert_header(("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
            let response = call_service(&app, request.to_request()).await;
            let text = actix_web::test::read_body(response).await;
            let lost = TestRequest::with_uri("/nowhere").method(Method::from_bytes(b"BREW").unwrap());
            assert_eq!(call_service(&app, lost.to_request()).await.status(), 404);
            String::from_utf8(text.to_vec()).unwrap()
        });
        assert!(text.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && text.ends_with("-01"), "{text}");
        assert!(!text.contains("b7ad6b7169203331"), "{text}");
        let told = metrics.render();
        for line in [
            "stocktake_http_requests_total{method=\"GET\",route=\"/things/{id}\",status=\"200\"} 1",
            "stocktake_http_requests_total{method=\"other\",route=\"unmatched\",status=\"404\"} 1",
            "stocktake_http_request_seconds_count{method=\"GET\",route=\"/things/{id}\"} 1",
            "stocktake_http_requests_in_flight 0",
        ] {
            assert!(told.contains(line), "{line} is not in {told}");
        }
    }
}
