//! What was found, as a table, JSON and CSV.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use analysis::validation::{Kind, Verdict};
use comfy_table::{Table, presets};
use contracts::{ErrorKind, Failure};
use serde_json::{Value, json};

use crate::output::visible;

/// One file, checked.
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) bytes: u64,
    pub(super) sha256: Option<Vec<u8>>,
    pub(super) verdict: Verdict,
}

impl Checked {
    fn state(&self) -> &'static str {
        if self.verdict.is_fit() { "complete" } else { "failed" }
    }

    fn rows(&self) -> impl Iterator<Item = (&'static str, &str, &str)> {
        let errors = self.verdict.errors.iter().map(|found| ("error", found));
        let warnings = self.verdict.warnings.iter().map(|found| ("warning", found));
        errors.chain(warnings).flat_map(|(level, (key, texts))| {
            texts.iter().map(move |text| (level, key.as_str(), text.as_str()))
        })
    }

    fn json(&self) -> Value {
        let hex = |bytes: &Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        json!({
            "name": self.name,
            "kind": self.kind.as_str(),
            "state": self.state(),
            "bytes": self.bytes,
            "sha256": self.sha256.as_ref().map(hex),
            "errors": self.verdict.errors,
            "warnings": self.verdict.warnings,
        })
    }
}

/// What failed and why, and how much there was.
pub(super) fn table(checked: &[Checked], out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["file", "level", "check", "what"]);
    let mut found = false;
    for one in checked {
        for (level, key, text) in one.rows() {
            found = true;
            table.add_row([&visible(&one.name), level, key, &visible(text)]);
        }
    }
    if found {
        writeln!(out, "{}\n", table.trim_fmt())?;
    }
    let failed = checked.iter().filter(|one| !one.verdict.is_fit()).count();
    let odd = checked.iter().filter(|one| one.verdict.is_fit() && !one.verdict.warnings.is_empty()).count();
    writeln!(
        out,
        "{} checked: {} fit, {failed} failed, {odd} with warnings",
        checked.len(),
        checked.len() - failed
    )
}

/// All of it.
pub(super) fn json(checked: &[Checked], out: &mut dyn Write) -> io::Result<()> {
    let failed = checked.iter().filter(|one| !one.verdict.is_fit()).count();
    let files: Vec<Value> = checked.iter().map(Checked::json).collect();
    writeln!(out, "{:#}", json!({ "checked": checked.len(), "failed": failed, "files": files }))
}

fn csv(checked: &[Checked], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "file,kind,state,level,check,what\r\n")?;
    for one in checked {
        let head = [one.name.as_str(), one.kind.as_str(), one.state()].map(field).join(",");
        let mut rows = one.rows().peekable();
        if rows.peek().is_none() {
            write!(out, "{head},,,\r\n")?;
        }
        for (level, key, text) in rows {
            write!(out, "{head},{}\r\n", [level, key, text].map(field).join(","))?;
        }
    }
    Ok(())
}

/// A cell, quoted where it must be. One that a spreadsheet would take for a formula is made a text.
fn field(text: &str) -> String {
    let text =
        if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// How a report file is written.
#[derive(Clone, Copy)]
pub(super) enum Format {
    Json,
    Csv,
}

impl Format {
    /// By the file's name.
    pub(super) fn of(path: &Path) -> Result<Self, Failure> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => Ok(Self::Json),
            Some("csv") => Ok(Self::Csv),
            _ => Err(Failure::new(
                ErrorKind::Invalid,
                format!("--report {}: the name has to end in .json or .csv", path.display()),
            )),
        }
    }

    /// Writes the report.
    pub(super) fn write(self, path: &Path, checked: &[Checked]) -> Result<(), Failure> {
        let failed = |error: io::Error| {
            Failure::new(ErrorKind::Unavailable, format!("{} cannot be written: {error}", path.display()))
        };
        let mut out = BufWriter::new(File::create(path).map_err(failed)?);
        match self {
            Self::Json => json(checked, &mut out),
            Self::Csv => csv(checked, &mut out),
        }
        .and_then(|()| out.flush())
        .map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_formulas_are_texts() {
        assert_eq!(field("a"), "a");
        assert_eq!(field("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(field("=1+1"), "'=1+1");
    }
}
