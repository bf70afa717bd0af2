//! Size, code and complexity of what changes, before and after, by language.

use std::io::{self, Write};

use super::{
    sums::{BeforeAfter, Sums},
    words::{bytes, count, escape, short},
};

/// Languages in one picture.
const SHOWN: usize = 10;
const WIDTH: f64 = 360.0;
const LABEL: f64 = 96.0;
const VALUE: f64 = 66.0;
const ROW: f64 = 30.0;

/// What one picture shows: its title, its figure, and how that is written.
type Measure = (&'static str, fn(&BeforeAfter) -> [u64; 2], fn(u64) -> String);

const MEASURES: [Measure; 3] = [
    ("Size", |of| of.bytes, bytes),
    ("Lines of code", |of| of.code, count),
    ("Complexity of the most complex functions", |of| of.complexity, count),
];

pub(super) fn write(sums: &Sums, out: &mut impl Write) -> io::Result<()> {
    if sums.languages.is_empty() {
        return Ok(());
    }
    out.write_all(
        b"<section><h2>Before and after, of what changes</h2><ul class=\"legend\"><li><i class=\"before\"></i>before</li>\
          <li><i class=\"after\"></i>after</li></ul><div class=\"charts\">",
    )?;
    for (title, figure, shown) in MEASURES {
        chart(sums, title, figure, shown, out)?;
    }
    out.write_all(b"</div></section>\n")
}

fn chart(
    sums: &Sums,
    title: &str,
    figure: fn(&BeforeAfter) -> [u64; 2],
    shown: fn(u64) -> String,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut rows: Vec<(&str, [u64; 2])> =
        sums.languages.iter().map(|(name, of)| (name.as_str(), figure(of))).collect();
    let total = rows.iter().fold([0, 0], |sum, (_, of)| [sum[0] + of[0], sum[1] + of[1]]);
    rows.retain(|(_, of)| of.iter().any(|side| *side > 0));
    rows.sort_by_key(|(_, of)| std::cmp::Reverse(of[0].max(of[1])));
    rows.truncate(SHOWN);
    let most = rows.iter().map(|(_, of)| of[0].max(of[1])).max().unwrap_or(0).max(1);
    write!(out, "<figure><figcaption>{title}: {} → {}</figcaption>", shown(total[0]), shown(total[1]))?;
    let height = ROW * rows.len().max(1) as f64;
    write!(
        out,
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{title} before and after, by language\">"
    )?;
    for (at, (language, of)) in rows.iter().enumerate() {
        let y = at as f64 * ROW;
        write!(
            out,
            "<g><title>{}: {} → {}</title><text x=\"0\" y=\"{:.1}\">{}</text>",
            escape(language),
            shown(of[0]),
            shown(of[1]),
            y + 17.0,
            escape(&short(language, 14))
        )?;
        for (side, class) in ["before", "after"].iter().enumerate() {
            let width = (WIDTH - LABEL - VALUE) * of[side] as f64 / most as f64;
            let top = y + 3.0 + 12.0 * side as f64;
            write!(
                out,
                "<rect class=\"{class}\" x=\"{LABEL}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"10\" rx=\"2\"/>\
                 <text class=\"value\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                LABEL + width + 4.0,
                top + 9.0,
                shown(of[side])
            )?;
        }
        out.write_all(b"</g>")?;
    }
    out.write_all(b"</svg></figure>")
}
