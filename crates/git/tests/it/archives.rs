//! Archives: what git would make of them, and what nobody should.

use std::{io::Write, path::PathBuf};

use contracts::ErrorKind;
use git::{GitError, Head, Limits, Origin, Skipped};

use crate::support::{
    Bench, assert_same_tree, commit_all, entries, git, paths,
    server::{Act, Server},
    text, write_sample,
};

/// A repository whose `git archive` has everything that its tree has.
fn archivable(bench: &Bench) -> (PathBuf, String) {
    let repo = bench.init("repo");
    write_sample(&repo);
    // It would make git change line ends while it writes the archive.
    std::fs::remove_file(repo.join(".gitattributes")).unwrap();
    std::fs::create_dir_all(repo.join("long").join("n".repeat(120)).join("m".repeat(120))).unwrap();
    std::fs::write(repo.join("long").join("n".repeat(120)).join("m".repeat(120)).join("file"), "far")
        .unwrap();
    std::os::unix::fs::symlink("t".repeat(300), repo.join("long link")).unwrap();
    commit_all(&repo);
    let tree = text(git(&repo, &["rev-parse", "HEAD^{tree}"]));
    (repo, tree)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    lzma_rs::xz_compress(&mut &bytes[..], &mut out).unwrap();
    out
}

fn visit_bytes(bench: &Bench, name: &str, bytes: &[u8]) -> Result<Origin, GitError> {
    let path = bench.path(name);
    std::fs::write(&path, bytes).unwrap();
    bench.visit_path(&path)
}

#[test]
fn every_kind_of_archive_is_the_tree_that_it_was_made_of() {
    let bench = Bench::new();
    let (repo, tree) = archivable(&bench);
    let tar = git(&repo, &["archive", "--format=tar", "HEAD"]);
    let packed = [
        ("a.tar", tar.clone()),
        ("a.tar.gz", gzip(&tar)),
        // Two members, one behind the other, are one stream.
        ("a.tgz", [gzip(&tar[..700]), gzip(&tar[700..])].concat()),
        ("a.tar.zst", zstd::encode_all(&tar[..], 1).unwrap()),
        ("a.tar.xz", xz(&tar)),
        ("a.zip", git(&repo, &["archive", "--format=zip", "HEAD"])),
        ("b.zip", git(&repo, &["archive", "--format=zip", "-0", "HEAD"])),
    ];
    for (name, bytes) in &packed {
        assert_eq!(
            bench.resolve(&format!("{}", bench.path(name).display())).unwrap_err().kind(),
            ErrorKind::NotFound
        );
        let origin = visit_bytes(&bench, name, bytes).unwrap();
        assert_eq!(bench.resolve(bench.path(name).to_str().unwrap()).unwrap(), Head::Directory);
        assert_eq!((origin.tree().to_string(), origin.commit()), (tree.clone(), None), "{name}");
        assert_same_tree(&origin, &repo, &tree);
    }
    for format in ["gnu", "pax", "ustar"] {
        // The old form has no place for the long link, nor for a path that cannot be split.
        let exclude =
            if format == "ustar" { vec!["--exclude=long link", "--exclude=long"] } else { Vec::new() };
        let out = bench.path("by-tar.tar");
        let made = std::process::Command::new("tar")
            .current_dir(&repo)
            .args(["--create", "--exclude=.git", "--format", format])
            .args(&exclude)
            .arg("--file")
            .arg(&out)
            .arg(".")
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let origin = bench.visit_path(&out).unwrap();
        if exclude.is_empty() {
            assert_eq!(origin.tree().to_string(), tree, "{format}");
        } else {
            assert!(entries(&origin).len() > 10);
        }
    }
}

#[test]
fn an_archive_behind_an_address_is_fetched_and_limits_hold() {
    let mut bench = Bench::new();
    let (repo, tree) = archivable(&bench);
    let archive = gzip(&git(&repo, &["archive", "--format=tar", "HEAD"]));
    let size = archive.len() as u64;
    let server = Server::start(bench.folder.path(), move |seen| match seen.target.as_str() {
        "/release.tar.gz" => Act::Answer(archive.clone()),
        "/moved.tar.gz" => Act::Say("302 Found\r\nLocation: /release.tar.gz".to_owned()),
        "/away.tar.gz" => Act::Say("302 Found\r\nLocation: http://127.0.0.2/release.tar.gz".to_owned()),
        _ => Act::Say("404 Not Found".to_owned()),
    });
    for name in ["release.tar.gz", "moved.tar.gz"] {
        let origin = bench.visit(&format!("{}/{name}", server.url)).unwrap();
        assert_same_tree(&origin, &repo, &tree);
    }
    let refused = |bench: &Bench, name: &str| bench.visit(&format!("{}/{name}", server.url)).err().unwrap();
    assert_eq!(refused(&bench, "away.tar.gz").kind(), ErrorKind::Forbidden);
    assert_eq!(refused(&bench, "none.zip").kind(), ErrorKind::NotFound);
    bench.fetcher().discard("visit").unwrap();
    bench.options.limits.transfer_bytes = size - 1;
    let error = refused(&bench, "release.tar.gz");
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    assert!(bench.scratch_is_empty());
}

/// The head of an entry, and its content, filled up.
fn entry(kind: u8, name: &[u8], link: &[u8], content: &[u8]) -> Vec<u8> {
    let mut head = vec![0; 512];
    head[..name.len()].copy_from_slice(name);
    head[100..107].copy_from_slice(b"0000644");
    head[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    head[156] = kind;
    head[157..157 + link.len()].copy_from_slice(link);
    head[257..263].copy_from_slice(b"ustar\0");
    head[148..156].copy_from_slice(b"        ");
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    head[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    head.extend_from_slice(content);
    head.resize(head.len().next_multiple_of(512), 0);
    head
}

fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), vec![0; 1024]].concat()
}

#[test]
fn what_leads_out_is_refused_and_what_is_odd_is_kept() {
    let bench = Bench::new();
    let cases: [(&str, Vec<Vec<u8>>, &str); 7] = [
        ("up", vec![entry(b'0', b"a/../../x", b"", b"x")], "leads out"),
        ("absolute", vec![entry(b'0', b"/etc/passwd", b"", b"x")], "leads out"),
        ("a link to what is not there", vec![entry(b'1', b"a", b"b", b"")], "is not there"),
        ("a link out", vec![entry(b'1', b"a", b"../b", b"")], "leads out"),
        (
            "both",
            vec![entry(b'0', b"a", b"", b"x"), entry(b'0', b"a/b", b"", b"x")],
            "as a file and as a folder",
        ),
        ("sparse", vec![entry(b'S', b"a", b"", b"x")], "sparse"),
        ("a name without end", vec![entry(b'L', b"x", b"", &[b'n'; 1 << 21])], "a name in the archive"),
    ];
    for (what, entries, words) in cases {
        let error = visit_bytes(&bench, "hostile.tar", &tar(&entries)).err().unwrap();
        assert!(error.to_string().contains(words), "{what}: {error}");
        assert!(bench.scratch_is_empty(), "{what}");
    }
    let odd = tar(&[
        entry(b'0', b"./twice", b"", b"first"),
        entry(b'0', b"twice", b"", b"second"),
        entry(b'2', b"link", b"../../etc/passwd", b""),
        entry(b'1', b"same", b"twice", b""),
        entry(b'0', b"back\\slash", b"", b""),
        entry(b'0', b"\xff\xfe", b"", b"no text"),
        entry(b'0', b"x/.git/config", b"", b"[core]"),
        entry(b'5', b"empty/", b"", b""),
        entry(b'3', b"device", b"", b""),
    ]);
    let origin = visit_bytes(&bench, "odd.tar", &odd).unwrap();
    assert_eq!(paths(&origin), ["back\\\\slash", "link", "same", "twice", "\\xff\\xfe"]);
    assert_eq!(origin.skipped(), Skipped { special: 1, excluded: 1 });
    let mut reader = origin.reader();
    let mut content = |path: &[u8]| {
        let all = entries(&origin);
        let mut buffer = Vec::new();
        reader.read(all.iter().find(|entry| entry.path == path).unwrap(), &mut buffer).unwrap();
        buffer
    };
    assert_eq!(content(b"twice"), b"second");
    assert_eq!(content(b"same"), b"second");
    assert_eq!(content(b"link"), b"../../etc/passwd");
}

#[test]
fn bombs_and_broken_archives_end_at_a_limit_or_with_a_reason() {
    let mut bench = Bench::with_limits(Limits { disk_bytes: 4 << 20, files: 50, ..Limits::default() });
    let (repo, _) = archivable(&bench);
    let whole = git(&repo, &["archive", "--format=tar", "HEAD"]);
    let zip = git(&repo, &["archive", "--format=zip", "HEAD"]);
    let zeros = tar(&[entry(b'0', b"zeros", b"", &vec![0; 16 << 20])]);
    let many: Vec<_> = (0..60).map(|n| entry(b'0', format!("{n}").as_bytes(), b"", b"")).collect();
    bench.options.limits.depth = 20;
    for (name, bytes) in [
        ("bomb.tar.gz", gzip(&zeros)),
        ("bomb.tar.zst", zstd::encode_all(&zeros[..], 1).unwrap()),
        ("bomb.tar.xz", xz(&zeros)),
        ("many.tar", tar(&many)),
        ("deep.tar", tar(&[entry(b'0', format!("{}f", "d/".repeat(45)).as_bytes(), b"", b"")])),
    ] {
        let error = visit_bytes(&bench, name, &bytes).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{name}: {error}");
        assert!(bench.scratch_is_empty(), "{name}");
    }
    let mut wrong_sum = whole.clone();
    wrong_sum[3] ^= 1;
    let mut wrong_crc = zip.clone();
    let listed = zip.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    wrong_crc[listed + 16] ^= 1;
    let mut elsewhere = zip.clone();
    elsewhere[listed + 42] ^= 0x7f;
    for (name, bytes) in [
        ("cut.tar", whole[..1_300].to_vec()),
        ("cut.tar.gz", gzip(&whole)[..200].to_vec()),
        ("cut.tar.xz", xz(&whole)[..200].to_vec()),
        ("cut.zip", zip[..zip.len() / 2].to_vec()),
        ("sum.tar", wrong_sum),
        ("crc.zip", wrong_crc),
        ("elsewhere.zip", elsewhere),
        ("none.zip", b"no zip".to_vec()),
        ("none.tar.gz", b"no gzip".to_vec()),
        ("none.tar.zst", b"no zstd".to_vec()),
        ("none.tar.xz", b"no xz".to_vec()),
        ("empty.tar", Vec::new()),
    ] {
        let error = visit_bytes(&bench, name, &bytes).err().unwrap_or_else(|| panic!("{name} is accepted"));
        assert_eq!(error.kind(), ErrorKind::Invalid, "{name}: {error}");
        assert!(error.to_string().contains(name), "{error}");
        assert!(bench.scratch_is_empty(), "{name}");
    }
}
