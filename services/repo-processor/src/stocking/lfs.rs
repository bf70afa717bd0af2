//! Recognises pointers of Git LFS, as <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md> has them.

use contracts::Oid;
use store::lfs::LfsPointer;

/// What the format allows at the most.
const MOST_BYTES: usize = 1_024;
const VERSIONS: [&str; 2] = ["https://git-lfs.github.com/spec/v1", "https://hawser.github.com/spec/v1"];

/// What these bytes stand for, when they are a pointer.
pub(super) fn pointer(oid: Oid, bytes: &[u8]) -> Option<LfsPointer> {
    if bytes.len() >= MOST_BYTES || !bytes.starts_with(b"version ") {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let (mut target, mut size) = (None, None);
    let mut lines = text.lines();
    let version = lines.next()?.strip_prefix("version ")?;
    if !VERSIONS.contains(&version) {
        return None;
    }
    for line in lines {
        match line.split_once(' ')? {
            ("oid", digest) => target = Some(digest.to_owned()),
            ("size", bytes) => size = Some(bytes.parse().ok()?),
            _ => {}
        }
    }
    Some(LfsPointer { oid, target: target?, size: size? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_pointer_is_one() {
        let oid = Oid::from([1; 20]);
        let digest = format!("sha256:{}", "ab".repeat(32));
        let text = format!("version https://git-lfs.github.com/spec/v1\noid {digest}\nsize 12345\n");
        assert_eq!(pointer(oid, text.as_bytes()), Some(LfsPointer { oid, target: digest, size: 12345 }));
        for other in [
            "",
            "version 1\noid sha256:00\nsize 1\n",
            "version https://git-lfs.github.com/spec/v1\nsize 1\n",
            "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize many\n",
            "version https://git-lfs.github.com/spec/v1\nnonsense\n",
        ] {
            assert_eq!(pointer(oid, other.as_bytes()), None, "{other}");
        }
        assert_eq!(pointer(oid, &[text.as_bytes(), &[b' '; MOST_BYTES]].concat()), None);
    }
}
