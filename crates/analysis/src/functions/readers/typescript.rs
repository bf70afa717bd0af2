//! JavaScript and TypeScript: functions, methods, arrows, and what only looks like one.

mod bindings;
mod frame;
mod members;
mod parameters;
mod types;

use self::bindings::Bindings;
use self::frame::{Candidate, Frame, State, Summary, Text, Then};
use super::{DEEPEST, Machine, TOO_DEEP};
use crate::functions::Context;
use crate::lexer::{Symbol, Token};

/// The machine: one frame per open bracket.
pub(super) struct TypeScript {
    frames: Vec<Frame>,
    /// Of the frames that may hold parameters, those that are open; every token goes to each of them.
    candidates: Vec<Candidate>,
    /// Which frames read the default value of a parameter, ascending.
    hosts: Vec<usize>,
    /// To be used again.
    spare: Vec<Bindings>,
}

impl TypeScript {
    pub(super) fn new() -> TypeScript {
        TypeScript {
            frames: vec![Frame { root: true, ..Frame::default() }],
            candidates: Vec::new(),
            hosts: Vec::new(),
            spare: Vec::new(),
        }
    }

    #[inline]
    fn top(&mut self) -> &mut Frame {
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// Reads what follows in a frame of its own.
    fn enter(&mut self, frame: Frame, then: Then, cx: &mut Context<'_>) {
        if self.frames.len() >= DEEPEST {
            cx.cut_short(TOO_DEEP);
        }
        let top = self.top();
        top.saved = top.state;
        top.then = then;
        self.frames.push(frame);
    }

    /// Reads what may be parameters, up to what closes it.
    fn candidate(&mut self, closing: Symbol, then: Then, tracked: bool, cx: &mut Context<'_>) {
        let function = cx.current;
        cx.hold(function);
        let complexity = cx.function().complexity;
        let mut bindings = self.spare.pop().unwrap_or_default();
        bindings.begin(closing);
        self.candidates.push(Candidate { bindings, function, complexity, tracked });
        self.enter(Frame { candidate: true, ..Frame::default() }, then, cx);
    }

    /// Takes the token again in another state.
    fn again(&mut self, state: State, token: Token, cx: &mut Context<'_>) {
        self.top().state = state;
        self.dispatch(token, cx);
    }

    fn dispatch(&mut self, token: Token, cx: &mut Context<'_>) {
        match self.top().state {
            State::Global => self.global(token, cx),
            State::Function => match token.symbol {
                Symbol::LParen => self.parameters_follow(cx),
                _ => self.name_function(Text::of(token), cx),
            },
            State::Parameters => self.parameters(token, cx),
            State::BeforeBody => self.before_body(token, cx),
            State::Arrow => self.arrow(token, cx),
            State::Condition => self.condition(token, cx),
            State::Statement => match token.symbol {
                Symbol::LBrace => self.enter(Frame::default(), Then::Statement, cx),
                _ => self.again(State::Global, token, cx),
            },
            State::Field => self.field(token, cx),
            State::Template => {
                if token.symbol == Symbol::Tick {
                    self.top().state = State::Global;
                }
            }
            State::ComputedName => self.computed_name(token, cx),
            State::TypeParameters => {
                let frame = self.top();
                frame.depth += i32::from(token.symbol == Symbol::Lt) - i32::from(token.symbol == Symbol::Gt);
                if frame.depth == 0 {
                    frame.state = State::Global;
                }
            }
            State::TypeAlias(alias) => self.type_alias(alias, token, cx),
            State::Interface => self.interface(token, cx),
            State::Declared => {
                if token.symbol == Symbol::Semi || cx.newline {
                    self.leave_skipped(None, cx);
                }
            }
            State::Annotation(at) => self.annotation(at, token),
        }
    }

    /// A token in no declaration.
    fn global(&mut self, token: Token, cx: &mut Context<'_>) {
        use Symbol as S;
        self.resolve_pending(token.symbol, cx);
        if self.type_declaration(token) {
            return;
        }
        let me = self.frames.len() - 1;
        let frame = &mut self.frames[me];
        match token.symbol {
            S::Static | S::Async | S::New => {
                frame.is_static |= token.symbol == S::Static;
                frame.is_async |= token.symbol == S::Async;
                frame.previous = Some(token);
                return;
            }
            S::Question => frame.ternaries += 1,
            S::Colon if frame.ternaries > 0 => {
                frame.ternaries -= 1;
                frame.last = Text::of(token);
                frame.previous = Some(token);
                return;
            }
            _ => {}
        }
        if self.member(token, cx) {
            return;
        }
        let frame = &mut self.frames[me];
        match token.symbol {
            S::Dot | S::OptionalDot => {
                frame.state = State::Field;
                frame.last.push(token, cx.text);
                frame.previous = Some(Token { symbol: S::Dot, ..token });
                return;
            }
            S::Function => {
                if frame.started && !frame.as_object {
                    self.pop_function(me, cx);
                }
                self.frames[me].state = State::Function;
            }
            S::If | S::Switch | S::For | S::While | S::Catch => {
                frame.catches = token.symbol == S::Catch;
                frame.state = State::Condition;
            }
            S::Else | S::Do | S::Try | S::Final => frame.state = State::Statement,
            S::FatArrow => frame.state = State::Arrow,
            S::Assign => {
                if frame.last.is_name(cx.text) {
                    frame.function_name = frame.last.clone();
                }
            }
            S::LParen => self.parenthesis(token, cx),
            S::LBracket if opens_array(frame.previous, cx) => {
                self.candidate(S::RBracket, Then::Pending, true, cx);
            }
            S::LBracket
                if !matches!(
                    frame.previous.map(|token| token.symbol),
                    Some(S::Dot | S::RParen | S::RBracket | S::RBrace)
                ) => {}
            S::LBrace if frame.started => self.enter(Frame::default(), Then::PopFunction, cx),
            S::LBrace => self.object(cx),
            S::RBrace | S::RParen => self.exit(me, cx),
            S::RBracket if frame.candidate => self.exit(me, cx),
            _ if cx.newline || token.symbol == S::Semi => self.statement_ends(me, cx),
            S::Tick => {}
            _ => {}
        }
        if token.symbol == S::Tick {
            self.frames[me].state = State::Template;
        }
        let frame = &mut self.frames[me];
        if token.symbol == S::Colon && !frame.as_object {
            self.annotation_follows(cx);
            self.frames[me].previous = Some(token);
            return;
        }
        if token.symbol == S::Comma && frame.as_object {
            frame.in_value = false;
        }
        frame.last = Text::of(token);
        if !frame.after_dot_or_new() {
            frame.previous = Some(token);
        }
    }

    /// A statement has ended, and a function without braces with it.
    fn statement_ends(&mut self, me: usize, cx: &mut Context<'_>) {
        self.frames[me].function_name = Text::default();
        self.pop_function(me, cx);
        let frame = &mut self.frames[me];
        frame.is_static = false;
        frame.is_async = false;
        frame.in_abstract = false;
        frame.in_value = false;
        frame.previous = None;
    }

    /// A parenthesis: a call, parameters, or what may turn out to be parameters.
    fn parenthesis(&mut self, token: Token, cx: &mut Context<'_>) {
        let in_expression = self.candidates.last().is_some_and(|last| last.bindings.in_expression());
        let frame = self.top();
        if frame.after_dot_or_new() {
            self.enter(Frame::default(), Then::Resume, cx);
        } else if frame.function_name.is_empty() || (frame.candidate && in_expression) {
            self.candidate(Symbol::RParen, Then::Pending, true, cx);
        } else if frame.last.as_str(cx.text) != frame.function_name.as_str(cx.text)
            && !matches!(
                frame.previous.map(|token| token.symbol),
                Some(Symbol::Assign | Symbol::Async | Symbol::Gt)
            )
        {
            frame.function_name = Text::default();
            self.enter(Frame::default(), Then::Resume, cx);
        } else {
            if !frame.started {
                let name = frame.function_name.clone();
                self.name_function(name, cx);
            }
            self.again(State::Function, token, cx);
        }
    }

    /// What the brackets before this token were.
    fn resolve_pending(&mut self, symbol: Symbol, cx: &mut Context<'_>) {
        let frame = self.top();
        let Some(pending) = frame.pending.take() else { return };
        match symbol {
            Symbol::Assign | Symbol::Of | Symbol::In => match frame.candidate {
                true => frame.confirmed_defaults += pending.defaults,
                false => cx.add_condition(pending.defaults),
            },
            Symbol::FatArrow => frame.pending = Some(pending),
            _ => cx.add_condition(pending.confirmed_defaults),
        }
    }

    fn push_function(&mut self, cx: &mut Context<'_>) {
        let frame = self.top();
        if frame.in_abstract {
            return;
        }
        frame.started = true;
        match frame.function_name.as_str(cx.text) {
            "" => cx.push_new_function("(anonymous)"),
            name => cx.push_new_function(name),
        }
    }

    fn pop_function(&mut self, at: usize, cx: &mut Context<'_>) {
        let frame = &mut self.frames[at];
        if std::mem::take(&mut frame.started) {
            cx.end_of_function();
        }
        frame.in_value = false;
    }

    /// What looked like a function was an expression.
    fn abandon_function(&mut self, cx: &mut Context<'_>) {
        cx.forgive = true;
        cx.end_of_function();
        self.top().started = false;
    }

    /// After `if`, `for` and the like.
    fn condition(&mut self, token: Token, cx: &mut Context<'_>) {
        match token.symbol {
            Symbol::Await => {}
            Symbol::LParen if self.top().catches => {
                self.candidate(Symbol::RParen, Then::Catch, false, cx);
            }
            Symbol::LParen => self.enter(Frame::default(), Then::Condition, cx),
            _ => self.again(State::Global, token, cx),
        }
    }

    /// After a point.
    fn field(&mut self, token: Token, cx: &mut Context<'_>) {
        let frame = self.top();
        if matches!(token.symbol, Symbol::LParen | Symbol::LBracket) {
            frame.function_name = Text::default();
            frame.previous = Some(Token { symbol: Symbol::Dot, ..token });
            self.again(State::Global, token, cx);
            return;
        }
        frame.last.push(token, cx.text);
        frame.state = State::Global;
    }

    fn exit(&mut self, at: usize, cx: &mut Context<'_>) {
        self.frames[at].exited = true;
        if self.frames[at].started {
            self.pop_function(at, cx);
        }
    }

    /// The frame on top ends: the one below goes on.
    fn close_top(&mut self, token: Token, cx: &mut Context<'_>) {
        let Some(ended) = self.frames.pop() else { return };
        let candidate = if ended.candidate { self.candidates.pop() } else { None };
        let summary = candidate.map(|candidate| {
            let complexity = cx.draft(candidate.function).complexity - candidate.complexity;
            cx.release(candidate.function);
            let defaults = candidate.bindings.defaults;
            self.spare.push(candidate.bindings);
            Summary {
                defaults,
                expression_complexity: if candidate.tracked { complexity } else { 0 },
                confirmed_defaults: if candidate.tracked { ended.confirmed_defaults } else { 0 },
            }
        });
        let me = self.frames.len() - 1;
        let frame = &mut self.frames[me];
        frame.state = frame.saved;
        match std::mem::take(&mut frame.then) {
            Then::Resume => {}
            Then::PopFunction => self.pop_function(me, cx),
            Then::Object => {
                frame.pending = summary;
                frame.state = State::Global;
            }
            Then::Pending => frame.pending = summary,
            Then::Catch => {
                cx.add_condition(summary.map_or(0, |summary| summary.defaults));
                frame.state = State::Statement;
            }
            Then::Condition => frame.state = State::Statement,
            Then::Statement => {
                frame.previous = None;
                frame.state = State::Global;
            }
            Then::Annotation => {
                if ended.replay.is_some() {
                    if frame.candidate
                        && let Some(candidate) = self.candidates.last_mut()
                    {
                        candidate.bindings.read(token.symbol);
                    }
                    self.dispatch(token, cx);
                    self.unwind(me, token, cx);
                }
            }
        }
    }

    /// Ends the frames above `floor` that have seen what closes them.
    fn unwind(&mut self, floor: usize, token: Token, cx: &mut Context<'_>) {
        while self.frames.len() > floor + 1 && self.top().exited && !self.top().root {
            self.close_top(token, cx);
        }
    }
}

/// Whether a bracket after this token begins an array and not an index.
fn opens_array(previous: Option<Token>, cx: &Context<'_>) -> bool {
    use Symbol as S;
    let Some(previous) = previous else { return true };
    match previous.symbol {
        S::Dot | S::RParen | S::RBracket | S::RBrace => false,
        S::Const | S::Let | S::Var | S::Return | S::Throw | S::Yield | S::Await => true,
        _ => {
            let first = previous.text(cx.text).chars().next();
            !first.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '#' | '\'' | '"' | '`'))
        }
    }
}

impl Machine for TypeScript {
    fn token(&mut self, token: Token, cx: &mut Context<'_>) {
        for candidate in &mut self.candidates {
            candidate.bindings.read(token.symbol);
        }
        let mut forwarded = 0;
        let mut ended = None;
        for (number, at) in self.hosts.iter().copied().enumerate() {
            let Some(parameters) = &mut self.frames[at].parameters else { continue };
            let event = parameters.read(token.symbol);
            if event.initializer_ended {
                ended = Some((number, at, event));
                break;
            }
            forwarded += 1;
        }
        if let Some((number, at, event)) = ended {
            self.hosts.truncate(number);
            self.finish_initializer(at, cx);
            self.parameter(at, event, token, cx);
        } else {
            self.dispatch(token, cx);
            self.unwind(0, token, cx);
        }
        for _ in 0..forwarded {
            cx.add_to_long_name(" ");
            cx.add_to_long_name(token.text(cx.text));
        }
    }

    fn finish(&mut self, cx: &mut Context<'_>) {
        if self.frames[0].started {
            self.pop_function(0, cx);
        }
    }
}
