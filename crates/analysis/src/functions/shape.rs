//! Cognitive complexity and nesting, from the tokens of one function.
//!
//! Cognitive complexity: a control structure costs one and one more for each control structure around it;
//! `else` and its like cost one; a run of the same logical operator costs one. Nesting is how many
//! control structures stand in one another.
//!
//! Where code stands in braces a structure lasts to the brace that closes its body, or, without braces,
//! to the end of its statement. Where bodies end with a word, to that word; where they are indented, to
//! the indentation.

use crate::lexer::Symbol;

/// Structures deeper than this are counted as if they were not deeper.
const DEEPEST: usize = 64;

/// How bodies are delimited.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blocks {
    /// `{ … }`
    #[default]
    Braces,
    /// `… end`
    Words,
    /// By indentation.
    Indents,
}

/// What is known of the structure so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shape {
    cognitive: u32,
    deepest: u32,
    /// For each structure that is open, where it ends: open braces, or the column.
    open: Vec<u32>,
    /// Open braces, or blocks that end with a word.
    depth: u32,
    parens: u32,
    /// A structure was begun whose body was not.
    awaiting: Option<u32>,
    operator: Option<Symbol>,
    after_else: bool,
}

impl Shape {
    /// Empties it and keeps its memory.
    pub(crate) fn clear(&mut self) {
        let mut open = std::mem::take(&mut self.open);
        open.clear();
        *self = Shape { open, ..Shape::default() };
    }

    /// Takes the next token. `column` is its indentation when it is the first of its line.
    #[inline]
    pub(crate) fn token(&mut self, symbol: Symbol, column: Option<u32>, blocks: Blocks) {
        use Symbol as S;
        if let (Blocks::Indents, Some(column)) = (blocks, column)
            && self.parens == 0
        {
            while self.open.last().is_some_and(|open| *open >= column) {
                self.open.pop();
            }
        }
        match symbol {
            S::If
            | S::For
            | S::While
            | S::Catch
            | S::Switch
            | S::Foreach
            | S::Match
            | S::Except
            | S::Until
            | S::Unless
            | S::Guard
            | S::When
            | S::Rescue
            | S::Loop
            | S::Do => {
                self.control(symbol, column, blocks);
            }
            S::Elif | S::Elsif | S::Elseif => {
                self.cognitive += 1;
                if blocks == Blocks::Indents {
                    self.open_at(column.unwrap_or_default());
                } else if blocks == Blocks::Braces {
                    self.awaiting = Some(self.parens);
                }
            }
            S::Else => {
                self.cognitive += 1;
                self.after_else = true;
                match blocks {
                    Blocks::Indents => {
                        if let Some(column) = column {
                            self.open_at(column);
                        }
                    }
                    Blocks::Braces => self.awaiting = Some(self.parens),
                    Blocks::Words => {}
                }
                return;
            }
            S::Question => self.cognitive += 1 + self.nesting(),
            S::AndAnd | S::OrOr | S::And | S::Or => {
                if self.operator != Some(symbol) {
                    self.cognitive += 1;
                    self.operator = Some(symbol);
                }
            }
            S::LParen | S::LBracket => {
                self.parens += 1;
                self.operator = None;
            }
            S::RParen | S::RBracket => {
                self.parens = self.parens.saturating_sub(1);
            }
            S::LBrace => {
                self.depth += 1;
                self.operator = None;
                if blocks == Blocks::Braces && self.awaiting.take().is_some() {
                    self.open_at(self.depth);
                }
            }
            S::RBrace => {
                if blocks == Blocks::Braces {
                    while self.open.last().is_some_and(|open| *open >= self.depth) {
                        self.open.pop();
                    }
                }
                self.depth = self.depth.saturating_sub(1);
            }
            S::Semi => {
                self.operator = None;
                if self.awaiting == Some(self.parens) {
                    self.awaiting = None;
                }
            }
            S::Def | S::Class | S::Module | S::Begin | S::Function if blocks == Blocks::Words => {
                self.depth += 1
            }
            S::EndWord if blocks == Blocks::Words => {
                while self.open.last().is_some_and(|open| *open >= self.depth) {
                    self.open.pop();
                }
                self.depth = self.depth.saturating_sub(1);
            }
            _ => {}
        }
        if column.is_some() && blocks != Blocks::Braces {
            self.operator = None;
        }
        self.after_else = false;
    }

    /// A control structure begins.
    fn control(&mut self, symbol: Symbol, column: Option<u32>, blocks: Blocks) {
        use Symbol as S;
        if symbol == S::If && self.after_else && blocks != Blocks::Words {
            // `else if` was counted with the `else`.
            return;
        }
        match (blocks, symbol) {
            (Blocks::Braces, S::Do | S::When | S::Rescue | S::Unless | S::Until) => return,
            (Blocks::Words, S::Do) => {
                self.depth += 1;
                return;
            }
            // A part of the structure around it.
            (Blocks::Words, S::When | S::Rescue) => {
                self.cognitive += 1;
                return;
            }
            (Blocks::Indents, S::Match | S::Do | S::When) => return,
            _ => {}
        }
        self.cognitive += 1 + self.nesting();
        match blocks {
            // A comprehension or a conditional expression has no body.
            Blocks::Indents => {
                if let Some(column) = column {
                    self.open_at(column);
                }
            }
            Blocks::Words => {
                // A modifier after a statement has no body.
                if column.is_some() {
                    self.depth += 1;
                    self.open_at(self.depth);
                }
            }
            Blocks::Braces => {
                self.awaiting = Some(self.parens);
                self.deepest = self.deepest.max(self.nesting() + 1);
            }
        }
    }

    fn open_at(&mut self, place: u32) {
        if self.open.len() < DEEPEST {
            self.open.push(place);
        }
        self.deepest = self.deepest.max(self.nesting());
    }

    fn nesting(&self) -> u32 {
        self.open.len() as u32
    }

    /// Cognitive complexity and deepest nesting.
    pub(crate) fn measures(&self) -> (u32, u32) {
        (self.cognitive, self.deepest)
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::analyze;

    fn measures(language: &str, text: &str) -> Vec<(u32, u32)> {
        let result = analyze(language, text).expect("the language is known");
        result.functions.iter().map(|function| (function.cognitive, function.nesting)).collect()
    }

    #[test]
    fn nested_structures_weigh_more() {
        let text =
            "int f(int a) {\n  if (a) {\n    for (;;) {\n      while (a) { }\n    }\n  } else { }\n}\n";
        assert_eq!(measures("C", text), [(1 + 2 + 3 + 1, 3)]);
    }

    #[test]
    fn structures_side_by_side_do_not() {
        assert_eq!(measures("C", "int f(int a) { if (a) { } if (a) { } if (a) return 1; }"), [(3, 1)]);
    }

    #[test]
    fn else_if_costs_one() {
        let text = "fn f() { if a { } else if b { } else { } }";
        assert_eq!(measures("Rust", text), [(3, 1)]);
    }

    #[test]
    fn a_run_of_one_operator_costs_one() {
        assert_eq!(measures("Java", "class A { void f() { x = a && b && c || d; } }"), [(2, 0)]);
    }

    #[test]
    fn indentation_ends_structures() {
        let text = "def f(a):\n    if a:\n        for b in a:\n            pass\n    if a:\n        pass\n";
        assert_eq!(measures("Python", text), [(1 + 2 + 1, 2)]);
    }

    #[test]
    fn words_end_structures() {
        let text = "def f(a)\n  if a\n    while a\n      b\n    end\n  end\n  x if a\nend\n";
        assert_eq!(measures("Ruby", text), [(1 + 2 + 1, 2)]);
    }
}
