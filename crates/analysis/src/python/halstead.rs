//! Halstead's measures, and what they are computed from.

use std::collections::HashSet;

use serde::Serialize;

use super::value::Value;

/// Halstead's measures of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Halstead {
    /// Distinct operators.
    pub h1: u64,
    /// Distinct operands.
    pub h2: u64,
    /// Operators.
    #[serde(rename = "N1")]
    pub n1: u64,
    /// Operands.
    #[serde(rename = "N2")]
    pub n2: u64,
    /// `h1 + h2`
    pub vocabulary: u64,
    /// `N1 + N2`
    pub length: u64,
    /// `h1 log2 h1 + h2 log2 h2`
    pub calculated_length: f64,
    /// `length · log2 vocabulary`
    pub volume: f64,
    /// `h1 / 2 · N2 / h2`
    pub difficulty: f64,
    /// `difficulty · volume`
    pub effort: f64,
    /// `effort / 18`, in seconds.
    pub time: f64,
    /// `volume / 3000`
    pub bugs: f64,
}

/// The operators that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Operator {
    Add,
    Sub,
    Mult,
    MatMult,
    Div,
    FloorDiv,
    Mod,
    Pow,
    LShift,
    RShift,
    BitOr,
    BitXor,
    BitAnd,
    Invert,
    Not,
    UAdd,
    USub,
    And,
    Or,
    Eq,
    NotEq,
    Lt,
    LtE,
    Gt,
    GtE,
    Is,
    IsNot,
    In,
    NotIn,
}

/// Operators and operands seen so far.
#[derive(Debug, Default)]
pub(super) struct Operators {
    operators: u64,
    operands: u64,
    seen: u64,
    names: HashSet<(u64, Value)>,
    /// Operands that are expressions: each is distinct.
    expressions: u64,
}

impl Operators {
    /// An operator, counted or only seen.
    pub(super) fn operator(&mut self, operator: Operator, count: u64) {
        self.operators += count;
        self.seen |= 1 << operator as u8;
    }

    /// An operand in a function with that name.
    pub(super) fn operand(&mut self, context: u64, value: Value) {
        self.operands += 1;
        match value {
            Value::Expression => self.expressions += 1,
            value => {
                self.names.insert((context, value));
            }
        }
    }

    /// The measures.
    pub(super) fn measures(&self) -> Halstead {
        let h1 = u64::from(self.seen.count_ones());
        let h2 = self.names.len() as u64 + self.expressions;
        let (n1, n2) = (self.operators, self.operands);
        let (vocabulary, length) = (h1 + h2, n1 + n2);
        let entropy = |count: u64| count as f64 * (count as f64).log2();
        let calculated_length = if h1 > 0 && h2 > 0 { entropy(h1) + entropy(h2) } else { 0.0 };
        let volume = if vocabulary > 0 { length as f64 * (vocabulary as f64).log2() } else { 0.0 };
        let difficulty = if h2 > 0 { (h1 * n2) as f64 / (2 * h2) as f64 } else { 0.0 };
        let effort = difficulty * volume;
        Halstead {
            h1,
            h2,
            n1,
            n2,
            vocabulary,
            length,
            calculated_length,
            volume,
            difficulty,
            effort,
            time: effort / 18.0,
            bugs: volume / 3000.0,
        }
    }
}
