//! Spans reach an OTLP collector, which is a socket of this test, and lines reach the log.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, mpsc},
};

use runtime::{
    config::{self, LogFormat, ServiceUrl},
    logs,
    trace::{current_traceparent, span_from},
};
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// Takes one request, answers it, and hands over its head and body.
fn collector() -> (SocketAddr, mpsc::Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            reader.read_line(&mut head).unwrap();
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
        });
        let mut body = vec![0; length.unwrap()];
        reader.read_exact(&mut body).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        sender.send((head, body)).unwrap();
    });
    (address, receiver)
}

fn holds(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

/// The bytes that a text of hexadecimal digits means.
fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_are_exported_with_their_trace_and_service() {
    let (address, received) = collector();
    let trace = config::Trace {
        otlp_endpoint: Some(ServiceUrl::new(format!("http://{address}/v1/traces"))),
        ..config::Trace::default()
    };
    let log = config::Log { level: "off".into(), ..config::Log::default() };
    // Made inside a runtime, as a `main` with `#[tokio::main]` would.
    let (subscriber, exporting) =
        logs::subscriber(&log, &trace, "repo-processor", BoxMakeWriter::new(io::sink)).unwrap();
    let (first, second) = tracing::subscriber::with_default(subscriber, || {
        let first = span_from(None, "visit requested").in_scope(|| current_traceparent().unwrap());
        let second = span_from(Some(&first), "batch stored").in_scope(|| current_traceparent().unwrap());
        (first, second)
    });
    exporting.finish().await;

    let (head, body) = received.recv().unwrap();
    assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
    assert!(head.to_ascii_lowercase().contains("content-type: application/x-protobuf"), "{head}");
    for text in ["service.name", "repo-processor", "visit requested", "batch stored"] {
        assert!(holds(&body, text.as_bytes()), "{text} is not exported");
    }
    assert_eq!(first[3..35], second[3..35]);
    assert!(first.ends_with("-01") && second.ends_with("-01"));
    assert!(holds(&body, &bytes(&first[3..35])), "the trace id is not exported");
    for traceparent in [first, second] {
        assert!(holds(&body, &bytes(&traceparent[36..52])), "a span id is not exported");
    }
}

#[tokio::test]
async fn a_collector_that_is_down_does_not_hold_up_the_end() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let trace = config::Trace {
        otlp_endpoint: Some(ServiceUrl::new(format!("http://{closed}/v1/traces"))),
        ..config::Trace::default()
    };
    let log = config::Log { level: "off".into(), ..config::Log::default() };
    let (subscriber, exporting) =
        logs::subscriber(&log, &trace, "test", BoxMakeWriter::new(io::sink)).unwrap();
    tracing::subscriber::with_default(subscriber, || span_from(None, "lost").in_scope(|| ()));
    tokio::time::timeout(std::time::Duration::from_secs(30), exporting.finish()).await.unwrap();
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged at this level and in this format.
fn logged(level: &str, format: LogFormat) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = config::Log { level: level.into(), format };
    let (subscriber, _exporting) =
        logs::subscriber(&log, &config::Trace::default(), "test", BoxMakeWriter::new(move || writer.clone()))
            .unwrap();
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(repository = "https://example.org/a.git", files = 3, "repository stored");
        tracing::debug!(target: "worker", "message handled");
        tracing::debug!("not asked for");
        tracing::info!(target: "actix_server::worker", "shutting down idle worker");
    });
    let text = lines.0.lock().unwrap().clone();
    String::from_utf8(text).unwrap()
}

#[test]
fn lines_are_json_objects_with_their_values_as_fields() {
    let text = logged("info,worker=debug", LogFormat::Json);
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0]["message"], "repository stored");
    assert_eq!((&lines[0]["files"], &lines[0]["level"]), (&3.into(), &"INFO".into()));
    assert_eq!(lines[1]["target"], "worker");
}

#[test]
fn lines_are_text_when_asked_for() {
    let text = logged("info", LogFormat::Text);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("repository stored"), "{text}");
    assert!(logged("off", LogFormat::Text).is_empty());
    assert_eq!(logged("info,actix_server=info", LogFormat::Text).lines().count(), 2);
}
