//! Rust: arms of matches, and `let … else`.

use super::golike::{Frames, GoLike, State, Then};
use crate::functions::Context;
use crate::lexer::{Symbol, Token};

// States and continuations of its own.
const SUBJECT: u8 = 0;
const IF_CLOSED: u8 = 0;
const MATCH_CLOSED: u8 = 1;

/// See the module.
#[derive(Default)]
pub(super) struct Rust;

impl Rust {
    pub(super) fn machine() -> Frames<Rust> {
        Frames::new(Rust)
    }
}

/// What one pair of braces keeps.
#[derive(Default)]
pub(super) struct Block {
    in_arms: bool,
    seen_arm: bool,
    subject_depth: u32,
    parens: u32,
    /// The depth in parentheses of each `if` that waits for its body.
    ifs: Vec<u32>,
    /// The body of an `if` has just ended: an `else` belongs to it.
    else_expected: bool,
}

impl GoLike for Rust {
    const FUNCTION: Symbol = Symbol::Fn;
    type Data = Block;

    #[inline]
    fn global(m: &mut Frames<Rust>, token: Token, cx: &mut Context<'_>) {
        let top = m.top();
        let block = &mut top.data;
        match token.symbol {
            Symbol::FatArrow => {
                if block.in_arms {
                    cx.add_condition(i64::from(block.seen_arm));
                    block.seen_arm = true;
                }
                return;
            }
            Symbol::Match => {
                block.subject_depth = 0;
                top.state = State::Own(SUBJECT);
                return;
            }
            Symbol::Else => {
                // The `else` of an `if` is not another decision, that of a `let` is.
                cx.add_condition(i64::from(!block.else_expected));
                block.else_expected = false;
                return;
            }
            _ => block.else_expected = false,
        }
        match token.symbol {
            Symbol::LParen | Symbol::LBracket => block.parens += 1,
            Symbol::RParen | Symbol::RBracket => block.parens = block.parens.saturating_sub(1),
            Symbol::If => block.ifs.push(block.parens),
            Symbol::LBrace if block.ifs.last() == Some(&block.parens) => {
                block.ifs.pop();
                m.enter(Block::default(), Then::Own(IF_CLOSED), cx);
                return;
            }
            _ => {}
        }
        m.plain_global(token, cx);
    }

    fn own(m: &mut Frames<Rust>, _state: u8, token: Token, cx: &mut Context<'_>) {
        let block = &mut m.top().data;
        match token.symbol {
            Symbol::LParen | Symbol::LBracket => block.subject_depth += 1,
            Symbol::RParen | Symbol::RBracket => block.subject_depth = block.subject_depth.saturating_sub(1),
            Symbol::LBrace if block.subject_depth == 0 => {
                m.enter(Block { in_arms: true, ..Block::default() }, Then::Own(MATCH_CLOSED), cx);
            }
            _ => {}
        }
    }

    fn then(m: &mut Frames<Rust>, then: u8, _cx: &mut Context<'_>) {
        let top = m.top();
        match then {
            MATCH_CLOSED => top.state = State::Global,
            _ => top.data.else_expected = true,
        }
    }
}
