//! Draining, parts that end early, parts that are late, and real signals to a real process.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
    time::Duration,
};

use runtime::supervise::{Ended, Signal, Supervisor};
use tokio::sync::mpsc;

/// Longer than any test may take.
const GRACE: Duration = Duration::from_secs(3600);

async fn run(supervisor: Supervisor, signals: &[Signal]) -> (Ended, i32) {
    run_for(GRACE, supervisor, signals).await
}

/// Runs with signals from a channel; answers how it ended and the code of an exit at once.
async fn run_for(grace: Duration, supervisor: Supervisor, signals: &[Signal]) -> (Ended, i32) {
    let (sender, receiver) = mpsc::channel(4);
    for &signal in signals {
        sender.send(signal).await.unwrap();
    }
    let code = Arc::new(AtomicI32::new(0));
    let exits = code.clone();
    let ended = supervisor
        .run_with(grace, receiver, move |signal| exits.store(signal.exit_code(), Ordering::SeqCst))
        .await;
    drop(sender);
    (ended, code.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_signal_lets_every_part_finish() {
    let mut supervisor = Supervisor::new();
    let drained = Arc::new(AtomicI32::new(0));
    for steps in 1..=3 {
        let (token, drained) = (supervisor.token(), drained.clone());
        supervisor.spawn(format!("part {steps}"), async move {
            token.cancelled().await;
            for _ in 0..steps {
                tokio::task::yield_now().await;
            }
            drained.fetch_add(1, Ordering::SeqCst);
            Ok::<_, String>(())
        });
    }
    assert_eq!(run(supervisor, &[Signal::Terminate]).await, (Ended::Stopped, 0));
    assert_eq!(drained.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_second_signal_exits_at_once() {
    for (signal, code) in [(Signal::Interrupt, 130), (Signal::Terminate, 143)] {
        let mut supervisor = Supervisor::new();
        supervisor.spawn("deaf", std::future::pending::<Result<(), String>>());
        let grace = Duration::from_millis(20);
        assert_eq!(run_for(grace, supervisor, &[Signal::Interrupt, signal]).await.1, code);
    }
}

#[tokio::test]
async fn a_part_that_does_not_finish_is_named_and_left() {
    let mut supervisor = Supervisor::new();
    supervisor.spawn("slow b", std::future::pending::<Result<(), String>>());
    supervisor.spawn("slow a", std::future::pending::<Result<(), String>>());
    let token = supervisor.token();
    supervisor.spawn("quick", async move {
        token.cancelled().await;
        Ok::<_, String>(())
    });
    let (ended, _) = run_for(Duration::from_millis(20), supervisor, &[Signal::Terminate]).await;
    assert_eq!(ended, Ended::Late { tasks: vec!["slow a".into(), "slow b".into()] });
}

#[tokio::test]
async fn a_part_that_ends_early_ends_the_process() {
    async fn failed() -> Result<(), String> {
        Err("the queue is gone".into())
    }
    async fn ended() -> Result<(), String> {
        Ok(())
    }
    async fn panicked() -> Result<(), String> {
        panic!("no such index {}", 3)
    }
    type Part = std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;
    let parts: [(Part, &str); 3] = [
        (Box::pin(failed()), "the queue is gone"),
        (Box::pin(ended()), "it ended without being told to"),
        (Box::pin(panicked()), "it panicked: no such index 3"),
    ];
    for (part, said) in parts {
        let mut supervisor = Supervisor::new();
        let token = supervisor.token();
        supervisor.spawn("other", async move {
            token.cancelled().await;
            Ok::<_, String>(())
        });
        supervisor.spawn("analyzer", part);
        let (ended, _) = run(supervisor, &[]).await;
        assert_eq!(ended, Ended::Early { task: "analyzer".into(), reason: said.into() });
    }
}

#[tokio::test]
async fn whoever_has_the_token_can_end_the_process_and_a_failure_while_stopping_is_told() {
    let mut supervisor = Supervisor::new();
    let token = supervisor.token();
    supervisor.spawn("scan", async move {
        token.cancel();
        Ok::<_, String>(())
    });
    assert_eq!(run(supervisor, &[]).await.0, Ended::Stopped);

    let mut supervisor = Supervisor::new();
    let token = supervisor.token();
    supervisor.spawn("flusher", async move {
        token.cancelled().await;
        Err("the disk is full")
    });
    let (ended, _) = run(supervisor, &[Signal::Interrupt]).await;
    assert_eq!(ended, Ended::Failed { task: "flusher".into(), reason: "the disk is full".into() });
}

/// Not a test of its own: what the tests below run in another process, which says when it is ready and when
/// it is draining.
#[test]
fn child() {
    #[expect(clippy::disallowed_methods, reason = "how a test tells its child apart from itself")]
    let Ok(manner) = std::env::var("STOCKTAKE_TEST_CHILD") else { return };
    // One thread: the part says that it is ready only after the supervisor listens for signals.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(async {
        let mut supervisor = Supervisor::new();
        let token = supervisor.token();
        supervisor.spawn("part", async move {
            println!("\nready");
            token.cancelled().await;
            println!("\ndraining");
            if manner == "deaf" {
                std::future::pending::<()>().await;
            }
            Ok::<_, String>(())
        });
        supervisor.run(Duration::from_secs(3600)).await
    });
    std::process::exit(if ended == Ended::Stopped { 0 } else { 1 });
}

fn start(manner: &str) -> (Child, impl FnMut(&str)) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "supervise::child", "--nocapture", "--test-threads=1"])
        .env("STOCKTAKE_TEST_CHILD", manner)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let wait_for = move |word: &str| assert!(lines.any(|line| line.unwrap() == word), "no {word}");
    (child, wait_for)
}

fn send(child: &Child, signal: &str) {
    let command = format!("kill -{signal} {}", child.id());
    assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
}

#[test]
fn a_process_drains_on_a_signal_and_ends_well() {
    for signal in ["INT", "TERM"] {
        let (mut child, mut wait_for) = start("well");
        wait_for("ready");
        send(&child, signal);
        wait_for("draining");
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn a_process_that_drains_too_long_is_ended_by_the_second_signal() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (mut child, mut wait_for) = start("deaf");
        wait_for("ready");
        send(&child, "TERM");
        wait_for("draining");
        send(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(code));
    }
}
