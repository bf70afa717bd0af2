//! Pictures where the gateway may read them.

use std::{fs, io::Cursor, path::PathBuf, time::Duration};

use image::{DynamicImage, ImageFormat};
use testkit::{Hit, Receiver, Stack};

/// Puts a picture below the root; returns where.
pub(crate) fn picture(stack: &Stack, name: &str, width: u32, height: u32, format: ImageFormat) -> PathBuf {
    let mut out = Cursor::new(Vec::new());
    let colour = u8::try_from(name.bytes().map(u32::from).sum::<u32>() % 251).unwrap();
    let image = image::RgbImage::from_pixel(width, height, image::Rgb([colour, 3, 5]));
    DynamicImage::ImageRgb8(image).write_to(&mut out, format).unwrap();
    let path = stack.directory().join("assets").join(name);
    fs::write(&path, out.into_inner()).unwrap();
    path
}

/// Waits until so many requests have come.
pub(crate) async fn hits(receiver: &Receiver, count: usize) -> Vec<Hit> {
    let begun = std::time::Instant::now();
    loop {
        let hits = receiver.hits();
        if hits.len() >= count {
            return hits;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "only {hits:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
