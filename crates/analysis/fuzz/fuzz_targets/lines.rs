//! The lines of any text in any language add up to the text's.

#![no_main]

use analysis::{language, lines};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (number, body) = input;
    let all = language::all();
    let language = &all[usize::from(number) % all.len()];
    if let Some(counts) = lines::count(language, body)
        && language.name != "Jupyter Notebook"
    {
        let expected = body.split_inclusive(|&byte| byte == b'\n').count() as u64;
        assert_eq!(counts.total(), expected, "{}: {counts:?}", language.name);
    }
});
