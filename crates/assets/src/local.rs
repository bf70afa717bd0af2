//! Files of this machine, below folders that an operator names, and nothing else.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    os::fd::AsRawFd as _,
    path::{Path, PathBuf},
};

use contracts::{ErrorKind, Failure};

/// How much is read before it is asked whether the rest is wanted.
const HEAD: usize = 64 << 10;

/// Where files may be read.
#[derive(Clone, Debug)]
pub(crate) enum Roots {
    /// Anywhere: what a person names at their own terminal.
    Anywhere,
    /// Below these folders, by their real paths.
    Below(Vec<PathBuf>),
}

impl Roots {
    /// The file that `path` names: an absolute path, or one from a root. Links are followed as long as they
    /// stay inside.
    pub(crate) fn find(&self, path: &Path) -> Result<PathBuf, Failure> {
        let bytes = path.as_os_str().as_encoded_bytes();
        if bytes.is_empty() || bytes.contains(&0) {
            return Err(Failure::new(ErrorKind::Invalid, "a path is not empty and has no zero in it"));
        }
        let roots = match self {
            Self::Anywhere => return regular(path, path),
            Self::Below(roots) => roots,
        };
        let mut last = outside(path);
        for root in roots {
            let there = root.join(path);
            match regular(&there, path) {
                Ok(real) if real.starts_with(root) => return Ok(real),
                Ok(_) => {}
                // Whether something is there is nobody's business unless it is inside.
                Err(failure) if leads_inside(root, &there) => last = failure,
                Err(_) => {}
            }
        }
        Err(last)
    }

    /// Whether an opened file is where it may be: its folders may have been changed since it was found.
    fn holds(&self, file: &File) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Below(roots) => fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))
                .is_ok_and(|real| roots.iter().any(|root| real.starts_with(root))),
        }
    }
}

/// The real path of a regular file: nothing else is ever opened, as a pipe could be waited on for ever. A failure
/// names it as `shown`.
fn regular(path: &Path, shown: &Path) -> Result<PathBuf, Failure> {
    let real = fs::canonicalize(path).map_err(|error| failed(shown, &error))?;
    let meta = fs::metadata(&real).map_err(|error| failed(shown, &error))?;
    if meta.is_file() {
        return Ok(real);
    }
    Err(Failure::new(ErrorKind::Invalid, format!("{} is no file", shown.display())))
}

/// Whether as much of a path as is there lies below a root.
fn leads_inside(root: &Path, path: &Path) -> bool {
    path.ancestors().find_map(|part| fs::canonicalize(part).ok()).is_some_and(|real| real.starts_with(root))
}

fn outside(path: &Path) -> Failure {
    Failure::new(ErrorKind::Forbidden, format!("{} is not below a configured root", path.display()))
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => ErrorKind::Forbidden,
        _ => ErrorKind::NotFound,
    };
    Failure::new(kind, format!("{}: {error}", path.display()))
}

/// Reads a file, whole unless `stop` says that the rest is of no use. Blocks.
pub(crate) fn read(
    roots: &Roots,
    path: &Path,
    most: u64,
    stop: impl Fn(&[u8]) -> bool,
) -> Result<(Vec<u8>, bool), Failure> {
    let real = roots.find(path)?;
    let mut file = File::open(&real).map_err(|error| failed(&real, &error))?;
    if !roots.holds(&file) {
        return Err(outside(path));
    }
    let length = file.metadata().map_err(|error| failed(&real, &error))?.len();
    let larger = || Failure::new(ErrorKind::TooLarge, format!("it is larger than {most} bytes"));
    if length > most {
        return Err(larger());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0).saturating_add(1));
    file.by_ref().take(HEAD as u64).read_to_end(&mut bytes).map_err(|error| failed(&real, &error))?;
    if bytes.len() == HEAD && stop(&bytes) {
        return Ok((bytes, false));
    }
    let rest = most.saturating_sub(bytes.len() as u64).saturating_add(1);
    file.take(rest).read_to_end(&mut bytes).map_err(|error| failed(&real, &error))?;
    if bytes.len() as u64 > most {
        return Err(larger());
    }
    Ok((bytes, true))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_outside_is_read_whatever_leads_there() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = fs::canonicalize(inside.path()).unwrap();
        let secret = outside.path().join("secret");
        fs::write(&secret, "s").unwrap();
        fs::write(root.join("a"), "abc").unwrap();
        fs::create_dir(root.join("folder")).unwrap();
        symlink(&secret, root.join("link")).unwrap();
        symlink(outside.path(), root.join("way")).unwrap();
        symlink(root.join("a"), root.join("good")).unwrap();
        let roots = Roots::Below(vec![root.clone()]);
        let read = |path: &str| read(&roots, Path::new(path), 10, |_| false);
        let at = |path: &str| root.join(path).display().to_string();
        for path in ["a", "good", "folder/../a", &at("a")] {
            assert_eq!(read(path).unwrap(), (b"abc".to_vec(), true), "{path}");
        }
        let upward = format!("../{}/secret", outside.path().file_name().unwrap().to_str().unwrap());
        for path in [
            "link",
            "way/secret",
            "folder",
            "nothing",
            "",
            "a\0",
            &upward,
            &at("link"),
            secret.to_str().unwrap(),
        ] {
            assert!(read(path).is_err(), "{path}");
        }
        assert_eq!(read(secret.to_str().unwrap()).unwrap_err().kind, ErrorKind::Forbidden);
        let nothing = read("nothing").unwrap_err();
        assert_eq!(nothing.kind, ErrorKind::NotFound);
        assert!(
            nothing.reason.starts_with("nothing: "),
            "where the root is, is nobody's business: {nothing}"
        );
        assert_eq!(read(".").unwrap_err().reason, ". is no file");
        // What is outside is told in the same words whether it is there or not.
        let upward =
            |name: &str| format!("../{}/{name}", outside.path().file_name().unwrap().to_str().unwrap());
        for (there, gone) in [
            (upward("secret"), upward("gone")),
            (at(&upward("secret")), at(&upward("gone"))),
            ("way/secret".to_owned(), "way/gone".to_owned()),
            ("/etc/passwd".to_owned(), "/etc/gone/gone".to_owned()),
        ] {
            let told = |path: &str| {
                let failure = read(path).unwrap_err();
                (failure.kind, failure.reason.replace(path, "PATH"))
            };
            assert_eq!(told(&there), told(&gone), "{there}");
        }
        fs::write(root.join("large"), "abcdefghijk").unwrap();
        assert_eq!(read("large").unwrap_err().kind, ErrorKind::TooLarge);
    }
    #[test]
    fn what_cannot_be_read_is_told_whoever_asks() {
        // A regular file whose first byte nobody can read, the superuser neither.
        let unreadable = read(&Roots::Anywhere, Path::new("/proc/self/mem"), 1 << 20, |_| false);
        assert!(unreadable.unwrap_err().reason.starts_with("/proc/"), "it names the file");
        let directory = tempfile::tempdir().unwrap();
        let refused = read(&Roots::Anywhere, directory.path(), 10, |_| false).unwrap_err();
        assert!(refused.reason.ends_with("is no file"), "{refused:?}");
    }
}
