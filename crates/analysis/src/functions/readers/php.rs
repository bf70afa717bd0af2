//! PHP: functions, methods with the name of their class, closures with the name they are assigned to.

use super::Machine;
use crate::functions::Context;
use crate::lexer::{Quirks, Symbol, Token};

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Global,
    Use,
    Trait,
    Class,
    Name,
    BeforeParameters,
    Parameters,
    BeforeBody,
    ReturnType,
    Body,
    BeforeCondition,
    Condition,
}

/// The machine.
#[derive(Default)]
pub(super) struct Php {
    state: State,
    class: Option<Token>,
    trait_name: Option<Token>,
    in_class: bool,
    in_trait: bool,
    parens: i32,
    braces: i32,
    function_braces: i32,
    started: bool,
    name: String,
    last: Option<Token>,
    assignments: Vec<Option<Token>>,
    in_match: bool,
    arms: i64,
}

impl Php {
    /// The name of the class or trait around, with what separates it from a member's.
    fn prefix<'a>(&self, cx: &Context<'a>) -> Option<&'a str> {
        let owner = match (self.in_class, self.in_trait) {
            (true, _) => self.class,
            (_, true) => self.trait_name,
            _ => None,
        };
        owner.map(|owner| owner.text(cx.text))
    }

    fn set_name(&mut self, name: &str, cx: &Context<'_>) {
        self.name.clear();
        if let Some(prefix) = self.prefix(cx) {
            self.name.push_str(prefix);
            self.name.push_str("::");
        }
        self.name.push_str(name);
    }

    fn begin(&mut self, cx: &mut Context<'_>) {
        cx.push_new_function(&self.name);
        self.started = true;
        self.parens = 1;
        self.state = State::Parameters;
    }

    fn end(&mut self, cx: &mut Context<'_>) {
        if std::mem::take(&mut self.started) {
            cx.end_of_function();
        }
        self.state = State::Global;
    }

    fn enter_body(&mut self) {
        self.function_braces = self.braces;
        self.braces += 1;
        self.state = State::Body;
    }

    fn global(&mut self, token: Token, cx: &mut Context<'_>) {
        use Symbol as S;
        match token.symbol {
            S::Use => self.state = State::Use,
            S::Class => self.state = State::Class,
            S::Trait => self.state = State::Trait,
            S::Function => self.state = State::Name,
            S::Match => {
                self.in_match = true;
                self.arms = 0;
                self.state = State::BeforeCondition;
            }
            S::If | S::Switch | S::For | S::Foreach | S::While | S::Catch => {
                self.state = State::BeforeCondition
            }
            S::FatArrow if self.in_match => self.arms += 1,
            S::RBrace if self.in_match => {
                self.in_match = false;
                cx.add_condition((self.arms - 1).max(0));
                self.arms = 0;
            }
            S::Assign => self.assignments.push(self.last),
            S::LBrace => self.braces += 1,
            S::RBrace => {
                self.braces -= 1;
                if self.braces == 0 {
                    self.in_class = false;
                    self.in_trait = false;
                }
            }
            _ => {}
        }
        match token.symbol {
            S::Assign => {}
            S::Semi | S::LBrace | S::RBrace | S::LParen | S::RParen | S::Comma => self.last = None,
            _ => self.last = Some(token),
        }
    }

    /// The name of a function, or the parentheses of one without.
    fn function_name(&mut self, token: Token, cx: &mut Context<'_>) {
        if token.symbol != Symbol::LParen {
            self.set_name(token.text(cx.text), cx);
            self.state = State::BeforeParameters;
            return;
        }
        match self.assignments.last().copied().flatten() {
            Some(variable) if !self.in_class && !self.in_trait => {
                self.assignments.pop();
                self.name.clear();
                self.name.push_str(variable.text(cx.text).trim());
            }
            _ => self.set_name("(anonymous)", cx),
        }
        self.begin(cx);
    }
}

impl Machine for Php {
    #[inline]
    fn token(&mut self, token: Token, cx: &mut Context<'_>) {
        use Symbol as S;
        match (self.state, token.symbol) {
            (State::Global, _) => self.global(token, cx),
            (State::Use, S::Semi) => self.state = State::Global,
            (State::Trait | State::Class, S::LBrace) => {
                self.braces += 1;
                self.state = State::Global;
            }
            (State::Trait, S::LParen) | (State::Class, S::LParen | S::Extends | S::Implements) => {}
            (State::Trait, _) => {
                self.trait_name = Some(token);
                self.in_trait = true;
                self.state = State::Global;
            }
            (State::Class, _) => {
                self.class = Some(token);
                self.in_class = true;
                self.state = State::Global;
            }
            (State::Name, _) => self.function_name(token, cx),
            (State::BeforeParameters, S::LParen) => self.begin(cx),
            (State::Parameters | State::Condition, S::LParen) => self.parens += 1,
            (State::Parameters | State::Condition, S::RParen) => {
                self.parens -= 1;
                if self.parens == 0 {
                    self.state = match self.state {
                        State::Parameters => State::BeforeBody,
                        _ => State::Global,
                    };
                }
            }
            (State::Parameters, _) => {
                if token.first(cx.text) == b'$' && self.started {
                    cx.add_to_long_name(" ");
                    cx.add_to_long_name(token.text(cx.text));
                    if !cx.quirks.has(Quirks::PHP_PARAMETERS) && self.parens == 1 {
                        cx.separate_parameter();
                    }
                    cx.parameter(token.text(cx.text));
                }
            }
            (State::BeforeBody, S::Colon) => self.state = State::ReturnType,
            (State::BeforeBody | State::ReturnType, S::LBrace) => self.enter_body(),
            (State::BeforeBody, S::Semi) => self.end(cx),
            (State::Body, S::LBrace) => self.braces += 1,
            (State::Body, S::RBrace) => {
                self.braces -= 1;
                if self.braces == self.function_braces {
                    self.end(cx);
                }
            }
            (State::BeforeCondition, S::LParen) => {
                self.parens = 1;
                self.state = State::Condition;
            }
            _ => {}
        }
    }
}
