//! Manifests: many assets in one body, one a line.

use super::shape::New;
use crate::{error::Problem, extract::object};

/// Columns that a manifest in CSV may have.
const COLUMNS: [&str; 4] = ["location", "on_start", "on_success", "on_failure"];

/// One JSON object a line, with the number of its line. Empty lines do not matter.
pub(super) fn ndjson(body: &[u8]) -> impl Iterator<Item = Line> {
    let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).zip(1..);
    lines.filter(|(line, _)| !line.is_empty()).map(|(line, number)| (number, object(line)))
}

/// The number of a line, and what it asks for.
type Line = (usize, Result<New, Problem>);

/// A line of names, and then one asset a line, with the number of its line.
pub(super) fn csv(body: &[u8]) -> Result<Vec<Line>, Problem> {
    let wrong = |error: csv::Error| Problem::invalid("body", format!("it is no CSV: {error}"));
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(body);
    let header = reader.headers().map_err(wrong)?.clone();
    if let Some(unknown) = header.iter().find(|name| !COLUMNS.contains(name)) {
        let detail = format!("the column {unknown:?} is unknown; known: {}", COLUMNS.join(", "));
        return Err(Problem::invalid("line 1", detail));
    }
    let place = |name: &str| header.iter().position(|known| known == name);
    let Some(location) = place("location") else {
        return Err(Problem::invalid("line 1", "the column location is missing"));
    };
    let hooks = [place("on_start"), place("on_success"), place("on_failure")];
    let mut all = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let line = record.position().map_or(0, |position| usize::try_from(position.line()).unwrap_or(0));
        let [on_start, on_success, on_failure] = hooks.map(|place| {
            place.and_then(|place| record.get(place)).filter(|text| !text.is_empty()).map(str::to_owned)
        });
        let location = record.get(location).unwrap_or_default().to_owned();
        all.push((line, Ok(New { location, on_start, on_success, on_failure })));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_manifest_say_the_same() {
        let lines: Vec<_> =
            ndjson(b"{\"location\":\"a\"}\n\n{\"location\":\"b\",\"on_start\":\"http://x/\"}\r\n{").collect();
        assert_eq!(lines.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 3, 4]);
        assert!(lines[2].1.is_err());
        let rows = csv(b"on_start,location\nhttp://x/,b\n,\"a,1\"\n").unwrap();
        let (line, row) = &rows[1];
        let row = row.as_ref().unwrap();
        assert_eq!((*line, row.location.as_str(), row.on_start.as_deref()), (3, "a,1", None));
        assert!(csv(b"path\nx\n").is_err());
        assert!(csv(b"on_start\nx\n").is_err());
        assert!(csv(b"location\n\"a\n").unwrap().len() <= 1);
    }
}
