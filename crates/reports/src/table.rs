//! A report for people at a terminal.

use std::io;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets::NOTHING};

use crate::{
    Layout, ScanReport, Status,
    numbers::{bytes, count, per_second, seconds},
};

/// More than these would push the summary off the screen; JSON and CSV have the others.
const SHOWN_FAILURES: usize = 10;
/// More licences than these are left to JSON and CSV.
const SHOWN_LICENCES: usize = 8;

pub(crate) fn write(report: &ScanReport, layout: Layout, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page { layout, out };
    page.heading(&head(report))?;
    if !report.languages.is_empty() {
        page.line("")?;
        let plain = ["Language", "Files", "Size", "Code", "Comments", "Blanks"];
        let wide = [plain.as_slice(), &["Functions", "Mean CC", "Worst CC"]].concat();
        // Columns of nothing but zeros would only be in the way.
        let heads = if report.languages_total().functions > 0 { &wide } else { plain.as_slice() };
        page.columns(&languages(report, heads.len()), heads, 1, true)?;
    }
    complex(report, &mut page)?;
    if !report.repositories.is_empty() {
        page.line("")?;
        page.columns(&repositories(report), &["Repository", "Commit", "Files", "Size", "Outcome"], 2, false)?;
    }
    let histories = histories(report);
    if !histories.is_empty() {
        let heads =
            ["Repository", "Commits", "Merge", "Feature", "Fix", "Config", "Other", "Mean words", "Mean fog"];
        page.line("")?;
        page.columns(&histories, &heads, 1, false)?;
    }
    failures(report, &mut page)?;
    page.line("")?;
    page.pairs(&summary(report))?;
    Ok(())
}

fn failures(report: &ScanReport, page: &mut Page<'_>) -> io::Result<()> {
    if report.failures.is_empty() {
        return Ok(());
    }
    page.line("")?;
    page.heading(&format!("Not analyzed: {}", files(report.failures_total())))?;
    for failed in report.failures.iter().take(SHOWN_FAILURES) {
        page.line(&format!("  {}: {}", printable(&failed.path), printable(&failed.reason)))?;
    }
    let more = report.failures_total().saturating_sub(SHOWN_FAILURES as u64);
    if more > 0 {
        page.line(&format!("  and {} more; `--format json` has more of them", count(more)))?;
    }
    Ok(())
}

fn head(report: &ScanReport) -> String {
    if report.snapshot.is_empty() {
        return "No snapshot was made".to_owned();
    }
    let state = if report.committed { "committed" } else { "not committed" };
    format!("Stock {}, snapshot {} ({state})", printable(&report.stock), printable(&report.snapshot))
}

/// The functions that are hardest to follow, and the licences.
fn complex(report: &ScanReport, page: &mut Page<'_>) -> io::Result<()> {
    if !report.complex_functions.is_empty() {
        let row = |of: &crate::Function| {
            let place = format!("{}:{}", printable(&of.path), of.line);
            vec![printable(&of.name), place, of.complexity.to_string(), of.nloc.to_string()]
        };
        let rows: Vec<_> = report.complex_functions.iter().map(row).collect();
        page.line("")?;
        page.columns(&rows, &["Most complex functions", "Where", "CC", "Lines"], 2, false)?;
    }
    if !report.licences.is_empty() {
        let each = |of: &crate::Licence| format!("{} ({})", printable(&of.licence), count(of.files));
        let shown: Vec<_> = report.licences.iter().take(SHOWN_LICENCES).map(each).collect();
        let more = report.licences.len().saturating_sub(SHOWN_LICENCES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        page.line("")?;
        page.line(&format!("Licences found, with files: {}{more}", shown.join(", ")))?;
    }
    Ok(())
}

fn languages(report: &ScanReport, columns: usize) -> Vec<Vec<String>> {
    let total = report.languages_total();
    let row = |of: &crate::Language| {
        let numbers = [of.code, of.comments, of.blanks].map(count);
        let (mean, worst) = match of.functions {
            0 => ("-".to_owned(), "-".to_owned()),
            _ => (format!("{:.1}", of.mean_complexity), of.worst_complexity.to_string()),
        };
        let head = vec![printable(&of.language), count(of.files), bytes(of.bytes)];
        let mut row = [head, numbers.to_vec(), vec![count(of.functions), mean, worst]].concat();
        row.truncate(columns);
        row
    };
    report.languages.iter().chain(std::iter::once(&total)).map(row).collect()
}

fn repositories(report: &ScanReport) -> Vec<Vec<String>> {
    let row = |of: &crate::Repository| {
        let commit = of.commit.as_deref().and_then(|id| id.get(..10)).unwrap_or("-").to_owned();
        let outcome = match &of.reason {
            Some(reason) => format!("{}: {}", of.status.as_str(), printable(reason)),
            None => of.status.as_str().to_owned(),
        };
        let (files, size) = match of.status {
            Status::Failed if of.nodes == 0 => ("-".to_owned(), "-".to_owned()),
            _ => (count(of.nodes), bytes(of.bytes)),
        };
        vec![printable(&of.url), commit, files, size, outcome]
    };
    report.repositories.iter().map(row).collect()
}

fn histories(report: &ScanReport) -> Vec<Vec<String>> {
    let row = |(url, of): (&str, &crate::History)| {
        let counts = [of.commits, of.merges, of.features, of.fixes, of.configs, of.unclassified].map(count);
        let means = [format!("{:.1}", of.mean_words), format!("{:.1}", of.mean_fog)];
        let note = match &of.failure {
            Some(reason) => format!("{} (not to the end: {})", printable(url), printable(reason)),
            None => printable(url),
        };
        [&[note], counts.as_slice(), &means].concat()
    };
    let with_history =
        report.repositories.iter().filter_map(|of| Some((of.url.as_str(), of.history.as_ref()?)));
    with_history.map(row).collect()
}

fn summary(report: &ScanReport) -> Vec<(&'static str, String)> {
    let mut pairs = Vec::new();
    if let Some(audit) = &report.audit {
        let (new, modified) = (count(audit.new), count(audit.modified));
        let (removed, unchanged) = (count(audit.removed), count(audit.unchanged));
        pairs.push((
            "Against the stock",
            format!("{new} new, {modified} modified, {removed} removed, {unchanged} unchanged"),
        ));
    }
    let totals = &report.totals;
    let done = match (totals.contents, totals.analyzed, totals.failed) {
        (0, ..) => "none".to_owned(),
        (contents, 0, 0) => format!("{} distinct, nothing to analyze: all reused", count(contents)),
        (contents, analyzed, failed) => format!(
            "{} distinct: {} analyzed, {} reused, {} failed",
            count(contents),
            count(analyzed),
            count(totals.reused),
            count(failed)
        ),
    };
    pairs.push(("Contents", done));
    let mut took =
        format!("{} for {} and {}", seconds(report.seconds), files(totals.nodes), bytes(totals.bytes));
    let rates = (per_second(totals.nodes, report.seconds), per_second(totals.bytes, report.seconds));
    if let (Some(nodes), Some(size)) = rates {
        took += &format!(": {} files/s, {}/s", count(nodes), bytes(size));
    }
    pairs.push(("Time", took));
    if !report.stages.is_empty() {
        let stage = |of: &crate::Stage| format!("{} {}", printable(&of.stage), seconds(of.seconds));
        pairs.push(("Stages", report.stages.iter().map(stage).collect::<Vec<_>>().join(", ")));
    }
    pairs.push(("Data", printable(&report.data)));
    pairs.extend(report.mixed_versions().map(|mixed| ("Note", printable(&mixed))));
    pairs.extend(report.notes.iter().map(|note| ("Note", printable(note))));
    pairs.extend(report.next.iter().map(|next| ("Next", printable(next))));
    pairs
}

fn files(number: u64) -> String {
    format!("{} {}", count(number), if number == 1 { "file" } else { "files" })
}

/// Where the lines go.
struct Page<'a> {
    layout: Layout,
    out: &'a mut dyn io::Write,
}

impl Page<'_> {
    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", text.trim_end())
    }

    fn heading(&mut self, text: &str) -> io::Result<()> {
        match self.layout.color {
            true => writeln!(self.out, "\x1b[1m{text}\x1b[0m"),
            false => self.line(text),
        }
    }

    /// Rows under a heading. The first `text` columns and an `Outcome` are text, the others numbers.
    fn columns(&mut self, rows: &[Vec<String>], heads: &[&str], text: usize, total: bool) -> io::Result<()> {
        let mut table = self.table();
        table.set_header(heads.iter().map(Cell::new));
        table.add_rows(rows);
        for (position, head) in heads.iter().enumerate() {
            let Some(column) = table.column_mut(position) else { continue };
            if position >= text && *head != "Outcome" {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        unpad(&mut table);
        let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        let rule = "─".repeat(lines.iter().map(|line| line.chars().count()).max().unwrap_or(0));
        for (position, line) in lines.iter().enumerate() {
            if total && position + 1 == lines.len() {
                self.line(&rule)?;
            }
            if position == 0 {
                self.heading(line)?;
                self.line(&rule)?;
            } else {
                self.line(line)?;
            }
        }
        Ok(())
    }

    /// Names and what they stand for, wrapped beside the names.
    fn pairs(&mut self, pairs: &[(&'static str, String)]) -> io::Result<()> {
        let mut table = self.table();
        let mut last = "";
        for (name, value) in pairs {
            // The second of two notes needs no second heading.
            let shown = if *name == last { "" } else { *name };
            table.add_row([shown, value]);
            last = name;
        }
        unpad(&mut table);
        table.lines().try_for_each(|line| self.line(&line))
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(NOTHING);
        if let Some(width) = self.layout.width {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.max(40));
        }
        table
    }
}

/// Columns begin at the margin and stand two blanks apart.
fn unpad(table: &mut Table) {
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 2));
    });
}

/// `text` with nothing in it that a terminal would act on, or that would change the order it is read in.
pub fn printable(text: &str) -> String {
    let acts = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(acts) {
        return text.to_owned();
    }
    text.chars().map(|c| if acts(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn a_name_cannot_speak_to_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\n"), "a\\u{1b}[2Jb\\n");
        assert_eq!(printable("safe \u{202e}gpj.exe"), "safe \\u{202e}gpj.exe");
        assert_eq!(printable("naïve 文件"), "naïve 文件");
    }
}
