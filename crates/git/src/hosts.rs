//! How much is asked of one host, and with whose credentials.

use std::{
    collections::HashMap,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use contracts::ErrorKind;

use crate::{GitError, meter::Meter};

/// How often someone who waits looks whether to stop.
const TICK: Duration = Duration::from_millis(50);
/// So much of what may be sent in time may be sent at once, when nothing was sent before: a visit asks twice or
/// three times, and then not for hours.
const AT_ONCE: Duration = Duration::from_secs(1);
/// The longest pause that a host can ask for.
const LONGEST_HOLD: Duration = Duration::from_secs(3600);

/// How much is asked of one host by one fetcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostLimits {
    /// Conversations at once; others wait for their turn. 0 is without limit.
    pub parallel: usize,
    /// Requests in a minute; others wait for their turn. 0 is without limit.
    pub requests_per_minute: u32,
}

impl Default for HostLimits {
    fn default() -> Self {
        Self { parallel: 4, requests_per_minute: 600 }
    }
}

/// Who we are to one host. It is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The host's name, in lower case, without a port.
    pub host: String,
    /// The user, or a token.
    pub user: String,
    /// The password, or a token; empty when the user is the secret.
    pub password: String,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Credential {
    /// Reads `machine HOST login USER password SECRET`, as often as it stands in `text`: the format of
    /// `.netrc`, as the GNU inetutils manual has it, without `default` and `macdef`.
    ///
    /// # Errors
    /// `Invalid` when a word is none of these, saying which entry is wrong but nothing of what is in it.
    pub fn read_netrc(text: &str) -> Result<Vec<Self>, GitError> {
        let mut found: Vec<Self> = Vec::new();
        let lines = text.lines().map(|line| if line.trim_start().starts_with('#') { "" } else { line });
        let mut words = lines.flat_map(str::split_whitespace);
        while let Some(word) = words.next() {
            let wrong = |what: &str, number: usize| {
                GitError::invalid(format_args!("the credentials: entry {number} {what}"))
            };
            let value = words.next().ok_or_else(|| wrong("ends too early", found.len()))?;
            let number = found.len();
            match (word, found.last_mut()) {
                ("machine", _) => found.push(Self {
                    host: value.to_ascii_lowercase(),
                    user: String::new(),
                    password: String::new(),
                }),
                ("login", Some(entry)) => entry.user = value.to_owned(),
                ("password", Some(entry)) => entry.password = value.to_owned(),
                ("account", Some(_)) => {}
                _ => return Err(wrong("has a word that is none of machine, login, password", number.max(1))),
            }
        }
        Ok(found)
    }
}

/// What is going on with each host.
pub(crate) struct Hosts {
    limits: HostLimits,
    states: Mutex<HashMap<String, State>>,
    freed: Condvar,
}

struct State {
    active: usize,
    /// When what was sent so far would have been sent, had it been sent evenly.
    even: Instant,
    /// The end of the pause that the host asked for.
    held: Instant,
}

impl State {
    fn is_over(&self, now: Instant) -> bool {
        self.active == 0 && self.even <= now && self.held <= now
    }
}

impl Hosts {
    pub(crate) fn new(limits: HostLimits) -> Arc<Self> {
        Arc::new(Self { limits, states: Mutex::default(), freed: Condvar::new() })
    }

    /// Waits for its turn at this host, which lasts as long as what is returned.
    pub(crate) fn enter(self: &Arc<Self>, host: &str, cancel: &AtomicBool) -> Result<Turn, GitError> {
        let mut states = self.lock();
        loop {
            if cancel.load(Relaxed) {
                return Err(GitError::cancelled());
            }
            let now = Instant::now();
            let state = states.entry(host.to_owned()).or_insert(State { active: 0, even: now, held: now });
            if self.limits.parallel == 0 || state.active < self.limits.parallel {
                state.active += 1;
                return Ok(Turn { hosts: Arc::clone(self), host: host.to_owned() });
            }
            states = self.freed.wait_timeout(states, TICK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time at which one more request may be sent, which is then taken.
    fn slot(&self, host: &str) -> Instant {
        let now = Instant::now();
        let mut states = self.lock();
        let Some(state) = states.get_mut(host) else { return now };
        let each = Duration::from_secs(60).checked_div(self.limits.requests_per_minute).unwrap_or_default();
        let even = state.even.max(now);
        state.even = even + each;
        // The first is one of those that go at once.
        let early = AT_ONCE.saturating_sub(each);
        even.checked_sub(early).unwrap_or(now).max(now).max(state.held)
    }
}

/// One conversation's turn at a host.
pub(crate) struct Turn {
    hosts: Arc<Hosts>,
    host: String,
}

impl Turn {
    /// Waits until one more request may be sent.
    pub(crate) fn pace(&self, meter: &Meter) -> Result<(), GitError> {
        let stopped = |_| meter.verdict(GitError::cancelled);
        let slot = self.hosts.slot(&self.host);
        let wait = slot.saturating_duration_since(Instant::now());
        if wait > meter.limits().idle {
            return Err(GitError::new(
                ErrorKind::RateLimited,
                format_args!("{} is not asked again for {} s", self.host, wait.as_secs()),
            ));
        }
        while Instant::now() < slot {
            meter.check().map_err(stopped)?;
            let left = slot.saturating_duration_since(Instant::now()).min(TICK);
            drop(self.hosts.freed.wait_timeout(self.hosts.lock(), left));
        }
        meter.check().map_err(stopped)
    }

    /// The host has asked not to be asked for so long.
    pub(crate) fn hold(&self, pause: Duration) {
        if let Some(state) = self.hosts.lock().get_mut(&self.host) {
            state.held = state.held.max(Instant::now() + pause.min(LONGEST_HOLD));
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut states = self.hosts.lock();
        if let Some(state) = states.get_mut(&self.host) {
            state.active -= 1;
        }
        let now = Instant::now();
        states.retain(|_, state| !state.is_over(now));
        self.hosts.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::Limits;

    static GO_ON: AtomicBool = AtomicBool::new(false);

    #[test]
    fn who_comes_second_waits_for_the_first_of_the_same_host() {
        let hosts = Hosts::new(HostLimits { parallel: 1, requests_per_minute: 0 });
        let first = hosts.enter("a", &GO_ON).unwrap();
        drop(hosts.enter("b", &GO_ON).unwrap());
        assert_eq!(hosts.enter("a", &AtomicBool::new(true)).err().unwrap().kind(), ErrorKind::Cancelled);
        let (say, said) = mpsc::channel();
        std::thread::scope(|scope| {
            let hosts = &hosts;
            scope.spawn(move || {
                let _turn = hosts.enter("a", &GO_ON).unwrap();
                say.send("second").unwrap();
            });
            assert!(said.try_recv().is_err());
            drop(first);
            assert_eq!(said.recv().unwrap(), "second");
        });
        assert!(hosts.lock().is_empty(), "nobody is remembered for longer than needed");
    }

    #[test]
    fn a_second_of_requests_goes_at_once_and_the_rest_one_after_the_other() {
        let hosts = Hosts::new(HostLimits { parallel: 0, requests_per_minute: 600 });
        let _turn = hosts.enter("a", &GO_ON).unwrap();
        let begun = Instant::now();
        let slots: Vec<Instant> = (0..15).map(|_| hosts.slot("a")).collect();
        let took = begun.elapsed();
        assert!(slots[..10].iter().all(|slot| *slot <= begun + took), "nobody waits for the first ten");
        for (number, slot) in (1..).zip(&slots[10..]) {
            let after = slot.duration_since(begun);
            let wanted = Duration::from_millis(100) * number;
            assert!((wanted..=wanted + took).contains(&after), "{number}: {after:?}");
        }
    }

    #[test]
    fn who_is_too_early_waits() {
        let hosts = Hosts::new(HostLimits { parallel: 0, requests_per_minute: 6_000 });
        let turn = hosts.enter("a", &GO_ON).unwrap();
        let meter = Meter::new(&Limits::default());
        let begun = Instant::now();
        for _ in 0..106 {
            turn.pace(&meter).unwrap();
        }
        assert!(begun.elapsed() >= Duration::from_millis(50));
    }

    #[test]
    fn a_host_that_asks_for_a_pause_gets_it() {
        let hosts = Hosts::new(HostLimits::default());
        let turn = hosts.enter("a", &GO_ON).unwrap();
        turn.hold(Duration::from_secs(1000));
        let error = turn.pace(&Meter::new(&Limits::default())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        let other = hosts.enter("b", &GO_ON).unwrap();
        other.pace(&Meter::new(&Limits::default())).unwrap();
    }

    #[test]
    fn credentials_are_read_and_never_shown() {
        let text =
            "# ours\nmachine Example.org\n  login me\n  password s3cret\nmachine other.org login t0ken\n";
        let found = Credential::read_netrc(text).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((&*found[0].host, &*found[0].user, &*found[0].password), ("example.org", "me", "s3cret"));
        assert_eq!((&*found[1].user, &*found[1].password), ("t0ken", ""));
        let shown = format!("{found:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("t0ken"), "{shown}");
        for wrong in ["machine", "login me", "machine a loggin s3cret", "machine a login me s3cret x"] {
            let error = Credential::read_netrc(wrong).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
