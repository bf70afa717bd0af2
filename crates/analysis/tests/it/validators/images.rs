//! Pictures.

use analysis::validation::{Kind, Pipeline, Subject, Verdict};
use image::ImageFormat;
use proptest::prelude::*;

use super::made::{animated, bomb, errors, jpeg, picture, placed, run, with_exif};

const ALL: &[&str] = &[
    "image",
    "format",
    "dimensions",
    "bounds",
    "decodes",
    "animation",
    "colour",
    "location",
    "trailing",
    "duplicate",
];

fn checked(bytes: &[u8]) -> Verdict {
    run(Kind::Image, ALL, "x.jpg", bytes)
}

#[test]
fn a_good_jpeg_is_fit() {
    for (width, height) in [(1, 1), (1000, 1000), (640, 480), (17, 999)] {
        assert_eq!(checked(&jpeg(width, height)), Verdict::default(), "{width}x{height}");
    }
}

#[test]
fn what_it_is_is_told_by_its_bytes_and_not_by_its_name() {
    let jpeg = jpeg(10, 10);
    assert!(run(Kind::Image, ALL, "x.png", &jpeg).is_fit());
    let png = checked(&picture(10, 10, ImageFormat::Png));
    assert_eq!(errors(&png), [("asset", "Assets must be a JPEG, the provided image is a PNG")]);
    let gif = checked(&picture(10, 10, ImageFormat::Gif));
    assert_eq!(errors(&gif), [("asset", "Assets must be a JPEG, the provided image is a GIF")]);
    let steps = &["image", "format allowed=png/gif"];
    let neither = run(Kind::Image, steps, "", &jpeg);
    assert_eq!(errors(&neither), [("asset", "Assets must be a PNG or a GIF, the provided image is a JPEG")]);
    for bytes in [&b""[..], b"x", b"<svg/>", b"\xff\xd8", b"%PDF-1.4", &[0; 5000]] {
        assert_eq!(errors(&checked(bytes)), [("asset", "Asset is not an image.")]);
    }
}

#[test]
fn a_thousand_pixels_are_as_many_as_may_be() {
    for (width, height) in [(1001, 1), (1, 1001), (1200, 1100)] {
        let text = format!(
            "Asset dimensions must be smaller than 1000x1000px, the provided image is {width}x{height}px."
        );
        assert_eq!(errors(&checked(&jpeg(width, height))), [("asset", text.as_str())]);
    }
    let verdict = run(Kind::Image, &["dimensions max_width=10 max_height=5000"], "", &jpeg(11, 4000));
    assert_eq!(errors(&verdict).len(), 1);
}

#[test]
fn everything_that_is_wrong_is_told() {
    let verdict = checked(&picture(1001, 5, ImageFormat::Png));
    let texts = &verdict.errors["asset"];
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].ends_with("is a PNG") && texts[1].ends_with("1001x5px."));
}

#[test]
fn what_is_cut_off_fails_wherever_it_was_cut() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
        let whole = picture(64, 48, format);
        assert!(run(Kind::Image, &["decodes"], "", &whole).is_fit(), "{format:?}");
        for length in [whole.len() / 3, whole.len() / 2, whole.len() * 9 / 10, whole.len() - 3] {
            let verdict = run(Kind::Image, &["decodes"], "", &whole[..length]);
            assert!(verdict.errors.contains_key("decodes"), "{format:?} of {length} bytes: {verdict:?}");
        }
    }
}

#[test]
fn a_picture_that_would_unfold_too_far_is_not_decoded() {
    let bytes = bomb(50_000, 50_000);
    assert!(bytes.len() < 8 << 10, "{}", bytes.len());
    let verdict = checked(&bytes);
    let keys: Vec<&str> = verdict.errors.keys().map(String::as_str).collect();
    assert_eq!(keys, ["asset", "bounds", "decodes"]);
    assert!(verdict.errors["decodes"][0].contains("was not decoded"), "{verdict:?}");
    let verdict = checked(&bomb(u32::MAX, u32::MAX));
    assert!(verdict.errors.contains_key("bounds"), "{verdict:?}");
}

#[test]
fn what_moves_is_told() {
    let steps = &["animation"];
    assert!(run(Kind::Image, steps, "", &animated(1)).is_fit());
    let verdict = run(Kind::Image, steps, "", &animated(300));
    assert_eq!(errors(&verdict), [("animation", "Asset has 300 frames; at most 1 are wanted.")]);
    assert!(run(Kind::Image, &["animation max_frames=300"], "", &animated(300)).is_fit());
}

#[test]
fn where_it_was_taken_is_a_warning_and_so_is_broken_exif() {
    let located = checked(&with_exif(&placed(2)));
    assert!(located.is_fit(), "{located:?}");
    assert_eq!(located.warnings["location"], ["Asset says where it was taken (GPS in its EXIF or XMP)."]);
    assert_eq!(checked(&with_exif(&placed(0))), Verdict::default());
    for broken in [&b""[..], b"MM\0*", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff", b"nonsense"] {
        let verdict = checked(&with_exif(broken));
        assert!(verdict.is_fit());
        assert_eq!(verdict.warnings["location"], ["Asset has EXIF that cannot be read."], "{broken:?}");
    }
    let strict = run(Kind::Image, &["location level=error"], "", &with_exif(&placed(2)));
    assert!(!strict.is_fit());
}

#[test]
fn what_is_two_things_at_once_is_told() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
        let mut bytes = picture(8, 8, format);
        assert_eq!(run(Kind::Image, &["trailing"], "", &bytes), Verdict::default(), "{format:?}");
        bytes.extend_from_slice(b"PK\x03\x04 and the rest of an archive");
        let verdict = run(Kind::Image, &["trailing"], "", &bytes);
        assert!(verdict.warnings.contains_key("trailing"), "{format:?}");
    }
}

#[test]
fn the_same_bytes_are_told() {
    let bytes = jpeg(4, 4);
    let pipeline = Pipeline::parse(Kind::Image, &["duplicate".to_owned()]).unwrap();
    let verdict = pipeline.run(&Subject::new("", &bytes).known_as("asset 1".to_owned()));
    assert_eq!(verdict.warnings["duplicate"], ["Asset has the same bytes as asset 1."]);
}

#[test]
fn pipelines_that_are_none_say_what_is_known() {
    let refused = |kind, step: &str| Pipeline::parse(kind, &[step.to_owned()]).err().unwrap().to_string();
    assert!(refused(Kind::Image, "dimension").contains("known: image, format, dimensions"));
    assert!(refused(Kind::Image, "ratio").contains("no validator"));
    assert!(refused(Kind::Image, "dimensions width=3").contains("max_width, max_height, level"));
    assert!(refused(Kind::Image, "dimensions max_width=wide").contains("a whole number"));
    assert!(refused(Kind::Image, "format allowed=jpg").contains("jpeg, png"));
    assert!(refused(Kind::Image, "format level=fatal").contains("error or warning"));
    assert!(refused(Kind::Image, "format allowed").contains("NAME=VALUE"));
}

#[test]
fn what_is_no_picture_need_not_be_read_to_its_end() {
    let pipeline = Pipeline::parse(Kind::Image, &["image".to_owned()]).unwrap();
    assert!(!pipeline.wants_more(&[b'x'; 4_096]));
    assert!(pipeline.wants_more(&[b'x'; 100]));
    assert!(pipeline.wants_more(&jpeg(200, 200)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Any change of any picture is looked at without a panic.
    #[test]
    fn damaged_pictures_are_judged(
        format in prop::sample::select(vec![ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = picture(24, 16, format);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        checked(&bytes);
    }

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..300), start in 0..5_usize) {
        let starts: [&[u8]; 5] = [b"", b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\x20\0\0\0WEBPVP8X"];
        checked(&[starts[start], &bytes].concat());
    }
}
