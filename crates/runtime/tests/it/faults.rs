//! Fault points: stopping a worker of this process, and killing another process.

use std::{os::unix::process::ExitStatusExt, process::Command};

use runtime::{
    config::{Inputs, Loaded},
    faults::{self, Faults, POINTS, Stopped},
};

#[test]
fn a_plan_stops_its_holder_at_the_nth_passing_and_ever_after() {
    let faults = Faults::stop_at("worker.after_commit", 2).unwrap();
    let held = faults.clone();
    assert_eq!(held.at("worker.before_commit"), Ok(()));
    assert_eq!(held.at("worker.after_commit"), Ok(()));
    assert!(!faults.has_stopped());
    assert_eq!(held.at("worker.after_commit"), Err(Stopped { point: "worker.after_commit" }));
    assert_eq!(held.at("worker.before_commit"), Err(Stopped { point: "worker.before_commit" }));
    assert!(faults.has_stopped());
    assert_eq!(faults.passed()["worker.after_commit"], 2);
}

#[tokio::test]
async fn who_waits_learns_of_the_stop() {
    let faults = Faults::stop_at("worker.after_ack", 1).unwrap();
    let waiting = tokio::spawn({
        let faults = faults.clone();
        async move { faults.stopped().await }
    });
    faults.at("worker.after_ack").unwrap_err();
    waiting.await.unwrap();
}

#[test]
fn counting_stops_nowhere_and_tells_where_a_run_came() {
    let faults = Faults::count();
    for point in POINTS {
        faults.at(point).unwrap();
        Faults::none().at(point).unwrap();
    }
    assert_eq!(faults.passed().len(), POINTS.len());
    assert!(Faults::none().passed().is_empty());
}

#[test]
fn plans_that_are_none_are_refused() {
    let told = |text: &str| text.parse::<Faults>().unwrap_err().to_string();
    let known = POINTS.join(", ");
    assert_eq!(told("nowhere:1"), format!("no fault point is named \"nowhere\"; known: {known}"));
    for text in ["worker.after_ack", "worker.after_ack:0", "worker.after_ack:x", ":"] {
        assert_eq!(
            told(text),
            format!("{text:?} does not say at which passing; accepted: NAME:N with N from 1")
        );
    }
    assert_eq!("worker.after_ack:3".parse::<Faults>().unwrap().to_string(), "worker.after_ack:3");
    assert_eq!("".parse::<Faults>().unwrap().to_string(), "");
}

/// Not a test of its own: what the test below runs in another process.
#[test]
fn child() {
    let mut inputs = Inputs::from_process(None, vec![("data.dir".into(), "/nowhere".into())]);
    inputs.working_dir = None;
    inputs.system_dir = None;
    if !inputs.environment.contains_key("STOCKTAKE__FAULTS__ABORT_AT") {
        return;
    }
    faults::install(&Loaded::load(&inputs).unwrap().config.faults);
    faults::point("outbox.after_claim");
    Faults::none().at("outbox.after_publish").unwrap();
    println!("\nfirst");
    faults::point("outbox.after_publish");
    println!("\nsecond");
    std::process::exit(7);
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "only debug builds have fault points")]
fn a_configured_point_kills_the_process() {
    let run = |plan: &str| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "faults::child", "--nocapture", "--test-threads=1"])
            .env("STOCKTAKE__FAULTS__ABORT_AT", plan)
            .output()
            .unwrap()
    };
    let killed = run("outbox.after_publish:2");
    assert_eq!(killed.status.signal(), Some(6), "{killed:?}");
    let text = String::from_utf8_lossy(&killed.stdout).into_owned();
    assert!(text.contains("first") && !text.contains("second"), "{text}");
    assert_eq!(run("outbox.after_publish:3").status.code(), Some(7));
}
