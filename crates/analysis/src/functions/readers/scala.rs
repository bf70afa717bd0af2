//! Scala: bodies after an equals sign.

use super::golike::{Frames, GoLike, State, Then};
use crate::functions::Context;
use crate::lexer::{Symbol, Token};

/// The body, which ends with its line or its brace.
const BODY: u8 = 0;

/// See the module.
#[derive(Default)]
pub(super) struct Scala;

impl Scala {
    pub(super) fn machine() -> Frames<Scala> {
        Frames::new(Scala)
    }
}

impl GoLike for Scala {
    const FUNCTION: Symbol = Symbol::Def;
    type Data = ();

    fn before_body(m: &mut Frames<Scala>, token: Token, cx: &mut Context<'_>) {
        if token.symbol == Symbol::Assign {
            m.top().state = State::Own(BODY);
        } else {
            m.plain_before_body(token, cx);
        }
    }

    fn own(m: &mut Frames<Scala>, _state: u8, token: Token, cx: &mut Context<'_>) {
        if cx.newline {
            cx.end_of_function();
            m.again(State::Global, token, cx);
        } else if token.symbol == Symbol::LBrace {
            m.enter((), Then::Resume, cx);
        }
    }

    fn before_return(m: &mut Frames<Scala>, cx: &mut Context<'_>) {
        if m.top().state == State::Own(BODY) {
            cx.end_of_function();
        }
    }
}
