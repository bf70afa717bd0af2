//! The state machines, one per language or family: where functions begin and end.

mod clike;
mod clike_nesting;
mod clike_states;
mod csharp;
mod go;
mod golike;
mod java;
mod kotlin;
mod labels;
mod objc;
mod perl;
mod php;
mod plain;
mod python;
mod ruby;
mod rust;
mod scala;
mod swift;
mod typescript;

use super::context::Context;
use super::function::FileFunctions;
use super::languages::Reader;
use super::shape::Blocks;
use crate::lexer::{Jsx, Lexer, Quirks, Symbol, Token};
use crate::steps::Steps;

/// Code nested deeper than this is not followed. Nothing that a person wrote comes near.
const DEEPEST: usize = 2_000;
/// What is said of a file that is.
const TOO_DEEP: &str = "nested deeper than 2000 levels";

/// Recognises functions from tokens that are neither white space nor comments.
trait Machine {
    /// Takes the next token.
    fn token(&mut self, token: Token, cx: &mut Context<'_>);

    /// The text has ended.
    fn finish(&mut self, _cx: &mut Context<'_>) {}
}

/// Reads a text whose line ends are line feeds.
pub(super) fn run(reader: Reader, text: &str, quirks: Quirks, steps: &Steps) -> FileFunctions {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lexer = Lexer::new(text, reader.dialect(), quirks, steps);
    let mut cx = Context::new(text, reader.dialect().comments(), reader.conditions(), quirks);
    cx.delimited_by(match reader {
        Reader::Python => Blocks::Indents,
        Reader::Ruby | Reader::Lua => Blocks::Words,
        _ => Blocks::Braces,
    });
    match reader {
        Reader::C => clike::read(lexer, clike::Cpp::default(), &mut cx),
        Reader::Java => clike::read(lexer, java::Java::new(), &mut cx),
        Reader::CSharp => clike::read(lexer, csharp::CSharp::default(), &mut cx),
        Reader::ObjectiveC => clike::read(lexer, objc::ObjC::default(), &mut cx),
        Reader::Python => python::read(lexer, &mut cx),
        Reader::Rust => drive(lexer, rust::Rust::machine(), &mut cx),
        Reader::JavaScript | Reader::TypeScript => drive(lexer, typescript::TypeScript::new(), &mut cx),
        Reader::Go => go::read(lexer, &mut cx),
        Reader::Kotlin => labels::drive(lexer, kotlin::LABELS, kotlin::Kotlin::machine(), &mut cx),
        Reader::Swift => labels::drive(lexer, swift::LABELS, swift::Swift::machine(), &mut cx),
        Reader::Scala => drive(lexer, scala::Scala::machine(), &mut cx),
        Reader::Solidity => drive(lexer, plain::Solidity::machine(), &mut cx),
        Reader::Zig => drive(lexer, plain::Zig::machine(), &mut cx),
        Reader::Php => drive(lexer, php::Php::default(), &mut cx),
        Reader::Ruby => drive(lexer, ruby::Ruby::machine(), &mut cx),
        Reader::Lua => drive(lexer, ruby::Ruby::lua(), &mut cx),
        Reader::Perl => perl::read(lexer, &mut cx),
        Reader::Tsx => drive(Jsx::new(lexer), typescript::TypeScript::new(), &mut cx),
    }
    cx.finish()
}

/// Feeds a machine with the tokens as they come.
fn drive(mut tokens: impl Tokens, mut machine: impl Machine, cx: &mut Context<'_>) {
    loop {
        let token = tokens.next();
        if token.symbol == Symbol::End {
            break;
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

/// What gives the tokens of a text in order.
trait Tokens {
    /// The next token; [`Symbol::End`] at the end.
    fn next(&mut self) -> Token;
}

impl Tokens for Lexer<'_> {
    #[inline]
    fn next(&mut self) -> Token {
        Lexer::next(self)
    }
}

impl Tokens for Jsx<'_> {
    fn next(&mut self) -> Token {
        Jsx::next(self)
    }
}
