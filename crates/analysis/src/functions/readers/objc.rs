//! Objective-C: methods whose names are made of pieces.

use super::Machine;
use super::clike_nesting::Nesting;
use super::clike_states::{self, CLike, Core, State};
use crate::functions::Context;
use crate::lexer::{Symbol, Token};

// States beside those of every C-like language.
const NAME: u8 = 0;
const PIECE: u8 = 1;
const PARAMETER_TYPE: u8 = 2;
const PARAMETER: u8 = 3;
const TYPEDEF: u8 = 4;

/// The machine.
#[derive(Default)]
pub(super) struct ObjC {
    core: Core,
    nesting: Nesting,
    parens: u32,
}

impl CLike for ObjC {
    fn core(&mut self) -> &mut Core {
        &mut self.core
    }

    fn global(&mut self, token: Token, cx: &mut Context<'_>) {
        clike_states::global(self, token, cx);
        match token.symbol {
            Symbol::Typedef => self.core.state = State::Own(TYPEDEF),
            Symbol::LParen => clike_states::again(self, State::Declaration, token, cx),
            _ => {}
        }
    }

    fn before_body(&mut self, token: Token, cx: &mut Context<'_>) {
        if matches!(token.symbol, Symbol::Plus | Symbol::Minus) {
            self.core.state = State::Global;
            return;
        }
        clike_states::before_body(self, token, cx);
        if self.core.state != State::Body {
            self.core.state = State::Own(NAME);
            cx.restart_new_function(token.text(cx.text));
        }
    }

    fn own(&mut self, state: u8, token: Token, cx: &mut Context<'_>) {
        match (state, token.symbol) {
            (NAME, Symbol::Colon) => {
                self.core.state = State::Own(PIECE);
                cx.add_to_name(":");
            }
            (NAME | PIECE, Symbol::LBrace) => clike_states::enter_body(self, token, cx),
            (NAME, _) => self.core.state = State::Global,
            (PIECE, Symbol::LParen) => {
                self.parens = 0;
                self.core.state = State::Own(PARAMETER_TYPE);
                cx.add_to_long_name("(");
            }
            (PIECE, Symbol::Comma) => {}
            (PIECE, _) => {
                self.core.state = State::Own(NAME);
                cx.add_to_name(" ");
                cx.add_to_name(token.text(cx.text));
            }
            (PARAMETER_TYPE, symbol) => {
                match symbol {
                    Symbol::LParen => self.parens += 1,
                    Symbol::RParen if self.parens > 0 => self.parens -= 1,
                    Symbol::RParen => self.core.state = State::Own(PARAMETER),
                    _ => {}
                }
                cx.add_to_long_name(" ");
                cx.add_to_long_name(token.text(cx.text));
            }
            (PARAMETER, _) => self.core.state = State::Own(PIECE),
            (TYPEDEF, Symbol::Semi) => self.core.state = State::Global,
            _ => {}
        }
    }
}

impl Machine for ObjC {
    fn token(&mut self, token: Token, cx: &mut Context<'_>) {
        clike_states::step(self, token, cx);
        self.nesting.token(token, cx);
    }
}
