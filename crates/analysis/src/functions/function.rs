//! What is known of a function and of the functions of a file.

use serde::Serialize;

use super::metrics::FileMetrics;

/// One function, method, closure or accessor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Function {
    /// The name, with what it is nested in where the language has names for that.
    pub name: String,
    /// The name with the parameters as they are written.
    pub long_name: String,
    /// The first line, counted from one.
    pub start_line: u32,
    /// The last line.
    pub end_line: u32,
    /// Lines that hold more than comments and white space.
    pub nloc: i64,
    /// Tokens, comments not counted.
    pub tokens: u64,
    /// Parameters.
    pub parameters: u32,
    /// Cyclomatic complexity: one, and one for each decision.
    pub complexity: i64,
    /// Cognitive complexity: decisions weigh more the deeper they are nested.
    pub cognitive: u32,
    /// How deep control structures are nested at most.
    pub nesting: u32,
}

/// The functions of a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileFunctions {
    /// The functions, in the order in which they end; at most [`FileFunctions::MOST`].
    pub functions: Vec<Function>,
    /// The eight metrics of the file.
    pub metrics: FileMetrics,
    /// Sums and maxima over all functions.
    pub totals: Totals,
    /// Why a part of the text was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_short: Option<&'static str>,
}

impl FileFunctions {
    /// How many functions of a file are kept one by one. The metrics and the totals cover all of them.
    pub const MOST: usize = 10_000;
}

/// Sums and maxima over the functions of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// How many functions there are; more than are listed when the file has very many.
    pub functions: u64,
    /// Sum of the lines of code.
    pub nloc: i64,
    /// Sum of the tokens.
    pub tokens: u64,
    /// Sum of the parameters.
    pub parameters: u64,
    /// Sum of the cyclomatic complexities.
    pub complexity: i64,
    /// Sum of the cognitive complexities.
    pub cognitive: u64,
    /// Sum of the lengths of the names, in characters.
    pub name_length: u64,
    /// Largest number of lines of code.
    pub max_nloc: i64,
    /// Largest number of parameters.
    pub max_parameters: u32,
    /// Largest cyclomatic complexity.
    pub max_complexity: i64,
    /// Largest cognitive complexity.
    pub max_cognitive: u32,
    /// Deepest nesting.
    pub max_nesting: u32,
}

impl Totals {
    /// Adds a function.
    pub(super) fn add(&mut self, function: &Function, name_length: u64) {
        self.functions += 1;
        self.nloc += function.nloc;
        self.tokens += function.tokens;
        self.parameters += u64::from(function.parameters);
        self.complexity += function.complexity;
        self.cognitive += u64::from(function.cognitive);
        self.name_length += name_length;
        self.max_nloc = self.max_nloc.max(function.nloc);
        self.max_parameters = self.max_parameters.max(function.parameters);
        self.max_complexity = self.max_complexity.max(function.complexity);
        self.max_cognitive = self.max_cognitive.max(function.cognitive);
        self.max_nesting = self.max_nesting.max(function.nesting);
    }
}
