//! Prometheus metrics: one recorder per process, and one documented list of names.
//!
//! Names and their documentation stand in [`names`]; `docs/metrics.md` is made from them. Crates that cannot
//! see this one (`bus`, `store`, `depot`) write theirs as texts, and a check holds them against the list.

pub mod names;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

pub use names::METRICS;

/// Seconds, from a handler that inserts one row to a job of an hour.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0,
];
/// Anything that is counted: messages in a commit, contents in a batch.
const COUNTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0, 16384.0];

/// How often what histograms have observed is added up.
const ADD_UP_EVERY: Duration = Duration::from_secs(5);

/// The recorder of this process. The facade that every crate reports to is global, so this is, too.
static INSTALLED: Mutex<Option<Metrics>> = Mutex::new(None);

/// What kind of figure a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Is observed again and again; told as a distribution.
    Histogram,
}

impl Kind {
    /// The word that Prometheus has for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What a metric counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Nothing: 1 stands for yes, 0 for no.
    Truth,
}

impl Unit {
    /// The word for it in the documentation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::Truth => "1 or 0",
        }
    }
}

/// The documentation of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricDoc {
    /// The name, as it is scraped.
    pub name: &'static str,
    /// What kind of figure it is.
    pub kind: Kind,
    /// What it counts in.
    pub unit: Unit,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it means, and what to think of it.
    pub meaning: &'static str,
}

/// The recorder of this process. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

/// The recorder cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The buckets of the histograms are refused.
    #[error("the metrics recorder refuses its settings: {0}")]
    Settings(#[from] metrics_exporter_prometheus::BuildError),
    /// The system gives no thread.
    #[error("the metrics recorder gets no thread: {0}")]
    Thread(std::io::Error),
    /// Another recorder is there.
    #[error("another metrics recorder is set up in this process")]
    Taken,
}

/// Sets up the recorder of this process, with every metric of [`METRICS`] described. Calling it again
/// answers the same recorder.
///
/// # Errors
/// When a recorder that is not ours is set up already.
pub fn install() -> Result<Metrics, MetricsError> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(metrics) = &*installed {
        return Ok(metrics.clone());
    }
    let mut builder = PrometheusBuilder::new();
    for doc in METRICS.iter().filter(|doc| doc.kind == Kind::Histogram) {
        let buckets = if doc.unit == Unit::Seconds { SECONDS } else { COUNTS };
        builder = builder.set_buckets_for_metric(Matcher::Full(doc.name.to_owned()), buckets)?;
    }
    // What is not in the list is still a histogram, never a summary: summaries cannot be added up.
    let recorder = builder.set_buckets(SECONDS)?.build_recorder();
    let metrics = Metrics(recorder.handle());
    ::metrics::set_global_recorder(recorder).map_err(|_unused| MetricsError::Taken)?;
    for doc in METRICS {
        match doc.kind {
            Kind::Counter => ::metrics::describe_counter!(doc.name, doc.meaning),
            Kind::Gauge => ::metrics::describe_gauge!(doc.name, doc.meaning),
            Kind::Histogram => ::metrics::describe_histogram!(doc.name, doc.meaning),
        }
    }
    let build = crate::version();
    ::metrics::gauge!(names::BUILD_INFO, "version" => build.version, "commit" => build.commit).set(1.0);
    keep_small(metrics.0.clone())?;
    Ok(installed.insert(metrics).clone())
}

/// What histograms observe lies in memory, each value, until somebody adds it up: without this, until somebody
/// scrapes, which may be never. A thread, as some processes have no other place for it.
fn keep_small(handle: PrometheusHandle) -> Result<(), MetricsError> {
    let add_up = move || {
        loop {
            std::thread::park_timeout(ADD_UP_EVERY);
            handle.run_upkeep();
        }
    };
    std::thread::Builder::new().name("metrics".to_owned()).spawn(add_up).map_err(MetricsError::Thread)?;
    Ok(())
}

impl Metrics {
    /// What is scraped, in Prometheus' text format.
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

/// `docs/metrics.md`.
pub fn reference() -> String {
    let mut page = String::from(INTRODUCTION);
    for doc in METRICS {
        let labels: Vec<String> = doc.labels.iter().map(|label| format!("`{label}`")).collect();
        page.push_str(&format!(
            "| `{}` | {} | {} | {} | {} |\n",
            doc.name,
            doc.kind.as_str(),
            doc.unit.as_str(),
            if labels.is_empty() { "none".to_owned() } else { labels.join(", ") },
            doc.meaning
        ));
    }
    page
}

const INTRODUCTION: &str = "\
# Metrics

Made from the code by `cargo xtask generate`; edit `crates/runtime/src/metrics/names.rs` instead.

Every process serves them at `/metrics`. The four golden signals:

| | of each queue | of HTTP |
| --- | --- | --- |
| traffic | `stocktake_messages_handled_total` | `stocktake_http_requests_total` |
| errors | `stocktake_messages_handled_total{outcome!=\"done\"}` | `stocktake_http_requests_total{status=~\"5..\"}` |
| latency | `stocktake_message_handle_seconds`, `stocktake_message_wait_seconds` | `stocktake_http_request_seconds` |
| saturation | `stocktake_messages_in_flight`, `stocktake_queue_ready` | `stocktake_http_requests_in_flight` |

| Name | Kind | Unit | Labels | Meaning |
| --- | --- | --- | --- | --- |
";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_say_their_unit_and_are_unique() {
        let mut names = BTreeSet::new();
        for doc in METRICS {
            assert!(names.insert(doc.name), "{} is listed twice", doc.name);
            assert!(doc.name.starts_with("stocktake_"), "{}", doc.name);
            assert_eq!(doc.kind == Kind::Counter, doc.name.ends_with("_total"), "{}", doc.name);
            let stem = doc.name.strip_suffix("_total").unwrap_or(doc.name);
            assert_eq!(doc.unit == Unit::Seconds, stem.ends_with("_seconds"), "{}", doc.name);
            assert_eq!(doc.unit == Unit::Bytes, stem.ends_with("_bytes"), "{}", doc.name);
            assert!(doc.meaning.ends_with('.'), "{}", doc.name);
            assert!(!doc.meaning.contains('|'), "{}", doc.name);
        }
    }

    #[test]
    fn what_is_recorded_is_rendered_with_its_meaning() {
        let metrics = install().unwrap();
        ::metrics::counter!(names::MESSAGES_HANDLED, "queue" => "test", "outcome" => "done").increment(3);
        ::metrics::histogram!(names::MESSAGE_HANDLE_SECONDS, "queue" => "test").record(0.02);
        let text = install().unwrap().render();
        assert!(text.contains("# TYPE stocktake_messages_handled_total counter"), "{text}");
        assert!(
            text.contains("stocktake_messages_handled_total{queue=\"test\",outcome=\"done\"} 3"),
            "{text}"
        );
        assert!(
            text.contains("stocktake_message_handle_seconds_bucket{queue=\"test\",le=\"0.025\"} 1"),
            "{text}"
        );
        assert!(text.contains("# HELP stocktake_messages_handled_total Messages"), "{text}");
        assert!(text.contains("stocktake_build_info{version=\"0.1.0\""), "{text}");
        assert!(metrics.render().contains("stocktake_messages_handled_total{queue=\"test\""));
    }
}
