//! Licences, with ScanCode's: the tool whose data most other tools are measured against.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use analysis::{Limits, Outcome};
use anyhow::{Context, Result};
use clap::Args;
use serde::Deserialize;

use super::peer::{ask, percent};
use crate::workspace::Complaint;

/// What and with what.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The directory whose files are looked at
    directory: PathBuf,
    /// A Python in which `scancode-toolkit-mini` is installed
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// So many other files as well, evenly spread: what their heads say
    #[arg(long, default_value_t = 0)]
    others: usize,
    /// How many examples of each difference are shown
    #[arg(long, default_value_t = 2)]
    examples: usize,
}

/// At least so many per cent of the licence files must have the same ids, or ids of which one side has some
/// more: the two never name different licences in more than the rest.
const PROMISED: f64 = 97.0;

type Ids = BTreeSet<String>;

#[derive(Deserialize)]
struct Answer {
    error: Option<String>,
    ids: Vec<String>,
}

/// How two sets of ids compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// The same ids, or nothing on either side.
    Equal,
    /// The same but for "or later", which a licence's text alone does not say.
    Later,
    /// ScanCode has a name of its own for it, which is no SPDX id.
    Unlisted,
    /// We name some that it does not, and all that it does.
    WeMore,
    /// It names some that we do not, and all that we do.
    TheyMore,
    /// Each names some that the other does not.
    Different,
}

impl Class {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Equal, "the same"),
        (Self::Later, "the same but for \"or later\""),
        (Self::Unlisted, "what SPDX has no id for"),
        (Self::WeMore, "we name more"),
        (Self::TheyMore, "ScanCode names more"),
        (Self::Different, "different"),
    ];

    fn of(ours: &Ids, theirs: &Ids) -> Self {
        let plain =
            |ids: &Ids| -> Ids { ids.iter().map(|id| without_version_words(id).to_owned()).collect() };
        let listed = |ids: &Ids| -> Ids {
            ids.iter().filter(|id| !id.starts_with("LicenseRef-scancode-")).cloned().collect()
        };
        if ours == theirs {
            return Self::Equal;
        }
        if plain(ours) == plain(theirs) {
            return Self::Later;
        }
        let (ours, theirs_listed) = (plain(ours), plain(&listed(theirs)));
        if ours == theirs_listed {
            Self::Unlisted
        } else if theirs_listed.is_subset(&ours) {
            Self::WeMore
        } else if ours.is_subset(&theirs_listed) {
            Self::TheyMore
        } else {
            Self::Different
        }
    }
}

/// `GPL-2.0-or-later`, `GPL-2.0-only` and `GPL-2.0+` are versions of one text.
fn without_version_words(id: &str) -> &str {
    ["-or-later", "-only", "+"].iter().find_map(|end| id.strip_suffix(end)).unwrap_or(id)
}

pub(super) fn run(arguments: &Arguments) -> Result<Vec<Complaint>> {
    let (licences, others) = chosen(arguments)?;
    let mut complaints = Vec::new();
    let shares = [("licence files", licences, true), ("other files", others, false)];
    for (what, files, promised) in shares.into_iter().filter(|(_, files, _)| !files.is_empty()) {
        let share = compare(what, &files, arguments)?;
        if promised && share < PROMISED {
            let what = format!("{share:.2} % of {what} are named alike, {PROMISED} % are promised");
            complaints.push(Complaint { place: arguments.directory.display().to_string(), line: 0, what });
        }
    }
    Ok(complaints)
}

/// Files that are licences by their names, each content once, and some of the others.
fn chosen(arguments: &Arguments) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let mut paths = super::files(&arguments.directory)?;
    paths.retain(|path| path.to_str().is_some_and(|path| !path.contains('\n')));
    paths.sort();
    let (mut licences, mut others) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for path in paths {
        let hint = hint_of(&path);
        if hint.starts_with("LICENSE") || hint.starts_with("COPYING") {
            let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            if seen.insert(bytes) {
                licences.push(path);
            }
        } else if !hint.is_empty() {
            others.push(path);
        }
    }
    let every = (others.len() as f64 / arguments.others.max(1) as f64).max(1.0);
    let count = arguments.others.min(others.len());
    let spread = (0..count).filter_map(|place| others.get((place as f64 * every) as usize).cloned());
    Ok((licences, spread.collect()))
}

fn hint_of(path: &Path) -> &'static str {
    analysis::hint(path.as_os_str().as_encoded_bytes())
}

/// Says how far the two agree; gives the share of files in which neither contradicts the other.
fn compare(what: &str, files: &[PathBuf], arguments: &Arguments) -> Result<f64> {
    let begun = Instant::now();
    let answers: Vec<Answer> = ask(&arguments.python, include_str!("licences.py"), files)?;
    let theirs_took = begun.elapsed();
    let mut ours_took = Duration::ZERO;
    let mut classes: BTreeMap<Class, Vec<String>> = BTreeMap::new();
    let (mut compared, mut neither) = (0, 0);
    for (path, answer) in files.iter().zip(answers) {
        if answer.error.is_some() {
            continue;
        }
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let begun = Instant::now();
        let ours = ours(path, &bytes);
        ours_took += begun.elapsed();
        let theirs: Ids = answer.ids.into_iter().collect();
        compared += 1;
        neither += usize::from(ours.is_empty() && theirs.is_empty());
        let difference = format!("{}: we {ours:?}, ScanCode {theirs:?}", path.display());
        classes.entry(Class::of(&ours, &theirs)).or_default().push(difference);
    }
    println!("{what}: {compared} of {}, in {neither} of which neither names any", files.len());
    println!("    {:.2} s for us, {:.2} s for ScanCode", ours_took.as_secs_f64(), theirs_took.as_secs_f64());
    for (class, name) in Class::ALL {
        let examples = classes.get(&class).map(Vec::as_slice).unwrap_or_default();
        println!("    {:>6} ({:.2} %)  {name}", examples.len(), percent(examples.len(), compared));
        if class != Class::Equal {
            examples.iter().take(arguments.examples).for_each(|example| println!("            {example}"));
        }
    }
    let different = classes.get(&Class::Different).map_or(0, Vec::len);
    Ok(percent(compared - different, compared))
}

/// What the analyzer `licence` says.
#[derive(Deserialize)]
struct Found {
    licences: Vec<Licence>,
    #[serde(default)]
    expression: Option<String>,
}

#[derive(Deserialize)]
struct Licence {
    id: String,
}

fn ours(path: &Path, bytes: &[u8]) -> Ids {
    let reports = analysis::analyze_missing(hint_of(path), bytes, &Limits::default(), &["licence"]);
    let Some(Outcome::Ok(json)) = reports.into_iter().next().map(|report| report.outcome) else {
        return Ids::new();
    };
    let Ok(found) = serde_json::from_str::<Found>(&json) else { return Ids::new() };
    let mut ids: Ids = found.licences.into_iter().map(|licence| licence.id).collect();
    // An exception is a word of the expression and no licence.
    let expression = found.expression.unwrap_or_default();
    let words: Vec<&str> = expression.split(|c: char| c.is_whitespace() || "()".contains(c)).collect();
    ids.extend(words.windows(2).filter(|pair| pair[0] == "WITH").map(|pair| pair[1].to_owned()));
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Ids {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn sets_of_ids_fall_into_classes() {
        for (ours, theirs, class) in [
            ("MIT", "MIT", Class::Equal),
            ("", "", Class::Equal),
            ("GPL-2.0-only", "GPL-2.0-or-later", Class::Later),
            ("MIT", "MIT LicenseRef-scancode-other-permissive", Class::Unlisted),
            ("MIT ISC", "MIT", Class::WeMore),
            ("", "MIT", Class::TheyMore),
            ("MIT", "ISC", Class::Different),
        ] {
            assert_eq!(Class::of(&ids(ours), &ids(theirs)), class, "{ours} and {theirs}");
        }
    }

    #[test]
    fn an_exception_counts_as_an_id() {
        let text = b"// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n";
        assert_eq!(ours(Path::new("a.c"), text), ids("Apache-2.0 LLVM-exception"));
    }
}
