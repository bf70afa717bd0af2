//! The files that a person means: those that they name, and those in the directories that they name.

use std::{fs, path::Path};

use contracts::{ErrorKind, Failure};

/// One file.
pub(super) struct Target {
    pub(super) name: String,
    pub(super) is_url: bool,
}

/// Every file, those of a directory by name. Links in directories are not followed, and what git keeps for
/// itself is left out.
///
/// # Errors
/// When a directory cannot be read, or a name is no UTF-8.
pub(super) fn all(named: &[String]) -> Result<Vec<Target>, Failure> {
    let mut found = Vec::new();
    for name in named {
        let is_url = name.starts_with("http://") || name.starts_with("https://");
        if !is_url && Path::new(name).is_dir() {
            walk(Path::new(name), &mut found)?;
        } else {
            // What is not there is told like everything else that is wrong.
            found.push(Target { name: name.clone(), is_url });
        }
    }
    Ok(found)
}

fn walk(directory: &Path, found: &mut Vec<Target>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(ErrorKind::NotFound, format!("{}: {error}", directory.display()))
    };
    let mut entries =
        fs::read_dir(directory).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_unstable_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
        if kind.is_dir() && entry.file_name() != ".git" {
            walk(&path, found)?;
        } else if kind.is_file() {
            let name = path.to_str().ok_or_else(|| {
                Failure::new(ErrorKind::Invalid, format!("{}: the name is no UTF-8", path.display()))
            })?;
            found.push(Target { name: name.to_owned(), is_url: false });
        }
    }
    Ok(())
}
