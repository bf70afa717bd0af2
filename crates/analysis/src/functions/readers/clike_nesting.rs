//! What C-like code is nested in: braces, name spaces, classes.

use crate::functions::Context;
use crate::lexer::{Symbol, Token};

/// Follows braces and the names in front of them.
#[derive(Default)]
pub(super) struct Nesting {
    state: State,
    depth: i32,
    name: String,
    name_ended: bool,
}

#[derive(Default, Clone, Copy)]
enum State {
    #[default]
    Anywhere,
    AfterDot,
    AfterKeyword,
    Name,
    TemplateParameters,
    Attribute,
}

/// A name with everything in front of it is not longer than this, in bytes.
const LONGEST: usize = 256;

impl Nesting {
    #[inline]
    pub(super) fn token(&mut self, token: Token, cx: &mut Context<'_>) {
        use Symbol as S;
        match self.state {
            State::Anywhere => match token.symbol {
                S::LBrace => cx.add_bare_nesting(),
                S::RBrace => cx.pop_nesting(),
                S::Dot => self.state = State::AfterDot,
                S::Template => self.state = State::TemplateParameters,
                S::Struct | S::Class | S::Namespace | S::Union => self.state = State::AfterKeyword,
                _ => {}
            },
            State::AfterDot => self.state = State::Anywhere,
            State::AfterKeyword => {
                if token.symbol == S::LBracket {
                    self.state = State::Attribute;
                    self.attribute(token.symbol);
                } else {
                    self.state = State::Name;
                    self.name(token, cx);
                }
            }
            State::Name => self.name(token, cx),
            State::TemplateParameters => {
                self.depth += i32::from(token.symbol == S::Lt) - i32::from(token.symbol == S::Gt);
                if self.depth == 0 {
                    self.state = State::Anywhere;
                }
            }
            State::Attribute => self.attribute(token.symbol),
        }
    }

    fn attribute(&mut self, symbol: Symbol) {
        self.depth += i32::from(symbol == Symbol::LBracket) - i32::from(symbol == Symbol::RBracket);
        if self.depth == 0 {
            self.state = State::AfterKeyword;
        }
    }

    fn name(&mut self, token: Token, cx: &mut Context<'_>) {
        use Symbol as S;
        match token.symbol {
            S::RParen | S::LParen | S::LBrace | S::Semi => {
                self.state = State::Anywhere;
                if token.symbol == S::LBrace {
                    cx.add_namespace(&self.name);
                }
                self.name.clear();
                self.name_ended = false;
            }
            S::Lt | S::Colon | S::Final | S::LBracket | S::Extends | S::Implements => self.name_ended = true,
            _ => {
                if !self.name_ended && self.name.len() < LONGEST {
                    self.name.push_str(token.text(cx.text));
                }
            }
        }
    }
}
