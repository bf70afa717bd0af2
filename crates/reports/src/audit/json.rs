//! A report as JSON lines: one object a line, each with the name of its `section`. The first line is the
//! summary; a section without rows has no line.

use std::{
    borrow::Cow,
    io::{self, BufWriter, Write},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::{
    facts::{Facts, Value},
    path::PathText,
    rows::{Change, Finding, Section, State},
};
use crate::xlsx::hex;

pub(super) struct Json<W: Write>(BufWriter<W>);

impl<W: Write> Json<W> {
    pub(super) fn begin(only: Option<Section>, facts: &Facts, out: W) -> io::Result<Self> {
        let mut json = Self(BufWriter::with_capacity(64 << 10, out));
        if only.is_none_or(|only| only == Section::Summary) {
            json.line(&Summary(facts))?;
        }
        Ok(json)
    }

    pub(super) fn change(&mut self, section: Section, change: &Change<'_>) -> io::Result<()> {
        self.line(&ChangeLine::new(section, change))
    }

    pub(super) fn finding(&mut self, finding: &Finding<'_>) -> io::Result<()> {
        self.line(&FindingLine::from(finding))
    }

    pub(super) fn finish(self) -> io::Result<W> {
        let mut out = self.0.into_inner().map_err(io::IntoInnerError::into_error)?;
        out.flush()?;
        Ok(out)
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, value)?;
        self.0.write_all(b"\n")
    }
}

struct Summary<'a>(&'a Facts);

impl Serialize for Summary<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("section", Section::Summary.as_str())?;
        for fact in self.0.all() {
            match &fact.value {
                Value::Text(text) => map.serialize_entry(fact.name, text)?,
                Value::Number(number) => map.serialize_entry(fact.name, number)?,
            }
        }
        map.end()
    }
}

/// A change as JSON has it.
#[derive(Debug, Serialize)]
struct ChangeLine<'a> {
    section: &'static str,
    repository: &'a str,
    /// The path as text and, when that is no UTF-8, its bytes in base64.
    path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    /// The path that it had, when that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_path: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_path_base64: Option<String>,
    /// What differs between the two sides, where there are two.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<Vec<&'static str>>,
    before: Option<StateLine<'a>>,
    after: Option<StateLine<'a>>,
}

#[derive(Debug, Serialize)]
struct StateLine<'a> {
    mode: String,
    digest: String,
    size: u64,
    language: Option<&'a str>,
    lines: Option<u64>,
    code: Option<u64>,
    complexity: Option<u64>,
    licences: &'a [String],
}

/// A finding as JSON has it.
#[derive(Debug, Serialize)]
struct FindingLine<'a> {
    section: &'static str,
    id: i64,
    level: &'static str,
    check: &'a str,
    code: &'a str,
    repository: &'a str,
    path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    line: Option<u64>,
    message: &'a str,
    #[serde(rename = "override")]
    pass: Option<Pass<'a>>,
}

#[derive(Debug, Serialize)]
struct Pass<'a> {
    person: &'a str,
    reason: &'a str,
    at: &'a str,
}

impl<'a> ChangeLine<'a> {
    fn new(section: Section, change: &Change<'a>) -> Self {
        let changed = match (&change.before, &change.after) {
            (Some(before), Some(after)) => Some(before.differences(after)),
            _ => None,
        };
        let (path, path_base64) = text_of(change.path);
        let (old_path, old_path_base64) = change.old_path.map(text_of).unzip();
        Self {
            section: section.as_str(),
            repository: change.repository,
            path,
            path_base64,
            old_path,
            old_path_base64: old_path_base64.flatten(),
            changed,
            before: change.before.map(StateLine::from),
            after: change.after.map(StateLine::from),
        }
    }
}

impl<'a> From<State<'a>> for StateLine<'a> {
    fn from(of: State<'a>) -> Self {
        let mut digest = String::with_capacity(of.digest.len() * 2);
        let digits = of.digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digest.extend(digits.map(|digit| char::from(hex(digit))));
        Self {
            mode: format!("{:06o}", of.mode),
            digest,
            size: of.size,
            language: of.language,
            lines: of.lines,
            code: of.code,
            complexity: of.complexity,
            licences: of.licences,
        }
    }
}

impl<'a> From<&Finding<'a>> for FindingLine<'a> {
    fn from(finding: &Finding<'a>) -> Self {
        let (path, path_base64) = text_of(finding.path);
        Self {
            section: Section::Findings.as_str(),
            id: finding.id,
            level: finding.level.as_str(),
            check: finding.check,
            code: finding.code,
            repository: finding.repository,
            path,
            path_base64,
            line: finding.line,
            message: finding.message,
            pass: finding.pass.map(|pass| Pass { person: pass.person, reason: pass.reason, at: pass.at }),
        }
    }
}

fn text_of(path: &[u8]) -> (Cow<'_, str>, Option<String>) {
    let text = PathText::from(path);
    let base64 = text.quoted.then(|| STANDARD.encode(path));
    (text.text, base64)
}
