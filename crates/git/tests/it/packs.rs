//! Packs that no honest server sends: each is refused with its reason, leaves nothing, and ends nothing else.

use std::sync::Arc;

use contracts::{ErrorKind, Oid};
use git::{GitError, Held, HeldCommit, Limits, Location, Silent};
use sha1::{Digest, Sha1};

use crate::support::{
    Bench, GO_ON, commit_all, git,
    server::{Act, Seen, Server},
    text,
};

const COMMIT: u8 = 1;
const TREE: u8 = 2;
const BLOB: u8 = 3;
const OFFSET_DELTA: u8 = 6;
const ID_DELTA: u8 = 7;

/// A zlib stream that does not compress.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let parts: Vec<&[u8]> = if bytes.is_empty() { vec![b""] } else { bytes.chunks(65_535).collect() };
    for (number, part) in parts.iter().enumerate() {
        out.push(u8::from(number + 1 == parts.len()));
        let length = u16::try_from(part.len()).unwrap();
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend_from_slice(part);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend(((b << 16) | a).to_be_bytes());
    out
}

/// An entry of a pack: its type, the size it says, what stands between its head and its data, and the data.
fn entry(kind: u8, size: u64, reference: &[u8], data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut left = size >> 4;
    let mut byte = (kind << 4) | u8::try_from(size & 15).unwrap();
    while left > 0 {
        out.push(byte | 0x80);
        byte = u8::try_from(left & 0x7f).unwrap();
        left >>= 7;
    }
    out.push(byte);
    out.extend_from_slice(reference);
    out.extend(stored(data));
    out
}

fn object(kind: u8, data: &[u8]) -> Vec<u8> {
    entry(kind, data.len() as u64, &[], data)
}

fn pack_of(count: u32, entries: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"PACK\0\0\0\x02".to_vec();
    out.extend(count.to_be_bytes());
    entries.iter().for_each(|entry| out.extend_from_slice(entry));
    let sum = Sha1::digest(&out);
    out.extend_from_slice(&sum);
    out
}

fn pack(entries: &[Vec<u8>]) -> Vec<u8> {
    pack_of(u32::try_from(entries.len()).unwrap(), entries)
}

fn line(data: &[u8]) -> Vec<u8> {
    let mut out = format!("{:04x}", data.len() + 4).into_bytes();
    out.extend_from_slice(data);
    out
}

/// As an answer of the second version of the protocol.
fn answer(pack: &[u8]) -> Vec<u8> {
    let mut out = line(b"packfile\n");
    for part in pack.chunks(60_000) {
        out.extend(line(&[&[1], part].concat()));
    }
    out.extend(b"0000");
    out
}

/// A number as deltas have sizes.
fn size_of_delta(mut size: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while size >= 0x80 {
        out.push(u8::try_from(size & 0x7f).unwrap() | 0x80);
        size >>= 7;
    }
    out.push(u8::try_from(size).unwrap());
    out
}

/// How far back the base is.
fn distance(mut back: u64) -> Vec<u8> {
    let mut out = vec![u8::try_from(back & 0x7f).unwrap()];
    back >>= 7;
    while back > 0 {
        back -= 1;
        out.insert(0, 0x80 | u8::try_from(back & 0x7f).unwrap());
        back >>= 7;
    }
    out
}

fn id_of(kind: &str, data: &[u8]) -> String {
    let mut hasher = Sha1::new();
    hasher.update(format!("{kind} {}\0", data.len()));
    hasher.update(data);
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn commit_of(tree: &str) -> Vec<u8> {
    let who = "A <a@example.org> 1700000000 +0000";
    format!("tree {tree}\nauthor {who}\ncommitter {who}\n\nhostile\n").into_bytes()
}

fn asks_for_a_pack(seen: &Seen) -> bool {
    seen.method == "POST"
        && seen.header("content-length").is_some_and(|length| length.parse::<u32>().unwrap() > 150)
}

/// Fetches from a server that answers with `pack`, whatever is asked.
fn receive(bench: &Bench, pack: &[u8], held: Option<Arc<dyn Held>>) -> Result<git::Origin, GitError> {
    let body = answer(pack);
    let act = move |seen: &Seen| if asks_for_a_pack(seen) { Act::Answer(body.clone()) } else { Act::Serve };
    let server = Server::start(bench.folder.path(), act);
    let location = Location::parse(&format!("{}/repo/.git", server.url))?;
    let fetcher = bench.fetcher();
    let head = fetcher.resolve(&location, &GO_ON)?;
    let origin = fetcher.fetch(&location, &head, "visit", held, &Silent, &GO_ON)?;
    origin.walk(|_| Ok::<_, GitError>(()))?;
    Ok(origin)
}

fn bench() -> Bench {
    let limits = Limits { object_bytes: 1 << 20, transfer_bytes: 8 << 20, ..Limits::default() };
    let bench = Bench::with_limits(limits);
    let repo = bench.init("repo");
    std::fs::write(repo.join("file"), "honest").unwrap();
    commit_all(&repo);
    bench
}

/// Is refused, in words, and leaves nothing.
fn assert_refused(bench: &Bench, what: &str, pack: &[u8]) -> GitError {
    let error = match receive(bench, pack, None) {
        Ok(_) => panic!("{what}: accepted"),
        Err(error) => error,
    };
    let kinds = [ErrorKind::Invalid, ErrorKind::TooLarge, ErrorKind::Unavailable, ErrorKind::NotFound];
    assert!(kinds.contains(&error.kind()), "{what}: {error}");
    let said = error.to_string();
    assert!(said.contains("/repo/.git") || said.contains("the root folder"), "{what}: it says where: {said}");
    bench.fetcher().discard("visit").unwrap();
    assert!(bench.scratch_is_empty(), "{what}");
    error
}

#[test]
fn packs_that_are_none() {
    let bench = bench();
    let blob = object(BLOB, b"bytes");
    let whole = pack(std::slice::from_ref(&blob));
    let mut wrong_sum = whole.clone();
    *wrong_sum.last_mut().unwrap() ^= 1;
    let mut wrong_zlib = whole.clone();
    wrong_zlib[20] ^= 0xff;
    let cases: [(&str, Vec<u8>); 9] = [
        ("nothing", Vec::new()),
        ("garbage", b"this is no pack at all, but it is long enough".to_vec()),
        ("another version", [b"PACK\0\0\0\x09\0\0\0\0", &[0; 20][..]].concat()),
        ("cut off", whole[..whole.len() - 25].to_vec()),
        ("a wrong sum", wrong_sum),
        ("broken compression", wrong_zlib),
        ("more objects than there are", pack_of(7, std::slice::from_ref(&blob))),
        ("four billion objects", pack_of(u32::MAX, std::slice::from_ref(&blob))),
        ("a size that is not true", pack(&[entry(BLOB, 4, &[], b"more than four bytes")])),
    ];
    for (what, bytes) in &cases {
        assert_refused(&bench, what, bytes);
    }
    let error = assert_refused(&bench, "not what was asked for", &whole);
    assert!(error.to_string().contains("there is no commit"), "{error}");
}

#[test]
fn deltas_that_explode_lead_nowhere_or_to_themselves() {
    let bench = bench();
    let base = vec![b'x'; 1_000];
    // Copies the whole base as often as it takes, each copy in five bytes.
    let bomb = |from: u64, copies: u64| {
        let mut delta = size_of_delta(from);
        delta.extend(size_of_delta(from * copies));
        let copy = [0x80 | 0x30, (from & 0xff) as u8, (from >> 8) as u8];
        (0..copies).for_each(|_| delta.extend(copy));
        delta
    };
    let first = object(BLOB, &base);
    let delta = bomb(1_000, 5_000);
    let exploding = entry(OFFSET_DELTA, delta.len() as u64, &distance(first.len() as u64), &delta);
    let error = assert_refused(&bench, "a bomb", &pack(&[first.clone(), exploding]));
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");

    let lying = [size_of_delta(1_000), size_of_delta(u64::MAX / 2), vec![0x80 | 0x10, 10]].concat();
    let small = [size_of_delta(1_000), size_of_delta(10), vec![0x80 | 0x10, 10]].concat();
    let out_of_bounds =
        [size_of_delta(1_000), size_of_delta(10), vec![0x80 | 0x1f, 0xff, 0xff, 0xff, 0x7f, 10]].concat();
    let own_id = id_of("blob", b"x");
    let raw = |hex: &str| -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    };
    let by_offset = |back: u64, delta: &[u8]| entry(OFFSET_DELTA, delta.len() as u64, &distance(back), delta);
    let by_id = |id: &str, delta: &[u8]| entry(ID_DELTA, delta.len() as u64, &raw(id), delta);
    let back = first.len() as u64;
    let cases: Vec<(&str, Vec<Vec<u8>>)> = vec![
        ("a result that nobody can hold", vec![first.clone(), by_offset(back, &lying)]),
        ("a copy from behind the end", vec![first.clone(), by_offset(back, &out_of_bounds)]),
        ("an instruction that is none", vec![first.clone(), by_offset(back, &[0x88, 7, 10, 0])]),
        ("a delta without anything", vec![first.clone(), by_offset(back, &[])]),
        ("a base before the beginning", vec![by_offset(1 << 40, &small)]),
        ("a base that is itself", vec![by_offset(0, &small)]),
        ("a base in the middle of another object", vec![first.clone(), by_offset(back - 3, &small)]),
        ("a base that is not there", vec![first.clone(), by_id(&"ab".repeat(20), &small)]),
        ("a base that is its own result", vec![by_id(&own_id, &small)]),
    ];
    for (what, entries) in cases {
        assert_refused(&bench, what, &pack(&entries));
    }
}

/// Holds one base, which is not what it should be.
struct WrongBase;

impl Held for WrongBase {
    fn commits(&self) -> Vec<HeldCommit> {
        vec![HeldCommit { commit: Oid::from([3; 20]), tree: Oid::from([4; 20]) }]
    }

    fn tree(&self, _: &Oid) -> Result<Option<Vec<u8>>, GitError> {
        Ok(Some(b"no tree".to_vec()))
    }

    fn content(&self, _: &Oid) -> Result<Option<Vec<u8>>, GitError> {
        Ok(Some(vec![7; 500]))
    }

    fn unknown(&self, _: &[Oid]) -> Result<Vec<Oid>, GitError> {
        Ok(Vec::new())
    }
}

#[test]
fn deltas_on_what_is_held_are_no_way_in() {
    let bench = bench();
    let delta = [size_of_delta(7), size_of_delta(4), vec![0x80 | 0x10, 4]].concat();
    let on_held = entry(ID_DELTA, delta.len() as u64, &[0xab; 20], &delta);
    let behind = object(BLOB, b"behind");
    for entries in [vec![on_held.clone()], vec![behind.clone(), on_held.clone(), behind], vec![on_held; 3]] {
        let error = receive(&bench, &pack(&entries), Some(Arc::new(WrongBase))).err().unwrap();
        assert!(matches!(error.kind(), ErrorKind::Invalid | ErrorKind::NotFound), "{error}");
        bench.fetcher().discard("visit").unwrap();
    }
}

#[test]
fn a_commit_whose_trees_are_not_what_they_should_be() {
    let bench = bench();
    let head = text(git(&bench.path("repo"), &["rev-parse", "HEAD"]));
    let real = git(&bench.path("repo"), &["cat-file", "commit", &head]);
    // The commit is what was asked for; its tree is missing, or it is something else.
    let error = assert_refused(&bench, "no tree", &pack(&[object(COMMIT, &real)]));
    assert!(error.kind() == ErrorKind::Invalid, "{error}");
    let other = commit_of(&id_of("tree", b""));
    assert_refused(&bench, "another commit", &pack(&[object(COMMIT, &other), object(TREE, b"")]));
}
