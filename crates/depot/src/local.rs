//! What a crash leaves in a local depot: the temporary file of a pack that was being written.
//!
//! Such a file is called like the pack with `#` and a number behind it. It is never taken for a pack.

use std::{
    fs, io,
    path::Path,
    time::{Duration, SystemTime},
};

/// Removes temporary files that were last written to longer ago than `older_than`; says how many.
pub(crate) fn collect_leftovers(directory: &Path, older_than: Duration) -> io::Result<u64> {
    let now = SystemTime::now();
    let mut removed = 0;
    for shard in read_dir(&directory.join("packs"))? {
        let shard = shard?.path();
        if !shard.is_dir() {
            continue;
        }
        for file in read_dir(&shard)? {
            let file = file?;
            if !is_leftover(&file.file_name().to_string_lossy()) {
                continue;
            }
            // Whoever writes it may have finished it in this moment: then it is no longer there.
            let Ok(written) = file.metadata().and_then(|metadata| metadata.modified()) else { continue };
            let age = now.duration_since(written).unwrap_or_default();
            if age >= older_than && fs::remove_file(file.path()).is_ok() {
                removed += 1;
            }
        }
    }
    Ok(removed)
}

/// The entries of a directory; none when it is not there.
fn read_dir(path: &Path) -> io::Result<impl Iterator<Item = io::Result<fs::DirEntry>> + use<>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => Some(entries),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    Ok(entries.into_iter().flatten())
}

fn is_leftover(name: &str) -> bool {
    let Some((pack, number)) = name.split_once('#') else { return false };
    pack.ends_with(".pack") && !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit())
}

/// Proves that files can be made and removed in `directory`.
pub(crate) fn probe(directory: &Path) -> io::Result<()> {
    let file = directory.join(format!(".check-{}", std::process::id()));
    fs::write(&file, b"")?;
    fs::remove_file(&file)
}

#[cfg(test)]
mod tests {
    use super::is_leftover;

    #[test]
    fn only_temporary_files_of_packs_are_leftovers() {
        assert!(is_leftover("ab.pack#1") && is_leftover("ab.pack#23"));
        for name in ["ab.pack", "ab.pack#", "ab.pack#x", "notes#1", "#1"] {
            assert!(!is_leftover(name), "{name}");
        }
    }
}
