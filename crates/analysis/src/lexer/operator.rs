//! Operators and punctuation, longest first in the order in which they are tried.

use super::Dialect;
use super::symbol::Symbol;

/// The operator that begins at `at`, with its length; single characters without a meaning are `Other`.
#[inline]
pub(super) fn operator(bytes: &[u8], at: usize, limit: usize, dialect: Dialect) -> (Symbol, usize) {
    use Symbol as S;
    let peek = |offset: usize| if at + offset < limit { bytes[at + offset] } else { 0 };
    let (second, third) = (peek(1), peek(2));
    match bytes[at] {
        b'(' => (S::LParen, 1),
        b')' => (S::RParen, 1),
        b'{' => (S::LBrace, 1),
        b'}' => (S::RBrace, 1),
        b'[' => (S::LBracket, 1),
        b']' => (S::RBracket, 1),
        b';' => (S::Semi, 1),
        b',' => (S::Comma, 1),
        b'.' => match (second, third) {
            (b'.', b'.') => (S::Ellipsis, 3),
            _ => (S::Dot, 1),
        },
        b':' => match second {
            b'=' => (S::Walrus, 2),
            b':' => (S::PathSep, 2),
            _ => (S::Colon, 1),
        },
        b'*' => match second {
            b'*' => (S::StarStar, 2),
            _ => (S::Star, 1),
        },
        b'<' => match (second, third) {
            (b'<', b'=') => (S::ShlEq, 3),
            (b'=', _) => (S::Le, 2),
            _ => (S::Lt, 1),
        },
        b'>' => match (second, third) {
            (b'>', b'=') => (S::ShrEq, 3),
            (b'=', _) => (S::Ge, 2),
            _ => (S::Gt, 1),
        },
        b'|' => match second {
            b'|' => (S::OrOr, 2),
            b'=' => (S::PipeEq, 2),
            _ => (S::Other, 1),
        },
        b'&' => match second {
            b'&' => (S::AndAnd, 2),
            b'=' => (S::AmpEq, 2),
            _ => (S::Amp, 1),
        },
        b'=' => match (second, third) {
            (b'=', b'=') => (S::EqEqEq, 3),
            (b'=', _) => (S::EqEq, 2),
            (b'>', _) => (S::FatArrow, 2),
            _ => (S::Assign, 1),
        },
        b'!' => match (second, third) {
            (b'=', b'=') => (S::NeEqEq, 3),
            (b'=', _) => (S::Ne, 2),
            _ => (S::Other, 1),
        },
        b'-' => match second {
            b'>' => (S::Arrow, 2),
            b'-' => (S::MinusMinus, 2),
            b'=' => (S::MinusEq, 2),
            _ => (S::Minus, 1),
        },
        b'+' => match second {
            b'+' => (S::PlusPlus, 2),
            b'=' => (S::PlusEq, 2),
            _ => (S::Plus, 1),
        },
        b'^' => match second {
            b'=' => (S::CaretEq, 2),
            _ => (S::Other, 1),
        },
        b'?' => question(second, third, dialect),
        b'/' => (S::Slash, 1),
        b'~' => (S::Tilde, 1),
        b'%' => (S::Percent, 1),
        b'@' => (S::At, 1),
        b'$' => (S::Dollar, 1),
        b'`' => (S::Backquote, 1),
        b'#' => (S::Hash, 1),
        _ => (S::Other, 1),
    }
}

/// What a question mark means where it stands.
fn question(second: u8, third: u8, dialect: Dialect) -> (Symbol, usize) {
    use Symbol as S;
    match dialect {
        Dialect::CSharp | Dialect::Swift if second == b'?' => (S::Coalesce, 2),
        Dialect::JavaScript | Dialect::Jsx => match second {
            b'?' => (S::Coalesce, 2),
            b'.' if !third.is_ascii_digit() => (S::OptionalDot, 2),
            _ => (S::Question, 1),
        },
        Dialect::Kotlin => match second {
            b'?' => (S::Coalesce, 2),
            b':' => (S::Elvis, 2),
            _ => (S::Question, 1),
        },
        Dialect::Php => match (second, third) {
            (b'?', b'=') => (S::CoalesceEq, 3),
            (b'?', _) => (S::Coalesce, 2),
            (b'-', b'>') => (S::NullArrow, 3),
            (b':', _) => (S::Elvis, 2),
            _ => (S::Question, 1),
        },
        _ => (S::Question, 1),
    }
}
