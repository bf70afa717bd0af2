//! The documentation of every key, made from the structs: a page for people and a commented file.

use super::keys::{Section, sections};

/// `docs/configuration.md`.
pub fn reference() -> String {
    let mut page = String::from(INTRODUCTION);
    for Section { name, doc, keys } in sections() {
        write_line(&mut page, format_args!("\n## `{name}`\n\n{doc}\n"));
        write_line(
            &mut page,
            format_args!("| Key | Default | Accepted | Meaning |\n| --- | --- | --- | --- |"),
        );
        for key in keys {
            let default = key.default_text();
            let default = if default.is_empty() { "none".to_owned() } else { format!("`{default}`") };
            let accepted = key.accepted().replace('|', "\\|");
            write_line(&mut page, format_args!("| `{}` | {default} | {accepted} | {} |", key.name, key.doc));
        }
    }
    page
}

/// `config/stocktake.toml`: every key with its documentation, set to its default and commented out.
pub fn template() -> String {
    let mut file = String::from(
        "# Stocktake's settings. Every line that is commented out shows a default; docs/configuration.md has the rest.\n",
    );
    for Section { name, doc, keys } in sections() {
        write_line(&mut file, format_args!("\n# {doc}\n[{name}]"));
        for key in keys {
            let field = key.name.rsplit('.').next().unwrap_or_default();
            write_line(&mut file, format_args!("\n# {}\n# Accepted: {}", key.doc, key.accepted()));
            match key.default_toml() {
                Some(default) => write_line(&mut file, format_args!("#{field} = {default}")),
                None if key.default.is_object() => {
                    write_line(&mut file, format_args!("#{field}.NAME = \"VALUE\""))
                }
                None => {
                    write_line(&mut file, format_args!("# Default: {}\n#{field} = \"\"", key.default_text()))
                }
            }
        }
    }
    file
}

fn write_line(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.push_str(&line.to_string());
    text.push('\n');
}

const INTRODUCTION: &str = "\
# Configuration

Made from the code by `cargo xtask generate`; edit the structs in `crates/runtime/src/config/` instead.

Later ones win: built-in defaults, one file, the environment, the command line. `stocktake config` shows what is in
force and where it came from.

- The file is the first of these that exists: the one that `--config` names, the one that `STOCKTAKE_CONFIG` names,
  `./stocktake.toml`, `stocktake.toml` in the data folder, `/etc/stocktake/stocktake.toml`. It is TOML with one
  section per heading below; `config/stocktake.toml` has every key with its default.
- In the environment a key is `STOCKTAKE__SECTION__KEY`, for instance `STOCKTAKE__HTTP__BIND=127.0.0.1:9000`. Lists
  are written with commas.
- An unknown key is refused, and so is a value that does not fit. Passwords in URLs and the
  secrets in `depot.options`, `forges.tokens` and `forges.hook_secrets` are never shown.
";
