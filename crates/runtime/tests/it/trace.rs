//! Traces across messages, with export off.

use runtime::{
    config, logs,
    trace::{current_traceparent, follow, span_from, traceparent_of},
};
use tracing_subscriber::fmt::writer::BoxMakeWriter;

const SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Runs with logs off and export off.
fn traced<T>(run: impl FnOnce() -> T) -> T {
    let log = config::Log { level: "off".into(), ..config::Log::default() };
    let trace = config::Trace::default();
    let (subscriber, _exporting) =
        logs::subscriber(&log, &trace, "test", BoxMakeWriter::new(std::io::sink)).unwrap();
    tracing::subscriber::with_default(subscriber, run)
}

fn parts(traceparent: &str) -> (String, String, String) {
    let parts: Vec<&str> = traceparent.split('-').collect();
    assert_eq!(parts[0], "00", "{traceparent}");
    (parts[1].into(), parts[2].into(), parts[3].into())
}

#[test]
fn a_trace_goes_on_across_messages_though_logs_and_export_are_off() {
    traced(|| {
        let first = span_from(None, "request").in_scope(|| current_traceparent().unwrap());
        let second = span_from(Some(&first), "handle").in_scope(|| {
            // A span in between does not break the chain.
            tracing::info_span!("inner").in_scope(|| current_traceparent().unwrap())
        });
        let third = span_from(Some(&second), "handle").in_scope(|| current_traceparent().unwrap());
        let (trace, span, _) = parts(&first);
        assert_eq!((trace.len(), span.len()), (32, 16));
        for later in [&second, &third] {
            let (later_trace, later_span, _) = parts(later);
            assert_eq!(later_trace, trace);
            assert_ne!(later_span, span);
        }
    });
}

#[test]
fn what_others_sample_stays_sampled() {
    traced(|| {
        let span = span_from(Some(SAMPLED), "handle");
        let (trace, id, flags) = parts(&traceparent_of(&span).unwrap());
        assert_eq!(trace, "0af7651916cd43dd8448eb211c80319c");
        assert_ne!(id, "b7ad6b7169203331");
        assert_eq!(flags, "01");
        let unsampled = span_from(Some(&SAMPLED.replace("-01", "-00")), "handle");
        assert_eq!(parts(&traceparent_of(&unsampled).unwrap()).2, "00");
    });
}

#[test]
fn a_malformed_trace_is_passed_over() {
    let malformed = [
        "",
        "00",
        "garbage",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333é-01",
    ];
    traced(|| {
        for text in malformed {
            let (trace, ..) = parts(&traceparent_of(&span_from(Some(text), "handle")).unwrap());
            assert_ne!(trace, "0af7651916cd43dd8448eb211c80319c", "{text}");
        }
        let later = format!("01{}-more", &SAMPLED[2..]);
        let span = tracing::info_span!("handle", message.id = "x");
        follow(&span, Some(&later));
        assert_eq!(parts(&traceparent_of(&span).unwrap()).0, "0af7651916cd43dd8448eb211c80319c");
    });
}

#[test]
fn without_a_subscriber_or_a_span_there_is_no_trace() {
    assert_eq!(span_from(Some(SAMPLED), "handle").in_scope(current_traceparent), None);
    traced(|| assert_eq!(current_traceparent(), None));
}
