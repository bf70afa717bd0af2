//! What a token is: one byte that stands for its text wherever its text matters.

/// Declares [`Symbol`] and the table of words that are looked up by text.
macro_rules! symbols {
    (kinds { $($kind:ident: $kind_doc:literal,)* } operators { $($operator:ident = $operator_text:literal,)* } words { $($word:ident = $text:literal,)* }) => {
        /// A token's meaning: its kind, or, where a state machine compares the text, the text itself.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub(crate) enum Symbol {
            $(#[doc = $kind_doc] $kind,)*
            $(#[doc = concat!("`", $operator_text, "`")] $operator,)*
            $(#[doc = concat!("`", $text, "`")] $word,)*
        }

        /// Every word with its symbol.
        const WORDS: &[(&str, Symbol)] = &[$(($text, Symbol::$word),)*];
    };
}

symbols! {
    kinds {
        Other: "Anything without a meaning of its own: one character, or a merged token.",
        Ident: "A word that no state machine compares; may begin with a digit only where `Number` cannot.",
        Number: "A word that begins with a digit.",
        Str: "A string or character literal.",
        TripleStr: "A string in triple quotes.",
        RawStr: "A raw string whose text begins with a letter.",
        Macro: "A preprocessor line, or whatever begins with `#` where that is no comment.",
        IncludeWord: "The `#include` of an include line.",
        IncludePath: "What follows it.",
        Newline: "One line feed.",
        Blank: "White space without a line feed, or a run of blanks that counts as no line.",
        Gap: "White space that counts as a token.",
        Splice: "A backslash before a line feed.",
        BlockComment: "`/* … */`",
        LineComment: "`// …`",
        HashComment: "`# …`",
        DashComment: "`-- …`",
        Regex: "A regular expression literal.",
        Tick: "A back-tick that opens or closes a template.",
        Chunk: "Literal text inside a template.",
        Opaque: "An expression inside a template, taken as one.",
        Empty: "A token without text.",
        Markup: "A stretch of a tag.",
        TypeArgs: "`<…>` with a `?` in it, or a tag in one token.",
        DocBegin: "`=begin`",
        DocEnd: "`=end`",
        Postfix: "A question mark that follows its operand.",
        End: "The end of the text.",
    }
    operators {
        ShlEq = "<<=", ShrEq = ">>=", OrOr = "||", AndAnd = "&&", EqEqEq = "===", NeEqEq = "!==",
        EqEq = "==", Ne = "!=", Le = "<=", Ge = ">=", Arrow = "->", FatArrow = "=>", PlusPlus = "++",
        MinusMinus = "--", PlusEq = "+=", MinusEq = "-=", Plus = "+", Minus = "-", Star = "*", Slash = "/",
        CaretEq = "^=", AmpEq = "&=", PipeEq = "|=", Ellipsis = "...", Walrus = ":=", PathSep = "::",
        StarStar = "**", Question = "?", Coalesce = "??", Elvis = "?:", OptionalDot = "?.", NullArrow = "?->",
        CoalesceEq = "??=", FloorDiv = "//", FloorDivEq = "//=", LParen = "(", RParen = ")", LBracket = "[",
        RBracket = "]", LBrace = "{", RBrace = "}", DollarBrace = "${", Lt = "<", Gt = ">", Assign = "=",
        Comma = ",", Semi = ";", Colon = ":", Dot = ".", DotDot = "..", Amp = "&", Tilde = "~", Percent = "%",
        At = "@", Dollar = "$", Backquote = "`", Hash = "#",
    }
    words {
        Abstract = "abstract", Any = "any", And = "and", Assert = "assert", Async = "async", Await = "await",
        Begin = "begin", Boolean = "boolean", Break = "break", Byte = "byte", Case = "case", Catch = "catch",
        Chan = "chan", Char = "char", Class = "class", Const = "const", Continue = "continue",
        Declare = "declare", Def = "def", Default = "default", Deinit = "deinit", DidSet = "didSet", Do = "do",
        Double = "double", Elif = "elif", Else = "else", Elseif = "elseif", Elsif = "elsif", EndWord = "end",
        Ensure = "ensure", Enum = "enum", Except = "except", Extends = "extends", Final = "final",
        Finally = "finally", Float = "float", Fn = "fn", For = "for", Foreach = "foreach", Fun = "fun",
        Func = "func", Function = "function", Get = "get", Given = "given", Guard = "guard", If = "if",
        Implements = "implements", In = "in", Init = "init", Instanceof = "instanceof", Int = "int",
        Interface = "interface", It = "it", Lambda = "lambda", Let = "let", Local = "local", Long = "long",
        Map = "map", Match = "match", Module = "module", My = "my", Namespace = "namespace", Native = "native",
        Never = "never", New = "new", Noexcept = "noexcept", NumberWord = "number", Object = "object", Of = "of",
        Operator = "operator", Or = "or", Orelse = "orelse", Our = "our", Package = "package",
        Private = "private", Protected = "protected", Protocol = "protocol", Public = "public",
        Record = "record", Rescue = "rescue", Return = "return", Sealed = "sealed", Set = "set",
        Short = "short", Static = "static", Strictfp = "strictfp", String = "string", Struct = "struct",
        Sub = "sub", Subscript = "subscript", Switch = "switch", Synchronized = "synchronized",
        Template = "template", Then = "then", Throw = "throw", Throws = "throws", Trait = "trait",
        Transient = "transient", Try = "try", Type = "type", Typedef = "typedef", Union = "union",
        Unknown = "unknown", Unless = "unless", Until = "until", Use = "use", Val = "val", Var = "var",
        Void = "void", Volatile = "volatile", When = "when", Where = "where", While = "while",
        WillSet = "willSet", Yield = "yield", PyNot = "not", PyIs = "is", PyFrom = "from", PyImport = "import", PyAs = "as", PyPass = "pass",
        PyWith = "with", PyGlobal = "global", PyNonlocal = "nonlocal", PyDel = "del", PyRaise = "raise",
        PyPrint = "print", PyExec = "exec", PyNone = "None", PyTrue = "True", PyFalse = "False", Loop = "loop",
        Unsafe = "unsafe", Goto = "goto",
    }
}

/// Slots of the word table: a power of two, several times the number of words.
const SLOTS: usize = 1024;
/// No word is longer.
const LONGEST: usize = 12;

/// The slot a word is first looked for in.
const fn slot(word: &[u8]) -> usize {
    let length = word.len();
    let first = word[0] as usize;
    let last = word[length - 1] as usize;
    let middle = word[length / 2] as usize;
    (first.wrapping_mul(167) ^ last.wrapping_mul(59) ^ middle.wrapping_mul(311) ^ length.wrapping_mul(73))
        & (SLOTS - 1)
}

/// Index + 1 into [`WORDS`] per slot; zero is an empty slot. Built when the crate is compiled.
static TABLE: [u8; SLOTS] = {
    assert!(WORDS.len() < 255);
    let mut table = [0; SLOTS];
    let mut index = 0;
    while index < WORDS.len() {
        let word = WORDS[index].0.as_bytes();
        assert!(word.len() <= LONGEST);
        let mut at = slot(word);
        while table[at] != 0 {
            at = (at + 1) & (SLOTS - 1);
        }
        index += 1;
        table[at] = index as u8;
    }
    table
};

impl Symbol {
    /// The symbol of a word: its own, or [`Symbol::Ident`].
    #[inline]
    pub(crate) fn of_word(word: &[u8]) -> Symbol {
        if word.is_empty() || word.len() > LONGEST {
            return Symbol::Ident;
        }
        let mut at = slot(word);
        loop {
            let index = TABLE[at];
            if index == 0 {
                return Symbol::Ident;
            }
            let (text, symbol) = WORDS[usize::from(index) - 1];
            if text.as_bytes() == word {
                return symbol;
            }
            at = (at + 1) & (SLOTS - 1);
        }
    }

    /// Whether the token is a word with a meaning of its own.
    #[inline]
    pub(crate) fn is_word(self) -> bool {
        self >= Symbol::Abstract
    }
}

/// A set of symbols, looked up by index.
#[derive(Clone, Copy)]
pub(crate) struct SymbolSet([bool; 256]);

impl SymbolSet {
    /// The set of the given symbols.
    pub(crate) const fn of(symbols: &[Symbol]) -> SymbolSet {
        let mut set = [false; 256];
        let mut index = 0;
        while index < symbols.len() {
            set[symbols[index] as usize] = true;
            index += 1;
        }
        SymbolSet(set)
    }

    /// Whether the symbol is in the set.
    #[inline]
    pub(crate) fn has(&self, symbol: Symbol) -> bool {
        self.0[symbol as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_and_only_words_are() {
        for (text, symbol) in WORDS {
            assert_eq!(Symbol::of_word(text.as_bytes()), *symbol, "{text}");
        }
        for text in ["", "iff", "x", "If", "synchronizedx", "a_very_long_identifier"] {
            assert_eq!(Symbol::of_word(text.as_bytes()), Symbol::Ident, "{text}");
        }
    }
}
