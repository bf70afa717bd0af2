//! Parameters, their default values, and what follows them.

use super::TypeScript;
use super::bindings::{Bindings, Event};
use super::frame::{Frame, State, Text, Then};
use crate::functions::Context;
use crate::lexer::{Symbol, Token};

impl TypeScript {
    /// After `=>`.
    pub(super) fn arrow(&mut self, token: Token, cx: &mut Context<'_>) {
        let frame = self.top();
        let pending = frame.pending.take();
        if !frame.started {
            if let Some(pending) = pending {
                cx.add_condition(-pending.expression_complexity);
            }
            self.push_function(cx);
            if let Some(pending) = pending {
                cx.add_condition(pending.defaults + pending.expression_complexity);
            }
        }
        let frame = self.top();
        frame.function_name = Text::default();
        frame.is_async = false;
        frame.is_static = false;
        self.again(State::Global, token, cx);
    }

    /// The opening parenthesis of parameters.
    pub(super) fn parameters_follow(&mut self, cx: &mut Context<'_>) {
        if !self.top().started {
            self.push_function(cx);
        }
        let frame = self.top();
        frame.generic_depth = 0;
        frame.parameters = Some(Box::new(Bindings::new(Symbol::RParen)));
        frame.state = State::Parameters;
        cx.add_to_long_name(" (");
    }

    /// In the parameters.
    pub(super) fn parameters(&mut self, token: Token, cx: &mut Context<'_>) {
        let frame = self.top();
        let Some(parameters) = &mut frame.parameters else { return };
        if token.symbol == Symbol::LParen && parameters.at_start() {
            // A group, as of an arrow that is called at once.
            self.abandon_function(cx);
            self.top().state = State::Global;
            self.candidate(Symbol::RParen, Then::Pending, true, cx);
            return;
        }
        if token.symbol == Symbol::Function && parameters.defaults == 0 {
            self.abandon_function(cx);
            self.again(State::Global, token, cx);
            return;
        }
        let event = parameters.read(token.symbol);
        let me = self.frames.len() - 1;
        if event.initializer_started {
            cx.add_condition(1);
            // The frame above reads the default value.
            self.hosts.push(me);
            self.frames.push(Frame { root: true, ..Frame::default() });
        }
        self.parameter(me, event, token, cx);
    }

    /// What a token means to the list of parameters.
    pub(super) fn parameter(&mut self, at: usize, event: Event, token: Token, cx: &mut Context<'_>) {
        use Symbol as S;
        let frame = &mut self.frames[at];
        if event.ended {
            frame.state = State::BeforeBody;
        } else if (!event.in_expression || event.root_separator) && token.symbol != S::LParen {
            match token.symbol {
                S::Comma => {
                    if event.root_separator && frame.generic_depth == 0 {
                        cx.parameter(",");
                    }
                }
                S::Lt => frame.generic_depth += 1,
                S::Gt => frame.generic_depth = (frame.generic_depth - 1).max(0),
                S::String
                | S::NumberWord
                | S::Boolean
                | S::Void
                | S::Any
                | S::Object
                | S::Unknown
                | S::Never => {}
                _ if frame.generic_depth == 0 => {
                    let text = token.text(cx.text).trim_end_matches('?');
                    let words = text.chars().all(|c| c.is_alphanumeric() || c == '_');
                    if words && text.chars().next().is_some_and(char::is_alphabetic) {
                        cx.parameter(text);
                    }
                }
                _ => {}
            }
            return;
        }
        cx.add_to_long_name(" ");
        cx.add_to_long_name(token.text(cx.text));
    }

    /// After the parameters.
    pub(super) fn before_body(&mut self, token: Token, cx: &mut Context<'_>) {
        let me = self.frames.len() - 1;
        let frame = &mut self.frames[me];
        match token.symbol {
            Symbol::Colon => {
                frame.state = State::Global;
                self.annotation_follows(cx);
                return;
            }
            Symbol::Semi if frame.as_object && frame.in_abstract => {
                if frame.started {
                    self.pop_function(me, cx);
                }
                self.frames[me].in_abstract = false;
            }
            Symbol::LBrace | Symbol::FatArrow => {}
            _ if frame.started => self.abandon_function(cx),
            _ => {}
        }
        self.again(State::Global, token, cx);
    }

    /// The default value of a parameter has ended, with whatever is open in it.
    pub(super) fn finish_initializer(&mut self, at: usize, cx: &mut Context<'_>) {
        if self.frames.get(at + 1).is_some_and(|root| root.started) {
            self.pop_function(at + 1, cx);
        }
        while self.frames.len() > at + 1 {
            let candidate = self.frames.pop().is_some_and(|frame| frame.candidate);
            if candidate && let Some(candidate) = self.candidates.pop() {
                cx.release(candidate.function);
                self.spare.push(candidate.bindings);
            }
        }
    }
}
