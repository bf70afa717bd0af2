//! `cargo xtask new analyzer NAME`.

use std::fs;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::workspace::Root;

/// Which analyzer.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Its id: what it finds, in lower case with `_`; results are stored under it for ever
    name: String,
}

const LIST: &str = "crates/analysis/src/analyzers.rs";
const FOLDER: &str = "crates/analysis/src/analyzers";
const LONGEST: usize = 32;

/// Names of Rust that no module can have, of those that are valid otherwise.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

pub(super) fn run(root: &Root, arguments: &Arguments) -> Result<()> {
    let name = &arguments.name;
    let list = root.0.join(LIST);
    let text = fs::read_to_string(&list).with_context(|| format!("cannot read {LIST}"))?;
    check(name, &text)?;
    let entered = entered(name, &text)?;
    let path = root.0.join(FOLDER).join(format!("{name}.rs"));
    if path.exists() {
        bail!("{FOLDER}/{name}.rs is there already");
    }
    fs::write(&path, rendered(name)).with_context(|| format!("cannot write {FOLDER}/{name}.rs"))?;
    fs::write(&list, entered).with_context(|| format!("cannot write {LIST}"))?;
    println!("{FOLDER}/{name}.rs is written and entered in {LIST}");
    println!("fill `Found` and `analyze`, then: cargo test -p analysis {name}");
    Ok(())
}

/// Whether a name can be an id, a module and a type, and is not taken.
fn check(name: &str, list: &str) -> Result<()> {
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(|first| first.is_ascii_lowercase());
    let goes_on = letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !begins || !goes_on || name.ends_with('_') || name.contains("__") || name.len() > LONGEST {
        bail!(
            "`{name}` cannot be the id of an analyzer: up to {LONGEST} lower-case letters, digits and single `_` \
             between them, a letter first"
        );
    }
    if KEYWORDS.contains(&name) {
        bail!("`{name}` is a word of Rust's, and no file can be called so");
    }
    if list.contains(&format!("mod {name};")) {
        bail!("there is an analyzer `{name}` already");
    }
    Ok(())
}

/// The name as that of a type.
fn type_of(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    };
    name.split('_').map(capital).collect()
}

/// The list with the new module, sorted, and the new entry, last.
fn entered(name: &str, list: &str) -> Result<String> {
    let module = format!("mod {name};");
    let lines: Vec<&str> = list.lines().collect();
    let modules: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].starts_with("mod ")).collect();
    let last = *modules.last().with_context(|| format!("{LIST} has no modules"))?;
    let at = modules.iter().copied().find(|at| lines[*at] > module.as_str()).unwrap_or(last + 1);
    let start = lines.iter().position(|line| line.starts_with("pub static ANALYZERS"));
    let start = start.with_context(|| format!("{LIST} has no list ANALYZERS"))?;
    let end = lines[start..].iter().position(|line| *line == "];");
    let end = start + end.with_context(|| format!("the list in {LIST} does not end with `];`"))?;
    let entry = format!("    &{name}::{},", type_of(name));
    let mut text = String::with_capacity(list.len() + 80);
    for (number, line) in lines.iter().enumerate() {
        if number == at {
            text.push_str(&module);
            text.push('\n');
        }
        if number == end {
            text.push_str(&entry);
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
    }
    Ok(text)
}

/// An analyzer that already says something true, to be changed into what is wanted.
fn rendered(name: &str) -> String {
    include_str!("analyzer.rs.in").replace("@NAME@", name).replace("@TYPE@", &type_of(name))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::*;

    fn list() -> String {
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(LIST)).unwrap()
    }

    #[test]
    fn names_are_ids_and_modules_and_new() {
        for good in ["todo_notes", "a", "utf8"] {
            check(good, &list()).unwrap();
        }
        for bad in ["", "Todo", "9a", "_a", "a_", "a__b", "a-b", "../a", "a b", "é", "match", "lines"] {
            assert!(check(bad, &list()).is_err(), "{bad}");
        }
        assert!(check(&"a".repeat(LONGEST + 1), "").is_err());
        assert_eq!(type_of("todo_notes"), "TodoNotes");
    }

    #[test]
    fn the_list_gets_one_module_in_its_place_and_one_entry_at_the_end() {
        let before = list();
        let after = entered("halfway", &before).unwrap();
        let modules: Vec<&str> = after.lines().filter(|line| line.starts_with("mod ")).collect();
        assert!(modules.is_sorted() && modules.contains(&"mod halfway;"), "{modules:?}");
        assert!(after.contains("    &halfway::Halfway,\n];"), "{after}");
        assert_eq!(after.lines().count(), before.lines().count() + 2);
        assert!(entered("zzz", &before).unwrap().contains("mod zzz;\n\nuse "));
    }

    /// The edited list and the new file, with stand-ins for the other analyzers and for serde, are what
    /// rustc takes: no word of them is out of date.
    #[test]
    fn what_is_written_compiles() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("analyzers")).unwrap();
        let after = entered("todo_notes", &list()).unwrap();
        for entry in after.lines().filter_map(|line| line.trim().strip_prefix('&')?.strip_suffix(',')) {
            let (module, kind) = entry.split_once("::").unwrap();
            let stand_in = format!(
                "pub(super) struct {kind};\nimpl crate::Analyzer for {kind} {{\n fn id(&self) -> &'static str {{ \"\" }}\n \
                 fn version(&self) -> i32 {{ 1 }}\n \
                 fn analyze(&self, _: &crate::File<'_>) -> crate::Outcome {{ crate::Outcome }}\n}}\n"
            );
            let text = if module == "todo_notes" { rendered(module) } else { stand_in };
            fs::write(at(&format!("analyzers/{module}.rs")), text).unwrap();
        }
        fs::write(at("analyzers.rs"), after).unwrap();
        let root = "#![deny(warnings)]\nmod analyzers;\npub use analyzers::{ANALYZERS, Analyzer};\n\
             pub struct Unread;\npub struct File<'a>(&'a [u8]);\npub struct Outcome;\n\
             impl File<'_> { pub fn body(&self) -> Result<&[u8], &Unread> { Ok(self.0) } }\n\
             impl Outcome { pub fn json<T>(_: &T) -> Outcome { Outcome } }\n\
             impl From<&Unread> for Outcome { fn from(_: &Unread) -> Outcome { Outcome } }\n";
        fs::write(at("lib.rs"), root).unwrap();
        let serde = "extern crate proc_macro;\nuse proc_macro::TokenStream;\n#[proc_macro_derive(Serialize)]\n\
             pub fn derive(_: TokenStream) -> TokenStream { \"const _: () = ();\".parse().unwrap() }\n";
        fs::write(at("serde.rs"), serde).unwrap();
        let rustc = |words: &[&str]| {
            let mut command = Command::new("rustc");
            command.current_dir(folder.path()).args(["--edition", "2024"]).args(words);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        rustc(&["--crate-type", "proc-macro", "--crate-name", "serde", "-o", "libserde.so", "serde.rs"]);
        let library = ["--crate-type", "lib", "--emit", "metadata", "--extern", "serde=libserde.so"];
        // What the file's fields are read by is serde, of which this is none.
        rustc(&[library.as_slice(), &["-A", "dead_code", "-o", "out.rmeta", "lib.rs"]].concat());
    }
}
