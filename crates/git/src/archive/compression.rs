//! What lies around a tar archive, taken away as it is read.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    path::Path,
};

use super::Compression;
use crate::{GitError, meter::Meter};

/// The largest window that a zstd stream may ask to be remembered: 2^27 bytes.
const WINDOW_LOG: u32 = 27;
/// The most memory that an xz stream may ask for.
const XZ_MEMORY: usize = 128 << 20;

/// The tar archive in `source`.
pub(super) fn open<'a>(
    source: impl BufRead + 'a,
    compression: Compression,
    scratch: &Path,
    meter: &'a Meter,
) -> Result<Box<dyn Read + 'a>, GitError> {
    let broken =
        |error: &dyn std::fmt::Display| GitError::invalid(format_args!("the archive is broken: {error}"));
    let stream: Box<dyn Read + 'a> = match compression {
        Compression::None => Box::new(source),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(source)),
        Compression::Zstd => {
            let mut decoder =
                zstd::stream::read::Decoder::with_buffer(source).map_err(|error| broken(&error))?;
            decoder.window_log_max(WINDOW_LOG).map_err(|error| broken(&error))?;
            Box::new(decoder)
        }
        Compression::Xz => {
            // This decoder writes rather than is read from.
            let path = scratch.join("archive.tar");
            let failed = |error| GitError::io(path.display(), &error);
            let out = BufWriter::new(File::create(&path).map_err(failed)?);
            let mut out = Bounded { out, left: meter.limits().disk_bytes, passed: false, meter };
            let mut source = source;
            let options = lzma_rs::decompress::Options { memlimit: Some(XZ_MEMORY), ..Default::default() };
            let _ = options;
            let done = lzma_rs::xz_decompress(&mut source, &mut out);
            if out.passed {
                return Err(GitError::too_large(format_args!(
                    "more than {} bytes once unpacked, the limit of one repository's scratch folder",
                    meter.limits().disk_bytes
                )));
            }
            done.map_err(|error| meter.verdict(|| broken(&format_args!("{error:?}"))))?;
            out.out.flush().map_err(failed)?;
            Box::new(BufReader::new(File::open(&path).map_err(failed)?))
        }
    };
    Ok(stream)
}

/// Takes so many bytes and no more.
struct Bounded<'a> {
    out: BufWriter<File>,
    left: u64,
    passed: bool,
    meter: &'a Meter,
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.meter.check()?;
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            self.passed = true;
            return Err(io::Error::other("too large"));
        };
        self.left = left;
        self.out.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
