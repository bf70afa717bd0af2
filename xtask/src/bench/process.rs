//! Processes that are measured: run to their end, or kept running and stopped.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::machine;

/// How often the memory of a process that runs to its end is looked at. The figure is the most it has held
/// so far, so only what it took in its last moment can be missed.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// What one run took.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    pub(super) wall: Duration,
    /// Seconds of processor time.
    pub(super) cpu: f64,
    /// The most memory held at once, in bytes; 0 when it is not known.
    pub(super) peak: u64,
    pub(super) output: String,
}

/// Runs `command` to its end. Its output goes through files in `directory`: a pipe could hold it up.
pub(super) fn run(command: &mut Command, directory: &Path) -> Result<Run> {
    run_within(command, directory, Duration::MAX)
}

/// The same, for so long at the most: then it is ended and has failed.
pub(super) fn run_within(command: &mut Command, directory: &Path, patience: Duration) -> Result<Run> {
    let (out, err) = (directory.join("out"), directory.join("err"));
    command.stdin(Stdio::null()).stdout(File::create(&out)?).stderr(File::create(&err)?).process_group(0);
    let before = machine::ended_children_seconds();
    let begun = Instant::now();
    let mut child = command.spawn().with_context(|| format!("{:?} cannot be run", command.get_program()))?;
    let id = child.id();
    let (ended, over) = mpsc::channel::<()>();
    let looking = std::thread::spawn(move || {
        let mut peak = 0;
        loop {
            peak = peak.max(machine::peak_memory(id).unwrap_or_default());
            if over.recv_timeout(LOOK_EVERY) != Err(RecvTimeoutError::Timeout) {
                return peak;
            }
        }
    });
    let status =
        if patience == Duration::MAX { Some(child.wait()?) } else { wait(&mut child, begun, patience)? };
    let wall = begun.elapsed();
    drop(ended);
    let peak = looking.join().unwrap_or_default();
    let Some(status) = status else { bail!("{:?} took more than {patience:?}", command.get_program()) };
    if !status.success() {
        bail!("{:?} ended with {status}: {}", command.get_program(), tail(&err));
    }
    let cpu = machine::ended_children_seconds() - before;
    Ok(Run { wall, cpu, peak, output: fs::read_to_string(&out).unwrap_or_default() })
}

/// Waits for the end of a process; ends it when it takes longer than this.
fn wait(child: &mut Child, begun: Instant, patience: Duration) -> Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begun.elapsed() > patience {
            // With the processes that it has started: it is the first of a group.
            drop(Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status());
            child.wait()?;
            return Ok(None);
        }
        pause(LOOK_EVERY);
    }
}

/// A process that runs until this is dropped.
pub(super) struct Running {
    pub(super) name: String,
    child: Child,
    log: std::path::PathBuf,
}

impl Running {
    /// Starts `command`; what it says goes to a file in `directory`.
    pub(super) fn start(name: &str, command: &mut Command, directory: &Path) -> Result<Self> {
        let path = directory.join(format!("{name}.log"));
        let log = File::create(&path)?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("{name} cannot be started"))?;
        Ok(Self { name: name.to_owned(), child, log: path })
    }

    /// Seconds of processor time so far.
    pub(super) fn cpu(&self) -> f64 {
        machine::processor_seconds(self.child.id()).unwrap_or_default()
    }

    /// The same, with that of the processes that it has started and that still run.
    pub(super) fn cpu_of_all(&self) -> f64 {
        machine::family_seconds(self.child.id()).unwrap_or_default()
    }

    /// The most memory held so far, in bytes.
    pub(super) fn peak(&self) -> u64 {
        machine::peak_memory(self.child.id()).unwrap_or_default()
    }

    /// Fails when it has ended, with the last that it said.
    pub(super) fn still_runs(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) => bail!("{} ended with {status}: {}", self.name, tail(&self.log)),
            None => Ok(()),
        }
    }
}

impl Drop for Running {
    /// Asks it to stop, so that it ends its own children, and ends it when it does not.
    fn drop(&mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if asked.is_ok_and(|status| status.success()) {
            for _ in 0..100 {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    return;
                }
                pause(Duration::from_millis(50));
            }
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Tries until `attempt` returns something.
pub(super) fn wait_for<T>(
    what: &str,
    patience: Duration,
    every: Duration,
    mut attempt: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let begun = Instant::now();
    while begun.elapsed() < patience {
        if let Some(value) = attempt()? {
            return Ok(value);
        }
        pause(every);
    }
    bail!("{what} took more than {patience:?}")
}

#[expect(clippy::disallowed_methods, reason = "other processes are waited for, which wake nobody")]
pub(super) fn pause(time: Duration) {
    std::thread::sleep(time);
}

fn tail(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.trim().lines().collect();
    lines.get(lines.len().saturating_sub(5)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_run_to_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let run = run(Command::new("echo").arg("said"), directory.path()).unwrap();
        assert_eq!(run.output, "said\n");
        let failed = super::run(Command::new("sh").args(["-c", "echo why >&2; exit 3"]), directory.path());
        assert!(failed.unwrap_err().to_string().contains("why"));
    }
}
