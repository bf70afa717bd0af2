//! Against lizard: functions with their lines, tokens, parameters and complexity, and the eight metrics.
//!
//! Each file is read twice by us: as we mean it, and with lizard's slips repeated. What is equal only the
//! second way is a slip of lizard's, and is put down to the classes that make a difference there.

use std::collections::BTreeMap;

use analysis::functions::{FileFunctions, Quirks, Reader, analyze_with, reader};
use anyhow::{Context, Result};
use serde::Deserialize;

use super::peer::{Tree, ask, files, percent, text};
use crate::workspace::Complaint;

/// Which reader lizard takes for which extensions, and ours.
const LANGUAGES: &[(&str, &[&str])] = &[
    ("C++", &["c", "cpp", "cc", "cxx", "h", "hh", "hpp"]),
    ("C#", &["cs"]),
    ("Go", &["go"]),
    ("Java", &["java"]),
    ("JavaScript", &["js", "cjs", "mjs"]),
    ("Kotlin", &["kt", "kts"]),
    ("Lua", &["lua"]),
    ("Objective-C", &["m", "mm"]),
    ("PHP", &["php"]),
    ("Perl", &["pl", "pm"]),
    ("Python", &["py"]),
    ("Ruby", &["rb"]),
    ("Rust", &["rs"]),
    ("Scala", &["scala"]),
    ("Solidity", &["sol"]),
    ("Swift", &["swift"]),
    ("TSX", &["tsx", "jsx"]),
    ("TypeScript", &["ts"]),
    ("Zig", &["zig"]),
];

/// Name, first line, lines, tokens, parameters, complexity.
type Row = (String, u32, i64, u64, u32, i64);

#[derive(Deserialize)]
struct Answer {
    path: String,
    error: Option<String>,
    #[serde(default)]
    nloc: i64,
    #[serde(default)]
    tokens: u64,
    #[serde(default)]
    functions: Vec<Row>,
}

/// What one way of reading came to.
#[derive(Default)]
struct Score {
    functions: usize,
    /// The functions of whichever found more.
    of: usize,
    files: usize,
}

pub(super) fn run(tree: &Tree) -> Result<Vec<Complaint>> {
    let mut complaints = Vec::new();
    println!("{:12} {:>6} {:>9}   as we mean it        slips repeated", "language", "files", "functions");
    println!("{:12} {:>6} {:>9}   functions  files     functions  files", "", "", "");
    for (language, extensions) in LANGUAGES {
        let files = files(&tree.path, extensions, tree.files)?;
        if !files.is_empty() {
            let reader = reader(language).with_context(|| format!("no reader for {language}"))?;
            let answers = ask(&tree.python, include_str!("lizard.py"), &files)?;
            complaints.extend(compare(language, reader, &answers, tree.show)?);
        }
    }
    Ok(complaints)
}

fn compare(language: &str, reader: Reader, answers: &[Answer], show: usize) -> Result<Option<Complaint>> {
    let (mut total, mut files, mut refused) = (0, 0, 0);
    let (mut right, mut repeated) = (Score::default(), Score::default());
    let mut classes: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut shown = Vec::new();
    for answer in answers {
        if answer.error.is_some() {
            refused += 1;
            continue;
        }
        let text = text(answer.path.as_ref())?;
        files += 1;
        let count = answer.functions.len();
        total += count;
        let ours = analyze_with(reader, &text, Quirks::NONE);
        let (equal, all) = agreement(answer, &ours);
        right.functions += equal;
        right.of += count.max(ours.functions.len());
        right.files += usize::from(all);
        let slips = analyze_with(reader, &text, Quirks::LIZARD);
        let (equal_repeated, all_repeated) = agreement(answer, &slips);
        repeated.functions += equal_repeated;
        repeated.of += count.max(slips.functions.len());
        repeated.files += usize::from(all_repeated);
        if !all && all_repeated {
            for (name, quirk) in Quirks::ALL {
                if analyze_with(reader, &text, *quirk) != ours {
                    let class = classes.entry(name).or_default();
                    class.0 += 1;
                    class.1 += count.max(ours.functions.len()) - equal;
                }
            }
        }
        if !all_repeated && shown.len() < show {
            shown.push(difference(answer, &slips));
        }
    }
    println!(
        "{language:12} {files:6} {total:9}   {:8.2}%  {:6.2}%   {:8.2}%  {:6.2}%",
        percent(right.functions, right.of),
        percent(right.files, files),
        percent(repeated.functions, repeated.of),
        percent(repeated.files, files),
    );
    for (name, (files, functions)) in &classes {
        println!("{:12} {name}: {files} files, {functions} functions in them", "");
    }
    if refused > 0 {
        println!("{:12} lizard gave up on {refused} files", "");
    }
    shown.iter().for_each(|line| println!("{:12} {line}", ""));
    let short = percent(repeated.functions, repeated.of) < 99.0 || percent(repeated.files, files) < 97.0;
    Ok(short.then(|| Complaint {
        place: language.to_owned(),
        line: 0,
        what: "fewer than 99 % of functions or 97 % of files agree with lizard".to_owned(),
    }))
}

fn rows(found: &FileFunctions) -> Vec<Row> {
    let row = |f: &analysis::functions::Function| {
        (f.name.clone(), f.start_line, f.nloc, f.tokens, f.parameters, f.complexity)
    };
    found.functions.iter().map(row).collect()
}

/// How many functions are the same, and whether the eight metrics of the file are.
fn agreement(answer: &Answer, ours: &FileFunctions) -> (usize, bool) {
    let mut counts: BTreeMap<&Row, usize> = BTreeMap::new();
    answer.functions.iter().for_each(|row| *counts.entry(row).or_default() += 1);
    let mine = rows(ours);
    let mut equal = 0;
    for row in &mine {
        if let Some(count) = counts.get_mut(row).filter(|count| **count > 0) {
            *count -= 1;
            equal += 1;
        }
    }
    let sums = |rows: &[Row]| {
        rows.iter().fold((0, 0, 0, 0, 0), |sums, row| {
            let length = row.0.chars().count();
            (sums.0 + length, sums.1 + row.2, sums.2 + row.3, sums.3 + row.4, sums.4 + row.5)
        })
    };
    let all = ours.metrics.lines_of_code == answer.nloc
        && ours.metrics.token_count == answer.tokens
        && mine.len() == answer.functions.len()
        && sums(&mine) == sums(&answer.functions);
    (equal, all)
}

/// The first function that differs, or the counts of the file.
fn difference(answer: &Answer, ours: &FileFunctions) -> String {
    let mine = rows(ours);
    let theirs = answer.functions.iter().find(|row| !mine.contains(row));
    let other = mine.iter().find(|row| !answer.functions.contains(row));
    format!(
        "{}: lizard {} lines, {} tokens, {theirs:?}; we {} lines, {} tokens, {other:?}",
        answer.path, answer.nloc, answer.tokens, ours.metrics.lines_of_code, ours.metrics.token_count
    )
}
