//! Go: declarations, literals and types of functions, told apart by looking ahead.

use super::Machine;
use super::golike::{Frames, GoLike, State};
use crate::functions::Context;
use crate::lexer::{Lexer, Symbol, Token};

// States of its own.
const TYPE: u8 = 0;
const LITERAL: u8 = 1;
const VARIABLE: u8 = 2;
const INITIALIZER: u8 = 3;

/// What a `func` begins.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[default]
    Declaration,
    Literal,
    Type,
}

/// See the module.
#[derive(Default)]
pub(super) struct Go {
    /// What is known of the last `func` or `var`.
    ahead: Signature,
    /// Tokens of the present signature that are still to come, and those of its parameters.
    signature: u32,
    parameters: u32,
    variable: Option<Token>,
    anonymous: u32,
}

/// What looking ahead has found.
#[derive(Default, Clone, Copy)]
struct Signature {
    kind: Kind,
    tokens: u32,
    parameters: u32,
    variable: Option<Token>,
}

/// Reads a text.
pub(super) fn read(mut lexer: Lexer<'_>, cx: &mut Context<'_>) {
    let mut machine = Frames::new(Go::default());
    let mut budget = cx.text.len().saturating_mul(4);
    loop {
        let token = lexer.next();
        if token.symbol == Symbol::End {
            break;
        }
        if cx.admit(&token) {
            match token.symbol {
                Symbol::Func => machine.language.look_at_function(&lexer, &mut budget, cx),
                Symbol::Var => machine.language.look_at_variable(&lexer, &mut budget, cx),
                _ => {}
            }
            machine.token(token, cx);
        }
        if cx.stopped {
            break;
        }
    }
    machine.finish(cx);
}

impl Go {
    fn look_at_function(&mut self, lexer: &Lexer<'_>, budget: &mut usize, cx: &Context<'_>) {
        let mut ahead = Ahead::new(lexer, budget, cx.text);
        let first = ahead.peek(true);
        if first.symbol != Symbol::LParen {
            let named = ahead.is_name(first) && first.symbol != Symbol::Func;
            let kind = if named { Kind::Declaration } else { Kind::Type };
            self.ahead = Signature { kind, ..Signature::default() };
            return;
        }
        ahead.balanced();
        let parameters = ahead.count;
        ahead.read_type();
        let kind = match ahead.peek(false).symbol {
            // The parentheses held a receiver; the name of the method follows.
            Symbol::LParen => Kind::Declaration,
            Symbol::LBrace => Kind::Literal,
            _ => Kind::Type,
        };
        self.ahead = Signature { kind, tokens: ahead.count, parameters, variable: None };
    }

    fn look_at_variable(&mut self, lexer: &Lexer<'_>, budget: &mut usize, cx: &Context<'_>) {
        let mut ahead = Ahead::new(lexer, budget, cx.text);
        let name = ahead.peek(false);
        self.ahead = Signature::default();
        if !ahead.is_name(name) {
            return;
        }
        ahead.take();
        ahead.read_type();
        if ahead.peek(false).symbol == Symbol::Assign {
            ahead.take();
            self.ahead.variable = Some(name);
        }
        self.ahead.tokens = ahead.count;
    }

    fn start(m: &mut Frames<Go>, name: Option<Token>, cx: &mut Context<'_>) {
        let last = m.top().last;
        let go = &mut m.language;
        let of_type = matches!(last, Some(Symbol::RBracket | Symbol::Chan | Symbol::Star));
        match go.ahead.kind {
            Kind::Declaration => {
                cx.push_new_function("");
                m.top().state = State::FunctionName;
            }
            Kind::Literal if !of_type => {
                go.signature = go.ahead.tokens;
                go.parameters = go.ahead.parameters;
                match name {
                    Some(name) => cx.push_new_function(name.text(cx.text)),
                    None => {
                        let name = format!("anonymous__{}", go.anonymous);
                        go.anonymous += 1;
                        cx.push_new_function(&name);
                    }
                }
                m.top().state = State::Own(LITERAL);
            }
            _ => {
                go.signature = go.ahead.tokens;
                if go.signature > 0 {
                    m.top().state = State::Own(TYPE);
                }
            }
        }
    }
}

impl GoLike for Go {
    const FUNCTION: Symbol = Symbol::Func;
    type Data = ();

    #[inline]
    fn global(m: &mut Frames<Go>, token: Token, cx: &mut Context<'_>) {
        match token.symbol {
            Symbol::Func => Go::start(m, None, cx),
            Symbol::Type => {
                if m.top().last != Some(Symbol::LParen) {
                    m.top().state = State::TypeName;
                }
            }
            Symbol::Var => {
                let go = &mut m.language;
                go.signature = go.ahead.tokens;
                go.variable = go.ahead.variable;
                if go.signature > 0 {
                    m.top().state = State::Own(VARIABLE);
                }
            }
            _ => m.plain_global(token, cx),
        }
    }

    fn own(m: &mut Frames<Go>, state: u8, token: Token, cx: &mut Context<'_>) {
        match state {
            INITIALIZER => {
                m.top().state = State::Global;
                if token.symbol == Symbol::Func {
                    let name = m.language.variable;
                    Go::start(m, name, cx);
                } else {
                    Go::global(m, token, cx);
                }
            }
            _ => {
                let go = &mut m.language;
                if state == LITERAL && go.parameters > 0 {
                    go.parameters -= 1;
                    if !matches!(token.symbol, Symbol::LParen | Symbol::RParen) {
                        cx.parameter(token.text(cx.text));
                    }
                }
                go.signature -= 1;
                if go.signature == 0 {
                    m.top().state = match state {
                        LITERAL => State::BeforeBody,
                        VARIABLE if m.language.variable.is_some() => State::Own(INITIALIZER),
                        _ => State::Global,
                    };
                }
            }
        }
    }
}

/// Looks ahead in the text without taking tokens from the machine.
struct Ahead<'a, 'b> {
    lexer: Lexer<'a>,
    text: &'a str,
    pending: Option<Token>,
    /// Tokens taken, line feeds not counted.
    count: u32,
    /// Tokens that may still be looked at in the whole file.
    budget: &'b mut usize,
}

impl<'a, 'b> Ahead<'a, 'b> {
    fn new(lexer: &Lexer<'a>, budget: &'b mut usize, text: &'a str) -> Ahead<'a, 'b> {
        Ahead { lexer: lexer.clone(), text, pending: None, count: 0, budget }
    }

    fn raw(&mut self) -> Token {
        let mut token = self.lexer.next();
        if *self.budget == 0 {
            token.symbol = Symbol::End;
        } else {
            *self.budget -= 1;
        }
        token
    }

    fn is_name(&self, token: Token) -> bool {
        token.first(self.text) == b'_' || token.begins_with_letter(self.text)
    }

    /// The next token that matters, line feeds passed over or not.
    fn peek(&mut self, newlines: bool) -> Token {
        if let Some(token) = self.pending
            && !(newlines && token.symbol == Symbol::Newline)
        {
            return token;
        }
        loop {
            let mut token = self.raw();
            match token.symbol {
                Symbol::Blank => continue,
                Symbol::BlockComment | Symbol::LineComment => {
                    if token.newlines == 0 {
                        continue;
                    }
                    token.symbol = Symbol::Newline;
                }
                _ => {}
            }
            if token.symbol == Symbol::Newline && newlines {
                continue;
            }
            self.pending = Some(token);
            return token;
        }
    }

    fn take(&mut self) {
        if let Some(token) = self.pending.take() {
            self.count += u32::from(!matches!(token.symbol, Symbol::Newline | Symbol::End));
        }
    }

    /// Takes everything up to what closes the bracket that was seen last.
    fn balanced(&mut self) {
        let closing = |symbol| match symbol {
            Symbol::LParen => Some(Symbol::RParen),
            Symbol::LBracket => Some(Symbol::RBracket),
            Symbol::LBrace => Some(Symbol::RBrace),
            _ => None,
        };
        let first = self.peek(true);
        self.take();
        let mut stack: Vec<Symbol> = closing(first.symbol).into_iter().collect();
        while let Some(top) = stack.last().copied() {
            let token = self.raw();
            match token.symbol {
                Symbol::End => return,
                Symbol::Blank | Symbol::Newline | Symbol::BlockComment | Symbol::LineComment => continue,
                _ => {}
            }
            self.count += 1;
            if let Some(close) = closing(token.symbol) {
                stack.push(close);
            } else if token.symbol == top {
                stack.pop();
            }
        }
    }

    /// Takes a type.
    fn read_type(&mut self) {
        use Symbol as S;
        let mut newlines = false;
        loop {
            let token = self.peek(newlines);
            newlines = false;
            match token.symbol {
                S::Star | S::StarStar | S::Lt | S::Chan => {
                    self.take();
                    for arrow in [S::Lt, S::Minus] {
                        if self.peek(true).symbol == arrow {
                            self.take();
                        }
                    }
                    newlines = true;
                }
                S::LParen => return self.balanced(),
                S::LBracket => self.balanced(),
                S::Map => {
                    self.take();
                    if self.peek(false).symbol != S::LBracket {
                        return;
                    }
                    self.balanced();
                }
                S::Struct | S::Interface => {
                    self.take();
                    if self.peek(true).symbol == S::LBrace {
                        self.balanced();
                    }
                    return;
                }
                S::Func => {
                    self.take();
                    if self.peek(true).symbol != S::LParen {
                        return;
                    }
                    self.balanced();
                }
                S::Const | S::Var | S::Type | S::Return | S::If | S::For | S::Switch => return,
                _ if self.is_name(token) => {
                    self.take();
                    if self.peek(false).symbol == S::Dot {
                        self.take();
                        self.peek(false);
                        self.take();
                    }
                    if self.peek(false).symbol == S::LBracket {
                        self.balanced();
                    }
                    return;
                }
                _ => return,
            }
        }
    }
}
