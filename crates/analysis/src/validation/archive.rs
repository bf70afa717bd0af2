//! Archives: their entries, each read to its end within bounds and thrown away.

use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;

/// One entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path, as it stands there.
    pub path: String,
    /// Its bytes, unpacked.
    pub bytes: u64,
    /// Its bytes as they are packed, where an archive packs each of its own.
    pub packed: Option<u64>,
    /// Whether it leads to another path, and to which.
    pub link: Option<String>,
    /// Whether it can be read only with a password.
    pub encrypted: bool,
}

/// What is in an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// `zip`, `tar` or `tar.gz`.
    pub format: &'static str,
    /// The entries.
    pub entries: Vec<Entry>,
    /// Bytes of all of them, unpacked.
    pub bytes: u64,
    /// Whether a bound ended the reading: there is more.
    pub cut: bool,
}

/// Lists an archive and reads everything in it, up to `max_entries` and `max_bytes`.
///
/// # Errors
/// Why it cannot be read, in a sentence for people.
pub fn list(bytes: &[u8], max_entries: u64, max_bytes: u64) -> Result<Listing, String> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return zip(bytes, max_entries, max_bytes)
            .map_err(|error| format!("Archive cannot be read: {error}."));
    }
    let unreadable = |error: io::Error| format!("Archive cannot be read: {error}.");
    if bytes.starts_with(b"\x1f\x8b") {
        // One byte more than may be is enough to know.
        let reader = MultiGzDecoder::new(bytes).take(max_bytes.saturating_add(1 << 20));
        return tar("tar.gz", reader, max_entries, max_bytes).map_err(unreadable);
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return tar("tar", bytes, max_entries, max_bytes).map_err(unreadable);
    }
    Err("Asset is not an archive.".to_owned())
}

fn zip(bytes: &[u8], max_entries: u64, max_bytes: u64) -> Result<Listing, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let mut listing = Listing { format: "zip", ..Listing::default() };
    for index in 0..archive.len() {
        if listing.entries.len() as u64 >= max_entries || listing.bytes > max_bytes {
            listing.cut = true;
            break;
        }
        let (path, packed, encrypted, is_link) = {
            let raw = archive.by_index_raw(index).map_err(|error| error.to_string())?;
            let path = String::from_utf8_lossy(raw.name_raw()).into_owned();
            (path, raw.compressed_size(), raw.encrypted(), raw.is_symlink())
        };
        let mut entry = Entry { path, bytes: 0, packed: Some(packed), link: None, encrypted };
        if !encrypted {
            let file = archive.by_index(index).map_err(|error| format!("{}: {error}", entry.path))?;
            let room = max_bytes.saturating_sub(listing.bytes).saturating_add(1);
            let mut bounded = file.take(room);
            if is_link {
                let mut target = String::new();
                bounded
                    .by_ref()
                    .take(4_096)
                    .read_to_string(&mut target)
                    .map_err(|error| error.to_string())?;
                entry.bytes = target.len() as u64;
                entry.link = Some(target);
            } else {
                let read = io::copy(&mut bounded, &mut io::sink());
                entry.bytes = read.map_err(|error| format!("{}: {error}", entry.path))?;
            }
        }
        listing.bytes += entry.bytes;
        listing.entries.push(entry);
    }
    listing.cut |= listing.bytes > max_bytes;
    Ok(listing)
}

fn tar(format: &'static str, reader: impl Read, max_entries: u64, max_bytes: u64) -> io::Result<Listing> {
    let mut listing = Listing { format, ..Listing::default() };
    let mut archive = tar::Archive::new(reader);
    for entry in archive.entries()? {
        if listing.entries.len() as u64 >= max_entries || listing.bytes > max_bytes {
            listing.cut = true;
            break;
        }
        let mut entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let link = entry.link_name_bytes().map(|name| String::from_utf8_lossy(&name).into_owned());
        let claimed = entry.size();
        let room = max_bytes.saturating_sub(listing.bytes).saturating_add(1);
        let read = io::copy(&mut entry.by_ref().take(room), &mut io::sink())?;
        if read < claimed.min(room) {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{path} is cut off")));
        }
        listing.bytes += read;
        listing.entries.push(Entry { path, bytes: read, packed: None, link, encrypted: false });
    }
    listing.cut |= listing.bytes > max_bytes;
    Ok(listing)
}
