//! A report as a page for browsers: what changed and where, as pictures. It is one file that needs nothing
//! beside it, runs no script, and follows the reader's light or dark.
//!
//! It keeps no row but the largest few, and sums of bounded number; the other formats have every row.

mod bars;
mod sums;
mod treemap;
mod words;

use std::io::{self, BufWriter, Write};

use self::{
    sums::{Largest, Sums},
    words::{bytes, count, escape},
};
use super::{
    facts::{Facts, Value},
    path::PathText,
    rows::{Change, Finding, Level, Section, State},
};

const STYLE: &str = include_str!("page/style.css");
/// Findings that are listed.
const SHOWN_FINDINGS: usize = 100;

pub(super) struct Page<W: Write> {
    out: BufWriter<W>,
    facts: Facts,
    sums: Sums,
    findings: Vec<Told>,
}

/// A finding that is listed.
struct Told {
    level: Level,
    passed: bool,
    check: String,
    subject: String,
    message: String,
}

impl<W: Write> Page<W> {
    pub(super) fn begin(facts: &Facts, out: W) -> Self {
        let out = BufWriter::with_capacity(64 << 10, out);
        Self { out, facts: facts.clone(), sums: Sums::default(), findings: Vec::new() }
    }

    pub(super) fn change(&mut self, section: Section, change: &Change<'_>) {
        self.sums.add(section, change);
    }

    pub(super) fn finding(&mut self, finding: &Finding<'_>) {
        self.sums.finding(finding);
        let told = || Told {
            level: finding.level,
            passed: finding.pass.is_some(),
            check: finding.check.to_owned(),
            subject: name(finding.repository, finding.path),
            message: finding.message.chars().take(300).collect(),
        };
        if self.findings.len() < SHOWN_FINDINGS {
            self.findings.push(told());
        } else if let Some(least) = self.findings.iter_mut().rev().min_by_key(|told| told.level)
            && least.level < finding.level
        {
            *least = told();
        }
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.head()?;
        self.tiles()?;
        treemap::write(&self.sums, &mut self.out)?;
        bars::write(&self.sums, &mut self.out)?;
        self.checks()?;
        largest(&self.sums.largest, &mut self.out)?;
        self.about()?;
        writeln!(self.out, "</main></body></html>")?;
        self.out.into_inner().map_err(io::IntoInnerError::into_error)
    }

    fn head(&mut self) -> io::Result<()> {
        let title = escape(&self.facts.title);
        write!(
            self.out,
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
             <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>\n"
        )
    }

    fn tiles(&mut self) -> io::Result<()> {
        let of = self.facts.counts;
        let mut tiles = vec![
            ("new", "New", of.new),
            ("modified", "Modified", of.modified),
            ("removed", "Removed", of.removed),
            ("moved", "Moved", of.moved),
            ("attributes", "Attributes", of.attributes),
        ];
        tiles.extend(of.kept.map(|kept| ("kept", "Kept", kept)));
        tiles.extend(of.unchanged.map(|unchanged| ("unchanged", "Unchanged", unchanged)));
        if let Some([info, warn, block]) = of.findings {
            let open = block.saturating_sub(of.overridden);
            tiles.extend([
                ("block", "Blocking", open),
                ("warn", "Warnings", warn),
                ("info", "Remarks", info),
            ]);
        }
        self.out.write_all(b"<ul class=\"tiles\">")?;
        for (class, title, number) in tiles {
            let quiet = if number == 0 { " none" } else { "" };
            write!(self.out, "<li class=\"{class}{quiet}\"><b>{}</b>{title}</li>", count(number))?;
        }
        self.out.write_all(b"</ul>\n")
    }

    fn checks(&mut self) -> io::Result<()> {
        if self.sums.checks.is_empty() {
            return Ok(());
        }
        write!(
            self.out,
            "<section><h2>Findings</h2><table><thead><tr><th>Check</th><th class=\"n\">Blocking</th>\
             <th class=\"n\">Overridden</th><th class=\"n\">Warnings</th><th class=\"n\">Remarks</th></tr></thead><tbody>"
        )?;
        for (check, [info, warn, block, passed]) in &self.sums.checks {
            write!(self.out, "<tr><td>{}</td>", escape(check))?;
            for number in [*block, *passed, *warn, *info] {
                write!(self.out, "<td class=\"n\">{}</td>", count(number))?;
            }
            self.out.write_all(b"</tr>")?;
        }
        self.out.write_all(b"</tbody></table>")?;
        self.findings.sort_by_key(|told| (told.passed, std::cmp::Reverse(told.level)));
        self.out.write_all(
            b"<table><thead><tr><th>Level</th><th>Check</th><th>Where</th><th>What</th></tr></thead><tbody>",
        )?;
        for told in &self.findings {
            let level = told.level.as_str();
            let (class, word) = if told.passed { ("passed", "overridden") } else { (level, level) };
            write!(
                self.out,
                "<tr><td><span class=\"level {class}\">{word}</span></td><td>{}</td><td class=\"name\">{}</td><td>{}</td></tr>",
                escape(&told.check),
                escape(&told.subject),
                escape(&told.message)
            )?;
        }
        self.out.write_all(b"</tbody></table>")?;
        let all: u64 = self.sums.checks.values().map(|[info, warn, block, _]| info + warn + block).sum();
        let more = all.saturating_sub(self.findings.len() as u64);
        if more > 0 {
            write!(self.out, "<p class=\"note\">and {} more; the other formats have all</p>", count(more))?;
        }
        self.out.write_all(b"</section>\n")
    }

    fn about(&mut self) -> io::Result<()> {
        self.out.write_all(b"<section><h2>About</h2><dl>")?;
        for fact in &self.facts.facts {
            let value = match &fact.value {
                Value::Text(text) => escape(text),
                Value::Number(number) => number.to_string(),
            };
            write!(self.out, "<dt>{}</dt><dd>{value}</dd>", fact.name.replace('_', " "))?;
        }
        self.out.write_all(b"</dl></section>")
    }
}

fn name(repository: &str, path: &[u8]) -> String {
    format!("{repository}/{}", PathText::from(path).text)
}

fn largest(largest: &Largest, out: &mut impl Write) -> io::Result<()> {
    let rows = largest.sorted();
    if rows.is_empty() {
        return Ok(());
    }
    write!(
        out,
        "<section><h2>Largest changes</h2><table><thead><tr><th>Kind</th><th>Name</th><th>Language</th>\
         <th class=\"n\">Size before</th><th class=\"n\">after</th><th class=\"n\">Code before</th><th class=\"n\">after</th>\
         <th class=\"n\">Complexity before</th><th class=\"n\">after</th></tr></thead><tbody>"
    )?;
    for row in rows {
        write!(
            out,
            "<tr><td><span class=\"kind {}\">{}</span></td><td class=\"name\">{}</td><td>{}</td>",
            row.section.as_str(),
            row.section.title(),
            escape(&row.name),
            escape(&row.language)
        )?;
        for [before, after] in [
            row.size.map(|of| of.map(bytes)),
            row.code.map(|of| of.map(count)),
            row.complexity.map(|of| of.map(count)),
        ] {
            let shown = |of: Option<String>| of.unwrap_or_default();
            write!(out, "<td class=\"n\">{}</td><td class=\"n\">{}</td>", shown(before), shown(after))?;
        }
        out.write_all(b"</tr>")?;
    }
    out.write_all(b"</tbody></table></section>\n")
}

/// What both sides have of something.
fn sides<T>(change: &Change<'_>, of: impl Fn(&State<'_>) -> Option<T>) -> [Option<T>; 2] {
    [change.before.as_ref().and_then(&of), change.after.as_ref().and_then(&of)]
}
