//! Commits as git has them, read so that nothing in one can surprise: dates of any size, authors that are none,
//! messages that are no text.

use contracts::Oid;

use crate::{GitError, tree::to_oid};

/// Bytes of a message that are kept, and of a name or an address.
const MESSAGE: usize = 64 << 10;
const NAME: usize = 1_000;
/// Parents that are kept.
const PARENTS: usize = 1_000;

/// Who did something, and when, as a commit says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// The name, which may be empty; at most a thousand bytes of it.
    pub name: String,
    /// The address, which may be empty; at most a thousand bytes of it.
    pub email: String,
    /// Seconds since 1970; none when there is no number that fits.
    pub at: Option<i64>,
    /// Minutes east of Greenwich; 0 when it is not said.
    pub offset: i32,
}

/// A commit without its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: Oid,
    /// Its parents, at most a thousand.
    pub parents: Vec<Oid>,
    /// How many parents there are.
    pub parent_count: u64,
    /// Who wrote it.
    pub author: Signature,
    /// Who made the commit.
    pub committer: Signature,
    /// The message as text, at most 64 KiB of it. What is no text in the encoding that the commit names becomes
    /// U+FFFD.
    pub message: String,
    /// Bytes of the whole message, as it lies in the repository.
    pub message_bytes: u64,
}

impl Commit {
    /// Reads a commit object's bytes. Everything is a commit: what is not understood is left empty.
    pub(crate) fn read(id: &gix::oid, data: &[u8]) -> Result<Self, GitError> {
        let (head, message) = split(data);
        let encoding = header(head, b"encoding")
            .and_then(encoding_rs::Encoding::for_label)
            .unwrap_or(encoding_rs::UTF_8);
        let text = |bytes: &[u8]| encoding.decode_without_bom_handling(bytes).0.into_owned();
        let signature =
            |name: &[u8]| header(head, name).map(|line| signature(line, &text)).unwrap_or_default();
        let mut parents = Vec::new();
        let mut parent_count = 0;
        for parent in parents_of(data) {
            parent_count += 1;
            if parents.len() < PARENTS {
                parents.push(to_oid(&parent)?);
            }
        }
        Ok(Self {
            id: to_oid(id)?,
            parents,
            parent_count,
            author: signature(b"author"),
            committer: signature(b"committer"),
            message: text(beginning(message, MESSAGE)),
            message_bytes: message.len() as u64,
        })
    }
}

/// The ids of the parents, as far as they are ids.
pub(crate) fn parents_of(data: &[u8]) -> impl Iterator<Item = gix::ObjectId> {
    // As git reads it: the tree, then parents until another line comes.
    data.split(|byte| *byte == b'\n')
        .skip_while(|line| line.starts_with(b"tree "))
        .map_while(|line| line.strip_prefix(b"parent "))
        .filter_map(|id| gix::ObjectId::from_hex(id).ok())
        .filter(|id| id.kind() == gix::hash::Kind::Sha1)
}

/// The lines of the head, and what comes behind the empty line.
fn split(data: &[u8]) -> (&[u8], &[u8]) {
    if let Some(message) = data.strip_prefix(b"\n") {
        return (&[], message);
    }
    match data.windows(2).position(|pair| pair == b"\n\n") {
        Some(end) => (&data[..end], &data[end + 2..]),
        None => (data, &[]),
    }
}

/// The value of the first line of this name. Lines that go on, as signatures do, begin with a space.
fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name)?.strip_prefix(b" "))
}

/// `Name <address> seconds offset`, as git takes it apart.
fn signature(line: &[u8], text: &impl Fn(&[u8]) -> String) -> Signature {
    let Some(open) = line.iter().position(|byte| *byte == b'<') else {
        return Signature { name: text(beginning(line.trim_ascii_end(), NAME)), ..Signature::default() };
    };
    let (name, rest) = (line[..open].trim_ascii_end(), &line[open + 1..]);
    let close = rest.iter().position(|byte| *byte == b'>').unwrap_or(rest.len());
    // An address may have a `>` too many: the time comes behind the last one.
    let time = rest.iter().rposition(|byte| *byte == b'>').map_or(&[][..], |last| &rest[last + 1..]);
    let (at, offset) = time_of(time).unwrap_or_default();
    let name = text(beginning(name, NAME));
    Signature { name, email: text(beginning(&rest[..close], NAME)), at, offset }
}

/// Seconds, where they fit, and minutes; nothing when it is no time at all.
fn time_of(text: &[u8]) -> Option<(Option<i64>, i32)> {
    let text = std::str::from_utf8(text).ok()?.trim_ascii();
    let (seconds, zone) = text.split_once(|character: char| character.is_ascii_whitespace())?;
    if seconds.is_empty() || !seconds.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let zone = zone.trim_ascii_start();
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits = zone.strip_prefix(['+', '-'])?;
    let end = digits.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let zone: i32 = digits.get(..end)?.parse().unwrap_or(0);
    // Nowhere is a day away from Greenwich.
    let minutes = Some(zone / 100 * 60 + zone % 100).filter(|minutes| *minutes <= 24 * 60).unwrap_or(0);
    Some((seconds.parse().ok(), sign * minutes))
}

/// As much of it as may be kept, up to the end of a character.
fn beginning(bytes: &[u8], most: usize) -> &[u8] {
    if bytes.len() <= most {
        return bytes;
    }
    let is_inside = |at: &usize| bytes[*at] & 0b1100_0000 == 0b1000_0000;
    let end = (most.saturating_sub(3)..=most).rev().find(|at| !is_inside(at)).unwrap_or(most);
    &bytes[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data: &[u8]) -> Commit {
        Commit::read(&gix::ObjectId::null(gix::hash::Kind::Sha1), data).unwrap()
    }

    #[test]
    fn an_ordinary_commit() {
        let parent = "12".repeat(20);
        let text = format!(
            "tree {}\nparent {parent}\nauthor Jürgen <j@example.org> 1700000000 +0130\n\
             committer C <c@example.org> 1700000001 -0800\ngpgsig -----\n x\n\n subject\n\nbody\n",
            "ab".repeat(20)
        );
        let commit = read(text.as_bytes());
        assert_eq!((commit.parents[0].to_string(), commit.parent_count), (parent, 1));
        let author = Signature {
            name: "Jürgen".into(),
            email: "j@example.org".into(),
            at: Some(1_700_000_000),
            offset: 90,
        };
        assert_eq!(commit.author, author);
        assert_eq!((commit.committer.at, commit.committer.offset), (Some(1_700_000_001), -480));
        assert_eq!((commit.message.as_str(), commit.message_bytes), (" subject\n\nbody\n", 15));
    }

    #[test]
    fn what_a_signature_may_be() {
        let of = |line: &str| {
            let Signature { name, email, at, offset } = read(format!("author {line}\n\nx").as_bytes()).author;
            (name, email, at, offset)
        };
        let parts = |name: &str, email: &str, at, offset| (name.to_owned(), email.to_owned(), at, offset);
        assert_eq!(of("A <a> 99999999999999999999 +0000"), parts("A", "a", None, 0));
        assert_eq!(of("A <a> 9223372036854775807 +9999"), parts("A", "a", Some(i64::MAX), 0));
        assert_eq!(of("A <a> -5 +0000"), parts("A", "a", None, 0));
        assert_eq!(of("A <a>"), parts("A", "a", None, 0));
        assert_eq!(of("A <a> 5"), parts("A", "a", None, 0));
        assert_eq!(of("A <a>> 5 +0000"), parts("A", "a", Some(5), 0));
        assert_eq!(of("A <a 5 +0000"), parts("A", "a 5 +0000", None, 0));
        assert_eq!(of("nobody"), parts("nobody", "", None, 0));
        assert_eq!(of("<> 0 +99999999999"), parts("", "", Some(0), 0));
    }

    #[test]
    fn no_author_no_head_and_no_end() {
        for data in [&b""[..], b"\n", b"tree", b"\n\nx", b"parent \nauthor\n\n", &[0xff; 100]] {
            let commit = read(data);
            assert_eq!((commit.author, commit.parent_count), (Signature::default(), 0));
        }
    }

    #[test]
    fn other_encodings_are_read_and_what_is_no_text_is_told() {
        let latin = b"author J\xfcrgen <j> 1 +0000\nencoding ISO-8859-1\n\nStra\xdfe";
        assert_eq!(read(latin).author.name, "Jürgen");
        assert_eq!(read(latin).message, "Straße");
        assert_eq!(read(b"author A <a> 1 +0000\n\n\xff\xfe").message, "\u{fffd}\u{fffd}");
    }

    #[test]
    fn long_messages_and_many_parents_are_cut() {
        let message = "ü".repeat(1 << 20);
        let commit = read(format!("tree x\n\nx{message}").as_bytes());
        assert_eq!(commit.message_bytes, (2 << 20) + 1);
        assert!(commit.message.len() <= MESSAGE && commit.message.ends_with('ü'));
        let parents: String = (0..5_000).map(|n| format!("parent {n:040x}\n")).collect();
        let commit = read(format!("tree x\n{parents}author A <a> 1 +0000\n\nx").as_bytes());
        assert_eq!((commit.parents.len(), commit.parent_count), (PARENTS, 5_000));
    }
}
