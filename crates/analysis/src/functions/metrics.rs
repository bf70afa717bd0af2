//! The eight metrics of a file.

use serde::Serialize;

use super::function::Totals;

/// The metrics of a file under their published names. Means are over the file's functions, zero when it
/// has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct FileMetrics {
    /// Lines that hold more than comments and white space.
    pub lines_of_code: i64,
    /// Tokens, comments not counted.
    pub token_count: u64,
    /// Functions.
    pub function_count: u64,
    /// Mean length of the functions' names, in characters.
    pub average_function_name_length: f64,
    /// Mean of the functions' lines of code.
    pub average_lines_of_code: f64,
    /// Mean of the functions' tokens.
    pub average_token_count: f64,
    /// Mean of the functions' cyclomatic complexities.
    pub average_cyclomatic_complexity: f64,
    /// Mean of the functions' parameters.
    pub average_parameter_count: f64,
}

impl FileMetrics {
    /// From the file's own counts and the sums over its functions.
    pub(super) fn new(lines_of_code: i64, token_count: u64, totals: &Totals) -> FileMetrics {
        let mean = |sum: f64| if totals.functions == 0 { 0.0 } else { sum / totals.functions as f64 };
        FileMetrics {
            lines_of_code,
            token_count,
            function_count: totals.functions,
            average_function_name_length: mean(totals.name_length as f64),
            average_lines_of_code: mean(totals.nloc as f64),
            average_token_count: mean(totals.tokens as f64),
            average_cyclomatic_complexity: mean(totals.complexity as f64),
            average_parameter_count: mean(totals.parameters as f64),
        }
    }
}
