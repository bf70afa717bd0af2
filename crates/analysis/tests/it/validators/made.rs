//! Pictures and archives, made as a test wants them.

use std::io::{Cursor, Write as _};

use analysis::validation::{Kind, Pipeline, Subject, Verdict};
use image::{DynamicImage, Frame, ImageFormat, RgbImage, RgbaImage, codecs::gif::GifEncoder};

/// A picture with some detail in it, so that its bytes matter.
pub(super) fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let pixel =
        |x: u32, y: u32| image::Rgb([(x * 7 % 256) as u8, (y * 13 % 256) as u8, ((x ^ y) * 31 % 256) as u8]);
    let image = DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, pixel));
    let mut out = Cursor::new(Vec::new());
    image.write_to(&mut out, format).unwrap();
    out.into_inner()
}

pub(super) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    picture(width, height, ImageFormat::Jpeg)
}

pub(super) fn animated(frames: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = GifEncoder::new(&mut out);
    encoder.encode_frames((0..frames).map(|_| Frame::new(RgbaImage::new(4, 4)))).unwrap();
    drop(encoder);
    out
}

fn chunk(name: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let named = [name.as_slice(), payload].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&named);
    [&u32::try_from(payload.len()).unwrap().to_be_bytes(), named.as_slice(), &crc.sum().to_be_bytes()]
        .concat()
}

/// A PNG of one colour, all zeros: few bytes for very many pixels.
pub(super) fn bomb(width: u32, height: u32) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    // A part of the lines is enough: nobody may come so far as to miss the rest.
    packed.write_all(&vec![0; 1 << 20]).unwrap();
    let packed = packed.finish().unwrap();
    [
        b"\x89PNG\r\n\x1a\n".as_slice(),
        &chunk(b"IHDR", &header),
        &chunk(b"IDAT", &packed),
        &chunk(b"IEND", b""),
    ]
    .concat()
}

/// A JPEG with this EXIF before its other segments.
pub(super) fn with_exif(tiff: &[u8]) -> Vec<u8> {
    let jpeg = jpeg(8, 8);
    let payload = [b"Exif\0\0".as_slice(), tiff].concat();
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], b"\xff\xe1", &length, &payload, &jpeg[2..]].concat()
}

/// A first directory with a place in it, and that place with so many entries.
pub(super) fn placed(entries: u16) -> Vec<u8> {
    let entry = [0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 26];
    [b"MM\0*\0\0\0\x08\0\x01".as_slice(), &entry, &[0; 4], &entries.to_be_bytes(), &[0; 12]].concat()
}

pub(super) fn run(kind: Kind, steps: &[&str], name: &str, bytes: &[u8]) -> Verdict {
    let steps: Vec<String> = steps.iter().map(|&step| step.to_owned()).collect();
    Pipeline::parse(kind, &steps).unwrap().run(&Subject::new(name, bytes))
}

/// What of these texts is found, under which key.
pub(super) fn errors(verdict: &Verdict) -> Vec<(&str, &str)> {
    verdict
        .errors
        .iter()
        .flat_map(|(key, texts)| texts.iter().map(move |text| (key.as_str(), text.as_str())))
        .collect()
}
