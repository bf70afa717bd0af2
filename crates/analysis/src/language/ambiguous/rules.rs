//! The rows: for names that several languages claim, the signs of each and the usual one.

mod data;
mod families;
mod programs_a_to_k;
mod programs_l_to_z;
mod tests_of;

use super::signs::Sign;

/// A name, or several that are told apart in the same way.
pub(super) struct Tie {
    /// Hints, as [`hint`](crate::hint()) gives them.
    pub(super) hints: &'static [&'static str],
    /// Asked in this order.
    pub(super) rules: &'static [Rule],
    /// The language when no rule holds.
    pub(super) usual: &'static str,
}

/// One language's signs.
pub(super) struct Rule {
    pub(super) language: &'static str,
    /// One of these is enough…
    pub(super) any: &'static [Sign],
    /// …unless one of these is there.
    pub(super) unless: &'static [Sign],
}

const fn rule(language: &'static str, any: &'static [Sign]) -> Rule {
    Rule { language, any, unless: &[] }
}

const fn rule_unless(language: &'static str, any: &'static [Sign], unless: &'static [Sign]) -> Rule {
    Rule { language, any, unless }
}

const fn tie(hints: &'static [&'static str], rules: &'static [Rule], usual: &'static str) -> Tie {
    Tie { hints, rules, usual }
}

/// Every row.
pub(super) static TIES: &[&[Tie]] = &[programs_a_to_k::TIES, programs_l_to_z::TIES, data::TIES];
