//! Statements, and what they are nested in.

use super::expression::Expression;
use super::halstead::{Operator, Operators};
use super::token::{Kind, Token};
use super::value::Value;
use crate::steps::Steps;

/// What was found in a text.
pub(super) struct Sink<'s> {
    pub(super) steps: &'s Steps,
    pub(super) operators: Operators,
    /// Decisions, and functions in classes.
    pub(super) complexity: i64,
    /// Operands in functions of different names are different.
    context: u64,
    /// Decisions count here; those in functions in functions do not.
    counting: bool,
}

impl Sink<'_> {
    pub(super) fn decision(&mut self, count: i64) {
        if self.counting {
            self.complexity += count;
        }
    }

    pub(super) fn operand(&mut self, value: Value) {
        self.operators.operand(self.context, value);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Module,
    Class,
    Function,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BlockKind {
    If,
    /// `else` of it is another decision.
    Loop,
    Try,
    /// `try` with groups of exceptions, which count for nothing.
    TryGroup,
    /// With the number of cases and whether one of them takes everything.
    Match(i64, bool),
    /// What the definition stands in: its scope, name and whether decisions count there.
    Definition(Scope, u64, bool),
    Other,
}

/// A line that ended with a colon, and what is indented below it.
struct Block {
    column: usize,
    kind: BlockKind,
}

struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
    sink: Sink<'a>,
    blocks: Vec<Block>,
    scope: Scope,
    expression: Expression<'a>,
    /// Whether the decorators that are being read belong to a class.
    decorates_class: Option<bool>,
}

/// Reads a text.
pub(super) fn read<'a>(steps: &'a Steps, text: &'a str, tokens: &'a [Token]) -> Sink<'a> {
    let sink = Sink { steps, operators: Operators::default(), complexity: 1, context: 0, counting: true };
    let expression = Expression::new(text, 0);
    let mut reader = Reader {
        text,
        tokens,
        sink,
        blocks: Vec::new(),
        scope: Scope::Module,
        expression,
        decorates_class: None,
    };
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].kind {
            Kind::Comment | Kind::LineBreak | Kind::Newline => at += 1,
            _ => at = reader.line(at),
        }
    }
    while let Some(block) = reader.blocks.pop() {
        reader.end(&block);
    }
    reader.sink
}

impl<'a> Reader<'a> {
    fn word(&self, at: usize) -> &'a str {
        match self.tokens.get(at) {
            Some(token) if matches!(token.kind, Kind::Name | Kind::Op) => token.text(self.text),
            _ => "",
        }
    }

    fn ends_statement(&self, at: usize) -> bool {
        self.sink.steps.spend();
        self.tokens.get(at).is_none_or(|token| token.kind == Kind::Newline)
    }

    /// How far the line of a token is indented.
    fn column(&self, at: usize) -> usize {
        let start = self.tokens.get(at).map_or(0, |token| token.start as usize);
        let before = self.text.as_bytes().get(..start).unwrap_or_default();
        let blanks = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t' | 0x0c)).count();
        before[start - blanks..].iter().fold(0, |column, byte| match byte {
            b'\t' => column / 8 * 8 + 8,
            0x0c => 0,
            _ => column + 1,
        })
    }

    /// Takes a logical line; gives the place after it.
    fn line(&mut self, mut at: usize) -> usize {
        let column = self.column(at);
        let word = self.word(at);
        let continues = matches!(word, "elif" | "else" | "except" | "finally");
        while self
            .blocks
            .last()
            .is_some_and(|block| block.column > column || (block.column == column && !continues))
        {
            if let Some(block) = self.blocks.pop() {
                self.end(&block);
            }
        }
        loop {
            at = self.statement(at, column);
            match self.word(at) {
                ";" => at += 1,
                _ if self.ends_statement(at) => return at + 1,
                _ => {}
            }
            if self.ends_statement(at) {
                return at + 1;
            }
        }
    }

    /// A block has ended.
    fn end(&mut self, block: &Block) {
        match block.kind {
            BlockKind::Match(cases, all) => self.sink.decision((cases - i64::from(all)).max(0)),
            BlockKind::Definition(scope, context, counting) => {
                self.scope = scope;
                self.sink.context = context;
                self.sink.counting = counting;
            }
            _ => {}
        }
    }

    /// Takes a statement up to its semicolon, the colon before its body, or the end of its line.
    fn statement(&mut self, at: usize, column: usize) -> usize {
        let word = self.word(at);
        if word != "@" && !matches!(word, "class" | "def" | "async") {
            self.decorates_class = None;
        }
        let kind = match word {
            "async" => return at + 1,
            "if" | "elif" | "while" | "for" => {
                self.sink.decision(1);
                if word == "elif" {
                    None
                } else {
                    Some(if word == "if" { BlockKind::If } else { BlockKind::Loop })
                }
            }
            "else" => {
                if self
                    .blocks
                    .last()
                    .is_some_and(|block| matches!(block.kind, BlockKind::Loop | BlockKind::Try))
                {
                    self.sink.decision(1);
                }
                None
            }
            "try" => Some(BlockKind::Try),
            "except" => {
                let group = self.word(at + 1) == "*";
                match self.blocks.last_mut() {
                    Some(block) if block.kind == BlockKind::Try && group => block.kind = BlockKind::TryGroup,
                    Some(block) if block.kind == BlockKind::Try => self.sink.decision(1),
                    _ => {}
                }
                None
            }
            "finally" => None,
            "with" => Some(BlockKind::Other),
            "def" => return self.function(at, column),
            "class" => return self.class(at, column),
            "@" => return self.decorator(at),
            "match" if self.is_soft_keyword(at) => Some(BlockKind::Match(0, false)),
            "case" if self.in_match() && self.is_soft_keyword(at) => return self.case(at, column),
            "assert" => {
                self.sink.decision(1);
                let counting = std::mem::replace(&mut self.sink.counting, false);
                let end = self.simple(at + 1);
                self.sink.counting = counting;
                return end;
            }
            "import" | "from" | "global" | "nonlocal" | "pass" | "break" | "continue" => {
                return self.skip(at + 1);
            }
            "return" | "del" | "raise" => return self.simple(at + 1),
            "print" | "exec" if self.is_statement_keyword(at) => return self.simple(at + 1),
            _ => return self.simple(at),
        };
        if let Some(kind) = kind {
            self.blocks.push(Block { column, kind });
        }
        self.header(at + 1, word == "for")
    }

    /// Takes what stands between a keyword and its colon; in a loop, targets come before an `in`.
    fn header(&mut self, mut at: usize, mut targets: bool) -> usize {
        while !self.ends_statement(at) {
            let top = self.expression.at_top();
            match self.word(at) {
                ":" if top => {
                    self.expression.finish(&mut self.sink);
                    return at + 1;
                }
                "as" | "in" | "," if top && (!self.expression.expects_operand()) => {
                    // The target of a loop, a name for what was caught, the next resource.
                    let compares = self.word(at) == "in" && !std::mem::take(&mut targets);
                    if compares {
                        at = self.expression.take(self.tokens, at, &mut self.sink);
                    } else {
                        self.expression.finish(&mut self.sink);
                        at += 1;
                    }
                }
                _ => at = self.expression.take(self.tokens, at, &mut self.sink),
            }
        }
        self.expression.finish(&mut self.sink);
        at
    }

    /// Takes expressions and assignments up to the end of the statement.
    fn simple(&mut self, mut at: usize) -> usize {
        let mut target: Option<(Operator, Value)> = None;
        loop {
            let end = self.ends_statement(at);
            let top = self.expression.at_top();
            let word = if end { "" } else { self.word(at) };
            let assigns = if top { augmented(word) } else { None };
            if end || (top && (matches!(word, ";" | "=" | ":" | "as" | "from") || assigns.is_some())) {
                let value = self.expression.finish(&mut self.sink);
                if let Some((operator, target)) = target.take() {
                    self.sink.operators.operator(operator, 1);
                    self.sink.operand(target);
                    self.sink.operand(value);
                }
                if end || word == ";" {
                    return at;
                }
                target = assigns.map(|operator| (operator, value));
                at += 1;
                continue;
            }
            at = self.expression.take(self.tokens, at, &mut self.sink);
        }
    }

    /// Passes over a statement in which nothing counts.
    fn skip(&self, mut at: usize) -> usize {
        while !self.ends_statement(at) && self.word(at) != ";" {
            at += 1;
        }
        at
    }

    fn enter(&mut self, scope: Scope, column: usize) {
        let kind = BlockKind::Definition(self.scope, self.sink.context, self.sink.counting);
        self.blocks.push(Block { column, kind });
        self.scope = scope;
    }

    fn function(&mut self, at: usize, column: usize) -> usize {
        let outside = self.scope;
        self.decorates_class = None;
        self.enter(Scope::Function, column);
        match outside {
            Scope::Module => {}
            Scope::Class => self.sink.decision(1),
            Scope::Function => self.sink.counting = false,
        }
        let name = Value::name(self.word(at + 1));
        if let Value::Text(digest) = name {
            self.sink.context = digest;
        }
        // Defaults and types are no part of the function's body.
        let mut depth = 0i64;
        let mut at = at + 1;
        while !self.ends_statement(at) {
            match self.word(at) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                ":" if depth <= 0 => return at + 1,
                _ => {}
            }
            at += 1;
        }
        at
    }

    fn class(&mut self, at: usize, column: usize) -> usize {
        let outside = self.scope;
        self.decorates_class = None;
        let counting = std::mem::replace(&mut self.sink.counting, false);
        let after = self.header(at + 1, false);
        self.sink.counting = counting;
        self.enter(Scope::Class, column);
        self.sink.counting = counting && outside == Scope::Module;
        after
    }

    /// Takes a decorator. That of a function is no part of the function.
    fn decorator(&mut self, at: usize) -> usize {
        let of_class = match self.decorates_class {
            Some(of_class) => of_class,
            None => self.class_follows(at),
        };
        self.decorates_class = Some(of_class);
        if !of_class {
            return self.skip(at + 1);
        }
        let counting = std::mem::replace(&mut self.sink.counting, false);
        let end = self.simple(at + 1);
        self.sink.counting = counting;
        end
    }

    /// Whether the first line that is no decorator begins a class.
    fn class_follows(&self, mut at: usize) -> bool {
        let mut begins = true;
        while let Some(token) = self.tokens.get(at) {
            self.sink.steps.spend();
            match token.kind {
                Kind::Newline => begins = true,
                Kind::Comment | Kind::LineBreak => {}
                // Nothing can follow a decorator on its line.
                Kind::Op if token.text(self.text) == ";" => return false,
                _ if begins => match token.text(self.text) {
                    "@" => begins = false,
                    word => return word == "class",
                },
                _ => {}
            }
            at += 1;
        }
        false
    }

    fn in_match(&self) -> bool {
        self.blocks.last().is_some_and(|block| matches!(block.kind, BlockKind::Match(..)))
    }

    fn case(&mut self, at: usize, column: usize) -> usize {
        let named = self.tokens.get(at + 1).is_some_and(|token| token.kind == Kind::Name)
            && !matches!(self.word(at + 1), "None" | "True" | "False")
            && matches!(self.word(at + 2), ":" | "if");
        if let Some(Block { kind: BlockKind::Match(cases, all), .. }) = self.blocks.last_mut() {
            *cases += 1;
            *all |= named;
        }
        self.blocks.push(Block { column, kind: BlockKind::Other });
        self.expression.pattern = true;
        let mut at = at + 1;
        while !self.ends_statement(at) {
            let top = self.expression.at_top();
            match self.word(at) {
                ":" if top => {
                    at += 1;
                    break;
                }
                "if" | "as" if top => {
                    self.expression.finish(&mut self.sink);
                    self.expression.pattern = self.word(at) == "as";
                    at += 1;
                }
                _ => at = self.expression.take(self.tokens, at, &mut self.sink),
            }
        }
        self.expression.finish(&mut self.sink);
        self.expression.pattern = false;
        at
    }

    /// Whether `match` or `case` begins a block here and is no name.
    fn is_soft_keyword(&self, at: usize) -> bool {
        if matches!(self.word(at + 1), "=" | "." | "," | ":" | ")" | "" if self.tokens.get(at + 1).is_none_or(|token| token.kind != Kind::Number && token.kind != Kind::Str))
        {
            return false;
        }
        let mut depth = 0i64;
        let mut at = at + 1;
        while !self.ends_statement(at) {
            match self.word(at) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                ":" if depth == 0 => return true,
                "=" if depth == 0 => return false,
                // A subject or pattern has none; another statement's colon is not looked for behind it.
                ";" => return false,
                _ => {}
            }
            at += 1;
        }
        false
    }

    /// Whether `print` or `exec` is a statement of Python 2 here.
    fn is_statement_keyword(&self, at: usize) -> bool {
        match self.tokens.get(at + 1) {
            Some(token) if token.kind == Kind::Op => matches!(token.text(self.text), ">>" | "`"),
            Some(token) => matches!(token.kind, Kind::Name | Kind::Str | Kind::Number),
            None => false,
        }
    }
}

/// The operator of an assignment that has one.
fn augmented(word: &str) -> Option<Operator> {
    Some(match word {
        "+=" => Operator::Add,
        "-=" => Operator::Sub,
        "*=" => Operator::Mult,
        "@=" => Operator::MatMult,
        "/=" => Operator::Div,
        "//=" => Operator::FloorDiv,
        "%=" => Operator::Mod,
        "**=" => Operator::Pow,
        "<<=" => Operator::LShift,
        ">>=" => Operator::RShift,
        "|=" => Operator::BitOr,
        "^=" => Operator::BitXor,
        "&=" => Operator::BitAnd,
        _ => return None,
    })
}
