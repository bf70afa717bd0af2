//! What differs between languages in how a text is cut into tokens.

/// What stands between a token and not being counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommentStyle {
    /// `/* … */` and `// …`.
    C,
    /// `# …`.
    Hash,
    /// `-- …` and `--[[ … ]]`.
    Dash,
}

/// The lexical rules of a language or of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// C, C++, Objective-C, Java: decimal fractions are one token, raw strings.
    C,
    /// C with `??`.
    CSharp,
    /// No rule of its own: Scala, Zig, Solidity.
    Plain,
    /// Raw strings in back-ticks.
    Go,
    /// Lifetimes.
    Rust,
    /// Regular expressions, templates, private names.
    JavaScript,
    /// The same with tags.
    Jsx,
    /// Names in back-ticks, `name?`, `name!!`.
    Kotlin,
    /// Nested comments, raw and multi-line strings with interpolation.
    Swift,
    /// Code between `<?php` and `?>`.
    Php,
    /// Strings in triple quotes, formatted strings.
    Python,
    /// Symbols, percent strings, regular expressions, interpolation.
    Ruby,
    /// Long brackets.
    Lua,
    /// Comments with `#`.
    Perl,
}

impl Dialect {
    /// How comments are written.
    pub(crate) fn comments(self) -> CommentStyle {
        match self {
            Dialect::Python | Dialect::Ruby | Dialect::Perl => CommentStyle::Hash,
            Dialect::Lua => CommentStyle::Dash,
            _ => CommentStyle::C,
        }
    }

    /// Whether `#` begins a comment.
    pub(super) fn hash_comments(self) -> bool {
        self.comments() == CommentStyle::Hash
    }

    /// Whether two slashes begin no comment.
    pub(super) fn hash_or_dash_comments(self) -> bool {
        self.comments() != CommentStyle::C
    }

    /// Whether decimal fractions are one token.
    pub(super) fn fractions(self) -> bool {
        matches!(self, Dialect::C | Dialect::CSharp)
    }

    /// Whether regular expression literals are told from divisions.
    pub(super) fn regexes(self) -> bool {
        matches!(self, Dialect::JavaScript | Dialect::Jsx | Dialect::Ruby)
    }
}
