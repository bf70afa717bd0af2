//! Languages whose functions begin with a keyword and whose bodies stand in braces.

use super::{DEEPEST, Machine, TOO_DEEP};
use crate::functions::Context;
use crate::functions::context::GLOBAL;
use crate::lexer::{Symbol, Token};

/// Where in the code the text is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Global,
    TypeName,
    AfterTypeName,
    TypeBody,
    FunctionName,
    BeforeParameters,
    TypeParameters,
    Receiver,
    Parameters,
    BeforeBody,
    /// A state of one language.
    Own(u8),
}

/// What to do when the frame above has ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Goes on where it was.
    #[default]
    Resume,
    /// The body of a function has ended.
    FunctionEnded,
    /// Something of one language.
    Own(u8),
}

/// A language of this family: what it does differently.
pub(super) trait GoLike: Default {
    /// What begins a function.
    const FUNCTION: Symbol;
    /// What begins the definition of a type.
    const TYPE: Option<Symbol> = Some(Symbol::Type);
    /// What a frame keeps beside [`Frame`].
    type Data: Default;

    /// A token in no declaration.
    #[inline]
    fn global(m: &mut Frames<Self>, token: Token, cx: &mut Context<'_>) {
        m.plain_global(token, cx);
    }

    /// A token where the name of a function should be.
    fn function_name(m: &mut Frames<Self>, token: Token, cx: &mut Context<'_>) {
        m.plain_function_name(token, cx);
    }

    /// A token after the parameters.
    fn before_body(m: &mut Frames<Self>, token: Token, cx: &mut Context<'_>) {
        m.plain_before_body(token, cx);
    }

    /// A token in a state of the language's own.
    fn own(_m: &mut Frames<Self>, _state: u8, _token: Token, _cx: &mut Context<'_>) {}

    /// A frame has ended that asked for something of the language's own.
    fn then(_m: &mut Frames<Self>, _then: u8, _cx: &mut Context<'_>) {}

    /// The frame on top is about to end, or the text.
    fn before_return(_m: &mut Frames<Self>, _cx: &mut Context<'_>) {}
}

/// One open pair of braces.
pub(super) struct Frame<D> {
    pub(super) state: State,
    saved: State,
    then: Then,
    pub(super) depth: i32,
    angle: bool,
    pub(super) last: Option<Symbol>,
    pub(super) data: D,
}

impl<D: Default> Default for Frame<D> {
    fn default() -> Frame<D> {
        Frame {
            state: State::Global,
            saved: State::Global,
            then: Then::Resume,
            depth: 0,
            angle: false,
            last: None,
            data: D::default(),
        }
    }
}

/// The machine: one frame per open pair of braces.
#[derive(Default)]
pub(super) struct Frames<L: GoLike> {
    frames: Vec<Frame<L::Data>>,
    ended: bool,
    /// What the language keeps once per file.
    pub(super) language: L,
}

impl<L: GoLike> Frames<L> {
    pub(super) fn new(language: L) -> Frames<L> {
        Frames { frames: vec![Frame::default()], ended: false, language }
    }

    #[inline]
    pub(super) fn top(&mut self) -> &mut Frame<L::Data> {
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// Reads what follows in a frame of its own.
    pub(super) fn enter(&mut self, data: L::Data, then: Then, cx: &mut Context<'_>) {
        if self.frames.len() >= DEEPEST {
            cx.cut_short(TOO_DEEP);
            return;
        }
        let top = self.top();
        top.saved = top.state;
        top.then = then;
        self.frames.push(Frame { data, ..Frame::default() });
    }

    /// The frame on top has seen its closing brace.
    pub(super) fn leave(&mut self, cx: &mut Context<'_>) {
        L::before_return(self, cx);
        self.ended = true;
    }

    /// Takes the token again in another state.
    pub(super) fn again(&mut self, state: State, token: Token, cx: &mut Context<'_>) {
        self.top().state = state;
        self.dispatch(token, cx);
    }

    /// Counts a bracket; true when all are closed.
    #[inline]
    pub(super) fn balanced(&mut self, symbol: Symbol, open: Symbol, close: Symbol) -> bool {
        let top = self.top();
        top.depth += i32::from(symbol == open) - i32::from(symbol == close);
        top.depth == 0
    }

    /// See [`GoLike::global`].
    #[inline]
    pub(super) fn plain_global(&mut self, token: Token, cx: &mut Context<'_>) {
        match token.symbol {
            Symbol::LBrace => self.enter(L::Data::default(), Then::Resume, cx),
            Symbol::RBrace => self.leave(cx),
            symbol if symbol == L::FUNCTION => {
                self.top().state = State::FunctionName;
                cx.push_new_function("");
            }
            symbol if Some(symbol) == L::TYPE => self.top().state = State::TypeName,
            _ => {}
        }
    }

    /// See [`GoLike::function_name`].
    pub(super) fn plain_function_name(&mut self, token: Token, cx: &mut Context<'_>) {
        match token.symbol {
            Symbol::Backquote => {}
            Symbol::LParen => {
                let nested = cx.stacked.last().is_some_and(|outer| *outer != GLOBAL);
                self.again(if nested { State::Parameters } else { State::Receiver }, token, cx);
            }
            Symbol::LBrace => self.again(State::BeforeBody, token, cx),
            _ => {
                cx.add_to_name(token.text(cx.text));
                self.top().state = State::BeforeParameters;
            }
        }
    }

    /// See [`GoLike::before_body`].
    pub(super) fn plain_before_body(&mut self, token: Token, cx: &mut Context<'_>) {
        if token.symbol == Symbol::LBrace && self.top().last != Some(Symbol::Interface) {
            self.enter(L::Data::default(), Then::FunctionEnded, cx);
        }
    }

    #[inline]
    fn dispatch(&mut self, token: Token, cx: &mut Context<'_>) {
        match self.top().state {
            State::Global => L::global(self, token, cx),
            State::TypeName => self.top().state = State::AfterTypeName,
            State::AfterTypeName => {
                self.top().state = match token.symbol {
                    Symbol::Struct | Symbol::Interface => State::TypeBody,
                    _ => State::Global,
                };
            }
            State::TypeBody => {
                if self.balanced(token.symbol, Symbol::LBrace, Symbol::RBrace) {
                    self.top().state = State::Global;
                }
            }
            State::FunctionName => L::function_name(self, token, cx),
            State::BeforeParameters => match token.symbol {
                Symbol::LParen => self.again(State::Parameters, token, cx),
                Symbol::Lt | Symbol::LBracket => self.again(State::TypeParameters, token, cx),
                _ => self.top().state = State::Global,
            },
            State::TypeParameters => {
                let top = self.top();
                if top.depth == 0 {
                    top.angle = token.symbol == Symbol::Lt;
                }
                let (open, close) = match top.angle {
                    true => (Symbol::Lt, Symbol::Gt),
                    false => (Symbol::LBracket, Symbol::RBracket),
                };
                if self.balanced(token.symbol, open, close) {
                    self.top().state = State::BeforeParameters;
                }
            }
            State::Receiver => {
                cx.add_to_long_name(token.text(cx.text));
                if self.balanced(token.symbol, Symbol::LParen, Symbol::RParen) {
                    self.top().state = State::FunctionName;
                }
            }
            State::Parameters => {
                if !matches!(token.symbol, Symbol::LParen | Symbol::RParen) {
                    cx.parameter(token.text(cx.text));
                }
                if self.balanced(token.symbol, Symbol::LParen, Symbol::RParen) {
                    self.top().state = State::BeforeBody;
                }
            }
            State::BeforeBody => L::before_body(self, token, cx),
            State::Own(state) => L::own(self, state, token, cx),
        }
    }
}

impl<L: GoLike> Machine for Frames<L> {
    #[inline]
    fn token(&mut self, token: Token, cx: &mut Context<'_>) {
        let at = self.frames.len() - 1;
        self.dispatch(token, cx);
        self.frames[at].last = Some(token.symbol);
        while std::mem::take(&mut self.ended) {
            if self.frames.len() == 1 {
                break;
            }
            self.frames.pop();
            let top = self.top();
            top.state = top.saved;
            top.last = Some(token.symbol);
            match std::mem::take(&mut top.then) {
                Then::Resume => {}
                Then::FunctionEnded => {
                    top.state = State::Global;
                    cx.end_of_function();
                }
                Then::Own(then) => L::then(self, then, cx),
            }
        }
    }

    fn finish(&mut self, cx: &mut Context<'_>) {
        self.frames.truncate(1);
        L::before_return(self, cx);
    }
}
