//! Python: bodies by indentation, parameters with defaults and types, documentation strings.

use crate::functions::Context;
use crate::functions::context::GLOBAL;
use crate::lexer::{Lexer, Symbol, SymbolSet, Token};

/// A string in triple quotes after one of these is part of an expression.
const EXPRESSION: SymbolSet = SymbolSet::of(&[
    Symbol::Assign,
    Symbol::PlusEq,
    Symbol::MinusEq,
    Symbol::FloorDivEq,
    Symbol::AmpEq,
    Symbol::PipeEq,
    Symbol::CaretEq,
    Symbol::ShlEq,
    Symbol::ShrEq,
    Symbol::LParen,
    Symbol::Return,
    Symbol::Comma,
    Symbol::LBracket,
    Symbol::Plus,
    Symbol::Minus,
    Symbol::Star,
    Symbol::Slash,
    Symbol::FloorDiv,
    Symbol::Percent,
]);
/// `case` or `match` before one of these is a name.
const AFTER_NAME: SymbolSet = SymbolSet::of(&[
    Symbol::Assign,
    Symbol::Dot,
    Symbol::Colon,
    Symbol::Comma,
    Symbol::PlusEq,
    Symbol::MinusEq,
    Symbol::FloorDivEq,
    Symbol::AmpEq,
    Symbol::PipeEq,
    Symbol::CaretEq,
    Symbol::ShlEq,
    Symbol::ShrEq,
    Symbol::Walrus,
]);

/// Reads a text.
pub(super) fn read(mut lexer: Lexer<'_>, cx: &mut Context<'_>) {
    let mut indents = Indents { columns: vec![0] };
    let mut soft = SoftKeywords { line_begins: true, raw_until: 0, case: false };
    let mut states = Python::default();
    let mut column = 0;
    let mut leading = true;
    loop {
        let token = lexer.next();
        if token.symbol == Symbol::End || cx.stopped {
            break;
        }
        soft.see(&token, &lexer);
        match token.symbol {
            Symbol::Newline => {
                leading = true;
                column = 0;
            }
            Symbol::Blank if leading => column += width(token.text(cx.text)),
            Symbol::Blank => {}
            _ if leading => {
                let between = cx.current == GLOBAL || cx.function().long_name.last == Some(')');
                if token.symbol != Symbol::HashComment && between {
                    indents.set(column, token.symbol == Symbol::RParen, cx);
                }
                leading = false;
            }
            _ => {}
        }
        if cx.admit(&token) {
            states.count(token, soft.case, cx);
            states.token(token, cx);
        }
    }
    if !cx.stopped {
        indents.set(0, false, cx);
    }
}

/// The columns that white space takes.
fn width(text: &str) -> usize {
    text.chars().map(|c| if c == '\t' { 8 } else { 1 }).sum()
}

/// The indentations that are open.
struct Indents {
    columns: Vec<usize>,
}

impl Indents {
    /// A line begins at a column; one that begins with a closing parenthesis closes nothing else.
    fn set(&mut self, column: usize, closing: bool, cx: &mut Context<'_>) {
        while !closing && self.columns.last().is_some_and(|last| *last > column) {
            self.columns.pop();
            cx.pop_nesting();
        }
        if self.columns.last().is_some_and(|last| *last < column) {
            self.columns.push(column);
            cx.add_bare_nesting();
        }
    }
}

/// Tells `match` and `case` as keywords from names.
struct SoftKeywords {
    line_begins: bool,
    /// Tokens before this place were looked at already.
    raw_until: u32,
    /// The last `case` is a keyword.
    case: bool,
}

impl SoftKeywords {
    #[inline]
    fn see(&mut self, token: &Token, lexer: &Lexer<'_>) {
        if token.start < self.raw_until {
            return;
        }
        match token.symbol {
            Symbol::Newline => self.line_begins = true,
            Symbol::Blank => {}
            Symbol::Case | Symbol::Match if self.line_begins => {
                let keyword = self.look_ahead(lexer.clone());
                if token.symbol == Symbol::Case {
                    self.case = keyword;
                }
                self.line_begins = false;
            }
            symbol => {
                if symbol == Symbol::Case {
                    self.case = false;
                }
                self.line_begins = false;
            }
        }
    }

    fn look_ahead(&mut self, mut lexer: Lexer<'_>) -> bool {
        let mut next = lexer.next();
        while matches!(next.symbol, Symbol::Blank | Symbol::Newline) {
            next = lexer.next();
        }
        self.raw_until = next.end;
        if AFTER_NAME.has(next.symbol) {
            return false;
        }
        if !matches!(next.symbol, Symbol::LParen | Symbol::LBracket) {
            return true;
        }
        let mut depth = 1;
        loop {
            let token = lexer.next();
            self.raw_until = token.end;
            match token.symbol {
                Symbol::LParen | Symbol::LBracket | Symbol::LBrace => depth += 1,
                Symbol::RParen | Symbol::RBracket | Symbol::RBrace => depth -= 1,
                Symbol::Colon if depth == 0 => return true,
                Symbol::Newline if depth == 0 => return false,
                Symbol::End => return false,
                _ => {}
            }
        }
    }
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Anywhere,
    Name,
    TypeParameters,
    Parameters,
    Default,
    Type,
    AfterParameters,
    FirstLine,
}

/// Where in a definition the text is.
#[derive(Default)]
struct Python {
    state: State,
    depth: i32,
    lambdas: u32,
    last: Option<Symbol>,
}

impl Python {
    /// What counts or does not count beside the token itself.
    #[inline]
    fn count(&mut self, token: Token, case: bool, cx: &mut Context<'_>) {
        match token.symbol {
            Symbol::Case if case => cx.add_condition(1),
            Symbol::TripleStr if self.state != State::FirstLine => {
                if !self.last.is_some_and(|last| EXPRESSION.has(last)) {
                    cx.add_nloc(-i64::from(token.newlines) - 1);
                }
            }
            _ => {}
        }
        self.last = Some(token.symbol);
    }

    #[inline]
    fn token(&mut self, token: Token, cx: &mut Context<'_>) {
        use Symbol as S;
        match self.state {
            State::Anywhere => {
                if token.symbol == S::Def {
                    self.state = State::Name;
                }
            }
            State::Name => match token.symbol {
                S::LBracket => {
                    self.depth = 0;
                    self.state = State::TypeParameters;
                    self.type_parameters(token, cx);
                }
                S::LParen => {
                    cx.add_to_long_name("(");
                    self.state = State::Parameters;
                }
                _ => cx.restart_new_function(token.text(cx.text)),
            },
            State::TypeParameters => self.type_parameters(token, cx),
            State::Parameters => self.parameters(token, cx),
            State::Default => self.default_value(token, cx),
            State::Type => {
                add_to_long_name(token, cx);
                if !token.embedded && self.balanced(token.symbol) {
                    self.state = State::Parameters;
                }
            }
            State::AfterParameters => {
                self.state = if token.symbol == S::Colon { State::FirstLine } else { State::Anywhere };
            }
            State::FirstLine => {
                self.state = State::Anywhere;
                if token.symbol == S::TripleStr {
                    cx.add_nloc(-i64::from(token.newlines) - 1);
                }
                self.token(token, cx);
            }
        }
    }

    fn balanced(&mut self, symbol: Symbol) -> bool {
        self.depth += i32::from(symbol == Symbol::LBracket) - i32::from(symbol == Symbol::RBracket);
        self.depth == 0
    }

    fn type_parameters(&mut self, token: Token, cx: &mut Context<'_>) {
        if matches!(token.symbol, Symbol::Def | Symbol::Class) {
            self.depth = 0;
            self.state = State::Anywhere;
            self.token(token, cx);
            return;
        }
        add_to_long_name(token, cx);
        if self.balanced(token.symbol) {
            self.state = State::Name;
        }
    }

    fn parameters(&mut self, token: Token, cx: &mut Context<'_>) {
        use Symbol as S;
        if token.embedded {
            cx.parameter_piece(token.text(cx.text));
            return;
        }
        match token.symbol {
            S::RParen => self.state = State::AfterParameters,
            S::LBracket => {
                self.depth = 1;
                self.state = State::Type;
            }
            S::LParen | S::LBrace | S::Lambda => {
                self.depth = 0;
                self.lambdas = 0;
                self.state = State::Default;
                self.default_value(token, cx);
                return;
            }
            _ => {
                cx.parameter(token.text(cx.text));
                return;
            }
        }
        add_to_long_name(token, cx);
    }

    /// In a default value, whose commas separate no parameters.
    fn default_value(&mut self, token: Token, cx: &mut Context<'_>) {
        use Symbol as S;
        if token.embedded || token.symbol == S::Comma {
            cx.parameter_piece(token.text(cx.text));
        } else {
            cx.parameter(token.text(cx.text));
        }
        if token.embedded {
            return;
        }
        match token.symbol {
            S::LParen | S::LBracket | S::LBrace => self.depth += 1,
            S::RParen | S::RBracket | S::RBrace => self.depth -= 1,
            S::Lambda if self.depth == 0 => self.lambdas += 1,
            S::Colon if self.depth == 0 => self.lambdas = self.lambdas.saturating_sub(1),
            _ => {}
        }
        if self.depth < 0 || (self.depth == 0 && self.lambdas == 0) {
            self.state = State::Parameters;
        }
    }
}

fn add_to_long_name(token: Token, cx: &mut Context<'_>) {
    cx.add_to_long_name(" ");
    cx.add_to_long_name(token.text(cx.text));
}
