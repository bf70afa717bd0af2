//! Ruby and Lua: bodies that end with a word.

use super::{DEEPEST, Machine, TOO_DEEP};
use crate::functions::Context;
use crate::lexer::{Symbol, Token};

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Global,
    Definition,
    It,
    AfterName,
    ClassMethod,
    Parameters,
    If,
    Loop,
    Document,
    /// Lua: after an equals sign.
    Assignment,
    /// Lua: after a function that is assigned.
    AssignedFunction,
}

#[derive(Default)]
struct Frame {
    state: State,
    saved: State,
    ends_function: bool,
    last: Option<Token>,
    /// Lua: what an assigned function will be called.
    candidate: Option<Token>,
}

/// The machine: one frame per body that is open.
pub(super) struct Ruby {
    frames: Vec<Frame>,
    ended: bool,
    keyword: Symbol,
    lua: bool,
}

impl Ruby {
    pub(super) fn machine() -> Ruby {
        Ruby { frames: vec![Frame::default()], ended: false, keyword: Symbol::Def, lua: false }
    }

    pub(super) fn lua() -> Ruby {
        Ruby { keyword: Symbol::Function, lua: true, ..Ruby::machine() }
    }

    fn top(&mut self) -> &mut Frame {
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    fn enter(&mut self, ends_function: bool, cx: &mut Context<'_>) {
        if self.frames.len() >= DEEPEST {
            cx.cut_short(TOO_DEEP);
        }
        let top = self.top();
        top.saved = top.state;
        top.ends_function = ends_function;
        self.frames.push(Frame::default());
    }

    fn again(&mut self, state: State, token: Token, cx: &mut Context<'_>) {
        self.top().state = state;
        self.dispatch(token, cx);
    }

    /// Whether a statement can begin here.
    fn statement_begins(&mut self, cx: &Context<'_>) -> bool {
        cx.newline || self.top().last.is_some_and(|last| last.symbol == Symbol::Semi)
    }

    fn global(&mut self, token: Token, cx: &mut Context<'_>) {
        use Symbol as S;
        if self.lua {
            if token.symbol == S::Assign {
                self.top().state = State::Assignment;
                return;
            }
            self.top().candidate = Some(token);
        }
        match token.symbol {
            S::EndWord | S::RBrace => self.ended = true,
            symbol if symbol == self.keyword => self.top().state = State::Definition,
            S::It => self.top().state = State::It,
            S::Begin | S::Do | S::Class | S::Module | S::LBrace | S::DollarBrace => {
                if self.top().last.is_none_or(|last| last.symbol != S::Dot) {
                    self.enter(false, cx);
                }
            }
            S::While | S::For => {
                if self.statement_begins(cx) {
                    self.top().state = State::Loop;
                }
            }
            S::If | S::Unless => {
                if self.statement_begins(cx) {
                    self.enter(false, cx);
                } else {
                    self.top().state = State::If;
                }
            }
            S::DocBegin => {
                let top = self.top();
                top.saved = top.state;
                top.state = State::Document;
            }
            _ => {}
        }
    }

    fn dispatch(&mut self, token: Token, cx: &mut Context<'_>) {
        use Symbol as S;
        match (self.top().state, token.symbol) {
            (State::Global, _) => self.global(token, cx),
            (State::Definition, S::LParen) => {
                cx.push_new_function("(anonymous)");
                self.top().state = State::Parameters;
            }
            (State::Definition, _) => {
                cx.push_new_function(token.text(cx.text));
                self.top().state = State::AfterName;
            }
            (State::It, S::Do | S::LBrace) => {
                let last = self.top().last;
                let name = last.map_or("", |last| last.text(cx.text));
                if last.is_some_and(|last| last.embedded) {
                    // The rest of a string whose beginning was code.
                    cx.push_new_function(&["\"", name].concat());
                } else {
                    cx.push_new_function(name);
                }
                self.top().state = State::AfterName;
            }
            (State::AfterName, S::Dot) => {
                cx.add_to_name(".");
                self.top().state = State::ClassMethod;
            }
            (State::AfterName, S::LParen) => self.top().state = State::Parameters,
            (State::AfterName, _) => {
                self.enter(true, cx);
                self.dispatch(token, cx);
                self.top().last = Some(token);
            }
            (State::ClassMethod, _) => {
                cx.add_to_name(token.text(cx.text));
                self.top().state = State::AfterName;
            }
            (State::Parameters, S::RParen) => {
                self.top().state = State::AfterName;
                cx.add_to_long_name(" )");
            }
            (State::Parameters, _) => cx.parameter(token.text(cx.text)),
            (State::If, symbol) => {
                if self.statement_begins(cx) {
                    self.again(State::Global, token, cx);
                } else if symbol == S::Then {
                    self.top().state = State::Global;
                    self.enter(false, cx);
                }
            }
            (State::Loop, symbol) => {
                if symbol == S::Do || self.statement_begins(cx) {
                    self.top().state = State::Global;
                    if symbol != S::EndWord {
                        self.enter(false, cx);
                    }
                }
            }
            (State::Document, S::DocEnd) => {
                let top = self.top();
                top.state = top.saved;
            }
            (State::Assignment, S::Function) => self.top().state = State::AssignedFunction,
            (State::Assignment, _) => self.again(State::Global, token, cx),
            (State::AssignedFunction, S::LParen) => {
                let name = self.top().candidate.map_or("", |name| name.text(cx.text));
                cx.push_new_function(name);
                self.top().state = State::Parameters;
            }
            (State::AssignedFunction, _) => self.again(State::Definition, token, cx),
            _ => {}
        }
    }
}

impl Machine for Ruby {
    fn token(&mut self, token: Token, cx: &mut Context<'_>) {
        let at = self.frames.len() - 1;
        self.dispatch(token, cx);
        self.frames[at].last = Some(token);
        while std::mem::take(&mut self.ended) {
            if self.frames.len() == 1 {
                break;
            }
            self.frames.pop();
            let top = self.top();
            top.state = top.saved;
            top.last = Some(token);
            if std::mem::take(&mut top.ends_function) {
                top.state = State::Global;
                cx.end_of_function();
            }
        }
    }
}
