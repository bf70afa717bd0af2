//! Java: classes, records, annotations, and what stands inside bodies and calls.

use super::clike_nesting::Nesting;
use super::clike_states::{self, CLike, Core, State, dispatch};
use super::{DEEPEST, Machine, TOO_DEEP};
use crate::functions::Context;
use crate::lexer::{Quirks, Symbol, SymbolSet, Token};

const MODIFIERS: SymbolSet = SymbolSet::of(&[
    Symbol::Public,
    Symbol::Private,
    Symbol::Protected,
    Symbol::Static,
    Symbol::Final,
    Symbol::Strictfp,
    Symbol::Abstract,
    Symbol::Synchronized,
    Symbol::Native,
    Symbol::Default,
    Symbol::Transient,
    Symbol::Volatile,
    Symbol::Sealed,
]);
const TYPES: SymbolSet = SymbolSet::of(&[
    Symbol::Void,
    Symbol::Boolean,
    Symbol::Byte,
    Symbol::Char,
    Symbol::Short,
    Symbol::Int,
    Symbol::Long,
    Symbol::Float,
    Symbol::Double,
    Symbol::Var,
]);
/// Words that are never the name of a method.
const STATEMENTS: SymbolSet = SymbolSet::of(&[
    Symbol::If,
    Symbol::Else,
    Symbol::For,
    Symbol::While,
    Symbol::Do,
    Symbol::Switch,
    Symbol::Catch,
    Symbol::Try,
    Symbol::Finally,
    Symbol::Synchronized,
    Symbol::Return,
    Symbol::Throw,
    Symbol::Assert,
    Symbol::Break,
    Symbol::Continue,
    Symbol::Instanceof,
]);

// States beside those of every C-like language.
const DECORATOR: u8 = 0;
const AFTER_DECORATOR: u8 = 1;
const ANNOTATION: u8 = 2;
const CLASS: u8 = 3;
const RECORD_PARAMETERS: u8 = 4;
const COMPACT_CONSTRUCTOR: u8 = 5;
const CONSTRUCTOR_BODY: u8 = 6;
const NEW: u8 = 7;
const NEW_PARAMETERS: u8 = 8;
const DONE: u8 = 9;

/// What a frame reads.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[default]
    File,
    ClassBody,
    /// Ends with the brace that closes it.
    MethodBody,
    /// Ends with the parenthesis that closes it.
    Arguments,
}

/// What to do when the frame above has ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Then {
    #[default]
    Resume,
    Global,
    MethodEnded,
    BlockEnded,
}

#[derive(Default)]
struct Frame {
    core: Core,
    kind: Kind,
    saved: State,
    then: Then,
    class_name: String,
    is_record: bool,
    in_record_constructor: bool,
    in_method_body: bool,
    after_dot: bool,
    after_reference: bool,
    after_annotation: bool,
    after_static: bool,
    new_depth: i32,
    annotation: i32,
    braces: i32,
}

/// The machine: one frame per class or method body that is open.
pub(super) struct Java {
    frames: Vec<Frame>,
    nesting: Nesting,
    ended: bool,
}

impl Java {
    pub(super) fn new() -> Java {
        Java { frames: vec![Frame::default()], nesting: Nesting::default(), ended: false }
    }

    fn top(&mut self) -> &mut Frame {
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// Reads what begins with this token in a frame of its own.
    fn enter(&mut self, frame: Frame, then: Then, token: Token, cx: &mut Context<'_>) {
        if self.frames.len() >= DEEPEST {
            cx.cut_short(TOO_DEEP);
            return;
        }
        let top = self.top();
        top.saved = top.core.state;
        top.then = then;
        self.frames.push(frame);
        dispatch(self, token, cx);
    }

    fn enter_body(&mut self, kind: Kind, then: Then, token: Token, cx: &mut Context<'_>) {
        self.enter(Frame { kind, in_method_body: true, ..Frame::default() }, then, token, cx);
    }

    fn enter_class(&mut self, class_name: String, is_record: bool, token: Token, cx: &mut Context<'_>) {
        let frame = Frame { kind: Kind::ClassBody, class_name, is_record, ..Frame::default() };
        self.enter(frame, Then::Global, token, cx);
    }

    /// Passes over what only looks like a declaration: `Type.class`, `Type::method`.
    fn consume(&mut self, symbol: Symbol) -> bool {
        let top = self.top();
        if symbol == Symbol::PathSep {
            top.after_reference = true;
            return true;
        }
        if std::mem::take(&mut top.after_reference) {
            return true;
        }
        if symbol == Symbol::Dot && !top.after_dot {
            top.after_dot = true;
            return true;
        }
        std::mem::take(&mut top.after_dot) && symbol == Symbol::Class
    }

    /// What comes first anywhere: expressions, annotations, classes. True when the token is taken.
    fn common(&mut self, token: Token, cx: &Context<'_>) -> bool {
        if self.consume(token.symbol) {
            return true;
        }
        let top = self.top();
        let after_annotation = top.after_annotation;
        if token.symbol != Symbol::Record {
            top.after_annotation = false;
        }
        match token.symbol {
            Symbol::At => {
                top.core.state = State::Own(DECORATOR);
                true
            }
            Symbol::Class | Symbol::Enum => {
                top.begin_class(false);
                true
            }
            Symbol::Record if !top.in_method_body => {
                let declares = after_annotation || record_declares(top.core.last, cx);
                top.after_annotation = false;
                if declares {
                    top.begin_class(true);
                }
                declares
            }
            _ => false,
        }
    }

    fn plain_global(&mut self, token: Token, cx: &mut Context<'_>) {
        if self.common(token, cx) || STATEMENTS.has(token.symbol) {
            return;
        }
        if !self.top().in_record_constructor {
            clike_states::global(self, token, cx);
        }
    }

    fn class_global(&mut self, token: Token, cx: &mut Context<'_>) {
        let top = self.top();
        if std::mem::take(&mut top.after_static) {
            if token.symbol == Symbol::LBrace {
                top.braces += 1;
                self.enter_body(Kind::MethodBody, Then::BlockEnded, token, cx);
                return;
            }
            if let Some(word) = top.core.last {
                self.plain_global(word, cx);
            }
            self.plain_global(token, cx);
            self.ended |= token.symbol == Symbol::RBrace && self.top().braces == 0;
            return;
        }
        let last = top.core.last.map(|token| token.symbol);
        match token.symbol {
            Symbol::Static => {
                top.after_static = true;
                return;
            }
            Symbol::LBrace if matches!(last, Some(Symbol::LBrace | Symbol::RBrace | Symbol::Semi)) => {
                top.braces += 1;
                self.enter_body(Kind::MethodBody, Then::BlockEnded, token, cx);
                return;
            }
            Symbol::New => {
                top.core.state = State::Own(NEW);
                return;
            }
            _ => {}
        }
        self.plain_global(token, cx);
        let top = self.top();
        match token.symbol {
            Symbol::LBrace => top.braces += 1,
            Symbol::RBrace => {
                top.braces -= 1;
                self.ended |= top.braces == 0;
            }
            _ => {}
        }
    }

    fn body_global(&mut self, token: Token, cx: &mut Context<'_>) {
        let top = self.top();
        let depth = match token.symbol {
            Symbol::LBrace | Symbol::LParen => 1,
            Symbol::RBrace | Symbol::RParen => -1,
            _ => 0,
        };
        top.core.depth += depth;
        if !self.common(token, cx) {
            let top = self.top();
            match token.symbol {
                Symbol::New => top.core.state = State::Own(NEW),
                Symbol::LBrace if top.kind == Kind::MethodBody => top.braces += 1,
                Symbol::RBrace if top.kind == Kind::MethodBody => {
                    top.braces -= 1;
                    self.ended |= top.braces == 0;
                }
                _ => self.ended |= top.kind == Kind::Arguments && top.core.depth == 0,
            }
        }
        let top = self.top();
        if top.core.depth == 0 {
            top.core.state = State::Own(DONE);
        }
    }

    fn new_parameters(&mut self, token: Token, cx: &mut Context<'_>) {
        let top = self.top();
        let text = token.text(cx.text);
        if top.new_depth > 0 || text.starts_with('<') {
            let count = |bracket| text.bytes().filter(|byte| *byte == bracket).count() as i32;
            top.new_depth += count(b'<') - count(b'>');
            return;
        }
        match token.symbol {
            Symbol::LParen => self.enter_body(Kind::Arguments, Then::Resume, token, cx),
            Symbol::LBrace => self.enter_class("(anonymous)".to_owned(), false, token, cx),
            Symbol::Dot => {}
            _ if token.first(cx.text) == b'_' || token.begins_with_letter(cx.text) => {}
            _ => clike_states::again(self, State::Global, token, cx),
        }
    }
}

impl Frame {
    fn begin_class(&mut self, is_record: bool) {
        self.after_annotation = false;
        self.class_name.clear();
        self.is_record = is_record;
        self.in_record_constructor = false;
        self.core.state = State::Own(CLASS);
    }
}

/// Whether `record` after this token begins a type and is not a name.
fn record_declares(last: Option<Token>, cx: &Context<'_>) -> bool {
    let Some(last) = last else { return true };
    let first = last.first(cx.text);
    if TYPES.has(last.symbol)
        || matches!(last.symbol, Symbol::RBracket | Symbol::Gt)
        || matches!(first, b'_' | b'{' | b'$')
    {
        return false;
    }
    if last.begins_with_letter(cx.text) {
        return MODIFIERS.has(last.symbol);
    }
    matches!(last.symbol, Symbol::RBrace | Symbol::Semi | Symbol::RParen | Symbol::At)
}

impl CLike for Java {
    const LAMBDAS: bool = false;

    #[inline]
    fn core(&mut self) -> &mut Core {
        &mut self.top().core
    }

    fn try_new_function(&mut self, name: &str, cx: &mut Context<'_>) {
        let top = self.top();
        if top.is_record && name == top.class_name {
            top.in_record_constructor = true;
            top.core.state = State::Own(COMPACT_CONSTRUCTOR);
            return;
        }
        cx.try_new_function(name);
        top.core.state = State::Function;
        if !top.class_name.is_empty() {
            cx.rename_in_class(&top.class_name, name);
        }
    }

    #[inline]
    fn global(&mut self, token: Token, cx: &mut Context<'_>) {
        match self.top().kind {
            Kind::File => self.plain_global(token, cx),
            Kind::ClassBody => self.class_global(token, cx),
            Kind::MethodBody | Kind::Arguments => self.body_global(token, cx),
        }
    }

    fn old_parameters(&mut self, token: Token, cx: &mut Context<'_>) {
        if token.symbol == Symbol::LBrace {
            self.before_body(token, cx);
        }
    }

    fn body(&mut self, token: Token, cx: &mut Context<'_>) {
        self.top().in_method_body = true;
        self.enter_body(Kind::MethodBody, Then::MethodEnded, token, cx);
    }

    fn own(&mut self, state: u8, token: Token, cx: &mut Context<'_>) {
        let top = self.top();
        match (state, token.symbol) {
            (DECORATOR, _) => top.core.state = State::Own(AFTER_DECORATOR),
            (AFTER_DECORATOR, Symbol::Dot) => top.core.state = State::Own(DECORATOR),
            (AFTER_DECORATOR, Symbol::LParen) => {
                clike_states::again(self, State::Own(ANNOTATION), token, cx);
            }
            (AFTER_DECORATOR, _) => {
                top.after_annotation = true;
                top.core.state = State::Global;
            }
            (ANNOTATION, symbol) => {
                if cx.quirks.has(Quirks::JAVA_LOCAL_ANNOTATIONS) {
                    if top.core.balanced(symbol, Symbol::LParen, Symbol::RParen) {
                        top.core.state = State::Global;
                    }
                } else {
                    top.annotation +=
                        i32::from(symbol == Symbol::LParen) - i32::from(symbol == Symbol::RParen);
                    if top.annotation == 0 {
                        top.core.state = State::Global;
                    }
                }
            }
            (CLASS, Symbol::LBrace) => {
                let (class_name, is_record) = (top.class_name.clone(), top.is_record);
                self.enter_class(class_name, is_record, token, cx);
            }
            (CLASS, Symbol::LParen) => top.core.state = State::Own(RECORD_PARAMETERS),
            (CLASS, _) => {
                if top.class_name.is_empty() && token.begins_with_letter(cx.text) {
                    top.class_name.push_str(token.text(cx.text));
                }
            }
            (RECORD_PARAMETERS, Symbol::RParen) => top.core.state = State::Own(CLASS),
            (COMPACT_CONSTRUCTOR, Symbol::LBrace) => top.core.state = State::Own(CONSTRUCTOR_BODY),
            (COMPACT_CONSTRUCTOR, _) => clike_states::again(self, State::Global, token, cx),
            (CONSTRUCTOR_BODY, Symbol::RBrace) => {
                top.in_record_constructor = false;
                top.core.state = State::Global;
            }
            (NEW, _) => {
                top.new_depth = 0;
                top.core.state = State::Own(NEW_PARAMETERS);
            }
            (NEW_PARAMETERS, _) => self.new_parameters(token, cx),
            _ => {}
        }
    }
}

impl Machine for Java {
    fn token(&mut self, token: Token, cx: &mut Context<'_>) {
        clike_states::step(self, token, cx);
        while std::mem::take(&mut self.ended) {
            if self.frames.len() == 1 {
                break;
            }
            self.frames.pop();
            let top = self.top();
            top.core.state = top.saved;
            top.core.last = Some(token);
            match std::mem::take(&mut top.then) {
                Then::Resume => {}
                Then::Global => top.core.state = State::Global,
                Then::MethodEnded => {
                    top.in_method_body = false;
                    top.core.state = State::Global;
                }
                Then::BlockEnded => top.braces -= 1,
            }
        }
        self.nesting.token(token, cx);
    }
}
