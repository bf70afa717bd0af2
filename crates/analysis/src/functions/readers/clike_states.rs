//! Recognising functions in C-like code: a name, parameters, and what may stand before the body.

use crate::functions::Context;
use crate::lexer::{Quirks, Symbol, Token};

/// Where in a declaration the text is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Global,
    Function,
    TemplateInName,
    Operator,
    OperatorNext,
    NameWithSpace,
    Declaration,
    BeforeBody,
    Throw,
    Throws,
    Noexcept,
    TrailingReturn,
    OldParameters,
    InitializationList,
    OneInitialization,
    InitializerParens,
    InitializerBraces,
    Body,
    Attribute,
    Lambda(Lambda),
    /// A state of one language.
    Own(u8),
}

/// Where in a function without a name the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lambda {
    Check,
    Capture,
    Parameters,
    ParameterList,
    BeforeBody,
    Body,
}

/// The state that all C-like languages share.
#[derive(Default)]
pub(super) struct Core {
    pub(super) state: State,
    /// Open brackets of the kind that the state counts. Not reset between states: a declaration that was
    /// left half way leaves its mark.
    pub(super) depth: i32,
    brackets: Vec<Symbol>,
    saved: Vec<Token>,
    pub(super) last: Option<Token>,
}

impl Core {
    /// Counts a bracket; true when all are closed.
    #[inline]
    pub(super) fn balanced(&mut self, symbol: Symbol, open: Symbol, close: Symbol) -> bool {
        self.depth += i32::from(symbol == open) - i32::from(symbol == close);
        self.depth == 0
    }
}

/// A language with C-like declarations: what it does differently.
pub(super) trait CLike: Sized {
    /// The shared state.
    fn core(&mut self) -> &mut Core;

    /// Whether a bracket in the open may begin a function without a name.
    const LAMBDAS: bool = true;

    /// A word that may be the name of a function.
    fn try_new_function(&mut self, name: &str, cx: &mut Context<'_>) {
        try_new_function(self, name, cx);
    }

    /// A token outside of any declaration.
    #[inline]
    fn global(&mut self, token: Token, cx: &mut Context<'_>) {
        global(self, token, cx);
    }

    /// A token after the parameters.
    fn before_body(&mut self, token: Token, cx: &mut Context<'_>) {
        before_body(self, token, cx);
    }

    /// A token after the parameters, once a word stood there.
    fn old_parameters(&mut self, token: Token, cx: &mut Context<'_>) {
        old_parameters(self, token, cx);
    }

    /// A token of a body, the opening brace first.
    #[inline]
    fn body(&mut self, token: Token, _cx: &mut Context<'_>) {
        let core = self.core();
        if core.balanced(token.symbol, Symbol::LBrace, Symbol::RBrace) {
            core.state = State::Global;
        }
    }

    /// A token in a state of the language's own.
    fn own(&mut self, _state: u8, _token: Token, _cx: &mut Context<'_>) {}
}

/// Takes a token.
#[inline]
pub(super) fn step<L: CLike>(lang: &mut L, token: Token, cx: &mut Context<'_>) {
    dispatch(lang, token, cx);
    lang.core().last = Some(token);
}

/// Takes a token in the present state.
pub(super) fn dispatch<L: CLike>(lang: &mut L, token: Token, cx: &mut Context<'_>) {
    use Symbol as S;
    let symbol = token.symbol;
    match lang.core().state {
        State::Body => lang.body(token, cx),
        State::Global => lang.global(token, cx),
        State::Function => function(lang, token, cx),
        State::TemplateInName => {
            cx.add_to_name(token.text(cx.text));
            if lang.core().balanced(symbol, S::Lt, S::Gt) {
                lang.core().state = State::Function;
            }
        }
        State::Operator => {
            if symbol != S::LParen {
                lang.core().state = State::OperatorNext;
            }
            cx.add_to_name(" ");
            cx.add_to_name(token.text(cx.text));
        }
        State::OperatorNext => match symbol {
            S::LParen => function(lang, token, cx),
            S::Semi | S::LBrace | S::RBrace => again(lang, State::Global, token, cx),
            _ => {
                cx.add_to_name(" ");
                cx.add_to_name(token.text(cx.text));
            }
        },
        State::NameWithSpace => {
            lang.core().state = if symbol == S::Operator { State::Operator } else { State::Function };
            cx.add_to_name(token.text(cx.text));
        }
        State::Declaration => declaration(lang, token, cx),
        State::BeforeBody => lang.before_body(token, cx),
        State::Throw => {
            if lang.core().balanced(symbol, S::LParen, S::RParen) {
                lang.core().state = State::BeforeBody;
            }
        }
        State::Throws | State::TrailingReturn => {
            if matches!(symbol, S::Semi | S::LBrace) {
                again(lang, State::BeforeBody, token, cx);
            }
        }
        State::Noexcept => {
            let next = if symbol == S::LParen { State::Throw } else { State::BeforeBody };
            again(lang, next, token, cx);
        }
        State::OldParameters => lang.old_parameters(token, cx),
        State::InitializationList => {
            lang.core().state = State::OneInitialization;
            if symbol == S::LBrace {
                enter_body(lang, token, cx);
            }
        }
        State::OneInitialization => match symbol {
            S::LParen => again(lang, State::InitializerParens, token, cx),
            S::LBrace => again(lang, State::InitializerBraces, token, cx),
            _ => {}
        },
        State::InitializerParens => {
            if lang.core().balanced(symbol, S::LParen, S::RParen) {
                lang.core().state = State::InitializationList;
            }
        }
        State::InitializerBraces => {
            if lang.core().balanced(symbol, S::LBrace, S::RBrace) {
                lang.core().state = State::InitializationList;
            }
        }
        State::Attribute => {
            if lang.core().balanced(symbol, S::LBracket, S::RBracket) {
                lang.core().state = State::BeforeBody;
            }
        }
        State::Lambda(part) => lambda(lang, part, token, cx),
        State::Own(state) => lang.own(state, token, cx),
    }
}

/// Takes the token again in another state.
pub(super) fn again<L: CLike>(lang: &mut L, state: State, token: Token, cx: &mut Context<'_>) {
    lang.core().state = state;
    dispatch(lang, token, cx);
}

/// See [`CLike::try_new_function`].
pub(super) fn try_new_function<L: CLike>(lang: &mut L, name: &str, cx: &mut Context<'_>) {
    cx.try_new_function(name);
    lang.core().state = if name == "operator" { State::Operator } else { State::Function };
}

/// See [`CLike::global`].
#[inline]
pub(super) fn global<L: CLike>(lang: &mut L, token: Token, cx: &mut Context<'_>) {
    if matches!(token.first(cx.text), b'_' | b'~') || token.begins_with_letter(cx.text) {
        lang.try_new_function(token.text(cx.text), cx);
    } else if L::LAMBDAS && token.symbol == Symbol::LBracket {
        lang.core().state = State::Lambda(Lambda::Check);
    }
}

/// After what may be a name.
fn function<L: CLike>(lang: &mut L, token: Token, cx: &mut Context<'_>) {
    match token.symbol {
        Symbol::LParen => again(lang, State::Declaration, token, cx),
        Symbol::PathSep => {
            cx.add_to_name("::");
            lang.core().state = State::NameWithSpace;
        }
        Symbol::Lt => again(lang, State::TemplateInName, token, cx),
        _ => again(lang, State::Global, token, cx),
    }
}

/// In the parameters, the opening parenthesis first.
fn declaration<L: CLike>(lang: &mut L, token: Token, cx: &mut Context<'_>) {
    use Symbol as S;
    let core = lang.core();
    let closed = core.balanced(token.symbol, S::LParen, S::RParen);
    match token.symbol {
        S::LParen | S::Lt => core.brackets.push(token.symbol),
        S::RParen | S::Gt => {
            if core.brackets.pop().is_none() {
                core.state = State::Global;
            }
        }
        _ if core.brackets.len() == 1 => {
            if closed {
                core.state = State::BeforeBody;
            }
            if token.symbol == S::LBracket && !cx.quirks.has(Quirks::ARRAY_PARAMETERS) {
                cx.function().parameters.array_suffix();
            }
            if token.symbol != S::Void {
                cx.parameter(token.text(cx.text));
            }
            return;
        }
        _ => {}
    }
    if closed {
        core.state = State::BeforeBody;
    }
    cx.add_to_long_name(token.text(cx.text));
}

/// See [`CLike::before_body`].
pub(super) fn before_body<L: CLike>(lang: &mut L, token: Token, cx: &mut Context<'_>) {
    use Symbol as S;
    match token.symbol {
        S::Const | S::Amp | S::AndAnd => {
            cx.add_to_long_name(" ");
            cx.add_to_long_name(token.text(cx.text));
        }
        S::Throw => lang.core().state = State::Throw,
        S::Throws => lang.core().state = State::Throws,
        S::Arrow => lang.core().state = State::TrailingReturn,
        S::Noexcept => lang.core().state = State::Noexcept,
        S::LParen => {
            // The parameters were part of the name, as in a function that returns a function.
            let name = cx.function().long_name.as_str().to_owned();
            lang.try_new_function(&name, cx);
            function(lang, token, cx);
        }
        S::LBrace => enter_body(lang, token, cx),
        S::Colon => lang.core().state = State::InitializationList,
        S::LBracket => again(lang, State::Attribute, token, cx),
        _ if token.first(cx.text) == b'_' || token.begins_with_letter(cx.text) => {
            let core = lang.core();
            core.state = State::OldParameters;
            core.saved.clear();
            core.saved.push(token);
        }
        _ => again(lang, State::Global, token, cx),
    }
}

/// See [`CLike::old_parameters`].
pub(super) fn old_parameters<L: CLike>(lang: &mut L, token: Token, cx: &mut Context<'_>) {
    let core = lang.core();
    core.saved.push(token);
    match token.symbol {
        Symbol::Semi => {
            core.saved.clear();
            core.state = State::BeforeBody;
        }
        Symbol::LBrace if core.saved.len() == 2 => {
            core.saved.clear();
            lang.before_body(token, cx);
        }
        Symbol::LBrace | Symbol::LParen => {
            // It was no declaration of parameters: what was put by is read again.
            core.state = State::Global;
            let saved = std::mem::take(&mut core.saved);
            for token in &saved {
                dispatch(lang, *token, cx);
            }
        }
        _ => {}
    }
}

/// The body of the function begins.
pub(super) fn enter_body<L: CLike>(lang: &mut L, token: Token, cx: &mut Context<'_>) {
    cx.confirm_new_function();
    again(lang, State::Body, token, cx);
}

/// In a function without a name, which is passed over.
fn lambda<L: CLike>(lang: &mut L, part: Lambda, token: Token, cx: &mut Context<'_>) {
    use Symbol as S;
    let symbol = token.symbol;
    let core = lang.core();
    let top = core.brackets.last().copied();
    match part {
        Lambda::Check => {
            core.state = match symbol {
                S::RBracket => State::Lambda(Lambda::Parameters),
                S::LBracket => State::Attribute,
                _ => State::Lambda(Lambda::Capture),
            };
        }
        Lambda::Capture => {
            if symbol == S::RBracket {
                core.state = State::Lambda(Lambda::Parameters);
            }
        }
        Lambda::Parameters => {
            if symbol == S::LParen {
                core.brackets.push(S::LParen);
                core.state = State::Lambda(Lambda::ParameterList);
            } else {
                again(lang, State::Lambda(Lambda::BeforeBody), token, cx);
            }
        }
        Lambda::ParameterList => match (symbol, top) {
            (S::LParen | S::Lt | S::LBracket, _) => core.brackets.push(symbol),
            (S::RParen, Some(S::LParen)) => {
                core.brackets.pop();
                if core.brackets.is_empty() {
                    core.state = State::Lambda(Lambda::BeforeBody);
                }
            }
            (S::Gt, Some(S::Lt)) | (S::RBracket, Some(S::LBracket)) => {
                core.brackets.pop();
            }
            _ => {}
        },
        Lambda::BeforeBody => match symbol {
            S::LBrace => {
                core.brackets.push(S::LBrace);
                core.state = State::Lambda(Lambda::Body);
            }
            S::Semi | S::Comma | S::RParen => again(lang, State::Global, token, cx),
            _ => {}
        },
        Lambda::Body => match (symbol, top) {
            (S::LBrace, _) => core.brackets.push(symbol),
            (S::RBrace, Some(S::LBrace)) => {
                core.brackets.pop();
                if core.brackets.is_empty() {
                    core.state = State::Global;
                }
            }
            _ => {}
        },
    }
}
