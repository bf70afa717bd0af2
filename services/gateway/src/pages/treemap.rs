//! A drawing: areas that are as large as what they stand for, as SVG.

use std::fmt::Write as _;

use super::Text;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 300.0;

/// One area: its name, its size, and a class that gives it a colour.
pub(super) struct Area {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) class: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Rect {
    x: f64,
    y: f64,
    w: f64,
    h: f64,
}

/// Draws the areas, largest first. Nothing when all of them are empty.
pub(super) fn draw(mut areas: Vec<Area>, title: &str) -> String {
    areas.retain(|area| area.size > 0);
    areas.sort_by(|one, other| other.size.cmp(&one.size).then_with(|| one.name.cmp(&other.name)));
    if areas.is_empty() {
        return String::new();
    }
    let sizes: Vec<f64> = areas.iter().map(|area| area.size as f64).collect();
    let mut svg = format!(
        "<svg class=\"treemap\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n",
        Text(title)
    );
    for (area, rect) in areas.iter().zip(squares(&sizes, Rect { x: 0.0, y: 0.0, w: WIDTH, h: HEIGHT })) {
        let Rect { x, y, w, h } = rect;
        let name = Text(&area.name);
        let text = format!(
            "<g><title>{name}</title><rect class=\"{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\"/>",
            area.class
        );
        svg.push_str(&text);
        // Only where it can be read.
        if w > 70.0 && h > 18.0 {
            let letters = (w / 7.5) as usize;
            let short: String =
                area.name.rsplit('/').next().unwrap_or_default().chars().take(letters).collect();
            if write!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", x + 5.0, y + 15.0, Text(short)).is_err()
            {
                return String::new();
            }
        }
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

/// Squarified: rows are filled as long as that makes their areas more like squares.
fn squares(sizes: &[f64], mut free: Rect) -> Vec<Rect> {
    let total: f64 = sizes.iter().sum();
    let scale = free.w * free.h / total;
    let mut rects = Vec::with_capacity(sizes.len());
    let mut rest = sizes;
    while !rest.is_empty() {
        let side = free.w.min(free.h);
        let mut count = 1;
        while count < rest.len() && worst(&rest[..=count], side, scale) <= worst(&rest[..count], side, scale)
        {
            count += 1;
        }
        let (row, after) = rest.split_at(count);
        let sum: f64 = row.iter().sum::<f64>() * scale;
        let depth = sum / side;
        let mut at = 0.0;
        for size in row {
            let length = size * scale / depth;
            rects.push(if free.w >= free.h {
                Rect { x: free.x, y: free.y + at, w: depth, h: length }
            } else {
                Rect { x: free.x + at, y: free.y, w: length, h: depth }
            });
            at += length;
        }
        if free.w >= free.h {
            free = Rect { x: free.x + depth, w: (free.w - depth).max(0.0), ..free };
        } else {
            free = Rect { y: free.y + depth, h: (free.h - depth).max(0.0), ..free };
        }
        rest = after;
    }
    rects
}

/// How far from a square the worst area of a row is.
fn worst(row: &[f64], side: f64, scale: f64) -> f64 {
    let sum: f64 = row.iter().sum::<f64>() * scale;
    let ratio = |size: &f64| {
        let area = size * scale;
        (side * side * area / (sum * sum)).max(sum * sum / (side * side * area))
    };
    row.iter().map(ratio).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_as_large_as_what_they_stand_for_and_fill_the_drawing() {
        let sizes = [600.0, 300.0, 50.0, 30.0, 15.0, 5.0];
        let rects = squares(&sizes, Rect { x: 0.0, y: 0.0, w: WIDTH, h: HEIGHT });
        for (size, rect) in sizes.iter().zip(&rects) {
            let part = rect.w * rect.h / (WIDTH * HEIGHT);
            assert!((part - size / 1_000.0).abs() < 1e-9, "{rect:?}");
            assert!(rect.x >= 0.0 && rect.x + rect.w <= WIDTH + 1e-6 && rect.y + rect.h <= HEIGHT + 1e-6);
        }
    }

    #[test]
    fn names_stay_text() {
        let area = |name: &str, size| Area { name: name.to_owned(), size, class: "a" };
        let svg = draw(vec![area("<b>", 10), area("nothing", 0)], "x");
        assert!(svg.contains("&lt;b&gt;") && !svg.contains("nothing") && !svg.contains("<b>"), "{svg}");
        assert_eq!(draw(Vec::new(), "x"), "");
    }
}
