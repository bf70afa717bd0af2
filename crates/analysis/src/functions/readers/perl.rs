//! Perl: subroutines with the name of their package, and those without a name.

use super::Machine;
use crate::functions::Context;
use crate::lexer::{Lexer, Quirks, Symbol, Token};

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Global,
    Package,
    Variable,
    Assignment,
    Call,
    AssignedSub,
    Declaration,
    Prototype,
    AnonymousSub,
    Body,
    NestedDeclaration,
    NestedSub,
    NestedBody,
    NestedCall,
    NestedAnonymous,
    NestedAnonymousBody,
}

/// The machine.
#[derive(Default)]
pub(super) struct Perl {
    state: State,
    function: Option<Token>,
    package: Option<Token>,
    variable: Option<Token>,
    braces: i32,
    parens: i32,
    in_attribute: bool,
}

/// Reads a text.
pub(super) fn read(mut lexer: Lexer<'_>, cx: &mut Context<'_>) {
    let mut machine = Perl::default();
    loop {
        let mut token = lexer.next();
        match token.symbol {
            Symbol::End => break,
            Symbol::Blank if cx.quirks.has(Quirks::PERL_BLANKS) => token.symbol = Symbol::Gap,
            _ => {}
        }
        if cx.admit(&token) {
            machine.token(token, cx);
        }
        if cx.stopped {
            break;
        }
    }
}

impl Perl {
    /// Begins a function with the name of the package before its own.
    fn begin(&self, name: &str, cx: &mut Context<'_>) {
        match self.package {
            Some(package) => cx.try_new_function(&[package.text(cx.text), "::", name].concat()),
            None => cx.try_new_function(name),
        }
        cx.confirm_new_function();
    }

    fn begin_anonymous(&self, cx: &mut Context<'_>) {
        self.begin("<anonymous>", cx);
    }

    fn begin_named(&self, cx: &mut Context<'_>) -> bool {
        if let Some(name) = self.function {
            self.begin(name.text(cx.text), cx);
        }
        self.function.is_some()
    }

    /// Counts a parenthesis; true when all are closed.
    fn closes(&mut self, symbol: Symbol) -> bool {
        match symbol {
            Symbol::LParen => self.parens += 1,
            Symbol::RParen => {
                self.parens -= 1;
                return self.parens == 0;
            }
            _ => {}
        }
        false
    }

    fn declaration(&mut self, token: Token, cx: &mut Context<'_>) {
        match token.symbol {
            Symbol::LBrace => {
                self.braces = 1;
                self.begin_named(cx);
                self.state = State::Body;
            }
            Symbol::Colon => self.in_attribute = true,
            Symbol::Semi => {
                if self.begin_named(cx) {
                    cx.end_of_function();
                }
                self.state = State::Global;
            }
            Symbol::LParen => {
                self.parens = 1;
                self.state = State::Prototype;
            }
            Symbol::Sub => {
                self.begin_anonymous(cx);
                self.state = State::AnonymousSub;
            }
            Symbol::Gap => {}
            _ => {
                if !std::mem::take(&mut self.in_attribute) {
                    self.function = Some(token);
                }
            }
        }
    }

    fn body(&mut self, token: Token, cx: &mut Context<'_>) {
        match token.symbol {
            Symbol::LBrace => self.braces += 1,
            Symbol::RBrace => {
                self.braces -= 1;
                if self.braces == 0 {
                    cx.end_of_function();
                    self.state = State::Global;
                }
            }
            Symbol::Question | Symbol::Colon => cx.add_condition(1),
            Symbol::Sub => self.state = State::NestedDeclaration,
            Symbol::LParen => {
                self.parens += 1;
                self.state = State::NestedCall;
            }
            _ => {}
        }
    }

    fn global(&mut self, token: Token) {
        match token.symbol {
            Symbol::Package => self.state = State::Package,
            Symbol::Sub => {
                self.function = None;
                self.state = State::Declaration;
            }
            Symbol::LBrace => self.braces += 1,
            Symbol::RBrace => self.braces -= 1,
            Symbol::LParen => {
                self.parens += 1;
                self.state = State::Call;
            }
            Symbol::Dollar | Symbol::My | Symbol::Our | Symbol::Local => {
                self.variable = None;
                self.state = State::Variable;
            }
            _ => {}
        }
    }

    fn nested(&mut self, token: Token, cx: &mut Context<'_>) {
        use Symbol as S;
        match (self.state, token.symbol) {
            (State::NestedDeclaration, S::Gap) | (State::NestedSub, S::Gap) => {}
            (State::NestedDeclaration, S::LBrace) => {
                self.braces += 1;
                cx.add_condition(1);
                self.state = State::Body;
            }
            (State::NestedDeclaration, _) => {
                self.begin(token.text(cx.text), cx);
                self.state = State::NestedSub;
            }
            (State::NestedSub, S::LBrace) => {
                self.braces = 1;
                self.state = State::NestedBody;
            }
            (State::NestedSub, S::Colon) => self.in_attribute = true,
            (State::NestedSub, S::Semi) => {
                cx.end_of_function();
                self.state = State::Body;
            }
            (State::NestedBody | State::NestedAnonymousBody, S::LBrace) => self.braces += 1,
            (State::NestedBody | State::NestedAnonymousBody, S::RBrace) => {
                self.braces -= 1;
                let outside = i32::from(self.state == State::NestedAnonymousBody);
                if self.braces == outside {
                    cx.end_of_function();
                    self.state = State::Body;
                }
            }
            (State::NestedCall, S::Sub) => {
                self.begin_anonymous(cx);
                self.state = State::NestedAnonymous;
            }
            (State::NestedAnonymous, S::LBrace) => {
                self.braces += 1;
                self.state = State::NestedAnonymousBody;
            }
            (State::NestedCall | State::NestedAnonymous, symbol) => {
                if self.closes(symbol) {
                    self.state = State::Body;
                }
            }
            _ => {}
        }
    }
}

impl Machine for Perl {
    fn token(&mut self, token: Token, cx: &mut Context<'_>) {
        use Symbol as S;
        match (self.state, token.symbol) {
            (State::Global, _) => self.global(token),
            (State::Body, _) => self.body(token, cx),
            (State::Declaration, _) => self.declaration(token, cx),
            (State::Package, S::Gap) => {}
            (State::Package, _) => {
                self.package = Some(token);
                self.state = State::Global;
            }
            (State::Variable, S::Dollar | S::Gap) => {}
            (State::Variable, S::Assign) => self.state = State::Assignment,
            (State::Variable | State::Assignment, S::Semi) => {
                self.variable = None;
                self.state = State::Global;
            }
            (State::Variable, _) => {
                self.variable.get_or_insert(token);
            }
            (State::Assignment, S::Sub) => self.state = State::AssignedSub,
            (State::Call, S::Sub) => {
                self.begin_anonymous(cx);
                self.state = State::AnonymousSub;
            }
            (State::AssignedSub, S::LBrace) => {
                self.braces = 1;
                match self.variable {
                    Some(variable) => self.begin(&["$", variable.text(cx.text)].concat(), cx),
                    None => self.begin_anonymous(cx),
                }
                self.state = State::Body;
            }
            (State::AnonymousSub, S::LBrace) => {
                self.braces = 1;
                self.state = State::Body;
            }
            (State::Call | State::AnonymousSub, symbol) => {
                if self.closes(symbol) {
                    self.state = State::Global;
                }
            }
            (State::Prototype, symbol) => {
                if self.closes(symbol) {
                    self.state = State::Declaration;
                }
            }
            _ => self.nested(token, cx),
        }
    }
}
