//! Lines, with tokei's.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::files;
use crate::workspace::Complaint;

/// What and with what.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The directory whose files are counted
    directory: PathBuf,
    /// The tokei to run; version 15 is what the account in docs/comparison-tokei.md is about
    #[arg(long, default_value = "tokei")]
    tool: PathBuf,
    /// How many examples of each difference are shown
    #[arg(long, default_value_t = 2)]
    examples: usize,
}

/// At least so many thousandths of the files must agree, seams put right.
const PROMISED: usize = 995;

/// Code, comments, blanks.
type Lines = (i64, i64, i64);

struct Theirs {
    language: String,
    lines: Lines,
}

/// How two counts of one file compare.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Equal,
    /// Equal but for what our count put right at the seams of embedded code.
    Seam(String),
    /// The two see the file in different languages.
    Language(String),
    Other(String),
}

pub(crate) fn run(arguments: &Arguments) -> Result<Vec<Complaint>> {
    let theirs = theirs(arguments)?;
    let mut classes: BTreeMap<Class, Vec<(PathBuf, Lines, Lines)>> = BTreeMap::new();
    let (mut both, mut only_ours) = (0_usize, 0_usize);
    let mut uncounted: BTreeMap<String, usize> = BTreeMap::new();
    for path in files(&arguments.directory)? {
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        match (ours(&path, &bytes), theirs.get(&path)) {
            (Some((language, counts)), Some(theirs)) => {
                both += 1;
                let class = class(language, &counts, theirs);
                classes.entry(class).or_default().push((path, lines(&counts), theirs.lines));
            }
            (None, Some(theirs)) => *uncounted.entry(theirs.language.clone()).or_default() += 1,
            (Some(_), None) => only_ours += 1,
            (None, None) => {}
        }
    }
    let of = |wanted: fn(&Class) -> bool| -> usize {
        classes.iter().filter(|(class, _)| wanted(class)).map(|(_, files)| files.len()).sum()
    };
    let equal = of(|class| *class == Class::Equal);
    let mended = equal + of(|class| matches!(class, Class::Seam(_)));
    let same_language = both - of(|class| matches!(class, Class::Language(_)));
    println!(
        "files that both count: {both}; only tokei: {}; only we: {only_ours}",
        uncounted.values().sum::<usize>()
    );
    println!("equal as they stand:   {equal} ({})", percent(equal, both));
    println!("equal, seams put right: {mended} ({})", percent(mended, both));
    println!("the same, in the same language: {}", percent(mended, same_language));
    for (class, files) in &classes {
        let name = match class {
            Class::Equal => continue,
            Class::Seam(language) => format!("seam, {language}"),
            Class::Language(pair) => format!("language, {pair}"),
            Class::Other(language) => format!("other, {language}"),
        };
        println!("  {:>6}  {name}", files.len());
        for (path, ours, theirs) in files.iter().take(arguments.examples) {
            println!("          {}: we {ours:?}, tokei {theirs:?} (code, comments, blanks)", path.display());
        }
    }
    for (language, count) in uncounted {
        println!("  {count:>6}  counted by tokei only, as {language}");
    }
    if mended * 1000 >= both * PROMISED {
        return Ok(Vec::new());
    }
    let what = format!("{} of the files agree, 99.5 % are promised", percent(mended, both));
    Ok(vec![Complaint { place: arguments.directory.display().to_string(), line: 0, what }])
}

fn ours(
    path: &Path,
    bytes: &[u8],
) -> Option<(&'static analysis::language::Language, analysis::lines::LineCounts)> {
    let limits = analysis::Limits { max_bytes: u64::MAX, ..analysis::Limits::default() };
    let file = analysis::File::new(analysis::hint(path.as_os_str().as_encoded_bytes()), bytes, &limits);
    let language = file.language()?;
    Some((language, analysis::lines::count(language, file.body().ok()?)?))
}

fn lines(counts: &analysis::lines::LineCounts) -> Lines {
    let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    (signed(counts.code), signed(counts.comments), signed(counts.blanks))
}

fn class(
    language: &analysis::language::Language,
    counts: &analysis::lines::LineCounts,
    theirs: &Theirs,
) -> Class {
    let (code, comments, blanks) = lines(counts);
    let mended = counts.mended;
    if (code, comments, blanks) == theirs.lines {
        Class::Equal
    } else if (code - mended.code, comments - mended.comments, blanks - mended.blanks) == theirs.lines {
        Class::Seam(language.name.to_owned())
    } else if analysis::lines::counted_alike(language, &theirs.language) {
        Class::Other(language.name.to_owned())
    } else {
        Class::Language(format!("{} for tokei's {}", language.name, theirs.language))
    }
}

/// Runs tokei over everything, hidden and ignored files too.
fn theirs(arguments: &Arguments) -> Result<HashMap<PathBuf, Theirs>> {
    let output = Command::new(&arguments.tool)
        .args(["--no-ignore", "--hidden", "--output", "json"])
        .arg(&arguments.directory)
        .output()
        .with_context(|| {
            format!(
                "cannot run {} (`cargo install tokei` makes one; --tool says where it is)",
                arguments.tool.display()
            )
        })?;
    if !output.status.success() {
        bail!("{} failed: {}", arguments.tool.display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    let report: Value = serde_json::from_slice(&output.stdout).context("tokei's report is not JSON")?;
    let mut found = HashMap::new();
    for (language, of_language) in report.as_object().context("tokei's report is not an object")? {
        for file in of_language["reports"].as_array().into_iter().flatten().filter(|_| language != "Total") {
            let name = file["name"].as_str().context("tokei names no file")?;
            // A notebook's cells are in its own sums and, once more, in those of their languages.
            let sum = if language.starts_with("Jupyter") {
                own(&file["stats"])
            } else {
                with_embedded(&file["stats"])
            };
            found.insert(PathBuf::from(name), Theirs { language: language.clone(), lines: sum });
        }
    }
    Ok(found)
}

fn own(stats: &Value) -> Lines {
    let of = |field: &str| stats[field].as_i64().unwrap_or_default();
    (of("code"), of("comments"), of("blanks"))
}

/// The lines of a file and of the languages embedded in it. Three deep is as far as tokei goes.
fn with_embedded(stats: &Value) -> Lines {
    let mut sum = (0, 0, 0);
    let mut left = vec![stats];
    while let Some(stats) = left.pop() {
        let (code, comments, blanks) = own(stats);
        sum = (sum.0 + code, sum.1 + comments, sum.2 + blanks);
        left.extend(stats["blobs"].as_object().into_iter().flat_map(|blobs| blobs.values()));
    }
    sum
}

/// A part of a whole in percent, with three decimals.
fn percent(part: usize, whole: usize) -> String {
    let thousandths = part.saturating_mul(100_000) / whole.max(1);
    format!("{}.{:03} %", thousandths / 1000, thousandths % 1000)
}
