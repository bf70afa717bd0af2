//! C and C++, and what all languages with that syntax share: the preprocessor.

use super::Machine;
use super::clike_nesting::Nesting;
use super::clike_states::{CLike, Core, step};
use crate::functions::Context;
use crate::lexer::{Lexer, Symbol, Token};

/// Reads a text with preprocessor lines. A conditional one is a decision of the function it stands in; an
/// include is two tokens; any other counts for nothing but its lines.
pub(super) fn read(mut lexer: Lexer<'_>, mut machine: impl Machine, cx: &mut Context<'_>) {
    let mut tilde: Option<Token> = None;
    loop {
        let token = lexer.next();
        if token.symbol == Symbol::End || cx.stopped {
            break;
        }
        let token = match (tilde.take(), token.symbol) {
            (None, Symbol::Tilde) => {
                tilde = Some(token);
                continue;
            }
            // A tilde is one token with whatever follows it.
            (Some(tilde), _) => Token { symbol: Symbol::Other, start: tilde.start, ..token },
            (None, Symbol::Macro) => {
                directive(token, &mut machine, cx);
                continue;
            }
            (None, _) => token,
        };
        feed(token, &mut machine, cx);
    }
    machine.finish(cx);
}

#[inline]
fn feed(token: Token, machine: &mut impl Machine, cx: &mut Context<'_>) {
    if cx.admit(&token) {
        machine.token(token, cx);
    }
}

/// A preprocessor line, with those that continue it.
fn directive(token: Token, machine: &mut impl Machine, cx: &mut Context<'_>) {
    let text = token.text(cx.text);
    let named = text.get(1..).unwrap_or_default().trim_start();
    let name_end = named.find(|c| !crate::lexer::is_word_char(c)).unwrap_or(named.len());
    let (name, rest) = named.split_at_checked(name_end).unwrap_or_default();
    if name.is_empty() {
        feed(Token { symbol: Symbol::Other, ..token }, machine, cx);
        return;
    }
    let rest = rest.trim_start();
    match name {
        "if" | "ifdef" | "elif" => cx.add_condition(1),
        "include" => {
            let length = rest.len() as u32;
            let path = token.end - length;
            feed(Token { symbol: Symbol::IncludeWord, end: path, newlines: 0, ..token }, machine, cx);
            let newlines = rest.bytes().filter(|byte| *byte == b'\n').count() as u32;
            feed(Token { symbol: Symbol::IncludePath, start: path, newlines, ..token }, machine, cx);
        }
        _ => {}
    }
    for _ in 0..rest.bytes().filter(|byte| *byte == b'\n').count() {
        feed(Token { symbol: Symbol::Newline, newlines: 1, ..token }, machine, cx);
    }
}

/// C and C++.
#[derive(Default)]
pub(super) struct Cpp {
    core: Core,
    nesting: Nesting,
    rvalue: RValue,
}

impl CLike for Cpp {
    fn core(&mut self) -> &mut Core {
        &mut self.core
    }
}

impl Machine for Cpp {
    #[inline]
    fn token(&mut self, token: Token, cx: &mut Context<'_>) {
        step(self, token, cx);
        self.nesting.token(token, cx);
        self.rvalue.token(token, cx);
    }
}

/// Takes back the decisions that were counted for `&&` where it makes a reference.
#[derive(Default)]
struct RValue {
    state: RValueState,
    ands: i64,
}

#[derive(Default, Clone, Copy)]
enum RValueState {
    #[default]
    Anywhere,
    Declarator,
    Typedef,
}

impl RValue {
    #[inline]
    fn token(&mut self, token: Token, cx: &mut Context<'_>) {
        use Symbol as S;
        match self.state {
            RValueState::Anywhere => match token.symbol {
                S::AndAnd => self.state = RValueState::Declarator,
                S::Typedef => self.state = RValueState::Typedef,
                _ => {}
            },
            RValueState::Declarator => match token.symbol {
                S::Assign => {
                    cx.add_condition(-1);
                    self.state = RValueState::Anywhere;
                }
                S::Semi | S::LBrace | S::RBrace | S::RParen => self.state = RValueState::Anywhere,
                _ => {}
            },
            RValueState::Typedef => match token.symbol {
                S::Semi => {
                    cx.add_condition(-self.ands);
                    self.ands = 0;
                    self.state = RValueState::Anywhere;
                }
                S::AndAnd => self.ands += 1,
                _ => {}
            },
        }
    }
}
