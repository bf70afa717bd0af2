//! Pictures, damaged in ways that nobody would: the same damage in every run.
//!
//! `STOCKTAKE_FUZZ_ROUNDS` asks for more of it and `STOCKTAKE_FUZZ_SEED` for other damage. The target
//! `pictures` in `crates/analysis/fuzz` goes on from there.

use analysis::validation::Kind;
use image::ImageFormat;

use super::{
    jpegs::samples,
    made::{animated, bomb, picture, placed, run, with_exif},
};
use crate::mutations::{Numbers, asked};

/// What means something in pictures.
const TOKENS: &[&[u8]] = &[
    b"\xff\xd8\xff",
    b"\xff\xd9",
    b"\xff\xda",
    b"\xff\xc0",
    b"\xff\xc2",
    b"\xff\xc4",
    b"\xff\xdd\x00\x04\x00\x01",
    b"\xff\xd0",
    b"\xff\xff",
    b"\xff\x00",
    b"\xff\xe1",
    b"Exif\0\0",
    b"IHDR",
    b"IDAT",
    b"IEND",
    b"acTL",
    b"GIF89a",
    b"\x21\xf9\x04",
    b"\x2c",
    b"\x3b",
    b"RIFF",
    b"WEBPVP8X",
    b"ANMF",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
];

const STEPS: &[&str] = &[
    "image",
    "format allowed=jpeg/png/gif/webp",
    "dimensions",
    "bounds",
    "decodes max_pixels=1000000 max_memory=16000000",
    "animation",
    "colour",
    "location",
    "trailing",
];

fn damage(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..1 + numbers.below(5) {
        let at = numbers.below(bytes.len() + 1);
        let end = (at + numbers.below(40)).min(bytes.len());
        match numbers.below(6) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            2 => {
                let token = TOKENS[numbers.below(TOKENS.len())];
                bytes.splice(at..at, token.iter().copied());
            }
            3 if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
            4 if numbers.below(4) == 0 => bytes.truncate(at),
            _ if at < bytes.len() => bytes[at] = numbers.next() as u8,
            _ => {}
        }
    }
}

#[test]
fn damaged_pictures_of_every_kind_get_a_verdict() {
    let mut all: Vec<Vec<u8>> = samples().into_iter().map(|(_, bytes)| bytes).collect();
    all.extend([ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP].map(|kind| picture(24, 16, kind)));
    all.extend([animated(3), bomb(40, 40), with_exif(&placed(2))]);
    let (rounds, seed) = (asked("STOCKTAKE_FUZZ_ROUNDS", 300), asked("STOCKTAKE_FUZZ_SEED", 1));
    for round in 0..rounds {
        for (number, whole) in (0_u64..).zip(&all) {
            let mut numbers = Numbers(seed.wrapping_mul(0x1_0000_0003) ^ (round << 8) ^ number);
            let mut bytes = whole.clone();
            damage(&mut bytes, &mut numbers);
            // A panic says where; the round and the number say what with.
            let verdict = std::panic::catch_unwind(|| run(Kind::Image, STEPS, "a.jpg", &bytes));
            assert!(verdict.is_ok(), "seed {seed}, round {round}, number {number}");
        }
    }
}
