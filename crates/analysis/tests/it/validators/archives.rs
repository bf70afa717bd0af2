//! Archives.

use std::io::{Cursor, Write as _};

use analysis::validation::{Kind, Verdict};
use flate2::{Compression, write::GzEncoder};

use super::made::{errors, run};

const ALL: &[&str] = &["archive", "paths", "ratio"];

fn checked(bytes: &[u8]) -> Verdict {
    run(Kind::Archive, ALL, "x.zip", bytes)
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        // Written past the builder, which would refuse some of these names.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn good_archives_are_fit() {
    let files: &[(&str, &[u8])] = &[("a.txt", b"hello"), ("b/c.txt", b"world")];
    for bytes in [zip(files), tar(files), gzip(&tar(files)), zip(&[])] {
        assert_eq!(checked(&bytes), Verdict::default());
    }
}

#[test]
fn paths_that_lead_out_are_told() {
    let files: &[(&str, &[u8])] = &[("../a", b"x"), ("ok", b"y"), ("/etc/b", b"z")];
    for bytes in [zip(files), tar(files), gzip(&tar(files))] {
        let verdict = checked(&bytes);
        assert_eq!(verdict.errors["paths"].len(), 2, "{verdict:?}");
    }
}

#[test]
fn links_that_lead_out_are_told() {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, target) in [("a/link", "../../etc/passwd"), ("a/good", "../b")] {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, name, target).unwrap();
    }
    let verdict = checked(&builder.into_inner().unwrap());
    assert_eq!(errors(&verdict), [("paths", "\"a/link\" in the archive leads out of it.")]);
}

#[test]
fn what_unfolds_too_far_is_told() {
    let zeros = vec![0; 4 << 20];
    for bytes in [zip(&[("zeros", &zeros)]), gzip(&tar(&[("zeros", &zeros)]))] {
        assert!(checked(&bytes).errors.contains_key("ratio"));
        let bounded = run(Kind::Archive, &["archive max_unpacked=100_000", "ratio most=1000000"], "", &bytes);
        assert!(bounded.errors["archive"][0].contains("more than"), "{bounded:?}");
    }
    let many = tar(&[("a", b""), ("b", b""), ("c", b"")]);
    assert!(!run(Kind::Archive, &["archive max_entries=2"], "", &many).is_fit());
}

#[test]
fn what_cannot_be_read_is_told() {
    let good = zip(&[("a.txt", &[7; 1000])]);
    let packed = gzip(&tar(&[("a", &[7; 100_000])]));
    let cut = tar(&[("a", &[7; 5_000])]);
    for bytes in [&b"x"[..], b"", &good[..good.len() - 10], &packed[..packed.len() / 2], &cut[..2_000]] {
        assert!(checked(bytes).errors.contains_key("archive"), "{} bytes", bytes.len());
    }
}
