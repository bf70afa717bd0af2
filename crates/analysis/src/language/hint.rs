//! The part of a path that decides what a file is.

use super::table;

/// The longest key of the tables, in bytes; a longer name or extension is not looked up.
const LONGEST: usize = 64;

/// The part of a path that decides what a file is: the known file name (`Makefile`), else the longest
/// known extension in lower case (`.d.ts`, `.py`), else nothing.
///
/// A pure function of the path, any bytes. Two files with the same content and the same hint have the
/// same results.
pub fn hint(path: &[u8]) -> &'static str {
    let start = memchr::memrchr(b'/', path).map_or(0, |slash| slash + 1);
    // Git does not ask names to be UTF-8; what is not cannot be a known name, but it can end in `.rs`.
    let name = String::from_utf8_lossy(path.get(start..).unwrap_or_default());
    if let Some(known) = key(&table::FILENAMES, &name) {
        return known;
    }
    if let Some(licence) = licence(&name) {
        return licence;
    }
    // Every dot but a leading one can start an extension; the leftmost known one is the longest.
    for (dot, _) in name.match_indices('.').filter(|(dot, _)| *dot > 0) {
        let extension = name.get(dot..).unwrap_or_default();
        if extension.len() <= LONGEST
            && let Some(known) = key(&table::EXTENSIONS, &extension.to_lowercase())
        {
            return known;
        }
    }
    ""
}

/// Licences come under many names (`COPYING.LESSER`, `LICENSE-MIT`, `licence.txt`); as hints they are one
/// for each format.
fn licence(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let starts = ["license", "licence", "unlicense", "copying", "copyright", "notice", "eula"];
    let rest = starts.iter().find_map(|start| lower.strip_prefix(start))?;
    if !rest.chars().next().is_none_or(|next| "-_.0123456789s".contains(next)) {
        return None;
    }
    match rest.rsplit_once('.') {
        Some((_, "md" | "markdown")) => Some("LICENSE.md"),
        Some((_, "txt" | "text")) => Some("LICENSE.txt"),
        Some((_, "rst")) => Some("LICENSE.rst"),
        Some((_, "html" | "htm")) => Some("LICENSE.html"),
        // `license.go` is a program, `LICENSE.mit` is not.
        Some((_, extension)) => {
            key(&table::EXTENSIONS, &format!(".{extension}")).is_none().then_some("LICENSE")
        }
        None => Some("LICENSE"),
    }
}

fn key(rows: &'static [(&'static str, &[u16])], wanted: &str) -> Option<&'static str> {
    let index = rows.binary_search_by(|(row, _)| (*row).cmp(wanted)).ok()?;
    rows.get(index).map(|(row, _)| *row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_then_the_longest_extension() {
        assert_eq!(hint(b"Makefile"), "Makefile");
        assert_eq!(hint(b"a/b/Cargo.lock"), "Cargo.lock");
        assert_eq!(hint(b"a/b/main.PY"), ".py");
        assert_eq!(hint(b"x/app.blade.php"), ".blade.php");
        assert_eq!(hint(b"LICENSE-MIT"), "LICENSE");
        assert_eq!(hint(b"a/COPYING.LESSER"), "LICENSE");
        assert_eq!(hint(b"licence.txt"), "LICENSE.txt");
        assert_eq!(hint(b"LICENSES.md"), "LICENSE.md");
        assert_eq!(hint(b"license.go"), ".go");
        assert_eq!(hint(b"licensing.py"), ".py");
        assert_eq!(hint(b"x/y.z/plain"), "");
        assert_eq!(hint(b".rs"), "");
        assert_eq!(hint(b""), "");
        assert_eq!(hint(b"dir/"), "");
        assert_eq!(hint(b"caf\xe9.rs"), ".rs");
    }
}
