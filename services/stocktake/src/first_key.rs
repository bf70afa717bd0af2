//! The first key of a data folder: made at the first start, shown once, found by the commands of this
//! program.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use contracts::{ErrorKind, Failure};
use jiff::Timestamp;
use store::{
    Store,
    api_keys::{self, NewKey, Scope, SecretKey},
};

/// Where it lies. Only its owner may read it.
fn file(data: &Path) -> PathBuf {
    data.join("admin.key")
}

/// Makes the first key when there is none, and keeps it in the data folder. None when there is one.
///
/// # Errors
/// When the store does not answer, or the file cannot be written; then there is no key either.
pub(crate) async fn make(store: &Store, data: &Path) -> Result<Option<SecretKey>, Failure> {
    let (path, now) = (file(data), Timestamp::now());
    store
        .write(move |tx| {
            if api_keys::any(tx)? {
                return Ok(None);
            }
            let new = NewKey {
                name: "first key of this data folder".to_owned(),
                scopes: vec![Scope::Admin],
                rate_per_minute: None,
                daily_quota: None,
                expires_at: None,
            };
            let (_, secret) = api_keys::create(tx, &new, now)?;
            // Before the commit: a key that nobody has is of no use.
            write(&path, &secret).map_err(|error| {
                Failure::new(ErrorKind::Unavailable, format!("{} cannot be written: {error}", path.display()))
            })?;
            Ok(Some(secret))
        })
        .await
}

fn write(path: &Path, secret: &SecretKey) -> std::io::Result<()> {
    let part = path.with_extension("part");
    let mut file = fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    writeln!(file, "{}", secret.expose())?;
    file.sync_all()?;
    fs::rename(&part, path)
}

/// The key that lies in the data folder.
pub(crate) fn read(data: &Path) -> Option<SecretKey> {
    SecretKey::parse(fs::read_to_string(file(data)).ok()?.trim())
}
