//! Counts what one call takes in, and ends it when a limit is passed or someone asks to stop.

use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
        mpsc,
    },
    time::{Duration, Instant},
};

use crate::{GitError, Limits, Progress, hosts::Turn, progress::Received};

/// How often a waiting step looks whether it should stop.
const TICK: Duration = Duration::from_millis(50);
/// Every how many ticks progress is told, and the scratch folder is measured.
const TICKS_PER_REPORT: u32 = 4;

/// What may come before the contents: a list of refs, which is kept in memory.
const REFS_BYTES: u64 = 64 << 20;

/// What one call has taken in, and whether it has to end.
pub(crate) struct Meter {
    limits: Limits,
    started: Instant,
    bytes: AtomicU64,
    /// How many bytes may come until now.
    ceiling: AtomicU64,
    /// Shared with gix, which counts in `usize`.
    pub(crate) objects: Arc<AtomicUsize>,
    pub(crate) total_objects: AtomicUsize,
    /// What long steps inside gix look at.
    pub(crate) stop: AtomicBool,
    reason: Mutex<Option<GitError>>,
    /// The call's turn at the host that it talks to.
    turn: Option<Turn>,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Self::with(limits, None)
    }

    /// A call that talks to a host.
    pub(crate) fn at(limits: &Limits, turn: Turn) -> Arc<Self> {
        Self::with(limits, Some(turn))
    }

    fn with(limits: &Limits, turn: Option<Turn>) -> Arc<Self> {
        Arc::new(Self {
            limits: limits.clone(),
            started: Instant::now(),
            bytes: AtomicU64::new(0),
            ceiling: AtomicU64::new(limits.transfer_bytes.min(REFS_BYTES)),
            objects: Arc::default(),
            total_objects: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            reason: Mutex::new(None),
            turn,
        })
    }

    /// Waits until the host may be asked once more.
    pub(crate) fn pace(&self) -> Result<(), GitError> {
        self.turn.as_ref().map_or(Ok(()), |turn| turn.pace(self))
    }

    /// The host has asked for a pause.
    pub(crate) fn hold(&self, pause: Duration) {
        if let Some(turn) = &self.turn {
            turn.hold(pause);
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Ends the call for this reason; the first reason stands.
    pub(crate) fn fail(&self, error: GitError) -> io::Error {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.stop.store(true, Relaxed);
        stopped()
    }

    /// Why the call had to end, if it had to; else what `otherwise` makes of it.
    pub(crate) fn verdict(&self, otherwise: impl FnOnce() -> GitError) -> GitError {
        let reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone();
        reason.unwrap_or_else(otherwise)
    }

    /// An error once the call has to end.
    pub(crate) fn check(&self) -> io::Result<()> {
        if self.stop.load(Relaxed) { Err(stopped()) } else { Ok(()) }
    }

    /// This many bytes came over the network.
    pub(crate) fn received(&self, count: usize) -> io::Result<()> {
        let bytes = self.bytes.fetch_add(count as u64, Relaxed) + count as u64;
        let ceiling = self.ceiling.load(Relaxed);
        if bytes > ceiling {
            let what = if ceiling < self.limits.transfer_bytes { "a list of refs" } else { "one transfer" };
            return Err(self.fail(GitError::too_large(format_args!(
                "more than {ceiling} bytes were sent, the limit of {what}"
            ))));
        }
        self.check()
    }

    /// From now on contents come, for which there is more room than for what is kept in memory.
    pub(crate) fn contents_follow(&self) {
        self.ceiling.store(self.limits.transfer_bytes, Relaxed);
    }

    /// This many bytes were read from this machine's own disk, to which no limit of transfer applies.
    pub(crate) fn read(&self, count: usize) -> io::Result<()> {
        self.bytes.fetch_add(count as u64, Relaxed);
        self.check()
    }

    /// Nothing came for as long as may be waited.
    fn idle(&self) -> io::Error {
        self.fail(GitError::timed_out(format_args!(
            "nothing was received for {}, the limit of waiting without progress",
            seconds(self.limits.idle)
        )))
    }

    /// Waits for what another thread has to say, for as long as may be waited; `None` when that thread
    /// has ended without saying anything more.
    pub(crate) fn wait<T>(&self, answer: &mpsc::Receiver<T>) -> io::Result<Option<T>> {
        let waiting_since = Instant::now();
        loop {
            self.check()?;
            match answer.recv_timeout(TICK) {
                Ok(answer) => return Ok(Some(answer)),
                Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(None),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            if waiting_since.elapsed() > self.limits.idle {
                return Err(self.idle());
            }
        }
    }

    /// Does `work`, which nothing can interrupt, on a thread of its own, and waits for it as
    /// [`wait`](Self::wait) does. When it is given up the thread ends by itself, some time later.
    pub(crate) fn aside<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, GitError> {
        let (say, answer) = mpsc::channel();
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                // Nobody listens any more once the call has been given up.
                say.send(work()).ok();
            })
            .map_err(|error| GitError::io(format_args!("a thread to {name}"), &error))?;
        match self.wait(&answer) {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(GitError::internal(format_args!("the thread to {name} has failed"))),
            Err(_stopped) => Err(self.verdict(GitError::cancelled)),
        }
    }

    fn so_far(&self) -> Received {
        let total = self.total_objects.load(Relaxed);
        Received {
            bytes: self.bytes.load(Relaxed),
            objects: self.objects.load(Relaxed) as u64,
            total_objects: (total > 0).then_some(total as u64),
        }
    }

    fn look(&self, cancel: &AtomicBool, scratch: Option<&Path>) {
        if cancel.load(Relaxed) {
            self.fail(GitError::cancelled());
        }
        if self.started.elapsed() > self.limits.total {
            self.fail(GitError::timed_out(format_args!(
                "not done after {}, the limit of one visit",
                seconds(self.limits.total)
            )));
        }
        if scratch.is_some_and(|folder| size_of(folder) > self.limits.disk_bytes) {
            self.fail(GitError::too_large(format_args!(
                "more than {} bytes on disk, the limit of one repository's scratch folder",
                self.limits.disk_bytes
            )));
        }
    }
}

/// Does `work` while another thread looks at the cancel flag, the clock and the scratch folder, and
/// tells the progress.
pub(crate) fn watched<T>(
    meter: &Meter,
    cancel: &AtomicBool,
    progress: &dyn Progress,
    scratch: Option<&Path>,
    work: impl FnOnce() -> Result<T, GitError>,
) -> Result<T, GitError> {
    meter.look(cancel, scratch);
    let (done, is_done) = mpsc::channel::<()>();
    let result = std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut ticks = 0_u32;
            // The other end is dropped when the work is done, however it ended.
            while is_done.recv_timeout(TICK) == Err(mpsc::RecvTimeoutError::Timeout) {
                ticks = ticks.wrapping_add(1);
                let report = ticks.is_multiple_of(TICKS_PER_REPORT);
                meter.look(cancel, scratch.filter(|_| report));
                if report {
                    progress.received(meter.so_far());
                }
            }
        });
        let done = done;
        let result = work();
        drop(done);
        result
    });
    meter.look(cancel, scratch);
    let result = match meter.check() {
        Ok(()) => result,
        Err(_) => Err(meter.verdict(GitError::cancelled)),
    };
    if result.is_ok() {
        progress.received(meter.so_far());
    }
    result
}

/// Bytes of every file below `folder`. What vanishes meanwhile counts nothing.
pub(crate) fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .filter_map(Result::ok)
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size_of(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

fn stopped() -> io::Error {
    io::Error::other("stopped")
}

fn seconds(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use contracts::ErrorKind;

    use super::*;
    use crate::progress::Silent;

    fn limits() -> Limits {
        Limits { transfer_bytes: 10, total: Duration::from_millis(80), ..Limits::default() }
    }

    #[test]
    fn the_first_reason_stands() {
        let meter = Meter::new(&limits());
        assert!(meter.received(10).is_ok());
        assert!(meter.received(1).is_err());
        meter.idle();
        let reason = meter.verdict(|| unreachable!());
        assert_eq!(reason.kind(), ErrorKind::TooLarge);
        assert!(reason.to_string().contains("10 bytes"), "{reason}");
    }

    #[test]
    fn a_list_of_refs_has_less_room_than_contents() {
        let meter = Meter::new(&Limits::default());
        meter.contents_follow();
        assert!(meter.received(REFS_BYTES as usize + 1).is_ok());
        let meter = Meter::new(&Limits::default());
        assert!(meter.received(REFS_BYTES as usize + 1).is_err());
        let reason = meter.verdict(|| unreachable!()).to_string();
        assert!(reason.contains("list of refs"), "{reason}");
    }

    #[test]
    fn work_that_takes_too_long_is_stopped() {
        let meter = Meter::new(&limits());
        let result = watched(&meter, &AtomicBool::new(false), &Silent, None, || {
            while meter.check().is_ok() {
                std::thread::yield_now();
            }
            Ok(())
        });
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(error.to_string().contains("80 ms"), "{error}");
    }

    #[test]
    fn a_raised_flag_ends_it_before_it_begins() {
        let meter = Meter::new(&limits());
        let result = watched(&meter, &AtomicBool::new(true), &Silent, None, || {
            assert!(meter.check().is_err(), "the work can see it at once");
            Ok(())
        });
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
