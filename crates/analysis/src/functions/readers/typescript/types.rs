//! Declarations and types that exist only when the code is checked, not when it runs.

use super::frame::{Alias, Annotation, State, Text, Then};
use super::{Frame, TypeScript};
use crate::functions::Context;
use crate::lexer::{Symbol, Token};

impl TypeScript {
    /// Begins a declaration of a type; true when the token is taken.
    pub(super) fn type_declaration(&mut self, token: Token) -> bool {
        let frame = self.top();
        match token.symbol {
            Symbol::Declare => {
                frame.declare = true;
                return true;
            }
            Symbol::Function if frame.declare => {
                frame.declare = false;
                frame.state = State::Declared;
                return true;
            }
            _ => frame.declare = false,
        }
        match token.symbol {
            Symbol::Type if !frame.as_object => {
                frame.depth = 0;
                frame.state = State::TypeAlias(Alias::Name);
                true
            }
            Symbol::Interface => {
                frame.depth = 0;
                frame.interface_open = false;
                frame.state = State::Interface;
                true
            }
            Symbol::Abstract if frame.as_object => {
                frame.in_abstract = true;
                true
            }
            _ => false,
        }
    }

    /// In the definition of a type.
    pub(super) fn type_alias(&mut self, alias: Alias, token: Token, cx: &mut Context<'_>) {
        use Symbol as S;
        let frame = self.top();
        let next = match (alias, token.symbol) {
            (Alias::Name, _) if token.begins_with_letter(cx.text) => Alias::BeforeAssign,
            (Alias::Name, _) => {
                // `type` was a name of something else.
                frame.last = Text::Owned("type".to_owned());
                self.leave_skipped(Some(token), cx);
                return;
            }
            (Alias::BeforeAssign, S::Lt) => {
                frame.depth = 1;
                Alias::Parameters
            }
            (Alias::BeforeAssign, S::Assign) => Alias::Value,
            (Alias::BeforeAssign, S::Semi) => return self.leave_skipped(None, cx),
            (Alias::Value, S::LBrace) => {
                frame.depth = 1;
                Alias::Braces
            }
            (Alias::Value, S::Semi) => return self.leave_skipped(None, cx),
            (Alias::Value, _) if cx.newline => return self.leave_skipped(Some(token), cx),
            (Alias::Parameters, S::Lt) | (Alias::Braces, S::LBrace) => {
                frame.depth += 1;
                alias
            }
            (Alias::Parameters, S::Gt) => {
                frame.depth -= 1;
                if frame.depth == 0 { Alias::BeforeAssign } else { alias }
            }
            (Alias::Braces, S::RBrace) => {
                frame.depth -= 1;
                if frame.depth == 0 {
                    return self.leave_skipped(None, cx);
                }
                alias
            }
            _ => alias,
        };
        self.top().state = State::TypeAlias(next);
    }

    /// In the definition of an interface.
    pub(super) fn interface(&mut self, token: Token, cx: &mut Context<'_>) {
        let frame = self.top();
        match token.symbol {
            Symbol::LBrace => {
                frame.interface_open = true;
                frame.depth += 1;
            }
            Symbol::RBrace if frame.interface_open => {
                frame.depth -= 1;
                if frame.depth == 0 {
                    self.leave_skipped(None, cx);
                }
            }
            _ => {}
        }
    }

    /// What was passed over has ended: back to where a frame was last entered from. The token that ended
    /// it may be the first of what follows.
    pub(super) fn leave_skipped(&mut self, token: Option<Token>, cx: &mut Context<'_>) {
        let me = self.frames.len() - 1;
        if let Some(token) = token {
            self.frames[me].state = State::Global;
            self.global(token, cx);
            if self.frames.len() > me + 1 {
                // A bracket that opens here is not followed.
                self.close_top(token, cx);
                return;
            }
        }
        let frame = self.top();
        frame.state = frame.saved;
    }

    /// A type follows.
    pub(super) fn annotation_follows(&mut self, cx: &mut Context<'_>) {
        let frame = Frame { state: State::Annotation(Annotation::Begin), ..Frame::default() };
        self.enter(frame, Then::Annotation, cx);
    }

    /// In a type.
    pub(super) fn annotation(&mut self, at: Annotation, token: Token) {
        use Symbol as S;
        let frame = self.top();
        let at = match at {
            Annotation::Begin if token.symbol == S::LBrace => Annotation::Inline,
            Annotation::Begin | Annotation::Simple => match token.symbol {
                S::Lt => Annotation::Generic,
                S::LParen => Annotation::Function,
                S::LBrace | S::Assign | S::Semi | S::RParen | S::FatArrow | S::Empty => {
                    frame.replay = Some(token);
                    frame.exited = true;
                    return;
                }
                _ => Annotation::Simple,
            },
            other => other,
        };
        frame.state = State::Annotation(at);
        let (open, close) = match at {
            Annotation::Generic => (S::Lt, S::Gt),
            Annotation::Inline => (S::LBrace, S::RBrace),
            Annotation::Function => (S::LParen, S::RParen),
            Annotation::Begin | Annotation::Simple => return,
        };
        frame.depth += i32::from(token.symbol == open) - i32::from(token.symbol == close);
        frame.exited = frame.depth == 0;
    }
}
