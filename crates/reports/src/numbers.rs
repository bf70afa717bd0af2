//! Numbers as people read them.

/// A count with its thousands grouped: `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A size in bytes with a decimal unit and three digits: `999 B`, `1.23 kB`, `45.6 MB`.
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if size < 1000 {
        return format!("{size} B");
    }
    let mut value = size as f64;
    let mut shown = String::new();
    for unit in UNITS {
        value /= 1000.0;
        // 999.6 kB is 1.00 MB: what counts is what the rounded value looks like.
        if value < 999.5 || unit == "EB" {
            let decimals = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
            shown = format!("{value:.decimals$} {unit}");
            break;
        }
    }
    shown
}

/// A duration: `0.004 s`, `1.23 s`, `45.6 s`, `3 min 20 s`, `2 h 5 min`.
pub fn seconds(seconds: f64) -> String {
    let seconds = if seconds.is_finite() { seconds.max(0.0) } else { 0.0 };
    if seconds < 0.1 {
        return format!("{seconds:.3} s");
    }
    if seconds < 10.0 {
        return format!("{seconds:.2} s");
    }
    if seconds < 59.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    if whole < 3600 {
        return format!("{} min {} s", whole / 60, whole % 60);
    }
    format!("{} h {} min", whole / 3600, whole % 3600 / 60)
}

/// How much of it per second, as a whole number; none when no time has passed.
pub(crate) fn per_second(amount: u64, seconds: f64) -> Option<u64> {
    (seconds > 0.0).then(|| (amount as f64 / seconds) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        let shown: Vec<_> = [0, 999, 1000, 12_345, 1_234_567].map(count).to_vec();
        assert_eq!(shown, ["0", "999", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn sizes_have_three_digits() {
        let sizes = [0, 999, 1000, 9_994, 9_995, 45_600, 999_499, 999_500, 1_234_567_890, u64::MAX];
        let shown: Vec<_> = sizes.map(bytes).to_vec();
        let expected = [
            "0 B", "999 B", "1.00 kB", "9.99 kB", "10.0 kB", "45.6 kB", "999 kB", "1.00 MB", "1.23 GB",
            "18.4 EB",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn durations_have_fitting_units() {
        let shown: Vec<_> = [0.0, 0.0042, 1.234, 45.6, 59.96, 200.0, 7500.0, f64::NAN].map(seconds).to_vec();
        let expected =
            ["0.000 s", "0.004 s", "1.23 s", "45.6 s", "1 min 0 s", "3 min 20 s", "2 h 5 min", "0.000 s"];
        assert_eq!(shown, expected);
    }
}
