//! Runs the parts of a process until it is told to stop, then lets each finish.
//!
//! SIGINT or SIGTERM cancels the token that every part was given. Parts that end within the grace period
//! end the process with exit code 0. A part that ends by itself before that stops the others and ends the
//! process with code 1: half a process looks alive and is not. A second signal exits at once with the
//! shell's code for that signal, 130 for SIGINT and 143 for SIGTERM, and what was begun is handed to
//! another process when its lease runs out.

mod signals;

use std::{
    collections::BTreeMap,
    fmt::Display,
    panic,
    process::ExitCode,
    time::{Duration, Instant},
};

use tokio::task::{Id, JoinError, JoinSet};
pub use tokio_util::sync::CancellationToken;

pub use signals::Signal;

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to stop, and every part finished in time.
    Stopped,
    /// A part ended by itself.
    Early {
        /// Which part.
        task: String,
        /// What it said, or that it said nothing.
        reason: String,
    },
    /// It was told to stop, and these parts had not finished when the grace period was over.
    Late {
        /// Which parts, sorted.
        tasks: Vec<String>,
    },
    /// It was told to stop, and these parts failed while stopping.
    Failed {
        /// Which part first, and what it said.
        task: String,
        /// What it said.
        reason: String,
    },
}

impl Ended {
    /// The exit code of the process: 0 when it stopped as it was told to, else 1.
    pub fn exit_code(&self) -> ExitCode {
        if *self == Self::Stopped { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Runs the parts of a process. See the module's documentation.
#[derive(Default)]
pub struct Supervisor {
    token: CancellationToken,
    tasks: JoinSet<Result<(), String>>,
    names: BTreeMap<Id, String>,
}

impl Supervisor {
    /// With a token of its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// The token that is cancelled when the process must stop. Whoever has it can stop the process, too.
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Starts a part. It should run until the token is cancelled, then finish and answer `Ok`.
    pub fn spawn<E: Display>(
        &mut self,
        name: impl Into<String>,
        part: impl Future<Output = Result<(), E>> + Send + 'static,
    ) {
        let part = async move { part.await.map_err(|error| error.to_string()) };
        let handle = self.tasks.spawn(part);
        self.names.insert(handle.id(), name.into());
    }

    /// Runs until the process is told to stop by a signal or the token, or a part ends by itself; then
    /// cancels the token and gives the parts `grace` to finish.
    pub async fn run(self, grace: Duration) -> Ended {
        let signals = signals::listen();
        self.run_with(grace, signals, |signal| std::process::exit(signal.exit_code())).await
    }

    /// As [`run`](Self::run), for tests: signals come from a channel, and a second one is told to `exit`.
    pub async fn run_with(
        mut self,
        grace: Duration,
        mut signals: tokio::sync::mpsc::Receiver<Signal>,
        exit: impl Fn(Signal),
    ) -> Ended {
        let mut ended = None;
        tokio::select! {
            () = self.token.cancelled() => {}
            Some(signal) = signals.recv() => {
                tracing::info!(%signal, grace_seconds = grace.as_secs(), "stopping, a second signal exits at once");
            }
            Some(result) = self.tasks.join_next_with_id(), if !self.tasks.is_empty() => {
                let (task, result) = self.outcome(result);
                // It may have been told to stop a moment ago.
                if !self.token.is_cancelled() || result.is_err() {
                    let reason = result.err().unwrap_or_else(|| "it ended without being told to".to_owned());
                    tracing::error!(task, reason, "a part of this process ended, stopping");
                    ended = Some(Ended::Early { task, reason });
                }
            }
        }
        self.token.cancel();
        let begun = Instant::now();
        let deadline = tokio::time::sleep(grace);
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                result = self.tasks.join_next_with_id() => {
                    let Some(result) = result else { break };
                    if let (task, Err(reason)) = self.outcome(result) {
                        tracing::error!(task, reason, "a part of this process failed while stopping");
                        ended.get_or_insert(Ended::Failed { task, reason });
                    }
                }
                Some(signal) = signals.recv() => exit(signal),
                () = &mut deadline => {
                    let mut tasks: Vec<String> = self.names.into_values().collect();
                    tasks.sort();
                    tracing::error!(tasks = tasks.join(", "), "the grace period is over, ending anyway");
                    self.tasks.shutdown().await;
                    return ended.unwrap_or(Ended::Late { tasks });
                }
            }
        }
        tracing::info!(seconds = begun.elapsed().as_secs_f64(), "stopped");
        ended.unwrap_or(Ended::Stopped)
    }

    /// Which part this was, and how it ended.
    fn outcome(
        &mut self,
        result: Result<(Id, Result<(), String>), JoinError>,
    ) -> (String, Result<(), String>) {
        let (id, result) = match result {
            Ok((id, result)) => (id, result),
            Err(error) => (error.id(), Err(reason_of(error))),
        };
        (self.names.remove(&id).unwrap_or_default(), result)
    }
}

/// What a part that panicked said last.
fn reason_of(error: JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            format!("it panicked: {}", text.unwrap_or_else(|| "no message".to_owned()))
        }
        Err(error) => error.to_string(),
    }
}
