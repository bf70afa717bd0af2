//! Patterns that bind names, and the default values in them.

use crate::lexer::Symbol;

/// Follows a list of parameters or what may turn out to be one, from its first token to its end.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    frames: Vec<Pattern>,
    /// What closes each bracket that is open in an expression.
    expression: Vec<Symbol>,
    previous: Option<Symbol>,
    /// Default values seen.
    pub(super) defaults: i64,
}

#[derive(Debug)]
struct Pattern {
    closing: Symbol,
    initializing: bool,
}

/// What a token was to the pattern.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Event {
    pub(super) ended: bool,
    pub(super) in_expression: bool,
    pub(super) initializer_started: bool,
    pub(super) initializer_ended: bool,
    pub(super) root_separator: bool,
}

/// What closes a bracket.
fn closing(symbol: Symbol) -> Option<Symbol> {
    match symbol {
        Symbol::LParen => Some(Symbol::RParen),
        Symbol::LBracket => Some(Symbol::RBracket),
        Symbol::LBrace | Symbol::DollarBrace => Some(Symbol::RBrace),
        _ => None,
    }
}

impl Bindings {
    pub(super) fn new(closing: Symbol) -> Bindings {
        let mut bindings = Bindings::default();
        bindings.begin(closing);
        bindings
    }

    /// Begins another list, in the memory of the last one.
    pub(super) fn begin(&mut self, closing: Symbol) {
        self.frames.clear();
        self.frames.push(Pattern { closing, initializing: false });
        self.expression.clear();
        self.previous = None;
        self.defaults = 0;
    }

    /// Whether a default value, or another expression, is being read.
    pub(super) fn in_expression(&self) -> bool {
        !self.expression.is_empty() || self.frames.last().is_some_and(|frame| frame.initializing)
    }

    /// Whether no token was taken.
    pub(super) fn at_start(&self) -> bool {
        self.previous.is_none()
    }

    /// Takes a token.
    #[inline]
    pub(super) fn read(&mut self, symbol: Symbol) -> Event {
        if let Some(close) = self.expression.last() {
            // The common case: inside brackets only brackets matter.
            if *close == symbol {
                self.expression.pop();
            } else if let Some(close) = closing(symbol) {
                self.expression.push(close);
            }
            self.previous = Some(symbol);
            return Event { in_expression: true, ..Event::default() };
        }
        let outermost = self.frames.len() == 1;
        let Some(frame) = self.frames.last_mut() else { return Event { ended: true, ..Event::default() } };
        let in_expression = frame.initializing;
        let mut event = Event {
            in_expression,
            initializer_ended: in_expression && (symbol == Symbol::Comma || symbol == frame.closing),
            root_separator: symbol == Symbol::Comma && outermost,
            ..Event::default()
        };
        if symbol == frame.closing {
            self.frames.pop();
        } else if symbol == Symbol::Comma {
            frame.initializing = false;
        } else if frame.initializing
            || symbol == Symbol::LParen
            || (symbol == Symbol::LBracket
                && frame.closing == Symbol::RBrace
                && matches!(self.previous, None | Some(Symbol::LBrace | Symbol::Comma)))
        {
            self.expression.extend(closing(symbol));
        } else if symbol == Symbol::LBracket {
            self.frames.push(Pattern { closing: Symbol::RBracket, initializing: false });
        } else if symbol == Symbol::LBrace {
            self.frames.push(Pattern { closing: Symbol::RBrace, initializing: false });
        } else if symbol == Symbol::Assign {
            self.defaults += 1;
            event.initializer_started = true;
            frame.initializing = true;
        }
        event.ended = self.frames.is_empty();
        if !event.ended {
            self.previous = Some(symbol);
        }
        event
    }
}
