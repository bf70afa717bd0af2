//! When a full pass will end at the calls that there are.

use std::time::Duration;

use jiff::Timestamp;

/// One token's budget, as the ledger has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Calls in one period, less those that are never used.
    pub per_period: i64,
    /// Calls that may still be made in this period.
    pub left: i64,
    /// When the next period begins.
    pub reset_at: Timestamp,
}

/// How long a period lasts. Forges tell its end and not its length; an hour is the longest in use.
pub const PERIOD: Duration = Duration::from_secs(3600);

/// When `calls` more will have been made, if every call that is allowed is made at once. None when no budget
/// has any calls.
pub fn forecast(calls: i64, budgets: &[Budget], now: Timestamp) -> Option<Timestamp> {
    let left: i64 = budgets.iter().map(|budget| budget.left.max(0)).sum();
    if calls <= left {
        return Some(now);
    }
    let per_period: i64 = budgets.iter().map(|budget| budget.per_period.max(0)).sum();
    if per_period == 0 {
        return None;
    }
    let next = budgets.iter().map(|budget| budget.reset_at).min()?.max(now);
    let whole = (calls - left - 1) / per_period;
    let wait = PERIOD.checked_mul(u32::try_from(whole).ok()?)?;
    next.checked_add(wait).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_ends_with_the_period_that_has_its_last_call() {
        let now = Timestamp::constant(1_800_000_000, 0);
        let reset_at = now + Duration::from_secs(600);
        let one = Budget { per_period: 4_900, left: 100, reset_at };
        assert_eq!(forecast(100, &[one], now), Some(now));
        assert_eq!(forecast(101, &[one], now), Some(reset_at));
        assert_eq!(forecast(100 + 4_900, &[one], now), Some(reset_at));
        assert_eq!(forecast(101 + 4_900, &[one], now), Some(reset_at + PERIOD));
        assert_eq!(forecast(201, &[one, one], now), Some(reset_at));
        assert_eq!(forecast(1, &[], now), None);
        assert_eq!(forecast(i64::MAX, &[one], now), None);
    }
}
