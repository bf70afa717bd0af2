//! What one open bracket keeps.

use super::bindings::Bindings;
use crate::functions::context::FunctionId;
use crate::lexer::{Symbol, Token};

/// A name that is put together from tokens is not longer than this, in bytes.
const LONGEST: usize = 512;

/// A piece of the text, or what was put together from pieces.
#[derive(Debug, Clone)]
pub(super) enum Text {
    Span(u32, u32),
    Owned(String),
}

impl Default for Text {
    fn default() -> Text {
        Text::Span(0, 0)
    }
}

impl Text {
    #[inline]
    pub(super) fn of(token: Token) -> Text {
        match token.symbol {
            // Text in a template is never a name.
            Symbol::Chunk => Text::default(),
            _ => Text::Span(token.start, token.end),
        }
    }

    pub(super) fn as_str<'a>(&'a self, source: &'a str) -> &'a str {
        match self {
            Text::Span(start, end) => source.get(*start as usize..*end as usize).unwrap_or_default(),
            Text::Owned(text) => text,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Text::Span(start, end) => start == end,
            Text::Owned(text) => text.is_empty(),
        }
    }

    /// Appends a token's text.
    pub(super) fn push(&mut self, token: Token, source: &str) {
        match self {
            Text::Span(_, end) if *end == token.start => *end = token.end,
            Text::Owned(text) => {
                if text.len() < LONGEST {
                    text.push_str(token.text(source));
                }
            }
            Text::Span(..) => {
                let mut text = self.as_str(source).to_owned();
                text.push_str(token.text(source));
                *self = Text::Owned(text);
            }
        }
    }

    /// Whether it can name a function.
    pub(super) fn is_name(&self, source: &str) -> bool {
        is_name(self.as_str(source))
    }
}

/// Whether a text can name a function.
pub(super) fn is_name(text: &str) -> bool {
    text.chars().next().is_some_and(|c| c.is_alphabetic() || matches!(c, '_' | '$' | '#'))
}

/// Where in the code the text is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Global,
    Function,
    Parameters,
    BeforeBody,
    Arrow,
    Condition,
    Statement,
    Field,
    Template,
    ComputedName,
    TypeParameters,
    TypeAlias(Alias),
    Interface,
    Declared,
    /// A type after a colon, in a frame of its own.
    Annotation(Annotation),
}

/// Where in the definition of a type the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alias {
    Name,
    BeforeAssign,
    Value,
    Parameters,
    Braces,
}

/// Where in a type the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Annotation {
    Begin,
    Simple,
    Generic,
    Inline,
    Function,
}

/// What to do when the frame above has ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    #[default]
    Resume,
    PopFunction,
    Object,
    Pending,
    Catch,
    Condition,
    Statement,
    Annotation,
}

/// What is known of a bracket that may have held parameters, once it has closed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Summary {
    pub(super) defaults: i64,
    pub(super) expression_complexity: i64,
    pub(super) confirmed_defaults: i64,
}

/// A bracket that may hold parameters.
pub(super) struct Candidate {
    pub(super) bindings: Bindings,
    /// The function around it, and its complexity when the bracket opened.
    pub(super) function: FunctionId,
    pub(super) complexity: i64,
    pub(super) tracked: bool,
}

/// One open bracket.
#[derive(Default)]
pub(super) struct Frame {
    pub(super) state: State,
    pub(super) saved: State,
    pub(super) then: Then,
    /// Never ends by itself: the file, and the default value of a parameter.
    pub(super) root: bool,
    pub(super) exited: bool,
    /// The last token, or what was put together from the last ones.
    pub(super) last: Text,
    pub(super) function_name: Text,
    pub(super) previous: Option<Token>,
    pub(super) started: bool,
    pub(super) as_object: bool,
    pub(super) accessor: Option<Symbol>,
    pub(super) declare: bool,
    pub(super) is_static: bool,
    pub(super) is_async: bool,
    pub(super) in_value: bool,
    pub(super) in_abstract: bool,
    pub(super) catches: bool,
    pub(super) ternaries: u32,
    /// Open brackets of the kind that the state counts.
    pub(super) depth: i32,
    pub(super) interface_open: bool,
    pub(super) computed: String,
    /// Whether it may hold parameters: then it has one of [`TypeScript::candidates`](super::TypeScript::candidates).
    pub(super) candidate: bool,
    pub(super) pending: Option<Summary>,
    pub(super) confirmed_defaults: i64,
    pub(super) parameters: Option<Box<Bindings>>,
    pub(super) generic_depth: i32,
    /// The token that ended a type and belongs to what follows it.
    pub(super) replay: Option<Token>,
}

impl Frame {
    /// Whether the last token was one of these two, after which a parenthesis is a call.
    pub(super) fn after_dot_or_new(&self) -> bool {
        matches!(self.previous.map(|token| token.symbol), Some(Symbol::Dot | Symbol::New))
    }
}
