//! Logs: lines for people on a terminal, JSON elsewhere, always on the standard error stream.

use std::{
    io::{self, IsTerminal},
    str::FromStr,
};

use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer, fmt::writer::BoxMakeWriter, layer::SubscriberExt, registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{
    config::{Log, LogFormat, Trace},
    trace::{Exporting, TraceError, layer as trace_layer},
};

/// The target of a library that tells at `info` what is of no use to who runs a service.
const QUIET: &str = "actix_server";

/// Logs or traces could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `log.level` is no filter.
    #[error("log.level is not a filter: {level:?}")]
    Filter {
        /// What it is.
        level: String,
    },
    /// Traces cannot be exported.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// Someone has set up logs in this process before.
    #[error("logs are set up twice")]
    Twice,
}

/// Sets up logs and traces for this process. To be called once, by `main`, before the async runtime is
/// entered: the exporter's HTTP client makes a runtime of its own. `service` names the process in traces.
///
/// # Errors
/// [`TelemetryError`] when a setting cannot be used, or when it is called a second time.
pub fn install(log: &Log, trace: &Trace, service: &str) -> Result<Exporting, TelemetryError> {
    install_to(log, trace, service, BoxMakeWriter::new(io::stderr))
}

/// As [`install`], with lines written to `writer`: for a program that draws progress on its terminal.
///
/// # Errors
/// As [`install`].
pub fn install_to(
    log: &Log,
    trace: &Trace,
    service: &str,
    writer: BoxMakeWriter,
) -> Result<Exporting, TelemetryError> {
    let (subscriber, exporting) = subscriber(log, trace, service, writer)?;
    subscriber.try_init().map_err(|_already| TelemetryError::Twice)?;
    Ok(exporting)
}

/// The subscriber by itself, so that a test can set it up for one thread.
///
/// # Errors
/// [`TelemetryError`] when a setting cannot be used.
pub fn subscriber(
    log: &Log,
    trace: &Trace,
    service: &str,
    writer: BoxMakeWriter,
) -> Result<(impl Subscriber + Send + Sync + 'static, Exporting), TelemetryError> {
    // Each layer filters for itself: a quiet log must not cut traces short.
    let (traces, exporting) = trace_layer(trace, service)?;
    let filter = filter(&log.level).ok_or_else(|| TelemetryError::Filter { level: log.level.clone() })?;
    let lines = lines(log.format, writer).with_filter(filter);
    Ok((tracing_subscriber::registry().with(traces).with(lines), exporting))
}

/// The filter that a `log.level` means. `None` when it is none: a word that is no level would otherwise be
/// taken for a target of which everything is logged.
pub(crate) fn filter(level: &str) -> Option<EnvFilter> {
    let known = |part: &str| {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
        !level.is_empty() && LevelFilter::from_str(level.trim()).is_ok()
    };
    if !level.split(',').all(known) {
        return None;
    }
    // What a library says of its own threads is nobody's concern, unless somebody asks for it.
    let quiet = if level == "off" { String::new() } else { format!("{QUIET}=error,") };
    EnvFilter::builder().parse(format!("{quiet}{level}")).ok()
}

fn lines<S>(format: LogFormat, writer: BoxMakeWriter) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let terminal = io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
        LogFormat::Auto if !terminal => layer.json().flatten_event(true).boxed(),
        // On a terminal the default stands, which honours NO_COLOR.
        LogFormat::Text | LogFormat::Auto if terminal => layer.boxed(),
        LogFormat::Text | LogFormat::Auto => layer.with_ansi(false).boxed(),
    }
}
