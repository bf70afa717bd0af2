//! Pictures: what the first bytes say, what the header says, and whether all of it decodes.

use std::io::Cursor;

use ::image::{ImageFormat, ImageReader, Limits};

use super::{gif, jpeg};

/// A kind of picture, known by its first bytes and never by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// GIF.
    Gif,
    /// `WebP`.
    Webp,
    /// Windows bitmap.
    Bmp,
    /// TIFF.
    Tiff,
    /// AVIF or HEIF.
    Heif,
    /// Windows icon.
    Ico,
    /// JPEG 2000.
    Jpeg2000,
    /// Photoshop.
    Psd,
}

impl Format {
    const ALL: &[Self] = &[
        Self::Jpeg,
        Self::Png,
        Self::Gif,
        Self::Webp,
        Self::Bmp,
        Self::Tiff,
        Self::Heif,
        Self::Ico,
        Self::Jpeg2000,
        Self::Psd,
    ];

    /// The name as people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Gif => "GIF",
            Self::Webp => "WEBP",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::Heif => "HEIF",
            Self::Ico => "ICO",
            Self::Jpeg2000 => "JPEG2000",
            Self::Psd => "PSD",
        }
    }

    /// The format with this name, however it is written; `None` for an unknown one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name().eq_ignore_ascii_case(name))
    }

    /// The names of all.
    pub fn names() -> Vec<String> {
        Self::ALL.iter().map(|format| format.name().to_lowercase()).collect()
    }
}

/// What kind of picture begins with these bytes.
pub fn sniff(bytes: &[u8]) -> Option<Format> {
    let at = |offset: usize, wanted: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(wanted));
    match () {
        () if at(0, b"\xff\xd8\xff") => Some(Format::Jpeg),
        () if at(0, b"\x89PNG\r\n\x1a\n") => Some(Format::Png),
        () if at(0, b"GIF87a") || at(0, b"GIF89a") => Some(Format::Gif),
        () if at(0, b"RIFF") && at(8, b"WEBP") => Some(Format::Webp),
        () if at(0, b"BM")
            && bytes
                .get(14..18)
                .is_some_and(|size| u32::from_le_bytes([size[0], size[1], size[2], size[3]]) <= 124) =>
        {
            Some(Format::Bmp)
        }
        () if at(0, b"II*\0") || at(0, b"MM\0*") => Some(Format::Tiff),
        () if at(4, b"ftyp")
            && ["avif", "avis", "heic", "heix", "mif1", "msf1"]
                .iter()
                .any(|brand| at(8, brand.as_bytes())) =>
        {
            Some(Format::Heif)
        }
        () if at(0, b"\0\0\x01\0") && bytes.len() > 22 => Some(Format::Ico),
        () if at(0, b"\0\0\0\x0cjP  \r\n\x87\n") || at(0, b"\xff\x4f\xff\x51") => Some(Format::Jpeg2000),
        () if at(0, b"8BPS") => Some(Format::Psd),
        () => None,
    }
}

/// What the beginning of a picture says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What kind of picture it is.
    pub format: Format,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// How its colours are written: `grey`, `rgb`, `rgba`, `greya`, `palette`, `ycck` or `cmyk`.
    pub colour: &'static str,
    /// Bytes that a decoded pixel takes at the most.
    pub pixel_bytes: u64,
}

impl Header {
    /// How many pixels there are.
    pub const fn pixels(&self) -> u64 {
        self.width as u64 * self.height as u64
    }
}

/// Reads the header alone; `None` when it is none or of a kind whose header is not known here.
pub fn header(bytes: &[u8]) -> Option<Header> {
    let be32 = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let le16 = |at: usize| Some(u32::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let le24 = |at: usize| {
        let part = bytes.get(at..at + 3)?;
        Some(u32::from_le_bytes([part[0], part[1], part[2], 0]))
    };
    let format = sniff(bytes)?;
    let (width, height, colour, pixel_bytes) = match format {
        Format::Jpeg => {
            let frame = jpeg::frame(bytes)?;
            (frame.width, frame.height, frame.colour(), u64::from(frame.components.max(3)))
        }
        Format::Png => {
            let (depth, colour) = (*bytes.get(24)?, *bytes.get(25)?);
            let (name, channels) = match colour {
                0 => ("grey", 1),
                2 => ("rgb", 3),
                3 => ("palette", 4),
                4 => ("greya", 2),
                6 => ("rgba", 4),
                _ => return None,
            };
            (be32(16)?, be32(20)?, name, channels * if depth == 16 { 2 } else { 1 })
        }
        Format::Gif => (le16(6)?, le16(8)?, "palette", 4),
        Format::Webp => match bytes.get(12..16)? {
            b"VP8 " => (le16(26)? & 0x3fff, le16(28)? & 0x3fff, "rgb", 3),
            b"VP8L" => {
                let bits = u32::from_le_bytes(bytes.get(21..25)?.try_into().ok()?);
                ((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1, "rgba", 4)
            }
            b"VP8X" => {
                let alpha = bytes.get(20)? & 0x10 != 0;
                (le24(24)? + 1, le24(27)? + 1, if alpha { "rgba" } else { "rgb" }, 4)
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(Header { format, width, height, colour, pixel_bytes })
}

/// A picture that was decoded whole; the pixels themselves are of no interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// Decodes a picture from its first to its last byte; of a JPEG the codes alone, as nothing else of it can be
/// damaged. What would take more pixels or memory than these is not
/// begun.
///
/// # Errors
/// Why it cannot be decoded, in a sentence for people.
pub fn decode(bytes: &[u8], max_pixels: u64, max_memory: u64) -> Result<Decoded, String> {
    let header = match (header(bytes), sniff(bytes)) {
        (Some(header), _) => header,
        (None, Some(format)) if decoder_of(format).is_none() && format != Format::Jpeg => {
            return Err(format!("A {} cannot be decoded here.", format.name()));
        }
        _ => return Err("Asset cannot be decoded: its header is damaged.".to_owned()),
    };
    if header.width == 0 || header.height == 0 {
        return Err("Asset cannot be decoded: it has no pixels.".to_owned());
    }
    if header.pixels() > max_pixels || header.pixels().saturating_mul(header.pixel_bytes) > max_memory {
        return Err(format!(
            "Asset was not decoded: {}x{} pixels are more than is decoded here.",
            header.width, header.height
        ));
    }
    let damaged = |reason: String| format!("Asset cannot be decoded to its end: {reason}.");
    if header.format == Format::Jpeg {
        jpeg::whole(bytes).map_err(|reason| damaged(reason.to_owned()))?;
    } else {
        let Some(format) = decoder_of(header.format) else {
            return Err(format!("A {} cannot be decoded here.", header.format.name()));
        };
        if header.format == Format::Gif {
            gif::frames(bytes).map_err(damaged)?;
        }
        if matches!(header.format, Format::Png | Format::Webp) {
            end_of(bytes, header.format).ok_or_else(|| damaged("its end is missing".to_owned()))?;
        }
        let mut limits = Limits::default();
        limits.max_image_width = Some(header.width);
        limits.max_image_height = Some(header.height);
        limits.max_alloc = Some(max_memory.saturating_mul(2));
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        reader.limits(limits);
        reader.decode().map_err(|error| damaged(error.to_string()))?;
    }
    Ok(Decoded { width: header.width, height: header.height })
}

fn decoder_of(format: Format) -> Option<ImageFormat> {
    match format {
        Format::Png => Some(ImageFormat::Png),
        Format::Gif => Some(ImageFormat::Gif),
        Format::Webp => Some(ImageFormat::WebP),
        _ => None,
    }
}

/// Where the picture ends in `bytes`; `None` when its end is missing or not known for this kind.
pub fn end_of(bytes: &[u8], format: Format) -> Option<usize> {
    match format {
        Format::Jpeg => jpeg::end(bytes),
        Format::Png => {
            let mut at = 8;
            loop {
                let length = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize;
                let name = bytes.get(at + 4..at + 8)?;
                at = at.checked_add(length)?.checked_add(12)?;
                if at > bytes.len() {
                    return None;
                }
                if name == b"IEND" {
                    return Some(at);
                }
            }
        }
        Format::Gif => gif::end(bytes),
        Format::Webp => {
            let length = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?) as usize;
            let end = length.checked_add(8)?;
            (end <= bytes.len()).then_some(end)
        }
        _ => None,
    }
}

/// How many pictures are in it, one after the other; 1 for kinds that know only one.
pub fn frames(bytes: &[u8]) -> u64 {
    match sniff(bytes) {
        Some(Format::Gif) => gif::frames(bytes).unwrap_or(1),
        Some(Format::Png) => chunk_after(bytes, b"acTL").map_or(1, u64::from).max(1),
        Some(Format::Webp) => {
            let animated =
                bytes.get(12..16) == Some(b"VP8X") && bytes.get(20).is_some_and(|flags| flags & 2 != 0);
            if animated { memchr::memmem::find_iter(bytes, b"ANMF").count().max(2) as u64 } else { 1 }
        }
        _ => 1,
    }
}

/// The first number in the first PNG chunk of this name before the pixels.
fn chunk_after(bytes: &[u8], wanted: &[u8; 4]) -> Option<u32> {
    let mut at = 8;
    loop {
        let length = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize;
        let name = bytes.get(at + 4..at + 8)?;
        if name == wanted {
            return Some(u32::from_be_bytes(bytes.get(at + 8..at + 12)?.try_into().ok()?));
        }
        if name == b"IDAT" {
            return None;
        }
        at = at.checked_add(length)?.checked_add(12)?;
    }
}
