//! Where commands write what people and programs asked for.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use contracts::{ErrorKind, Failure};

/// Writes `text` and a line end to standard output. A reader that went away (`stocktake … | head`) has
/// had enough: that is no error.
pub(crate) fn line(text: impl std::fmt::Display) -> Result<(), Failure> {
    written(writeln!(io::stdout().lock(), "{text}"))
}

/// Writes with `write` to standard output, buffered.
pub(crate) fn with(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    written(write(&mut out).and_then(|()| out.flush()))
}

/// Tells a person something beside the output.
pub(crate) fn note(text: impl std::fmt::Display) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// A text without what a terminal would take for orders: names of files and answers of
/// receivers are chosen by strangers.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escaped =
        |one: char| if one.is_control() { one.escape_default().to_string() } else { one.to_string() };
    Cow::Owned(text.chars().map(escaped).collect())
}

fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(ErrorKind::Unavailable, format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// How a command prints a list: for people or for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TableFormat {
    /// Aligned columns
    #[default]
    Table,
    /// One JSON document
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_chose_gives_a_terminal_no_orders() {
        assert_eq!(visible("\x1b[2Ja\nb é"), r"\u{1b}[2Ja\nb é");
        assert_eq!(visible("plain"), "plain");
    }
}
