//! C#: names of classes, primary constructors, bodies that are expressions.

use super::Machine;
use super::clike_nesting::Nesting;
use super::clike_states::{self, CLike, Core, State};
use crate::functions::Context;
use crate::lexer::{Symbol, Token};

// States beside those of every C-like language.
const CLASS: u8 = 0;
const PRIMARY_CONSTRUCTOR: u8 = 1;
const EXPRESSION: u8 = 2;

/// The machine.
#[derive(Default)]
pub(super) struct CSharp {
    core: Core,
    nesting: Nesting,
    in_primary_constructor: bool,
    class_name: String,
}

impl CLike for CSharp {
    const LAMBDAS: bool = false;

    fn core(&mut self) -> &mut Core {
        &mut self.core
    }

    fn try_new_function(&mut self, name: &str, cx: &mut Context<'_>) {
        if self.in_primary_constructor {
            return;
        }
        clike_states::try_new_function(self, name, cx);
        if !self.class_name.is_empty() {
            cx.rename_in_class(&self.class_name, name);
        }
    }

    fn global(&mut self, token: Token, cx: &mut Context<'_>) {
        if matches!(token.symbol, Symbol::Class | Symbol::Struct | Symbol::Record) {
            self.class_name.clear();
            self.core.state = State::Own(CLASS);
        } else {
            clike_states::global(self, token, cx);
        }
    }

    fn before_body(&mut self, token: Token, cx: &mut Context<'_>) {
        if token.symbol == Symbol::FatArrow {
            cx.confirm_new_function();
            self.core.state = State::Own(EXPRESSION);
        } else {
            clike_states::before_body(self, token, cx);
        }
    }

    fn own(&mut self, state: u8, token: Token, cx: &mut Context<'_>) {
        match (state, token.symbol) {
            (CLASS, Symbol::LParen) => {
                self.in_primary_constructor = true;
                self.core.state = State::Own(PRIMARY_CONSTRUCTOR);
            }
            (CLASS, Symbol::LBrace) => self.core.state = State::Global,
            (CLASS, _) => {
                if self.class_name.is_empty() && token.begins_with_letter(cx.text) {
                    self.class_name.push_str(token.text(cx.text));
                }
            }
            (PRIMARY_CONSTRUCTOR, symbol) => {
                self.in_primary_constructor = false;
                if self.core.balanced(symbol, Symbol::LParen, Symbol::RParen) {
                    self.core.state = State::Own(CLASS);
                }
            }
            (EXPRESSION, Symbol::Semi) => {
                cx.end_of_function();
                self.core.state = State::Global;
            }
            _ => {}
        }
    }
}

impl Machine for CSharp {
    fn token(&mut self, token: Token, cx: &mut Context<'_>) {
        clike_states::step(self, token, cx);
        self.nesting.token(token, cx);
    }
}
