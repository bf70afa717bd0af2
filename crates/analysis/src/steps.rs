//! How much work one analyzer may put into one content.
//!
//! Work is counted in steps, not in seconds: the same content is given up on every machine, however busy,
//! or on none. A step is a token, a line, a statement: something that is looked at once when all goes well.
//! Every loop that follows a text spends them, so that one that no longer gets ahead ends, and with it its
//! analyzer; the thread is free again at once.

use std::cell::Cell;
use std::panic::resume_unwind;

use crate::Limits;

/// Steps that any content may cost, however small it is.
const ANY: u64 = 1 << 16;

/// The steps that are left.
#[derive(Debug)]
pub(crate) struct Steps {
    left: Cell<u64>,
    limit: u64,
}

/// Thrown by [`Steps::spend`] when none are left: so many were spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfSteps(pub(crate) u64);

impl Steps {
    /// As many as a content of so many bytes may cost.
    pub(crate) fn of(limits: &Limits, size: u64) -> Steps {
        Steps::new(size.saturating_mul(limits.steps_per_byte).saturating_add(ANY))
    }

    /// No bound, for a caller who watches the time by other means.
    pub(crate) fn unbounded() -> Steps {
        Steps::new(u64::MAX)
    }

    fn new(limit: u64) -> Steps {
        Steps { left: Cell::new(limit), limit }
    }

    /// Begins anew, for the next analyzer.
    pub(crate) fn refill(&self) {
        self.left.set(self.limit);
    }

    /// Takes one step.
    ///
    /// Ends the analyzer when there are none left, from any depth of calls and without a word on the
    /// standard error, by unwinding to the engine, which catches it as it does a panic.
    #[inline]
    pub(crate) fn spend(&self) {
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => self.give_up(),
        }
    }

    #[cold]
    #[inline(never)]
    fn give_up(&self) {
        resume_unwind(Box::new(OutOfSteps(self.limit)));
    }

    /// How many were spent.
    #[cfg(test)]
    pub(crate) fn spent(&self) -> u64 {
        self.limit - self.left.get()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn the_last_step_is_taken_and_the_next_one_ends_it() {
        let steps = Steps::of(&Limits { steps_per_byte: 2, ..Limits::default() }, 10);
        (0..ANY + 20).for_each(|_| steps.spend());
        assert_eq!(steps.spent(), ANY + 20);
        let thrown = catch_unwind(AssertUnwindSafe(|| steps.spend())).expect_err("none are left");
        assert_eq!(thrown.downcast_ref(), Some(&OutOfSteps(ANY + 20)));
        steps.refill();
        steps.spend();
        assert_eq!(steps.spent(), 1);
    }
}
