//! Swift: initialisers, subscripts and accessors.

use super::golike::{Frames, GoLike, State, Then};
use crate::functions::Context;
use crate::lexer::{Symbol, SymbolSet, Token};

/// Keywords that can name an argument.
pub(super) const LABELS: SymbolSet = SymbolSet::of(&[
    Symbol::If,
    Symbol::For,
    Symbol::While,
    Symbol::Catch,
    Symbol::Guard,
    Symbol::Case,
    Symbol::Init,
    Symbol::Subscript,
    Symbol::Deinit,
]);

// States of its own.
const ACCESSOR: u8 = 0;
const DECLARED_NAME: u8 = 1;
const PROTOCOL: u8 = 2;

/// The head of an accessor is not longer than this, in tokens.
const LONGEST_HEAD: usize = 64;

/// Where in the head of an accessor the text is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Step {
    #[default]
    Name,
    Parameter,
    ParameterName,
    ParameterEnd,
    Effects,
    ErrorType,
}

/// See the module.
#[derive(Default)]
pub(super) struct Swift {
    accessor: Option<Token>,
    line: u32,
    step: Step,
    head: Vec<Token>,
}

impl Swift {
    pub(super) fn machine() -> Frames<Swift> {
        Frames::new(Swift::default())
    }

    fn next_step(&self, token: Token, cx: &Context<'_>) -> Option<Step> {
        use Symbol as S;
        let name = self.accessor?.symbol;
        let is_name = token.first(cx.text) == b'_' || token.begins_with_letter(cx.text);
        match (self.step, token.symbol) {
            (Step::Name, S::LParen) if matches!(name, S::Set | S::WillSet | S::DidSet) => {
                Some(Step::Parameter)
            }
            (Step::Parameter, _) if is_name => Some(Step::ParameterName),
            (Step::ParameterName, S::RParen) => Some(Step::ParameterEnd),
            (Step::Name | Step::Effects, S::Async | S::Throws) if name == S::Get => Some(Step::Effects),
            (Step::Effects, S::LParen) => Some(Step::ErrorType),
            (Step::ErrorType, S::LBrace | S::RBrace) => None,
            (Step::ErrorType, S::RParen) => Some(Step::Effects),
            (Step::ErrorType, _) => Some(Step::ErrorType),
            _ => None,
        }
    }
}

/// What one pair of braces keeps: the last token that was looked at in the open.
#[derive(Default)]
pub(super) struct Block {
    previous: Option<Symbol>,
}

impl GoLike for Swift {
    const FUNCTION: Symbol = Symbol::Func;
    const TYPE: Option<Symbol> = None;
    type Data = Block;

    #[inline]
    fn global(m: &mut Frames<Swift>, token: Token, cx: &mut Context<'_>) {
        use Symbol as S;
        let top = m.top();
        let previous = top.data.previous.replace(token.symbol);
        let member = previous == Some(S::Dot);
        match token.symbol {
            S::Init | S::Subscript if !member => introduce(m, token.text(cx.text), cx),
            S::Ident if !member && matches!(token.text(cx.text), "init?" | "init!") => {
                introduce(m, "init", cx)
            }
            S::Get | S::Set | S::WillSet | S::DidSet | S::Deinit if !member => {
                top.state = State::Own(ACCESSOR);
                let swift = &mut m.language;
                swift.accessor = Some(token);
                swift.line = cx.line;
                swift.step = Step::Name;
                swift.head.clear();
            }
            S::Protocol => top.state = State::Own(PROTOCOL),
            S::Let | S::Var | S::Case | S::Comma => top.state = State::Own(DECLARED_NAME),
            _ => m.plain_global(token, cx),
        }
    }

    fn own(m: &mut Frames<Swift>, state: u8, token: Token, cx: &mut Context<'_>) {
        match state {
            ACCESSOR => accessor(m, token, cx),
            DECLARED_NAME => {
                let top = m.top();
                top.data.previous = Some(token.symbol);
                top.state = State::Global;
            }
            _ => {
                if m.balanced(token.symbol, Symbol::LBrace, Symbol::RBrace) && token.symbol == Symbol::RBrace
                {
                    m.top().state = State::Global;
                }
            }
        }
    }
}

/// A function that has no keyword before its name.
fn introduce(m: &mut Frames<Swift>, name: &str, cx: &mut Context<'_>) {
    cx.push_new_function("");
    cx.add_to_name(name);
    m.top().state = State::BeforeParameters;
}

/// Expressions use the words of accessors, too: only a complete head before a brace is one.
fn accessor(m: &mut Frames<Swift>, token: Token, cx: &mut Context<'_>) {
    let swift = &mut m.language;
    swift.head.push(token);
    if token.symbol == Symbol::LBrace && matches!(swift.step, Step::Name | Step::ParameterEnd | Step::Effects)
    {
        if let Some(name) = swift.accessor {
            let line = swift.line;
            cx.push_new_function(name.text(cx.text));
            cx.function().start_line = line;
        }
        m.enter(Block::default(), Then::FunctionEnded, cx);
        return;
    }
    match swift.next_step(token, cx) {
        Some(step) if swift.head.len() < LONGEST_HEAD => swift.step = step,
        _ => {
            let head = std::mem::take(&mut swift.head);
            m.top().state = State::Global;
            for token in head {
                let state = m.top().state;
                m.again(state, token, cx);
            }
        }
    }
}
