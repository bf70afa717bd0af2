//! Expressions, read by precedence with an explicit stack.

use super::formatted;
use super::halstead::Operator;
use super::program::Sink;
use super::token::{Kind, Token};
use super::value::Value;

/// Formatted strings in formatted strings deeper than this are not looked into.
pub(super) const DEEPEST: u32 = 5;

// How tightly operators bind.
const PREFIX: u8 = 1;
const LAMBDA: u8 = 2;
const TERNARY: u8 = 3;
const NOT: u8 = 6;
const COMPARE: u8 = 7;
const UNARY: u8 = 14;
const POWER: u8 = 15;
const AWAIT: u8 = 16;

/// What waits on the stack for its operands.
#[derive(Debug, Clone, Copy)]
enum Entry {
    Binary(Operator, u8),
    Unary(Operator, u8),
    /// `and` or `or`, with the number of them in a row.
    Chain(Operator, u8, u64),
    /// Comparisons, with the number of them in a row.
    Compare(u64),
    /// Makes an expression of what follows.
    Prefix(u8),
    Walrus,
    If,
    Else,
    /// An open bracket; what is known of it is in [`Expression::groups`].
    Group,
}

/// An open bracket.
#[derive(Debug, Clone, Copy)]
struct Group {
    kind: GroupKind,
    /// Values below it.
    base: usize,
    /// Whether more than one expression stood in it.
    several: bool,
    clause: Clause,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GroupKind {
    /// Parentheses around an expression.
    Plain,
    /// Any other brackets.
    Brackets,
    LambdaParameters,
}

/// Where in a comprehension the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clause {
    None,
    Target,
    Source,
}

impl Entry {
    fn level(&self) -> u8 {
        match self {
            Entry::Binary(_, level)
            | Entry::Unary(_, level)
            | Entry::Chain(_, level, _)
            | Entry::Prefix(level) => *level,
            Entry::Compare(_) => COMPARE,
            Entry::Walrus => PREFIX,
            Entry::If | Entry::Else => TERNARY,
            Entry::Group => 0,
        }
    }
}

/// An expression that is being read.
pub(super) struct Expression<'a> {
    text: &'a str,
    values: Vec<Value>,
    entries: Vec<Entry>,
    /// Open brackets, those of a lambda's parameters included.
    groups: Vec<Group>,
    /// An operand comes next.
    operand: bool,
    after_dot: bool,
    several: bool,
    /// A pattern of `case`, in which `|` is no operator.
    pub(super) pattern: bool,
    depth: u32,
}

impl<'a> Expression<'a> {
    pub(super) fn new(text: &'a str, depth: u32) -> Expression<'a> {
        Expression {
            text,
            values: Vec::new(),
            entries: Vec::new(),
            groups: Vec::new(),
            operand: true,
            after_dot: false,
            several: false,
            pattern: false,
            depth,
        }
    }

    /// Whether no bracket is open.
    pub(super) fn at_top(&self) -> bool {
        self.groups.is_empty()
    }

    /// Whether an operand comes next.
    pub(super) fn expects_operand(&self) -> bool {
        self.operand
    }

    /// Ends the expression, whatever is open in it.
    pub(super) fn finish(&mut self, sink: &mut Sink<'_>) -> Value {
        while !self.entries.is_empty() {
            self.reduce(sink);
        }
        let single = self.values.len() == 1 && !self.several;
        let value = if single { self.values[0] } else { Value::Expression };
        self.values.clear();
        self.groups.clear();
        self.operand = true;
        self.after_dot = false;
        self.several = false;
        value
    }

    /// Takes the token at `at`, and those that belong to it; gives the place of the next.
    pub(super) fn take(&mut self, tokens: &[Token], at: usize, sink: &mut Sink<'_>) -> usize {
        let Some(token) = tokens.get(at) else { return at + 1 };
        let text = token.text(self.text);
        match token.kind {
            Kind::Comment | Kind::LineBreak | Kind::Newline => {}
            Kind::Number => self.value(Value::number(text)),
            Kind::Str => self.string(*token, sink),
            Kind::Name if self.after_dot => {
                self.after_dot = false;
                if let Some(value) = self.values.last_mut() {
                    *value = Value::name(text);
                }
            }
            Kind::Name => {
                let next = tokens[at + 1..]
                    .iter()
                    .find(|token| !matches!(token.kind, Kind::Comment | Kind::LineBreak))
                    .filter(|token| token.kind == Kind::Name)
                    .map_or("", |token| token.text(self.text));
                return at + 1 + self.word(text, next, sink);
            }
            Kind::Op if self.operand => self.prefix(text, sink),
            Kind::Op => self.infix(text, sink),
        }
        at + 1
    }

    fn value(&mut self, value: Value) {
        if self.operand {
            self.values.push(value);
            self.operand = false;
        }
    }

    fn pop(&mut self) -> Value {
        self.values.pop().unwrap_or(Value::Expression)
    }

    fn string(&mut self, token: Token, sink: &mut Sink<'_>) {
        let text = token.text(self.text);
        if token.formatted && self.depth < DEEPEST {
            let quote = text.find(['"', '\'']).unwrap_or_default();
            let body = text.get(quote..).unwrap_or_default();
            let quotes = if body.starts_with("\"\"\"") || body.starts_with("'''") { 3 } else { 1 };
            let content = body.get(quotes..body.len().saturating_sub(quotes)).unwrap_or_default();
            formatted::read(content, self.depth + 1, sink);
        }
        if self.operand {
            self.value(if token.formatted { Value::Expression } else { Value::string(text, None) });
        } else if let Some(value) = self.values.last_mut() {
            *value = match *value {
                before @ (Value::Text(_) | Value::Bytes(_)) if !token.formatted => {
                    Value::string(text, Some(before))
                }
                _ => Value::Expression,
            };
        }
    }

    /// A word; gives how many words after it were taken with it.
    fn word(&mut self, text: &str, next: &str, sink: &mut Sink<'_>) -> usize {
        match (self.operand, text) {
            (true, "not") => self.entries.push(Entry::Unary(Operator::Not, NOT)),
            (true, "lambda") => self.open(GroupKind::LambdaParameters),
            (true, "await") => self.entries.push(Entry::Prefix(AWAIT)),
            (true, "yield") => {
                self.entries.push(Entry::Prefix(PREFIX));
                return usize::from(next == "from");
            }
            (true, _) => self.value(Value::name(text)),
            (false, "and") => self.chain(Operator::And, 5, sink),
            (false, "or") => self.chain(Operator::Or, 4, sink),
            (false, "is") => {
                let negated = next == "not";
                self.compare(if negated { Operator::IsNot } else { Operator::Is }, sink);
                return usize::from(negated);
            }
            (false, "not") => {
                self.compare(Operator::NotIn, sink);
                return usize::from(next == "in");
            }
            (false, "in") => match self.group() {
                Some(group) if group.clause == Clause::Target => self.clause(Clause::Source, sink),
                _ => self.compare(Operator::In, sink),
            },
            (false, "if") => match self.group() {
                Some(group) if group.clause == Clause::Source => {
                    self.clause(Clause::Source, sink);
                    sink.decision(1);
                }
                _ => self.infix_entry(Entry::If, TERNARY + 1, sink),
            },
            (false, "else") => {
                while self.entries.last().is_some_and(|entry| !matches!(entry, Entry::If | Entry::Group)) {
                    self.reduce(sink);
                }
                if let Some(entry @ Entry::If) = self.entries.last_mut() {
                    *entry = Entry::Else;
                }
                self.operand = true;
            }
            (false, "for") => {
                self.clause(Clause::Target, sink);
                sink.decision(1);
            }
            _ => {}
        }
        0
    }

    /// An operator or bracket before an operand.
    fn prefix(&mut self, text: &str, sink: &mut Sink<'_>) {
        match text {
            "-" => self.entries.push(Entry::Unary(Operator::USub, UNARY)),
            "+" => self.entries.push(Entry::Unary(Operator::UAdd, UNARY)),
            "~" => self.entries.push(Entry::Unary(Operator::Invert, UNARY)),
            "*" | "**" => self.entries.push(Entry::Prefix(PREFIX)),
            "..." => self.value(Value::Ellipsis),
            "(" => self.open(GroupKind::Plain),
            "[" | "{" => self.open(GroupKind::Brackets),
            ")" | "]" | "}" => self.close(sink),
            "," => self.separate(sink),
            ":" => self.colon(sink),
            _ => {}
        }
    }

    /// An operator or bracket after an operand.
    fn infix(&mut self, text: &str, sink: &mut Sink<'_>) {
        use Operator as O;
        let binary = match text {
            "|" if self.pattern => {
                self.separate(sink);
                return;
            }
            "|" => (O::BitOr, 8),
            "^" => (O::BitXor, 9),
            "&" => (O::BitAnd, 10),
            "<<" => (O::LShift, 11),
            ">>" => (O::RShift, 11),
            "+" => (O::Add, 12),
            "-" => (O::Sub, 12),
            "*" => (O::Mult, 13),
            "@" => (O::MatMult, 13),
            "/" => (O::Div, 13),
            "//" => (O::FloorDiv, 13),
            "%" => (O::Mod, 13),
            "**" => {
                self.infix_entry(Entry::Binary(O::Pow, POWER), POWER + 1, sink);
                return;
            }
            "==" => return self.compare(O::Eq, sink),
            "!=" | "<>" => return self.compare(O::NotEq, sink),
            "<" => return self.compare(O::Lt, sink),
            "<=" => return self.compare(O::LtE, sink),
            ">" => return self.compare(O::Gt, sink),
            ">=" => return self.compare(O::GtE, sink),
            ":=" => return self.infix_entry(Entry::Walrus, PREFIX + 1, sink),
            "." => {
                self.after_dot = true;
                return;
            }
            "(" | "[" => {
                self.pop();
                return self.open(GroupKind::Brackets);
            }
            ")" | "]" | "}" => return self.close(sink),
            ":" => return self.colon(sink),
            "," | "=" | ";" => return self.separate(sink),
            _ => return,
        };
        self.infix_entry(Entry::Binary(binary.0, binary.1), binary.1, sink);
    }

    /// Puts an operator on the stack after what binds at least as tightly as `level` is done.
    fn infix_entry(&mut self, entry: Entry, level: u8, sink: &mut Sink<'_>) {
        while self.entries.last().is_some_and(|entry| entry.level() >= level) {
            self.reduce(sink);
        }
        self.entries.push(entry);
        self.operand = true;
    }

    fn chain(&mut self, operator: Operator, level: u8, sink: &mut Sink<'_>) {
        while self.entries.last().is_some_and(|entry| entry.level() > level) {
            self.reduce(sink);
        }
        match self.entries.last_mut() {
            Some(Entry::Chain(_, same, count)) if *same == level => *count += 1,
            _ => self.entries.push(Entry::Chain(operator, level, 1)),
        }
        self.operand = true;
    }

    fn compare(&mut self, operator: Operator, sink: &mut Sink<'_>) {
        while self.entries.last().is_some_and(|entry| entry.level() > COMPARE) {
            self.reduce(sink);
        }
        sink.operators.operator(operator, 1);
        match self.entries.last_mut() {
            Some(Entry::Compare(count)) => *count += 1,
            _ => self.entries.push(Entry::Compare(1)),
        }
        self.operand = true;
    }

    /// The innermost open bracket.
    fn group(&self) -> Option<Group> {
        self.groups.last().copied()
    }

    fn open(&mut self, kind: GroupKind) {
        let base = self.values.len();
        self.entries.push(Entry::Group);
        self.groups.push(Group { kind, base, several: false, clause: Clause::None });
        self.operand = true;
    }

    /// Does what is on the stack up to the innermost open bracket, and forgets its values.
    fn clear_group(&mut self, sink: &mut Sink<'_>) -> Option<&mut Group> {
        while self.entries.last().is_some_and(|entry| !matches!(entry, Entry::Group)) {
            self.reduce(sink);
        }
        self.operand = true;
        match self.groups.last_mut() {
            Some(group) => {
                self.values.truncate(group.base);
                Some(group)
            }
            None => {
                self.values.clear();
                self.several = true;
                None
            }
        }
    }

    fn separate(&mut self, sink: &mut Sink<'_>) {
        if let Some(group) = self.clear_group(sink) {
            group.several = true;
        }
    }

    fn clause(&mut self, clause: Clause, sink: &mut Sink<'_>) {
        if let Some(group) = self.clear_group(sink) {
            group.several = true;
            group.clause = clause;
        }
    }

    fn colon(&mut self, sink: &mut Sink<'_>) {
        let lambda = self.clear_group(sink).is_some_and(|group| {
            group.several = true;
            group.kind == GroupKind::LambdaParameters
        });
        if lambda {
            self.entries.pop();
            self.groups.pop();
            self.entries.push(Entry::Prefix(LAMBDA));
        }
    }

    fn close(&mut self, sink: &mut Sink<'_>) {
        while self.entries.last().is_some_and(|entry| !matches!(entry, Entry::Group)) {
            self.reduce(sink);
        }
        self.entries.pop();
        let Some(group) = self.groups.pop() else { return };
        let inner = self.values.get(group.base).copied();
        self.values.truncate(group.base);
        self.values.push(match inner {
            Some(value) if group.kind == GroupKind::Plain && !group.several => value,
            _ => Value::Expression,
        });
        self.operand = false;
    }

    /// Does the operator on top of the stack.
    fn reduce(&mut self, sink: &mut Sink<'_>) {
        let Some(entry) = self.entries.pop() else { return };
        match entry {
            Entry::Binary(operator, _) => {
                sink.operators.operator(operator, 1);
                self.operands(2, sink);
            }
            Entry::Unary(operator, _) => {
                sink.operators.operator(operator, 1);
                self.operands(1, sink);
            }
            Entry::Chain(operator, _, count) => {
                sink.operators.operator(operator, 1);
                sink.decision(count as i64);
                self.operands(count + 1, sink);
            }
            Entry::Compare(count) => self.operands(count + 1, sink),
            Entry::Prefix(_) => {
                self.values.pop();
            }
            Entry::Walrus | Entry::If => {
                self.values.pop();
                self.values.pop();
            }
            Entry::Else => {
                sink.decision(1);
                for _ in 0..3 {
                    self.values.pop();
                }
            }
            Entry::Group => {
                if let Some(group) = self.groups.pop() {
                    self.values.truncate(group.base);
                }
            }
        }
        self.values.push(Value::Expression);
    }

    fn operands(&mut self, count: u64, sink: &mut Sink<'_>) {
        for _ in 0..count {
            let value = self.pop();
            sink.operand(value);
        }
    }
}
