//! Every analyzer on any bytes under any name: an outcome, never a stop.

#![no_main]

use analysis::{Limits, Outcome, analyze, language};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (number, bytes) = input;
    let hints: Vec<&str> = language::hints().chain([""]).collect();
    let hint = hints[usize::from(number) % hints.len()];
    for report in analyze(hint, bytes, &Limits::default()) {
        if let Outcome::Failed(reason) = report.outcome {
            assert!(reason.starts_with("not valid utf-16"), "{} under {hint:?}: {reason}", report.analyzer);
        }
    }
});
