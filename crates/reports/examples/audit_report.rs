//! Writes a report of made-up changes: `audit_report FORMAT ROWS FILE`. For `cargo xtask bench reports`, and
//! for other programs to read what this one wrote: every twelfth name is one that has gone wrong elsewhere.

use std::{fs::File, io};

use reports::audit::{Change, Facts, Finding, Format, Level, Override, Report, Section, State};

const LANGUAGES: [&str; 8] = ["Rust", "Python", "C", "Go", "TypeScript", "Markdown", "JSON", "Java"];
const ODD: [&str; 12] = [
    "comma, semicolon; and | bar.txt",
    "say \"hi\".md",
    "two\nlines.rs",
    "=cmd|'/C calc'!A0",
    "+1",
    "-2",
    "@SUM(A1)",
    "\ttab",
    "'apostrophe",
    "naïve/文件/שלום/😀.rs",
    "<b>&amp;</b>",
    " blanks ",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "audit_report FORMAT ROWS FILE [odd]";
    let format: Format = arguments.next().ok_or(usage)?.parse()?;
    let rows: u64 = arguments.next().ok_or(usage)?.parse()?;
    let out = File::create(arguments.next().ok_or(usage)?)?;
    let odd = arguments.next().is_some();

    let mut facts = Facts { title: format!("{rows} changes"), ..Facts::default() };
    facts.text("stock", "default").number("stock_version", 7);
    facts.counts.new = rows;
    let mut report = Report::begin(format, None, &facts, out)?;
    for number in 0..rows {
        row(&mut report, Section::New, number, odd)?;
    }
    if odd {
        for section in [Section::Modified, Section::Removed, Section::Moved, Section::Attributes] {
            (0..rows / 10).try_for_each(|number| row(&mut report, section, number, odd))?;
        }
        findings(&mut report, rows / 10)?;
    }
    report.finish()?.sync_all()?;
    Ok(())
}

fn row(report: &mut Report<File>, section: Section, number: u64, odd: bool) -> io::Result<()> {
    let repository = format!("https://example.org/group/project{}", number / 10_000);
    let mut path = format!("src/part{}/module{}/file{number}.rs", number % 97, number % 1_013);
    if odd && number.is_multiple_of(12) {
        path = ODD[(number / 12 % 12) as usize].to_owned();
    }
    let digest = |salt: u64| {
        let word = |at: u64| (number + salt + at).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        let all = [word(1), word(2), word(3)].concat();
        all[..20].to_vec()
    };
    let (before, after) = (digest(0), digest(7));
    let licences = ["MIT".to_owned()];
    let state = |digest| State {
        mode: 0o100_644,
        digest,
        size: number * 7 % 50_021,
        language: Some(LANGUAGES[(number % 8) as usize]),
        lines: Some(number % 997),
        code: Some(number % 797),
        complexity: Some(number % 211),
        licences: if number.is_multiple_of(3) { &licences } else { &[] },
    };
    let change = Change {
        repository: &repository,
        path: path.as_bytes(),
        old_path: (section == Section::Moved).then_some(b"old/name"),
        before: (section != Section::New).then(|| state(&before)),
        after: (section != Section::Removed).then(|| state(&after)),
    };
    report.change(section, &change)
}

fn findings(report: &mut Report<File>, count: u64) -> io::Result<()> {
    for number in 0..count {
        let message = format!("{} was found", ODD[(number % 12) as usize]);
        let path = format!("src/file{number}.rs");
        report.finding(&Finding {
            id: number as i64 + 1,
            level: Level::ALL[(number % 3) as usize],
            check: ["licence", "size", "secrets"][(number % 3) as usize],
            code: "found",
            repository: "https://example.org/group/project0",
            path: path.as_bytes(),
            line: Some(number),
            message: &message,
            pass: number.is_multiple_of(5).then_some(Override {
                person: "ann",
                reason: "=seen, \"agreed\"",
                at: "2026-01-02T03:04:05Z",
            }),
        })?;
    }
    Ok(())
}
