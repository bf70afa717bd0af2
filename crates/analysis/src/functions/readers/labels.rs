//! Swift and Kotlin: names of arguments that look like keywords.

use super::Machine;
use crate::functions::Context;
use crate::lexer::{Lexer, Symbol, SymbolSet, Token};

/// Feeds a machine; a keyword between `(` or `,` and `:` is a name.
pub(super) fn drive(
    mut lexer: Lexer<'_>,
    labels: SymbolSet,
    mut machine: impl Machine,
    cx: &mut Context<'_>,
) {
    let mut opened = false;
    loop {
        let mut token = lexer.next();
        match token.symbol {
            Symbol::End => break,
            Symbol::Blank | Symbol::Newline | Symbol::BlockComment | Symbol::LineComment => {}
            symbol => {
                if opened && labels.has(symbol) && colon_follows(lexer.clone()) {
                    token = Token { symbol: Symbol::Ident, ..token };
                }
                opened = matches!(symbol, Symbol::LParen | Symbol::Comma);
            }
        }
        if cx.admit(&token) {
            machine.token(token, cx);
        }
        if cx.stopped {
            break;
        }
    }
    machine.finish(cx);
}

fn colon_follows(mut lexer: Lexer<'_>) -> bool {
    loop {
        match lexer.next().symbol {
            Symbol::Blank | Symbol::Newline | Symbol::BlockComment | Symbol::LineComment => {}
            symbol => return symbol == Symbol::Colon,
        }
    }
}
