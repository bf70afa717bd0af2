//! Against radon: Halstead's measures, raw counts, complexity and the maintainability index of Python.

use analysis::python::{PythonMeasures, measure};
use anyhow::Result;
use serde::Deserialize;

use super::peer::{Tree, ask, files, percent, text};
use crate::workspace::Complaint;

#[derive(Deserialize)]
struct Answer {
    path: String,
    error: Option<String>,
    #[serde(default)]
    halstead: Vec<f64>,
    #[serde(default)]
    raw: Vec<u64>,
    #[serde(default)]
    complexity: i64,
    #[serde(default)]
    index: f64,
    #[serde(default)]
    rank: String,
}

/// What is compared, in the order of [`agreement`].
const PARTS: [&str; 4] = ["Halstead", "lines", "complexity", "maintainability"];

pub(super) fn run(tree: &Tree) -> Result<Vec<Complaint>> {
    let files = files(&tree.path, &["py"], tree.files)?;
    let answers: Vec<Answer> = ask(&tree.python, include_str!("radon.py"), &files)?;
    let mut compared = 0;
    let mut equal = [0; PARTS.len()];
    let mut shown = 0;
    for answer in answers.iter().filter(|answer| answer.error.is_none()) {
        let ours = measure(&text(answer.path.as_ref())?);
        compared += 1;
        let parts = agreement(answer, &ours);
        parts.iter().zip(&mut equal).for_each(|(part, count)| *count += usize::from(*part));
        if parts.contains(&false) && shown < tree.show {
            shown += 1;
            println!("{}: radon {:?} {:?}; we {ours:?}", answer.path, answer.halstead, answer.raw);
        }
    }
    println!("{compared} files, and radon gave up on {} more", answers.len() - compared);
    let mut complaints = Vec::new();
    for (part, count) in PARTS.iter().zip(equal) {
        println!("{part:16} {:.2}%", percent(count, compared));
        if percent(count, compared) < 99.0 {
            let what = "fewer than 99 % of files agree with radon".to_owned();
            complaints.push(Complaint { place: (*part).to_owned(), line: 0, what });
        }
    }
    Ok(complaints)
}

fn agreement(answer: &Answer, ours: &PythonMeasures) -> [bool; PARTS.len()] {
    let same = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
    let h = &ours.halstead;
    let counts = [h.h1, h.h2, h.n1, h.n2, h.vocabulary, h.length].map(|count| count as f64);
    let derived = [h.calculated_length, h.volume, h.difficulty, h.effort, h.time, h.bugs];
    let halstead = counts.iter().chain(&derived).zip(&answer.halstead).all(|(a, b)| same(*a, *b));
    let r = &ours.raw;
    let raw = [r.loc, r.lloc, r.sloc, r.comments, r.multi, r.blank, r.single_comments];
    [
        halstead && answer.halstead.len() == 12,
        raw.as_slice() == answer.raw.as_slice(),
        ours.complexity == answer.complexity,
        same(answer.index, ours.maintainability_index) && answer.rank == ours.rank.to_string(),
    ]
}
