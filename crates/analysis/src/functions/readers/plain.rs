//! Languages of Go's family without anything of their own.

use super::golike::{Frames, GoLike};
use crate::lexer::Symbol;

/// Solidity.
#[derive(Default)]
pub(super) struct Solidity;

impl Solidity {
    pub(super) fn machine() -> Frames<Solidity> {
        Frames::new(Solidity)
    }
}

impl GoLike for Solidity {
    const FUNCTION: Symbol = Symbol::Function;
    type Data = ();
}

/// Zig, where types are values.
#[derive(Default)]
pub(super) struct Zig;

impl Zig {
    pub(super) fn machine() -> Frames<Zig> {
        Frames::new(Zig)
    }
}

impl GoLike for Zig {
    const FUNCTION: Symbol = Symbol::Fn;
    const TYPE: Option<Symbol> = None;
    type Data = ();
}
