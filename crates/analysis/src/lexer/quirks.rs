//! What lizard plainly gets wrong, and we do right; each can be had for comparison.

/// A set of lizard's slips to repeat. Empty for every purpose but comparison.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Quirks(u32);

macro_rules! quirks {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $text:literal;)*) => {
        impl Quirks {
            $($(#[$doc])* pub const $name: Quirks = Quirks(1 << $bit);)*

            /// Every slip with the name under which the documentation describes it.
            pub const ALL: &'static [(&'static str, Quirks)] = &[$(($text, Quirks::$name),)*];
        }
    };
}

quirks! {
    /// Rust: `'a'` is a lifetime and the beginning of a literal that goes on to the next quote.
    RUST_CHARACTERS = 0, "rust-characters";
    /// Rust: an attribute swallows the rest of its line.
    RUST_ATTRIBUTES = 1, "rust-attributes";
    /// JSX: lines that hold only white space between pieces of markup are not counted.
    JSX_LINES = 2, "jsx-lines";
    /// Java: an annotation with arguments in a body swallows the rest of the file.
    JAVA_LOCAL_ANNOTATIONS = 3, "java-local-annotations";
    /// PHP: a function has at most one parameter.
    PHP_PARAMETERS = 4, "php-parameters";
    /// PHP: `#` begins no comment but a token to the end of the line.
    PHP_HASHES = 5, "php-hashes";
    /// Perl: white space counts as tokens.
    PERL_BLANKS = 6, "perl-blanks";
    /// Perl, Ruby, Lua: `//` begins a token to the end of the line.
    SLASH_LINES = 7, "slash-lines";
    /// Lua: the length operator begins a token to the end of the line.
    LUA_LENGTH = 8, "lua-length";
    /// C and C++: a parameter that is an array does not count.
    ARRAY_PARAMETERS = 9, "array-parameters";
}

impl Quirks {
    /// No slip.
    pub const NONE: Quirks = Quirks(0);
    /// Every slip: what lizard does.
    pub const LIZARD: Quirks = Quirks(u32::MAX);

    /// Whether a slip is to be repeated.
    #[inline]
    pub fn has(self, quirk: Quirks) -> bool {
        self.0 & quirk.0 != 0
    }

    /// All of these and of those.
    #[must_use]
    pub fn and(self, other: Quirks) -> Quirks {
        Quirks(self.0 | other.0)
    }
}
