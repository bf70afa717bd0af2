//! One file's result for people.

use std::io::{self, Write};

use comfy_table::{CellAlignment, Table, presets};
use serde_json::Value;

pub(super) fn write(result: &Value, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", text(&result["path"]))?;
    let mut facts = Table::new();
    facts.load_style(presets::NOTHING);
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            facts.add_row([name.to_owned(), value]);
        }
    };
    fact("language", text(&result["language"]));
    fact("kind", kind(result));
    if let Some(lines) = result["lines"].as_object() {
        let of = |name: &str| lines.get(name).map(text).unwrap_or_default();
        let (code, comments, blanks) = (of("code"), of("comments"), of("blanks"));
        fact("lines", format!("{}: {code} code, {comments} comments, {blanks} blank", of("total")));
    }
    if result["function_count"].is_number() {
        let of = |name: &str| text(&result[name]);
        fact(
            "functions",
            format!(
                "{}, mean complexity {}, {} lines and {} parameters each",
                of("function_count"),
                rounded(&result["average_cyclomatic_complexity"]),
                rounded(&result["average_lines_of_code"]),
                rounded(&result["average_parameter_count"]),
            ),
        );
        fact("tokens", of("token_count"));
    }
    if let Some(licences) = result["licence"]["licences"].as_array() {
        let each =
            |of: &Value| format!("{} ({}, {})", text(&of["id"]), text(&of["by"]), rounded(&of["confidence"]));
        fact("licence", licences.iter().map(each).collect::<Vec<_>>().join(", "));
    }
    if result["python"].is_object() {
        let python = &result["python"];
        let index = rounded(&python["maintainability_index"]);
        fact("maintainability", format!("{index}, rank {}", text(&python["rank"])));
    }
    fact("sha256", text(&result["digests"]["sha256"]));
    for (analyzer, outcome) in result["analyzers"].as_object().into_iter().flatten() {
        if outcome["outcome"] == "failed" || (outcome["outcome"] == "skipped" && analyzer == "lines") {
            fact(analyzer, format!("{}: {}", text(&outcome["outcome"]), text(&outcome["reason"])));
        }
    }
    writeln!(out, "{}", facts.trim_fmt())?;
    functions(result, out)
}

fn functions(result: &Value, out: &mut dyn Write) -> io::Result<()> {
    let Some(functions) = result["functions"].as_array().filter(|functions| !functions.is_empty()) else {
        return writeln!(out);
    };
    let columns = [
        "start_line",
        "end_line",
        "nloc",
        "tokens",
        "parameters",
        "complexity",
        "cognitive",
        "nesting",
        "name",
    ];
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["from", "to", "lines", "tokens", "params", "CC", "cognitive", "nesting", "function"]);
    for function in functions {
        table.add_row(columns.iter().map(|name| text(&function[*name])));
    }
    for column in table.column_iter_mut().take(columns.len() - 1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    writeln!(out, "\n{}\n", table.trim_fmt())
}

fn kind(result: &Value) -> String {
    let mut words = vec![text(&result["kind"]), text(&result["encoding"])];
    words.extend(
        ["generated", "minified"].into_iter().filter(|word| result[*word] == true).map(str::to_owned),
    );
    let classes = result["path_class"].as_object().into_iter().flatten();
    words.extend(classes.filter(|(_, is)| **is == true).map(|(name, _)| name.clone()));
    words.retain(|word| !word.is_empty());
    words.join(", ")
}

/// A value as people read it; names come from strangers and must not act on a terminal.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.chars().filter(|c| !c.is_control()).collect(),
        other => other.to_string(),
    }
}

fn rounded(value: &Value) -> String {
    value.as_f64().map_or_else(String::new, |number| format!("{number:.2}"))
}
