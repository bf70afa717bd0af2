//! Members of objects and classes.

use super::TypeScript;
use super::frame::{Frame, State, Text, Then, is_name};
use crate::functions::Context;
use crate::lexer::{Symbol, Token};

/// A computed name is not longer than this, in bytes.
const LONGEST: usize = 512;

impl TypeScript {
    /// Takes a token of a member; false when it is none of its name or signature.
    pub(super) fn member(&mut self, token: Token, cx: &mut Context<'_>) -> bool {
        use Symbol as S;
        let me = self.frames.len() - 1;
        let frame = &mut self.frames[me];
        if !frame.as_object {
            return false;
        }
        match token.symbol {
            S::Get | S::Set => frame.accessor = Some(token.symbol),
            _ if frame.accessor.is_some() => {
                let kind = if frame.accessor.take() == Some(S::Get) { "get " } else { "set " };
                frame.last = Text::Owned([kind, token.text(cx.text)].concat());
            }
            S::LBracket => {
                frame.computed.clear();
                frame.state = State::ComputedName;
            }
            S::Colon => {
                if frame.last.is_name(cx.text) {
                    frame.function_name = frame.last.clone();
                }
                frame.in_value = true;
            }
            S::Lt => self.type_parameters_follow(),
            S::TypeArgs => {}
            S::LParen => self.member_parenthesis(me, token, cx),
            S::Star | S::Function | S::FatArrow => return false,
            S::Assign if frame.is_async || frame.is_static => {
                frame.is_static = false;
                frame.is_async = false;
                return false;
            }
            _ if frame.is_async || frame.is_static => frame.last = Text::of(token),
            _ => return false,
        }
        true
    }

    /// A parenthesis after a member's name begins its parameters; any other is a call.
    fn member_parenthesis(&mut self, me: usize, token: Token, cx: &mut Context<'_>) {
        let frame = &self.frames[me];
        let name = frame.function_name.as_str(cx.text);
        let last = frame.last.as_str(cx.text);
        let calls = frame.after_dot_or_new() || (frame.in_value && (name.is_empty() || last != name));
        if calls {
            self.enter(Frame::default(), Then::Resume, cx);
            self.frames[me].previous = Some(token);
            return;
        }
        if !frame.started {
            let of_field = last == "=" && !name.is_empty();
            let name = if of_field { frame.function_name.clone() } else { frame.last.clone() };
            self.name_function(name, cx);
        }
        self.again(State::Function, token, cx);
    }

    /// In a name that is computed.
    pub(super) fn computed_name(&mut self, token: Token, cx: &mut Context<'_>) {
        let frame = self.top();
        if token.symbol == Symbol::RBracket {
            let mut name = std::mem::take(&mut frame.computed);
            if let Some(first) = name.chars().next() {
                let rest = name.split_off(first.len_utf8());
                name = first.to_lowercase().collect::<String>() + &rest;
            }
            frame.last = Text::Owned(name);
            self.leave_skipped(None, cx);
            return;
        }
        if frame.computed.len() < LONGEST {
            let text = token.text(cx.text).chars();
            frame.computed.extend(text.filter(|c| !matches!(c, '\'' | '"' | '+' | ' ')));
        }
    }

    /// A name, or what stands where one should.
    pub(super) fn name_function(&mut self, name: Text, cx: &mut Context<'_>) {
        let text = name.as_str(cx.text);
        if text == "*" || (text.starts_with('<') && text.ends_with('>')) {
            return;
        }
        if text == "<" {
            self.type_parameters_follow();
            return;
        }
        if text == "(" {
            self.parameters_follow(cx);
            return;
        }
        let valid = is_name(text);
        let frame = self.top();
        frame.function_name = if valid { name } else { Text::default() };
        frame.is_static = false;
        frame.is_async = false;
    }

    /// Type parameters are passed over.
    pub(super) fn type_parameters_follow(&mut self) {
        let frame = self.top();
        frame.depth = 1;
        frame.state = State::TypeParameters;
    }

    /// An object or a block begins.
    pub(super) fn object(&mut self, cx: &mut Context<'_>) {
        let me = self.frames.len() - 1;
        self.candidate(Symbol::RBrace, Then::Object, false, cx);
        let is_static = std::mem::take(&mut self.frames[me].is_static);
        let is_async = std::mem::take(&mut self.frames[me].is_async);
        let object = self.top();
        object.as_object = true;
        object.is_static = is_static;
        object.is_async = is_async;
    }
}
