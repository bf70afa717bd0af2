//! Which languages functions are looked for in, and what counts as a decision in each.

use crate::lexer::{Dialect, Symbol as S, SymbolSet};

/// The recogniser of a language's functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reader {
    /// C and C++.
    C,
    /// C#.
    CSharp,
    /// Go.
    Go,
    /// Java.
    Java,
    /// JavaScript.
    JavaScript,
    /// Kotlin.
    Kotlin,
    /// Lua.
    Lua,
    /// Objective-C and Objective-C++.
    ObjectiveC,
    /// Perl.
    Perl,
    /// PHP.
    Php,
    /// Python.
    Python,
    /// Ruby.
    Ruby,
    /// Rust.
    Rust,
    /// Scala.
    Scala,
    /// Solidity.
    Solidity,
    /// Swift.
    Swift,
    /// JavaScript and TypeScript with tags.
    Tsx,
    /// TypeScript.
    TypeScript,
    /// Zig.
    Zig,
}

/// The languages by linguist's name.
const LANGUAGES: &[(&str, Reader)] = &[
    ("C", Reader::C),
    ("C#", Reader::CSharp),
    ("C++", Reader::C),
    ("Go", Reader::Go),
    ("JSX", Reader::Tsx),
    ("Java", Reader::Java),
    ("JavaScript", Reader::JavaScript),
    ("Kotlin", Reader::Kotlin),
    ("Lua", Reader::Lua),
    ("Objective-C", Reader::ObjectiveC),
    ("Objective-C++", Reader::ObjectiveC),
    ("PHP", Reader::Php),
    ("Perl", Reader::Perl),
    ("Python", Reader::Python),
    ("Ruby", Reader::Ruby),
    ("Rust", Reader::Rust),
    ("Scala", Reader::Scala),
    ("Solidity", Reader::Solidity),
    ("Swift", Reader::Swift),
    ("TSX", Reader::Tsx),
    ("TypeScript", Reader::TypeScript),
    ("Zig", Reader::Zig),
];

/// The reader of a language, by linguist's name of it.
pub fn reader(language: &str) -> Option<Reader> {
    LANGUAGES.iter().find(|(name, _)| *name == language).map(|(_, reader)| *reader)
}

impl Reader {
    /// How the text is cut.
    pub(super) fn dialect(self) -> Dialect {
        match self {
            Reader::C | Reader::Java | Reader::ObjectiveC => Dialect::C,
            Reader::CSharp => Dialect::CSharp,
            Reader::Go => Dialect::Go,
            Reader::JavaScript | Reader::TypeScript => Dialect::JavaScript,
            Reader::Tsx => Dialect::Jsx,
            Reader::Kotlin => Dialect::Kotlin,
            Reader::Lua => Dialect::Lua,
            Reader::Perl => Dialect::Perl,
            Reader::Php => Dialect::Php,
            Reader::Python => Dialect::Python,
            Reader::Ruby => Dialect::Ruby,
            Reader::Rust => Dialect::Rust,
            Reader::Swift => Dialect::Swift,
            Reader::Scala | Reader::Solidity | Reader::Zig => Dialect::Plain,
        }
    }

    /// The tokens that each count as one decision.
    pub(super) fn conditions(self) -> SymbolSet {
        const fn set(symbols: &[S]) -> SymbolSet {
            SymbolSet::of(symbols)
        }
        const C: SymbolSet =
            set(&[S::If, S::For, S::While, S::Catch, S::AndAnd, S::OrOr, S::Case, S::Question]);
        const CSHARP: SymbolSet =
            set(&[S::If, S::For, S::While, S::Catch, S::AndAnd, S::OrOr, S::Case, S::Question, S::Coalesce]);
        const SCRIPT: SymbolSet = set(&[
            S::If,
            S::Elseif,
            S::For,
            S::While,
            S::Catch,
            S::AndAnd,
            S::OrOr,
            S::Coalesce,
            S::Case,
            S::Question,
        ]);
        const KOTLIN: SymbolSet = set(&[S::If, S::For, S::While, S::Catch, S::AndAnd, S::OrOr, S::Elvis]);
        const RUBY: SymbolSet = set(&[
            S::If,
            S::Elsif,
            S::Elseif,
            S::Until,
            S::For,
            S::While,
            S::Rescue,
            S::Ensure,
            S::When,
            S::And,
            S::Or,
            S::OrOr,
            S::AndAnd,
            S::Question,
        ]);
        const PERL: SymbolSet = set(&[
            S::If,
            S::Elsif,
            S::Unless,
            S::While,
            S::Until,
            S::For,
            S::Foreach,
            S::When,
            S::Given,
            S::Default,
            S::Do,
            S::AndAnd,
            S::OrOr,
            S::Question,
            S::Colon,
        ]);
        const PHP: SymbolSet = set(&[
            S::If,
            S::Elseif,
            S::For,
            S::Foreach,
            S::While,
            S::Catch,
            S::Match,
            S::AndAnd,
            S::OrOr,
            S::Case,
            S::Question,
        ]);
        const PYTHON: SymbolSet =
            set(&[S::If, S::Elif, S::For, S::While, S::Except, S::Finally, S::And, S::Or]);
        const RUST: SymbolSet =
            set(&[S::If, S::For, S::While, S::Catch, S::Where, S::AndAnd, S::OrOr, S::Question]);
        const SCALA: SymbolSet =
            set(&[S::If, S::For, S::While, S::Catch, S::Do, S::AndAnd, S::OrOr, S::Case, S::Question]);
        const SOLIDITY: SymbolSet = set(&[S::If, S::For, S::While, S::AndAnd, S::OrOr, S::Question]);
        const SWIFT: SymbolSet =
            set(&[S::If, S::For, S::While, S::Catch, S::Guard, S::AndAnd, S::OrOr, S::Case, S::Question]);
        const ZIG: SymbolSet =
            set(&[S::If, S::For, S::While, S::Try, S::Catch, S::And, S::Or, S::Orelse, S::FatArrow]);
        match self {
            Reader::C | Reader::Java | Reader::ObjectiveC | Reader::Go => C,
            Reader::CSharp => CSHARP,
            Reader::JavaScript | Reader::TypeScript | Reader::Tsx => SCRIPT,
            Reader::Kotlin => KOTLIN,
            Reader::Lua | Reader::Ruby => RUBY,
            Reader::Perl => PERL,
            Reader::Php => PHP,
            Reader::Python => PYTHON,
            Reader::Rust => RUST,
            Reader::Scala => SCALA,
            Reader::Solidity => SOLIDITY,
            Reader::Swift => SWIFT,
            Reader::Zig => ZIG,
        }
    }
}
