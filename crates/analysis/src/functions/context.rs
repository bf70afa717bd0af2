//! What is counted while a file is read: the present function, those around it, and the file itself.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::function::{FileFunctions, Function, Totals};
use super::metrics::FileMetrics;
use super::name::{Name, Parameters};
use super::shape::{Blocks, Shape};
use crate::lexer::{CommentStyle, Quirks, Symbol, SymbolSet, Token};

/// By these words in a comment a file says that a program wrote it.
static GENERATED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("GENERATED CODE"));

/// Which function; a place in [`Context::arena`].
pub(crate) type FunctionId = usize;

/// The pseudo function that everything outside functions belongs to.
pub(crate) const GLOBAL: FunctionId = 0;

/// A prefix of names from what a function is nested in is not kept longer than this, in bytes.
const LONGEST_PREFIX: usize = 512;

/// A function that is being read.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) name: Name,
    pub(crate) long_name: Name,
    pub(crate) start_line: u32,
    end_line: u32,
    nloc: i64,
    tokens: u64,
    pub(crate) complexity: i64,
    pub(crate) parameters: Parameters,
    shape: Shape,
    /// How many places hold on to it; a draft that none holds is used again.
    holders: u32,
}

/// One level of what functions and name spaces are nested in.
#[derive(Debug, Clone, Copy)]
enum Nest {
    Bare,
    /// With the length of the prefix of names outside of it.
    Named(u32),
    Function(FunctionId, u32),
}

/// The state that all languages share.
pub(crate) struct Context<'a> {
    pub(crate) text: &'a str,
    comments: CommentStyle,
    pub(crate) quirks: Quirks,
    conditions: SymbolSet,
    /// The line of the token that was counted last.
    pub(crate) line: u32,
    /// Whether the last token counted was the first of its line.
    pub(crate) newline: bool,
    /// No token of this line was counted yet; `column` is how far it is indented.
    line_begins: bool,
    column: u32,
    blocks: Blocks,
    nloc: i64,
    tokens: u64,
    arena: Vec<Draft>,
    free: Vec<FunctionId>,
    pub(crate) current: FunctionId,
    pub(crate) stacked: Vec<FunctionId>,
    nesting: Vec<Nest>,
    nested_functions: Vec<FunctionId>,
    pending: Option<FunctionId>,
    prefix: String,
    list: Vec<FunctionId>,
    totals: Totals,
    /// The next function that ends is not listed.
    pub(crate) forgive: bool,
    forgive_global: bool,
    /// Nothing more is read.
    pub(crate) stopped: bool,
    cut_short: Option<&'static str>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        text: &'a str,
        comments: CommentStyle,
        conditions: SymbolSet,
        quirks: Quirks,
    ) -> Context<'a> {
        let mut global = Draft { nloc: 1, tokens: 1, complexity: 1, holders: 1, ..Draft::default() };
        global.name.push("*global*");
        global.long_name.push("*global*");
        Context {
            text,
            comments,
            quirks,
            conditions,
            line: 1,
            newline: true,
            line_begins: true,
            column: 0,
            blocks: Blocks::default(),
            nloc: 0,
            tokens: 0,
            arena: vec![global],
            free: Vec::new(),
            current: GLOBAL,
            stacked: Vec::new(),
            nesting: Vec::new(),
            nested_functions: Vec::new(),
            pending: None,
            prefix: String::new(),
            list: Vec::new(),
            totals: Totals::default(),
            forgive: false,
            forgive_global: false,
            stopped: false,
            cut_short: None,
        }
    }

    /// Says how bodies are delimited.
    pub(crate) fn delimited_by(&mut self, blocks: Blocks) {
        self.blocks = blocks;
    }

    /// Stops reading, and says why in the result.
    pub(crate) fn cut_short(&mut self, why: &'static str) {
        self.stopped = true;
        self.cut_short = Some(why);
    }

    /// The present function.
    #[inline]
    pub(crate) fn function(&mut self) -> &mut Draft {
        &mut self.arena[self.current]
    }

    /// A function that is held.
    pub(crate) fn draft(&self, id: FunctionId) -> &Draft {
        &self.arena[id]
    }

    /// Counts a token. True when it goes on to the state machine; white space and comments do not.
    #[inline]
    pub(crate) fn admit(&mut self, token: &Token) -> bool {
        match token.symbol {
            Symbol::Blank => {
                if self.line_begins {
                    self.column += token.end - token.start;
                }
                return false;
            }
            Symbol::Newline => {
                self.line += 1;
                self.line_begins = true;
                self.column = 0;
                return false;
            }
            Symbol::BlockComment | Symbol::LineComment if self.comments == CommentStyle::C => {
                return self.comment(token, 2);
            }
            Symbol::HashComment => return self.comment(token, 0),
            Symbol::DashComment => return self.comment(token, 0),
            _ => {}
        }
        self.line += token.newlines;
        let begins = self.line_begins;
        let lines = i64::from(token.newlines) + i64::from(begins);
        self.line_begins = false;
        self.newline = lines > 0;
        self.nloc += lines;
        self.tokens += 1;
        let condition = i64::from(self.conditions.has(token.symbol));
        let line = self.line;
        let function = &mut self.arena[self.current];
        function.nloc += lines;
        function.end_line = line;
        function.tokens += 1;
        function.complexity += condition;
        if token.symbol >= Symbol::OrOr {
            let column = if begins { Some(self.column) } else { None };
            function.shape.token(token.symbol, column, self.blocks);
        }
        true
    }

    /// A comment counts for nothing but its line feeds and what it asks for.
    fn comment(&mut self, token: &Token, marker: usize) -> bool {
        let text = token.text(self.text);
        let body = text.get(marker..).unwrap_or_default();
        // Without a way out before the end, so that many bytes are looked at together.
        let plain = body
            .bytes()
            .fold(true, |plain, byte| plain & byte.is_ascii() & !matches!(byte, 11 | 12 | 28..=30));
        let breaks = if plain {
            token.newlines - u32::from(body.ends_with('\n'))
        } else {
            let lines = body.split_inclusive(is_line_break).count();
            u32::try_from(lines.saturating_sub(1)).unwrap_or(u32::MAX)
        };
        self.line += breaks;
        self.line_begins |= breaks > 0;
        let told = match self.comments {
            CommentStyle::Hash => body.trim_start_matches('#').trim(),
            _ => body.trim(),
        };
        let order = told.strip_prefix('#').or((self.comments == CommentStyle::Hash).then_some(told));
        if let Some(order) = order.and_then(|order| order.strip_prefix("lizard forgive")) {
            if order.starts_with(" global") {
                self.forgive_global = true;
            } else if !order.starts_with("s(") {
                self.forgive = true;
            }
        }
        // Most comments are short: a search made once for all is several times faster than one made for each.
        if GENERATED.find(body.as_bytes()).is_some() {
            self.stopped = true;
        }
        false
    }

    /// Adds lines to the file and to the present function; negative to take them back.
    pub(crate) fn add_nloc(&mut self, lines: i64) {
        self.nloc += lines;
        let line = self.line;
        let function = self.function();
        function.nloc += lines;
        function.end_line = line;
        self.newline = lines > 0;
    }

    /// Adds decisions to the present function.
    pub(crate) fn add_condition(&mut self, count: i64) {
        self.function().complexity += count;
    }

    /// Begins a function that may turn out not to be one.
    pub(crate) fn try_new_function(&mut self, name: &str) {
        let id = self.fresh();
        let line = self.line;
        let draft = &mut self.arena[id];
        draft.name.clear();
        draft.name.push(&self.prefix);
        draft.name.push(name);
        draft.long_name.copy_from(&draft.name);
        draft.start_line = line;
        draft.end_line = line;
        draft.nloc = 1;
        draft.tokens = 1;
        draft.complexity = 1;
        draft.parameters = Parameters::default();
        draft.shape.clear();
        self.current = id;
    }

    /// A draft to use: the present one when nothing holds on to it, one that was given back, or a new one.
    fn fresh(&mut self) -> FunctionId {
        if self.arena[self.current].holders == 0 {
            return self.current;
        }
        if let Some(id) = self.free.pop() {
            return id;
        }
        self.arena.push(Draft::default());
        self.arena.len() - 1
    }

    /// Keeps a function from being used again.
    pub(crate) fn hold(&mut self, id: FunctionId) {
        self.arena[id].holders += 1;
    }

    /// Gives a hold back.
    pub(crate) fn release(&mut self, id: FunctionId) {
        let draft = &mut self.arena[id];
        draft.holders = draft.holders.saturating_sub(1);
        if draft.holders == 0 && id != self.current {
            self.free.push(id);
        }
    }

    /// Makes a function the present one.
    fn make_current(&mut self, id: FunctionId) {
        let old = self.current;
        self.current = id;
        if old != id && self.arena[old].holders == 0 {
            self.free.push(old);
        }
    }

    fn set_pending(&mut self, pending: Option<FunctionId>) {
        if let Some(id) = pending {
            self.hold(id);
        }
        if let Some(old) = std::mem::replace(&mut self.pending, pending) {
            self.release(old);
        }
    }

    /// The function is one: the next level of nesting is its body.
    pub(crate) fn confirm_new_function(&mut self) {
        self.set_pending(Some(self.current));
        self.function().complexity = 1;
    }

    /// Begins a function in place of the present one.
    pub(crate) fn restart_new_function(&mut self, name: &str) {
        self.try_new_function(name);
        self.confirm_new_function();
    }

    /// Begins a function inside the present one.
    pub(crate) fn push_new_function(&mut self, name: &str) {
        let current = self.current;
        self.hold(current);
        self.stacked.push(current);
        self.restart_new_function(name);
    }

    /// Ends the present function and returns to the one around it.
    pub(crate) fn end_of_function(&mut self) {
        let ended = self.current;
        if !self.forgive && (ended != GLOBAL || !self.forgive_global) {
            self.hold(ended);
            self.list.push(ended);
            if self.list.len() > FileFunctions::MOST + 16 {
                self.settle();
            }
        }
        self.forgive = false;
        match self.stacked.pop() {
            Some(outer) => {
                self.make_current(outer);
                let draft = &mut self.arena[outer];
                draft.holders = draft.holders.saturating_sub(1);
            }
            None => self.make_current(GLOBAL),
        }
    }

    /// Counts the oldest of the functions that will not be listed one by one, and forgets it. What ended
    /// last can still change.
    fn settle(&mut self) {
        let id = self.list.remove(FileFunctions::MOST);
        let function = self.finished(id);
        let length = self.arena[id].name.length;
        self.totals.add(&function, length);
        self.release(id);
    }

    /// A level of nesting begins: the body of the function that was confirmed, if one was.
    pub(crate) fn add_bare_nesting(&mut self) {
        let outside = self.prefix.len() as u32;
        match self.pending.take() {
            Some(id) => {
                // The hold passes from pending to nesting.
                let name = self.arena[id].name.as_str();
                if self.prefix.len() + name.len() < LONGEST_PREFIX {
                    self.prefix.push_str(name);
                    self.prefix.push('.');
                }
                self.nesting.push(Nest::Function(id, outside));
                self.nested_functions.push(id);
            }
            None => self.nesting.push(Nest::Bare),
        }
    }

    /// A level of nesting with a name begins.
    pub(crate) fn add_namespace(&mut self, name: &str) {
        self.set_pending(None);
        let outside = self.prefix.len() as u32;
        if !name.is_empty() && self.prefix.len() + name.len() < LONGEST_PREFIX {
            self.prefix.push_str(name);
            self.prefix.push_str("::");
        }
        self.nesting.push(Nest::Named(outside));
    }

    /// A level of nesting ends, and the present function with it when it was that function's body.
    pub(crate) fn pop_nesting(&mut self) {
        self.set_pending(None);
        match self.nesting.pop() {
            None | Some(Nest::Bare) => {}
            Some(Nest::Named(outside)) => self.prefix.truncate(outside as usize),
            Some(Nest::Function(id, outside)) => {
                self.prefix.truncate(outside as usize);
                self.nested_functions.pop();
                let end_line = self.function().end_line;
                self.end_of_function();
                let outer = self.nested_functions.last().copied().unwrap_or(GLOBAL);
                self.make_current(outer);
                self.function().end_line = end_line;
                self.release(id);
            }
        }
    }

    /// Appends to the long name, with a blank between words.
    pub(crate) fn add_to_long_name(&mut self, piece: &str) {
        let name = &mut self.function().long_name;
        let letters = name.last.is_some_and(char::is_alphabetic);
        if letters && piece.chars().next().is_some_and(char::is_alphabetic) {
            name.push(" ");
        }
        name.push(piece);
    }

    /// Appends to both names.
    pub(crate) fn add_to_name(&mut self, piece: &str) {
        let function = self.function();
        function.name.push(piece);
        function.long_name.push(piece);
    }

    /// Takes a piece of the list of parameters.
    pub(crate) fn parameter(&mut self, piece: &str) {
        self.add_to_long_name(" ");
        let function = self.function();
        function.long_name.push(piece);
        function.parameters.add(piece);
    }

    /// What comes next is another parameter, though no comma was taken.
    pub(crate) fn separate_parameter(&mut self) {
        self.function().parameters.separate();
    }

    /// Takes a piece that cannot end a parameter.
    pub(crate) fn parameter_piece(&mut self, piece: &str) {
        self.add_to_long_name(" ");
        let function = self.function();
        function.long_name.push(piece);
        function.parameters.extend(piece);
    }

    /// Replaces the name by `class::name`; the long name stays.
    pub(crate) fn rename_in_class(&mut self, class: &str, name: &str) {
        let function = self.function();
        function.name.clear();
        function.name.push(class);
        function.name.push("::");
        function.name.push(name);
    }

    fn finished(&mut self, id: FunctionId) -> Function {
        let draft = &mut self.arena[id];
        let (cognitive, nesting) = draft.shape.measures();
        Function {
            name: draft.name.as_str().to_owned(),
            long_name: draft.long_name.take(),
            start_line: draft.start_line,
            end_line: draft.end_line,
            nloc: draft.nloc,
            tokens: draft.tokens,
            parameters: draft.parameters.count(),
            complexity: draft.complexity,
            cognitive,
            nesting,
        }
    }

    /// The result.
    pub(crate) fn finish(mut self) -> FileFunctions {
        let list = std::mem::take(&mut self.list);
        let mut functions = Vec::with_capacity(list.len().min(FileFunctions::MOST));
        for id in list {
            let function = self.finished(id);
            let length = self.arena[id].name.length;
            self.totals.add(&function, length);
            if functions.len() < FileFunctions::MOST {
                functions.push(function);
            }
        }
        FileFunctions {
            functions,
            metrics: FileMetrics::new(self.nloc, self.tokens, &self.totals),
            totals: self.totals,
            cut_short: self.cut_short,
        }
    }
}

/// What ends a line in a comment.
fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}
