//! Kotlin: bodies that are expressions, accessors, `when`.

use super::golike::{Frames, GoLike, State, Then};
use crate::functions::Context;
use crate::lexer::{Symbol, SymbolSet, Token};

/// Keywords that can name an argument.
pub(super) const LABELS: SymbolSet = SymbolSet::of(&[Symbol::If, Symbol::For, Symbol::While, Symbol::Catch]);

// States of its own.
const DECLARED_NAME: u8 = 0;
const INTERFACE: u8 = 1;
const EXPRESSION: u8 = 2;
const WHEN: u8 = 3;
const TYPE_PARAMETERS: u8 = 4;
const LAMBDA: u8 = 5;

/// See the module.
#[derive(Default)]
pub(super) struct Kotlin;

impl Kotlin {
    pub(super) fn machine() -> Frames<Kotlin> {
        Frames::new(Kotlin)
    }
}

/// What one pair of braces keeps.
#[derive(Default)]
pub(super) struct Block {
    in_when: bool,
    brackets: u32,
    after_when: State,
}

fn start_when(m: &mut Frames<Kotlin>, back: State) {
    let top = m.top();
    top.data.after_when = back;
    top.state = State::Own(WHEN);
}

fn end_expression(m: &mut Frames<Kotlin>, token: Token, cx: &mut Context<'_>) {
    cx.end_of_function();
    m.again(State::Global, token, cx);
}

impl GoLike for Kotlin {
    const FUNCTION: Symbol = Symbol::Fun;
    type Data = Block;

    #[inline]
    fn global(m: &mut Frames<Kotlin>, token: Token, cx: &mut Context<'_>) {
        match token.symbol {
            Symbol::Get | Symbol::Set => {
                cx.push_new_function(token.text(cx.text));
                m.top().state = State::BeforeBody;
            }
            Symbol::Arrow if m.top().data.in_when => cx.add_condition(1),
            Symbol::Arrow => {
                cx.push_new_function("(anonymous)");
                m.top().state = State::Own(LAMBDA);
            }
            Symbol::Val | Symbol::Var | Symbol::Comma => m.top().state = State::Own(DECLARED_NAME),
            Symbol::Interface => m.top().state = State::Own(INTERFACE),
            Symbol::When => start_when(m, State::Global),
            _ => m.plain_global(token, cx),
        }
    }

    fn function_name(m: &mut Frames<Kotlin>, token: Token, cx: &mut Context<'_>) {
        match token.symbol {
            Symbol::Lt => m.again(State::Own(TYPE_PARAMETERS), token, cx),
            _ => m.plain_function_name(token, cx),
        }
    }

    fn before_body(m: &mut Frames<Kotlin>, token: Token, cx: &mut Context<'_>) {
        match token.symbol {
            Symbol::Assign => {
                let top = m.top();
                top.data.brackets = 0;
                top.state = State::Own(EXPRESSION);
            }
            Symbol::LBrace => m.enter(Block::default(), Then::FunctionEnded, cx),
            _ => {}
        }
    }

    fn own(m: &mut Frames<Kotlin>, state: u8, token: Token, cx: &mut Context<'_>) {
        use Symbol as S;
        let top = m.top();
        match (state, token.symbol) {
            (DECLARED_NAME, _) => top.state = State::Global,
            (INTERFACE, symbol) => {
                if m.balanced(symbol, S::LBrace, S::RBrace) && symbol == S::RBrace {
                    m.top().state = State::Global;
                }
            }
            (EXPRESSION, S::When) => start_when(m, State::Own(EXPRESSION)),
            (EXPRESSION, S::LBrace | S::LParen | S::LBracket) => top.data.brackets += 1,
            (EXPRESSION, S::RBrace | S::RParen | S::RBracket) if top.data.brackets > 0 => {
                top.data.brackets -= 1;
            }
            (EXPRESSION, S::RBrace) => end_expression(m, token, cx),
            (EXPRESSION, S::Class) if top.last == Some(S::PathSep) => {}
            (EXPRESSION, S::Fun | S::Class | S::Interface | S::Val | S::Var | S::Get | S::Set) => {
                if top.data.brackets == 0 {
                    end_expression(m, token, cx);
                }
            }
            (WHEN, S::LBrace) => m.enter(Block { in_when: true, ..Block::default() }, Then::Own(WHEN), cx),
            (TYPE_PARAMETERS, symbol) => {
                if m.balanced(symbol, S::Lt, S::Gt) {
                    m.top().state = State::FunctionName;
                }
            }
            (LAMBDA, _) => m.plain_before_body(token, cx),
            _ => {}
        }
    }

    fn then(m: &mut Frames<Kotlin>, _then: u8, cx: &mut Context<'_>) {
        cx.add_condition(-1);
        let top = m.top();
        top.state = top.data.after_when;
    }

    fn before_return(m: &mut Frames<Kotlin>, cx: &mut Context<'_>) {
        if m.top().state == State::Own(EXPRESSION) {
            cx.end_of_function();
        }
    }
}
