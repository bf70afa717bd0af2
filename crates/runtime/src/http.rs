//! What every HTTP server of ours does around each request: one span of the caller's trace, and the four
//! golden signals.
//!
//! `App::new().wrap(actix_web::middleware::from_fn(runtime::http::measure))`

use std::time::Instant;

use actix_web::{
    Error,
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
    // The pattern and not the path: labels must stay few.
    let route = request.match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        http.response.status_code = field::Empty,
    );
    trace::follow(&span, request.headers().get("traceparent").and_then(|value| value.to_str().ok()));

    let _in_flight = InFlight::begin();
    let begun = Instant::now();
    let result = next.call(request).instrument(span.clone()).await;
    let status = match &result {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    finish(&span, method, route, status.as_u16(), begun);
    result
}

fn finish(span: &Span, method: &'static str, route: String, status: u16, begun: Instant) {
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
