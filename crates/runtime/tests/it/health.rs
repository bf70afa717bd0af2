//! Probes: late, stale, stopping.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use runtime::health::{Health, Pace, Report};
use tokio_util::sync::CancellationToken;

const QUICK: Pace = Pace { every: Duration::from_millis(5), timeout: Duration::from_millis(20) };
/// Longer than any test may take.
const LONG: Duration = Duration::from_secs(3600);

/// Waits until the report is so; that it never is, is for the runner to notice.
async fn until(health: &Health, so: impl Fn(&Report) -> bool) -> Report {
    loop {
        let report = health.report();
        if so(&report) {
            return report;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_probe_without_an_answer_in_time_is_down() {
    let health = Health::new();
    health.probe("broker", Pace { every: LONG, ..QUICK }, std::future::pending);
    assert_eq!(health.report().probes[0].detail, "not asked yet");
    tokio::spawn(health.clone().run(CancellationToken::new()));
    let report = until(&health, |report| report.probes[0].age_seconds.is_some()).await;
    assert!(!report.ready && !report.probes[0].up);
    assert_eq!(report.probes[0].detail, "no answer within 0.02 seconds");
    assert!(report.probes[0].took_milliseconds >= Some(20));
}

#[tokio::test]
async fn a_probe_that_is_no_longer_asked_is_down() {
    let health = Health::new();
    health.probe("store", QUICK, || async { Ok("PostgreSQL 15".to_owned()) });
    let probing = tokio::spawn(health.clone().run(CancellationToken::new()));
    until(&health, |report| report.ready).await;
    // Whoever asks is gone, as if its thread hung.
    probing.abort();
    assert!(probing.await.unwrap_err().is_cancelled());
    let report = until(&health, |report| !report.ready).await;
    assert!(report.probes[0].detail.starts_with("no news for "), "{report:?}");
    assert!(!report.stopping && !report.probes[0].up);
}

#[tokio::test]
async fn a_stopping_process_is_not_ready_though_its_probes_are_up() {
    let health = Health::new();
    let asked = Arc::new(AtomicU32::new(0));
    let counted = asked.clone();
    health.probe("store", Pace { timeout: LONG, ..QUICK }, move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Ok("up".to_owned()) }
    });
    let shutdown = CancellationToken::new();
    let probing = tokio::spawn(health.clone().run(shutdown.clone()));
    until(&health, |report| report.ready).await;
    while asked.load(Ordering::SeqCst) < 3 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    shutdown.cancel();
    probing.await.unwrap().unwrap();
    let report = health.report();
    assert!(report.stopping && !report.ready && report.probes[0].up);
    assert_eq!(Arc::strong_count(&asked), 2, "the probe is kept, and nobody is asking");
}

#[tokio::test]
async fn without_probes_a_process_is_ready() {
    assert!(Health::new().report().ready);
}
