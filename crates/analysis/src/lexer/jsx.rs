//! Tags in JavaScript.

use std::collections::VecDeque;

use super::Token;
use super::quirks::Quirks;
use super::raw::Lexer;
use super::symbol::Symbol;

/// The end of a tag without attributes that is one token: `<a.B>` or `</a.B>`.
pub(super) fn whole_tag_end(bytes: &[u8], start: usize, limit: usize) -> Option<usize> {
    let mut at = start + 1;
    let closing = at < limit && bytes[at] == b'/';
    at += usize::from(closing);
    let name = at;
    loop {
        if at >= limit || !bytes[at].is_ascii_alphabetic() {
            break;
        }
        while at < limit && bytes[at].is_ascii_alphanumeric() {
            at += 1;
        }
        if at < limit && bytes[at] == b'>' {
            return Some(at + 1);
        }
        if at >= limit || bytes[at] != b'.' {
            break;
        }
        at += 1;
    }
    if closing {
        at = name;
        while at < limit && Lexer::is_word_byte(bytes[at]) {
            at += 1;
        }
        if at > name && at < limit && bytes[at] == b'>' {
            return Some(at + 1);
        }
    }
    None
}

/// What one level of code or markup keeps.
#[derive(Debug)]
enum Level {
    /// Code, with the number of open braces.
    Code(i32),
    Tag(Tag),
}

/// A tag and what it encloses.
#[derive(Debug, Default)]
struct Tag {
    state: State,
    /// What was read since something was last given out.
    held: Vec<Token>,
    /// The level above is the code of an attribute's value.
    in_attribute: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Name,
    Attributes,
    SelfClosing,
    Equals,
    Value,
    Body,
}

/// What is done about a token inside a tag.
enum Act {
    Hold,
    /// It is no tag after all: what is held is code.
    GiveUp,
    /// What is held is given out as one token, and the tag has ended.
    Close,
    /// The same, and code follows.
    Code,
    /// The same without the last token, which begins another tag.
    Nested,
    /// Code follows, and what is held stays.
    Value,
}

/// Cuts JavaScript with tags: a stretch of markup between pieces of code is one token.
pub(crate) struct Jsx<'a> {
    lexer: Lexer<'a>,
    levels: Vec<Level>,
    ready: VecDeque<Token>,
}

impl<'a> Jsx<'a> {
    pub(crate) fn new(lexer: Lexer<'a>) -> Jsx<'a> {
        Jsx { lexer, levels: vec![Level::Code(1)], ready: VecDeque::new() }
    }

    /// The next token; [`Symbol::End`] at the end and for ever after.
    pub(crate) fn next(&mut self) -> Token {
        loop {
            if let Some(token) = self.ready.pop_front() {
                return token;
            }
            let token = self.lexer.next();
            if token.symbol == Symbol::End {
                return token;
            }
            if let Some(token) = self.take(token) {
                return token;
            }
        }
    }

    /// Takes a token; gives it back where it is code.
    fn take(&mut self, token: Token) -> Option<Token> {
        let source = self.lexer.text;
        match self.levels.last_mut() {
            Some(Level::Tag(tag)) => {
                tag.held.push(token);
                if is_blank(&token) {
                    return None;
                }
                let act = tag.act(token, source);
                self.act(act);
                None
            }
            Some(Level::Code(depth)) => match token.symbol {
                Symbol::Lt => {
                    self.levels.push(Level::Tag(Tag { held: vec![token], ..Tag::default() }));
                    None
                }
                Symbol::LBrace => {
                    *depth += 1;
                    Some(token)
                }
                Symbol::RBrace => {
                    *depth -= 1;
                    if *depth != 0 {
                        return Some(token);
                    }
                    self.end_code(token);
                    None
                }
                _ => Some(token),
            },
            None => Some(token),
        }
    }

    /// The brace that ends code in markup belongs to the markup. The value of an attribute ends a
    /// statement, so that an arrow in it ends, too.
    fn end_code(&mut self, brace: Token) {
        if self.levels.len() == 1 {
            return;
        }
        self.levels.pop();
        if let Some(Level::Tag(tag)) = self.levels.last_mut()
            && std::mem::take(&mut tag.in_attribute)
        {
            self.ready.push_back(Token { symbol: Symbol::Semi, ..brace });
        }
    }

    fn act(&mut self, act: Act) {
        let Some(Level::Tag(tag)) = self.levels.last_mut() else { return };
        match act {
            Act::Hold => return,
            Act::GiveUp => {
                self.ready.extend(tag.held.drain(..));
                self.levels.pop();
                return;
            }
            Act::Nested => {
                let opening = tag.held.pop();
                self.flush();
                self.levels.push(Level::Tag(Tag { held: opening.into_iter().collect(), ..Tag::default() }));
                return;
            }
            Act::Value => {
                self.levels.push(Level::Code(1));
                return;
            }
            Act::Close | Act::Code => {}
        }
        self.flush();
        match act {
            Act::Close => {
                self.levels.pop();
            }
            Act::Code => self.levels.push(Level::Code(1)),
            _ => {}
        }
    }

    /// Gives out what is held as one token.
    fn flush(&mut self) {
        let Some(Level::Tag(tag)) = self.levels.last_mut() else { return };
        let (Some(first), Some(last)) = (tag.held.first().copied(), tag.held.last().copied()) else {
            let at = self.lexer.at as u32;
            self.ready.push_back(Token {
                symbol: Symbol::Empty,
                embedded: false,
                start: at,
                end: at,
                newlines: 0,
            });
            return;
        };
        let blanks = tag.held.iter().take_while(|token| is_blank(token)).count();
        if tag.held.get(blanks).is_some_and(|token| token.first(self.lexer.text) == b'/') {
            // What begins with a slash is told apart from the white space before it.
            self.ready.extend(tag.held.drain(..blanks));
        }
        let first = tag.held.first().copied().unwrap_or(first);
        let newlines: u32 = tag.held.iter().map(|token| token.newlines).sum();
        let blank = tag.held.iter().all(is_blank);
        if blank {
            // Lines between markup count for the lines that follow.
            if newlines == 0 || tag.held.len() == 1 || !self.lexer.quirks.has(Quirks::JSX_LINES) {
                self.ready.extend(tag.held.drain(..));
            }
            tag.held.clear();
            return;
        }
        let symbol = match first.symbol {
            symbol if tag.held.len() == 1 => symbol,
            Symbol::BlockComment | Symbol::LineComment => first.symbol,
            Symbol::Lt | Symbol::TypeArgs if matches!(last.symbol, Symbol::Gt | Symbol::TypeArgs) => {
                Symbol::TypeArgs
            }
            _ => Symbol::Markup,
        };
        tag.held.clear();
        self.ready.push_back(Token { symbol, embedded: false, start: first.start, end: last.end, newlines });
    }
}

fn is_blank(token: &Token) -> bool {
    matches!(token.symbol, Symbol::Blank | Symbol::Newline)
}

impl Tag {
    fn act(&mut self, token: Token, source: &str) -> Act {
        use Symbol as S;
        let name = || {
            let first = token.first(source);
            (token.symbol.is_word() || token.symbol == S::Ident)
                && (first == b'_' || token.begins_with_letter(source))
        };
        match (self.state, token.symbol) {
            (State::Name, _) if name() => self.state = State::Attributes,
            (State::Attributes, S::Gt) => self.state = State::Body,
            (State::Attributes, S::Slash) => self.state = State::SelfClosing,
            (State::Attributes, _) if name() => self.state = State::Equals,
            (State::SelfClosing, S::Gt) => return Act::Close,
            (State::Equals, S::Assign) => self.state = State::Value,
            (State::Name | State::Attributes | State::SelfClosing | State::Equals, _) => return Act::GiveUp,
            (State::Value, S::LBrace) => {
                self.state = State::Attributes;
                self.in_attribute = true;
                return Act::Value;
            }
            (State::Value, _) => {
                if matches!(token.first(source), b'"' | b'\'') {
                    self.state = State::Attributes;
                }
            }
            (State::Body, S::Assign | S::FatArrow | S::Semi | S::RParen) => return Act::GiveUp,
            (State::Body, S::Lt) => return Act::Nested,
            (State::Body, S::LBrace) => return Act::Code,
            (State::Body, _) => {
                if token.text(source).starts_with("</") {
                    return Act::Close;
                }
            }
        }
        Act::Hold
    }
}
