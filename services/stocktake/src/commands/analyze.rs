//! `stocktake analyze`: everything the analyzers say of a file, without any store.

mod table;

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use contracts::{ErrorKind, Failure};
use serde_json::{Map, Value, json};

use crate::{cli::Global, output, session};

#[derive(Args)]
#[command(after_help = "Examples:\n  \
    stocktake analyze src/main.rs\n  \
    stocktake analyze --format json lib/*.py\n  \
    git show HEAD:a.c | stocktake analyze - --name a.c")]
pub(crate) struct Arguments {
    /// Files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The name that decides what standard input is
    #[arg(long, value_name = "NAME", default_value = "")]
    name: String,
    /// How it is printed; JSON is one document a line
    #[arg(long, value_enum, default_value_t)]
    format: output::TableFormat,
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let loaded = session::load(global, &[])?;
    let limits =
        analysis::Limits { max_bytes: loaded.config.analysis.max_bytes, ..analysis::Limits::default() };
    let mut code = ExitCode::SUCCESS;
    for file in &arguments.files {
        // One file that cannot be read does not keep the others from being looked at.
        match read(file, limits.max_bytes) {
            Ok(bytes) => {
                let name = if is_standard_input(file) { Path::new(&arguments.name) } else { file };
                let result = analyze(name, &bytes, &limits);
                match arguments.format {
                    output::TableFormat::Json => output::line(result)?,
                    output::TableFormat::Table => output::with(|out| table::write(&result, out))?,
                }
            }
            Err(failure) => {
                output::note(format_args!("stocktake: {failure}"));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

fn is_standard_input(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// One byte more than the limit is enough to know that it is passed; no file needs more memory than that.
fn read(file: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let most = limit.saturating_add(1);
    let result = if is_standard_input(file) {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    result.map_err(|error| Failure::new(ErrorKind::NotFound, format!("{}: {error}", file.display())))?;
    Ok(bytes)
}

/// One file's full result: what stands for itself on top, the rest under its analyzer's name.
fn analyze(name: &Path, bytes: &[u8], limits: &analysis::Limits) -> Value {
    let path = name.to_string_lossy();
    let hint = analysis::hint(path.as_bytes());
    let class = analysis::classify(path.as_bytes());
    let mut result = Map::new();
    result.insert("path".to_owned(), json!(path));
    result.insert("bytes".to_owned(), json!(bytes.len()));
    let mut outcomes = Map::new();
    for report in analysis::analyze(hint, bytes, limits) {
        let (outcome, reason) = match report.outcome {
            analysis::Outcome::Ok(text) => {
                // An analyzer writes its own JSON, which reads back.
                lift(&mut result, report.analyzer, serde_json::from_str(&text).unwrap_or_default());
                ("ok", None)
            }
            analysis::Outcome::Failed(reason) => ("failed", Some(reason)),
            analysis::Outcome::Skipped(reason) => ("skipped", Some(reason)),
        };
        outcomes.insert(
            report.analyzer.to_owned(),
            json!({ "version": report.version, "outcome": outcome, "reason": reason }),
        );
    }
    let places = [("vendored", class.vendored), ("documentation", class.documentation), ("test", class.test)];
    result.insert(
        "path_class".to_owned(),
        json!(places.into_iter().collect::<std::collections::BTreeMap<_, _>>()),
    );
    result.insert("analyzers".to_owned(), Value::Object(outcomes));
    Value::Object(result)
}

/// The facts of the language, the eight metrics of a file and its functions stand on top, where people and
/// programs look for them.
fn lift(result: &mut Map<String, Value>, analyzer: &str, value: Value) {
    match (analyzer, value) {
        ("language", Value::Object(facts)) => result.extend(facts),
        ("functions", Value::Object(mut found)) => {
            if let Some(Value::Object(metrics)) = found.remove("metrics") {
                result.extend(metrics);
            }
            result.extend(found);
        }
        (analyzer, value) => {
            result.insert(analyzer.to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eight_metrics_stand_under_their_names() {
        let result =
            analyze(Path::new("src/a.rs"), b"fn f(a: u8) -> u8 {\n    a\n}\n", &analysis::Limits::default());
        for name in [
            "lines_of_code",
            "token_count",
            "function_count",
            "average_function_name_length",
            "average_lines_of_code",
            "average_token_count",
            "average_cyclomatic_complexity",
            "average_parameter_count",
        ] {
            assert!(result[name].is_number(), "{name}: {result}");
        }
        assert_eq!(result["language"], "Rust");
        assert_eq!(result["functions"][0]["name"], "f");
        assert_eq!(result["lines"]["code"], 3);
    }

    #[test]
    fn what_is_skipped_says_why() {
        let result = analyze(Path::new("x.bin"), b"\0\x01\x02", &analysis::Limits::default());
        assert_eq!(result["analyzers"]["lines"]["outcome"], "skipped");
        assert!(result["analyzers"]["lines"]["reason"].is_string());
    }
}
