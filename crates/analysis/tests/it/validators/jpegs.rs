//! JPEGs of every way of coding, whole and with something missing.

use analysis::validation::Kind;

use super::made::{jpeg, run};

/// Made for this by Pillow from sums and products of coordinates, and by `image`.
pub(super) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("sequential", jpeg(64, 48)),
        ("progressive, 4:2:0", include_bytes!("../samples/progressive.jpg").to_vec()),
        ("progressive, grey", include_bytes!("../samples/grey_progressive.jpg").to_vec()),
        ("with restarts, 4:2:2", include_bytes!("../samples/restarts.jpg").to_vec()),
        ("of four colours", include_bytes!("../samples/cmyk.jpg").to_vec()),
    ]
}

fn decodes(bytes: &[u8]) -> Result<(), String> {
    let verdict = run(Kind::Image, &["decodes"], "a.jpg", bytes);
    verdict.errors.get("decodes").map_or(Ok(()), |texts| Err(texts.join(" ")))
}

/// Behind the header of the first scan.
fn scan_of(bytes: &[u8]) -> usize {
    let at = bytes.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    at + 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]))
}

#[test]
fn every_way_of_coding_is_read_to_its_end() {
    for (name, bytes) in samples() {
        assert_eq!(decodes(&bytes), Ok(()), "{name}");
    }
    for (width, height) in [(1, 1), (8, 8), (9, 7), (17, 999), (1000, 1)] {
        assert_eq!(decodes(&jpeg(width, height)), Ok(()), "{width}x{height}");
    }
}

#[test]
fn what_is_cut_out_is_missed_although_there_is_an_end() {
    for (name, bytes) in samples() {
        let (begin, end) = (scan_of(&bytes), bytes.len() - 2);
        for kept in begin..end {
            let cut = [&bytes[..kept], b"\xff\xd9"].concat();
            assert!(decodes(&cut).is_err(), "{name}: {kept} of {end} bytes");
        }
        let quarter = (end - begin) / 4;
        for from in begin..end - quarter {
            let cut = [&bytes[..from], &bytes[from + quarter..]].concat();
            assert!(decodes(&cut).is_err(), "{name}: without {quarter} bytes from {from}");
        }
    }
}

#[test]
fn what_is_missing_before_the_scans_is_missed() {
    for (name, bytes) in samples() {
        let mut at = 2;
        while bytes[at + 1] != 0xda {
            let length = 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
            let without = [&bytes[..at], &bytes[at + length..]].concat();
            let counts = matches!(bytes[at + 1], 0xc0..=0xc4 | 0xdb | 0xdd);
            assert_eq!(decodes(&without).is_err(), counts, "{name}: {:x}", bytes[at + 1]);
            at += length;
        }
    }
}

#[test]
fn bytes_that_fill_up_are_no_damage_and_others_are() {
    for (name, bytes) in samples() {
        let end = bytes.len() - 2;
        let filled = |with: &[u8]| decodes(&[&bytes[..end], with, &bytes[end..]].concat());
        assert_eq!(filled(&[0; 40]), Ok(()), "{name}");
        assert_eq!(filled(&[0xff; 40]), Ok(()), "{name}");
        assert!(filled(b"another picture's bits").is_err(), "{name}");
    }
}

#[test]
fn a_scan_that_promises_too_much_is_left() {
    let (_, bytes) = samples().swap_remove(1);
    let scan = scan_of(&bytes);
    // The same scan again and again, and scans of codes that are none.
    let header = bytes[..scan].windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    let again = [&bytes[..scan], &bytes[header..]].concat();
    assert!(decodes(&again).is_err());
    let mut wide = bytes.clone();
    let frame = wide.windows(2).position(|pair| pair == [0xff, 0xc2]).unwrap();
    wide[frame + 5..frame + 9].copy_from_slice(&[0x17, 0x70, 0x17, 0x70]);
    assert!(decodes(&wide).is_err());
}
