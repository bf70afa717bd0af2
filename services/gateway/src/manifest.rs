//! Manifests: the nodes of a snapshot in one text, one a line, as CSV or as JSON lines.

use std::collections::BTreeMap;

use contracts::{
    ErrorKind, Failure,
    messages::{ManifestEntry, ManifestNode},
};
use serde::Deserialize;

/// Columns that a manifest in CSV may have, and fields that a line of JSON may have.
pub const COLUMNS: [&str; 5] = ["repository", "path", "digest", "size", "mode"];

/// How a manifest is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A line of names, and then a node a line.
    Csv,
    /// A JSON object a line.
    Ndjson,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    repository: Option<String>,
    path: String,
    digest: String,
    size: Option<u64>,
    mode: Option<String>,
}

/// The repositories of a manifest with their nodes, each with its canonical URL and its name for people. Rows that
/// name no repository are of `repository`.
///
/// # Errors
/// [`ErrorKind::Invalid`] with the line and what is wrong with it.
pub fn read(
    text: &[u8],
    form: Form,
    repository: Option<&str>,
) -> Result<Vec<(ManifestEntry, String)>, Failure> {
    let rows = match form {
        Form::Csv => csv(text)?,
        Form::Ndjson => ndjson(text)?,
    };
    let mut of: BTreeMap<String, (usize, Vec<ManifestNode>)> = BTreeMap::new();
    for (line, row) in rows {
        let url = row.repository.filter(|url| !url.is_empty()).or_else(|| repository.map(str::to_owned));
        let url =
            url.ok_or_else(|| wrong(line, "it names no repository, and there is none for all of them"))?;
        let Row { path, digest, size, mode, .. } = row;
        let mode = mode.filter(|mode| !mode.is_empty());
        of.entry(url).or_insert((line, Vec::new())).1.push(ManifestNode { path, digest, size, mode });
    }
    if of.is_empty() {
        return Err(Failure::new(ErrorKind::Invalid, "the manifest has no rows"));
    }
    let entry = |(url, (line, nodes)): (String, (usize, Vec<ManifestNode>))| {
        let location = git::Location::parse(&url).map_err(|error| wrong(line, error))?;
        let url = location.canonical().to_owned();
        Ok((ManifestEntry { url, commit: None, nodes: Some(nodes) }, location.name()))
    };
    of.into_iter().map(entry).collect()
}

fn wrong(line: usize, error: impl std::fmt::Display) -> Failure {
    Failure::new(ErrorKind::Invalid, format!("line {line}: {error}"))
}

fn ndjson(text: &[u8]) -> Result<Vec<(usize, Row)>, Failure> {
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).zip(1..);
    let rows = lines.filter(|(line, _)| !line.is_empty()).map(|(line, number)| {
        serde_json::from_slice(line).map(|row| (number, row)).map_err(|error| wrong(number, error))
    });
    rows.collect()
}

fn csv(text: &[u8]) -> Result<Vec<(usize, Row)>, Failure> {
    let mut reader = csv::Reader::from_reader(text);
    let header = reader.headers().map_err(|error| wrong(1, error))?.clone();
    if let Some(unknown) = header.iter().find(|name| !COLUMNS.contains(name)) {
        return Err(wrong(1, format!("the column {unknown:?} is unknown; known: {}", COLUMNS.join(", "))));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            wrong(usize::try_from(line).unwrap_or_default(), &error)
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let line = usize::try_from(line).unwrap_or_default();
        rows.push((line, record.deserialize(Some(&header)).map_err(|error| wrong(line, error))?));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOB: &str = "ce013625030ba8dba906f756967f9e9ca394464a";

    #[test]
    fn both_forms_say_the_same() {
        let lines = format!(
            "{{\"path\":\"=a,\\n\\\"b\\\"\",\"digest\":\"{BLOB}\",\"size\":6,\"mode\":\"100755\"}}\n\n\
             {{\"repository\":\"https://example.org/other\",\"path\":\"c\",\"digest\":\"{BLOB}\"}}\r\n"
        );
        let table = format!(
            "mode,path,digest,size,repository\n\
             100755,\"=a,\n\"\"b\"\"\",{BLOB},6,\n,c,{BLOB},,https://example.org/other\n"
        );
        let default = Some("https://example.org/data");
        let read_lines = read(lines.as_bytes(), Form::Ndjson, default).unwrap();
        assert_eq!(read_lines, read(table.as_bytes(), Form::Csv, default).unwrap());
        let nodes = read_lines[0].0.nodes.as_ref().unwrap();
        assert_eq!((nodes[0].path.as_str(), nodes[0].size), ("=a,\n\"b\"", Some(6)));
        assert_eq!(read_lines[1].0.url, "https://example.org/other");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let of = |text: &str, form| read(text.as_bytes(), form, None).unwrap_err().reason;
        assert!(of("", Form::Ndjson).contains("no rows"));
        assert!(of("path,digest\n", Form::Csv).contains("no rows"));
        assert!(of("path,hash\na,b\n", Form::Csv).contains("line 1: the column \"hash\" is unknown"));
        assert!(
            of(&format!("path,digest\na,{BLOB}\n"), Form::Csv).contains("line 2: it names no repository")
        );
        assert!(of("repository,path,digest,size\nhttps://a.b/c,a,b,many\n", Form::Csv).contains("line 2"));
        assert!(of("{\"path\":\"a\"}", Form::Ndjson).contains("line 1"));
        let local = format!("{{\"repository\":\"ext::sh\",\"path\":\"a\",\"digest\":\"{BLOB}\"}}");
        assert!(of(&local, Form::Ndjson).contains("line 1"));
    }
}
