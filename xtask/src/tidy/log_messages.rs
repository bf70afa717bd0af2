//! Log messages are the same for every occurrence: lowercase, no full stop, values as fields.

use crate::workspace::{Complaint, File};

const MACROS: &[&str] = &["trace!(", "debug!(", "info!(", "warn!(", "error!(", "event!("];
/// Names that are written with a capital wherever they stand.
const PROPER: &[&str] =
    &["SQLite", "PostgreSQL", "RabbitMQ", "Redis", "AMQP", "HTTP", "HEAD", "URL", "SIGTERM", "SIGINT"];

pub(super) fn check(files: &[File]) -> Vec<Complaint> {
    let rust =
        files.iter().filter(|file| file.is_rust() && !file.is_test() && !file.path.starts_with("xtask/"));
    rust.flat_map(|file| {
        calls(file.before_tests()).into_iter().filter_map(|(offset, arguments)| {
            let message = message(arguments)?;
            let wrong = objection(message)?;
            Some(file.complain(file.line_of(offset), format!("log message {message:?} {wrong}")))
        })
    })
    .collect()
}

/// What is wrong with a message.
fn objection(message: &str) -> Option<&'static str> {
    let capital =
        message.starts_with(char::is_uppercase) && !PROPER.iter().any(|name| message.starts_with(name));
    match () {
        () if message.is_empty() => Some("is empty"),
        () if capital => Some("starts with a capital"),
        () if message.ends_with(['.', '!', ':']) => Some("ends with a mark"),
        () if message.contains('{') => Some("has a value in it; make it a field"),
        () => None,
    }
}

/// The places and arguments of log macros.
fn calls(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for name in MACROS {
        for (offset, _) in text.match_indices(name) {
            let before = text.get(..offset).unwrap_or_default();
            // `tracing::info!` and `info!`, not `my_info!` nor one in a comment.
            let line = before.rsplit('\n').next().unwrap_or_default();
            let is_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if is_word || line.trim_start().starts_with("//") {
                continue;
            }
            let rest = text.get(offset + name.len()..).unwrap_or_default();
            found.push((offset, arguments(rest)));
        }
    }
    found
}

/// The text up to the parenthesis that closes the call.
fn arguments(rest: &str) -> &str {
    let mut depth = 1_usize;
    let mut in_text = false;
    let mut escaped = false;
    for (offset, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '(' | '[' | '{' if !in_text => depth += 1,
            ')' | ']' | '}' if !in_text => {
                depth -= 1;
                if depth == 0 {
                    return rest.get(..offset).unwrap_or_default();
                }
            }
            _ => {}
        }
    }
    rest
}

/// The message: the argument that is nothing but a text. Fields have a name before theirs.
fn message(arguments: &str) -> Option<&str> {
    let mut depth = 0_usize;
    let (mut in_text, mut escaped, mut start) = (false, false, 0);
    let mut parts = Vec::new();
    for (offset, c) in arguments.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '(' | '[' | '{' if !in_text => depth += 1,
            ')' | ']' | '}' if !in_text => depth = depth.saturating_sub(1),
            ',' if !in_text && depth == 0 => {
                parts.push(arguments.get(start..offset)?);
                start = offset + 1;
            }
            _ => {}
        }
    }
    parts.push(arguments.get(start..)?);
    parts.into_iter().find_map(|part| part.trim().strip_prefix('"')?.strip_suffix('"'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::file;

    #[test]
    fn messages_are_told_from_fields() {
        let cases = [
            (r#"tracing::info!(name = "Upper.", count = f(1, "X."), "batch stored");"#, None),
            (r#"info!("Batch stored");"#, Some("starts with a capital")),
            (r#"warn!(%error, "could not store.");"#, Some("ends with a mark")),
            (r#"error!("batch {id} lost");"#, Some("has a value in it; make it a field")),
            (r#"tracing::debug!(target: "worker", "SQLite is \"busy\", waiting");"#, None),
            (r#"my_info!("Not ours.");"#, None),
            ("// info!(\"A comment.\");", None),
        ];
        for (text, expected) in cases {
            let told = check(&[file("crates/a/src/lib.rs", text)]);
            let what = told.first().map(|complaint| complaint.what.clone());
            match expected {
                Some(expected) => {
                    assert!(what.as_ref().is_some_and(|what| what.ends_with(expected)), "{text}: {what:?}")
                }
                None => assert_eq!(what, None, "{text}"),
            }
        }
    }
}
