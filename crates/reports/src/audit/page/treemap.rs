//! What changed, by directory and language: a rectangle for each, as large as its bytes (squarified treemap,
//! Bruls, Huizing and van Wijk, 2000).

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use super::{
    sums::{OTHER, Sums, Touched},
    words::{bytes, count, escape, short},
};

/// Directories that have a rectangle; what is in the others is drawn as one.
const GROUPS: usize = 48;
/// Languages that have a colour of their own; the style sheet has as many.
const COLOURS: usize = 11;
const WIDTH: f64 = 1120.0;
const HEIGHT: f64 = 560.0;
/// The line with a directory's name.
const HEAD: f64 = 18.0;

#[derive(Clone, Copy)]
struct Area {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// One directory: what changed in it by language.
struct Group {
    name: String,
    languages: Vec<(String, Touched)>,
    total: Touched,
}

pub(super) fn write(sums: &Sums, out: &mut impl Write) -> io::Result<()> {
    let groups = groups(sums);
    if groups.is_empty() {
        return Ok(());
    }
    let colours = colours(&groups);
    write!(
        out,
        "<section><h2>What changed, by directory and language</h2><svg class=\"treemap\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         role=\"img\" aria-label=\"Bytes that changed, by directory and language\">"
    )?;
    let whole = Area { x: 0.0, y: 0.0, width: WIDTH, height: HEIGHT };
    let weights: Vec<f64> = groups.iter().map(|group| weight(&group.total)).collect();
    for (group, area) in groups.iter().zip(squarify(&weights, whole)) {
        draw(group, area, &colours, out)?;
    }
    out.write_all(b"</svg><ul class=\"legend\">")?;
    let mut named: Vec<(&String, usize)> = colours.iter().map(|(name, at)| (name, *at)).collect();
    named.sort_by_key(|(_, at)| *at);
    for (name, at) in named {
        write!(out, "<li><i class=\"c{at}\"></i>{}</li>", escape(name))?;
    }
    out.write_all(b"<li><i class=\"cx\"></i>others</li></ul></section>\n")
}

/// The directories, the largest first. The repository is named where there are several.
fn groups(sums: &Sums) -> Vec<Group> {
    let mut repositories: Vec<&str> = sums.places.keys().map(|(name, ..)| name.as_str()).collect();
    repositories.dedup();
    let several = repositories.len() > 1;
    let mut by_name: BTreeMap<String, BTreeMap<&str, Touched>> = BTreeMap::new();
    for ((repository, directory, language), touched) in &sums.places {
        let name = match (several, directory.as_str()) {
            (true, "") => repository.clone(),
            (true, directory) => {
                let top = directory.split('/').next().unwrap_or_default();
                format!("{}/{top}", last_names(repository))
            }
            (false, "") => "(top)".to_owned(),
            (false, directory) => directory.to_owned(),
        };
        add(by_name.entry(name).or_default().entry(language).or_default(), touched);
    }
    let mut groups: Vec<Group> =
        by_name.into_iter().map(|(name, languages)| group(name, &languages)).collect();
    groups.sort_by(|one, other| weight(&other.total).total_cmp(&weight(&one.total)));
    if groups.len() > GROUPS {
        let mut rest: BTreeMap<&str, Touched> = BTreeMap::new();
        let small = groups.split_off(GROUPS - 1);
        for (language, touched) in small.iter().flat_map(|group| &group.languages) {
            add(rest.entry(language).or_default(), touched);
        }
        let name = format!("{OTHER} ({} directories)", count(small.len() as u64));
        groups.push(group(name, &rest));
        groups.sort_by(|one, other| weight(&other.total).total_cmp(&weight(&one.total)));
    }
    groups
}

fn group(name: String, languages: &BTreeMap<&str, Touched>) -> Group {
    let mut total = Touched::default();
    let mut all: Vec<(String, Touched)> = Vec::new();
    for (language, touched) in languages {
        add(&mut total, touched);
        all.push(((*language).to_owned(), *touched));
    }
    all.sort_by(|one, other| weight(&other.1).total_cmp(&weight(&one.1)));
    Group { name, languages: all, total }
}

fn add(sum: &mut Touched, more: &Touched) {
    sum.nodes += more.nodes;
    sum.bytes += more.bytes;
}

/// An empty file has a place in the picture, too.
fn weight(of: &Touched) -> f64 {
    (of.bytes + of.nodes) as f64
}

/// The end of a URL, by which people know the repository.
fn last_names(url: &str) -> &str {
    let url = url.trim_end_matches('/');
    let starts = url.rmatch_indices('/').map(|(at, _)| at + 1);
    starts.take(1).last().and_then(|start| url.get(start..)).unwrap_or(url)
}

/// The languages that have a colour, the largest first.
fn colours(groups: &[Group]) -> BTreeMap<String, usize> {
    let mut sums: BTreeMap<&str, Touched> = BTreeMap::new();
    for (language, touched) in groups.iter().flat_map(|group| &group.languages) {
        add(sums.entry(language).or_default(), touched);
    }
    let mut all: Vec<(&str, Touched)> = sums.into_iter().filter(|(name, _)| *name != OTHER).collect();
    all.sort_by(|one, other| weight(&other.1).total_cmp(&weight(&one.1)));
    all.into_iter().take(COLOURS).enumerate().map(|(at, (name, _))| (name.to_owned(), at)).collect()
}

fn draw(
    group: &Group,
    area: Area,
    colours: &BTreeMap<String, usize>,
    out: &mut impl Write,
) -> io::Result<()> {
    let name = escape(&group.name);
    let Area { x, y, width, height } = area;
    write!(
        out,
        "<g><title>{name}\n{}, {}</title><rect class=\"group\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>",
        nodes(group.total.nodes),
        bytes(group.total.bytes)
    )?;
    let named = width > 60.0 && height > HEAD * 2.0;
    let head = if named { HEAD } else { 0.0 };
    if named {
        let room = (width / 6.6) as usize;
        write!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x + 5.0,
            y + 13.0,
            escape(&short(&group.name, room))
        )?;
    }
    let inner = Area {
        x: x + 2.0,
        y: y + head + 1.0,
        width: (width - 4.0).max(0.0),
        height: (height - head - 3.0).max(0.0),
    };
    let weights: Vec<f64> = group.languages.iter().map(|(_, touched)| weight(touched)).collect();
    for ((language, touched), area) in group.languages.iter().zip(squarify(&weights, inner)) {
        let Area { x, y, width, height } = area;
        let class = colours.get(language).map_or("cx".to_owned(), |at| format!("c{at}"));
        write!(
            out,
            "<g><title>{name}: {}\n{}, {}</title><rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>",
            escape(language),
            nodes(touched.nodes),
            bytes(touched.bytes)
        )?;
        if width > 46.0 && height > 20.0 {
            let text = escape(&short(language, (width / 6.6) as usize));
            write!(out, "<text class=\"in\" x=\"{:.1}\" y=\"{:.1}\">{text}</text>", x + 5.0, y + 14.0)?;
        }
        out.write_all(b"</g>")?;
    }
    out.write_all(b"</g>")
}

fn nodes(number: u64) -> String {
    format!("{} {}", count(number), if number == 1 { "file" } else { "files" })
}

/// Areas in proportion to `weights`, which are sorted, the largest first, and positive.
fn squarify(weights: &[f64], mut room: Area) -> Vec<Area> {
    let total: f64 = weights.iter().sum();
    let scale = if total > 0.0 { room.width * room.height / total } else { 0.0 };
    let sizes: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
    let (mut areas, mut rest) = (Vec::with_capacity(sizes.len()), sizes.as_slice());
    while !rest.is_empty() {
        let side = room.width.min(room.height);
        // A row takes another one as long as its worst rectangle becomes no longer and thinner by it.
        let mut taken = 1;
        while taken < rest.len() && worst(&rest[..=taken], side) <= worst(&rest[..taken], side) {
            taken += 1;
        }
        let (row, others) = rest.split_at(taken);
        lay(row, &mut room, &mut areas);
        rest = others;
    }
    areas
}

/// How far the worst rectangle of a row is from a square.
fn worst(row: &[f64], side: f64) -> f64 {
    let sum: f64 = row.iter().sum();
    let (first, last) = (row.first().copied().unwrap_or(0.0), row.last().copied().unwrap_or(0.0));
    if sum <= 0.0 || last <= 0.0 || side <= 0.0 {
        return f64::INFINITY;
    }
    (side * side * first / (sum * sum)).max(sum * sum / (side * side * last))
}

/// Lays a row along the shorter side, and takes its place off the room.
fn lay(row: &[f64], room: &mut Area, areas: &mut Vec<Area>) {
    let sum: f64 = row.iter().sum();
    let upright = room.width >= room.height;
    let side = if upright { room.height } else { room.width };
    let thickness = if side > 0.0 { sum / side } else { 0.0 };
    let mut along = 0.0;
    for size in row {
        let length = if thickness > 0.0 { size / thickness } else { 0.0 };
        areas.push(match upright {
            true => Area { x: room.x, y: room.y + along, width: thickness, height: length },
            false => Area { x: room.x + along, y: room.y, width: length, height: thickness },
        });
        along += length;
    }
    if upright {
        room.x += thickness;
        room.width = (room.width - thickness).max(0.0);
    } else {
        room.y += thickness;
        room.height = (room.height - thickness).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_in_proportion_and_fill_the_room() {
        let weights = [60.0, 60.0, 40.0, 30.0, 20.0, 10.0, 0.5];
        let areas = squarify(&weights, Area { x: 0.0, y: 0.0, width: 600.0, height: 400.0 });
        let total: f64 = weights.iter().sum();
        for (weight, area) in weights.iter().zip(&areas) {
            let wanted = 600.0 * 400.0 * weight / total;
            assert!((area.width * area.height - wanted).abs() < 1e-6 * wanted.max(1.0));
            assert!(area.x >= -1e-9 && area.x + area.width <= 600.0 + 1e-6);
            assert!(area.y >= -1e-9 && area.y + area.height <= 400.0 + 1e-6);
        }
        assert!(squarify(&[], Area { x: 0.0, y: 0.0, width: 1.0, height: 1.0 }).is_empty());
    }

    #[test]
    fn a_repository_is_known_by_its_last_name() {
        assert_eq!(last_names("https://example.org/group/name/"), "name");
        assert_eq!(last_names("name"), "name");
    }
}
