//! The way of an image through every validator, whatever its bytes are: a verdict, never a stop.

#![no_main]

use std::sync::LazyLock;

use analysis::validation::{Kind, Pipeline, Subject};
use libfuzzer_sys::fuzz_target;

/// Everything that looks at pictures; little is decoded, so that many are tried.
const STEPS: &[&str] = &[
    "image",
    "format allowed=jpeg/png/gif/webp",
    "dimensions",
    "bounds max_pixels=1000000",
    "decodes max_pixels=1000000 max_memory=16000000",
    "animation",
    "colour",
    "location",
    "trailing",
    "duplicate",
    "size",
];

static PIPELINE: LazyLock<Pipeline> = LazyLock::new(|| {
    let steps: Vec<String> = STEPS.iter().map(|&step| step.to_owned()).collect();
    Pipeline::parse(Kind::Image, &steps).expect("every step is known")
});

fuzz_target!(|bytes: &[u8]| {
    let verdict = PIPELINE.run(&Subject::new("a.jpg", bytes));
    // What has no picture in it is said so, and nothing of what is fit is empty.
    assert!(!verdict.is_fit() || bytes.len() > 20, "{verdict:?}");
    PIPELINE.wants_more(bytes);
});
