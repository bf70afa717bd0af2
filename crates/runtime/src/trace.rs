//! Traces that go on across messages, exported by OTLP over HTTP when configured.
//!
//! The trace of a message is its `traceparent` (W3C Trace Context). Whether traces are exported or not,
//! what a handler says carries the trace of what it was told: [`current_traceparent`] goes into each
//! outgoing envelope, [`follow`] makes the span that handles an incoming one its child.

use std::time::Duration;

use opentelemetry::{
    Context, KeyValue,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider},
};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider},
};
use tracing::{Span, Subscriber, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, registry::LookupSpan};

use crate::config;

const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// Traces cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The HTTP client cannot be made.
    #[error("trace.otlp_endpoint: the HTTP client cannot be made: {0}")]
    Client(#[from] reqwest::Error),
    /// The exporter refuses its settings.
    #[error("trace.otlp_endpoint: {0}")]
    Exporter(#[from] ExporterBuildError),
}

/// Keeps exporting until it is told to [`finish`](Exporting::finish).
#[derive(Debug)]
#[must_use = "what is not finished loses its last spans"]
pub struct Exporting(SdkTracerProvider);

impl Exporting {
    /// Sends what is still held. To be awaited last, after everything that makes spans has ended.
    pub async fn finish(self) {
        // Sending blocks, and must not block the runtime that may serve what it is sent to.
        let sent = tokio::task::spawn_blocking(move || self.0.shutdown()).await;
        if let Ok(Err(error)) = sent {
            tracing::warn!(%error, "the last spans could not be exported");
        }
    }
}

/// The layer that gives spans their ids, and exports them when configured.
///
/// # Errors
/// [`TraceError`] when the exporter cannot be made.
pub(crate) fn layer<S>(
    config: &config::Trace,
    service: &str,
) -> Result<(impl Layer<S> + Send + Sync + 'static, Exporting), TraceError>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let resource = Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", service.to_owned()),
            KeyValue::new("service.version", crate::version().version),
        ])
        .build();
    let mut provider = SdkTracerProvider::builder().with_resource(resource);
    provider = match &config.otlp_endpoint {
        Some(endpoint) => provider
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sample_ratio))))
            .with_batch_exporter(exporter(endpoint.expose())?),
        // Ids are made and handed on, and nothing is recorded.
        None => provider.with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff))),
    };
    let provider = provider.build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("stocktake"))
        .with_location(false)
        .with_threads(false)
        .with_filter(LevelFilter::INFO);
    Ok((layer, Exporting(provider)))
}

/// Exports from a thread of its own, so it needs a blocking client.
fn exporter(endpoint: &str) -> Result<SpanExporter, TraceError> {
    crate::tls::install();
    let endpoint = endpoint.to_owned();
    // The client starts a runtime, which is not allowed on a thread that is part of one already.
    let client = std::thread::spawn(|| reqwest::blocking::Client::builder().timeout(EXPORT_TIMEOUT).build());
    let client = client.join().unwrap_or_else(|_| reqwest::blocking::Client::builder().build())?;
    Ok(SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .with_timeout(EXPORT_TIMEOUT)
        .build()?)
}

/// The trace context of the span this runs in, as a `traceparent`; `None` outside of every span.
pub fn current_traceparent() -> Option<String> {
    traceparent_of(&Span::current())
}

/// The trace context of `span` as a `traceparent`; `None` when nobody records spans.
pub fn traceparent_of(span: &Span) -> Option<String> {
    let context = span.context();
    let span = context.span();
    let span = span.span_context();
    span.is_valid()
        .then(|| format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8()))
}

/// Makes `span`, before it is entered, a child of the span that `traceparent` names. One that is absent or
/// malformed is passed over: a message is not refused for its trace.
pub fn follow(span: &Span, traceparent: Option<&str>) {
    if let Some(parent) = traceparent.and_then(parse) {
        // Fails only where nobody records spans, or where the span was used before.
        drop(span.set_parent(Context::new().with_remote_span_context(parent)));
    }
}

/// A span named `name` in traces that goes on with the trace of `traceparent`. For more fields, make a
/// span with its fields and let it [`follow`].
pub fn span_from(traceparent: Option<&str>, name: &str) -> Span {
    let span = tracing::info_span!("work", otel.name = name);
    follow(&span, traceparent);
    span
}

/// Reads a `traceparent` of W3C Trace Context; later versions may have more behind it.
fn parse(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    if !hex(version, 2) || version == "ff" || !hex(trace, 32) || !hex(span, 16) || !hex(flags, 2) {
        return None;
    }
    if version == "00" && parts.next().is_some() {
        return None;
    }
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}
