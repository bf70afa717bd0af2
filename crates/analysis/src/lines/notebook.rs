//! Jupyter notebooks: the lines of their cells.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{LineCounts, machine, settle, syntax};
use crate::steps::Steps;

#[derive(Deserialize)]
struct Notebook {
    cells: Vec<Cell>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Cell {
    cell_type: String,
    #[serde(default)]
    source: Source,
    #[serde(default)]
    #[expect(dead_code, reason = "named so that outputs, often large, are skipped without being built")]
    outputs: IgnoredAny,
}

/// Lines, or all of them in one string.
#[derive(Deserialize)]
#[serde(untagged)]
enum Source {
    Lines(Vec<String>),
    Text(String),
}

impl Default for Source {
    fn default() -> Source {
        Source::Lines(Vec::new())
    }
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(default)]
    kernelspec: Kernel,
}

#[derive(Deserialize, Default)]
struct Kernel {
    #[serde(default)]
    language: String,
}

/// The lines of all cells: code in the kernel's language, the others as Markdown. Nothing for what is
/// not a notebook.
pub(super) fn count(steps: &Steps, body: &[u8]) -> Option<LineCounts> {
    let notebook: Notebook = serde_json::from_slice(body).ok()?;
    let code = syntax::of_fence(notebook.metadata.kernelspec.language.as_bytes())
        .or_else(|| syntax::of_language("Python"))?;
    let prose = syntax::of_language("Markdown")?;
    let mut sum = LineCounts::default();
    for cell in notebook.cells {
        let text = match cell.source {
            Source::Lines(lines) => lines.concat(),
            Source::Text(text) => text,
        };
        let syntax = if cell.cell_type == "code" { code } else { prose };
        sum.add(settle(machine::count(steps, syntax, text.as_bytes()), text.as_bytes()));
    }
    Some(sum)
}
