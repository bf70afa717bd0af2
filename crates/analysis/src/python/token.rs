//! Python's tokens, with logical lines.

use crate::lexer::is_word_char;
use crate::steps::Steps;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Name,
    Number,
    /// A string literal with its prefix.
    Str,
    /// Anything else that means something.
    Op,
    Comment,
    /// The end of a line that ends no statement.
    LineBreak,
    /// The end of a statement's line.
    Newline,
}

/// A piece of the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// The string is a formatted one.
    pub(super) formatted: bool,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Token {
    /// The token's text.
    pub(super) fn text<'a>(&self, source: &'a str) -> &'a str {
        source.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// Operators, the longest first among those with the same beginning.
const OPERATORS: &[&str] = &[
    "**=", "//=", ">>=", "<<=", "...", "!=", "->", ":=", "==", "<=", ">=", "<>", "+=", "-=", "*=", "/=",
    "%=", "&=", "|=", "^=", "@=", "**", "//", ">>", "<<",
];

/// Cuts a text into tokens; white space is left out.
pub(super) fn tokens(steps: &Steps, text: &str) -> Vec<Token> {
    Cutter {
        steps,
        text,
        bytes: text.as_bytes(),
        at: 0,
        depth: 0,
        statement: false,
        tokens: Vec::new(),
        double: true,
        single: true,
        triple: [true; 2],
    }
    .run()
}

struct Cutter<'a> {
    steps: &'a Steps,
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Open brackets.
    depth: u32,
    /// A statement was begun in this logical line.
    statement: bool,
    tokens: Vec<Token>,
    /// Whether literals in these quotes may still end.
    double: bool,
    single: bool,
    triple: [bool; 2],
}

impl Cutter<'_> {
    fn push(&mut self, kind: Kind, end: usize) {
        let start = self.at as u32;
        self.tokens.push(Token { kind, formatted: false, start, end: end as u32 });
        self.at = end;
    }

    fn run(mut self) -> Vec<Token> {
        while let Some(byte) = self.bytes.get(self.at).copied() {
            self.steps.spend();
            match byte {
                b'\n' | b'\r' => self.line_break(),
                b'#' => {
                    let rest = &self.bytes[self.at..];
                    let length =
                        rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
                    self.push(Kind::Comment, self.at + length);
                }
                b'\\' if matches!(self.bytes.get(self.at + 1), Some(b'\n' | b'\r')) => {
                    let crlf = self.bytes[self.at + 1..].starts_with(b"\r\n");
                    self.at += 2 + usize::from(crlf);
                    self.statement = true;
                }
                b' ' | b'\t' | 0x0b | 0x0c | 0x1c..=0x1f => self.at += 1,
                _ => {
                    self.statement = true;
                    self.token(byte);
                }
            }
        }
        self.tokens
    }

    fn line_break(&mut self) {
        let crlf = self.bytes[self.at..].starts_with(b"\r\n");
        let end = self.at + 1 + usize::from(crlf);
        if self.depth == 0 && self.statement {
            self.push(Kind::Newline, end);
            self.statement = false;
        } else {
            self.push(Kind::LineBreak, end);
        }
    }

    fn token(&mut self, byte: u8) {
        match byte {
            b'"' | b'\'' => {
                if !self.string(self.at) {
                    self.push(Kind::Op, self.at + 1);
                }
            }
            b'0'..=b'9' => self.number(),
            b'.' if self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit) => self.number(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => self.word(),
            _ => {
                let rest = &self.bytes[self.at..];
                let length = OPERATORS
                    .iter()
                    .find(|operator| rest.starts_with(operator.as_bytes()))
                    .map_or(1, |operator| operator.len());
                match byte {
                    b'(' | b'[' | b'{' => self.depth += 1,
                    b')' | b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                self.push(Kind::Op, self.at + length);
            }
        }
    }

    fn word(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.find(|c| !is_word_char(c)).unwrap_or(rest.len());
        if length == 0 {
            let width = rest.chars().next().map_or(1, char::len_utf8);
            self.push(Kind::Op, self.at + width);
            return;
        }
        let end = self.at + length;
        let quoted = matches!(self.bytes.get(end), Some(b'"' | b'\''));
        if quoted && length <= 3 {
            let prefix = rest.get(..length).unwrap_or_default();
            if prefix.bytes().all(|byte| b"rRbBuUfF".contains(&byte)) && self.string(end) {
                if let Some(token) = self.tokens.last_mut() {
                    token.formatted = prefix.contains(['f', 'F']);
                }
                return;
            }
        }
        self.push(Kind::Name, end);
    }

    /// Takes the literal whose quote is at `quote`; false when it does not end.
    fn string(&mut self, quote: usize) -> bool {
        let mark = self.bytes[quote];
        let triple = self.bytes[quote..].starts_with(&[mark; 3]);
        let which = usize::from(mark == b'"');
        let open = match (triple, mark) {
            (true, _) => self.triple[which],
            (false, b'"') => self.double,
            (false, _) => self.single,
        };
        let mut at = quote + if triple { 3 } else { 1 };
        while open && at < self.bytes.len() {
            match self.bytes[at] {
                b'\\' => at += usize::from(self.bytes[at + 1..].starts_with(b"\r\n")) + 1,
                b'\n' | b'\r' if !triple => return false,
                byte if byte == mark => {
                    if !triple {
                        self.push(Kind::Str, at + 1);
                        return true;
                    }
                    if self.bytes[at..].starts_with(&[mark; 3]) {
                        self.push(Kind::Str, at + 3);
                        return true;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        match (triple, mark) {
            (true, _) => self.triple[which] = false,
            (false, b'"') => self.double = false,
            (false, _) => self.single = false,
        }
        false
    }

    fn number(&mut self) {
        let bytes = self.bytes;
        let mut at = self.at;
        let prefixed =
            bytes[at] == b'0' && matches!(bytes.get(at + 1), Some(b'x' | b'X' | b'o' | b'O' | b'b' | b'B'));
        while let Some(byte) = bytes.get(at).copied() {
            let exponent = !prefixed && matches!(byte, b'e' | b'E');
            if exponent && matches!(bytes.get(at + 1), Some(b'+' | b'-')) {
                at += 2;
            } else if byte.is_ascii_alphanumeric() || byte == b'_' || (byte == b'.' && !prefixed) {
                // A number and a keyword may touch, as in `1if x else 2`.
                if byte.is_ascii_alphabetic() && !prefixed && !matches!(byte | 32, b'e' | b'j' | b'l') {
                    break;
                }
                if exponent && !bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
                    break;
                }
                at += 1;
            } else {
                break;
            }
        }
        self.push(Kind::Number, at.max(self.at + 1));
    }
}
