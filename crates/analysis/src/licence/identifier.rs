//! `SPDX-License-Identifier: MIT OR Apache-2.0`.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::table::IDS;

const MARK: &[u8] = b"SPDX-License-Identifier:";
static MARKS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(MARK));

/// A longer expression is not one; in bytes.
const LONGEST: usize = 512;

/// The expression of the first such line that has a valid one.
pub(super) fn expression(text: &[u8]) -> Option<String> {
    MARKS.find_iter(text).find_map(|at| {
        let rest = text.get(at + MARK.len()..)?;
        let line = rest.get(..LONGEST).unwrap_or(rest).split(|&byte| byte == b'\n').next()?;
        let line = str::from_utf8(line).ok()?;
        // What closes the comment, and what else is not part of an expression, ends it.
        let end = line
            .find(|character: char| !(character.is_ascii_alphanumeric() || "-.+:() \t".contains(character)));
        let expression =
            line.get(..end.unwrap_or(line.len()))?.trim().trim_end_matches(['-', ':', '.']).trim_end();
        let expression = expression.split_whitespace().collect::<Vec<_>>().join(" ");
        let valid = ids(&expression).next().is_some();
        valid.then_some(expression)
    })
}

/// The ids of an expression; an exception after `WITH` is not one.
pub(super) fn ids(expression: &str) -> impl Iterator<Item = String> + '_ {
    let mut exception = false;
    expression.split([' ', '(', ')']).filter(|word| !word.is_empty()).filter_map(move |word| {
        if std::mem::take(&mut exception) || matches!(word, "AND" | "OR" | "and" | "or") {
            return None;
        }
        if matches!(word, "WITH" | "with") {
            exception = true;
            return None;
        }
        canonical(word)
    })
}

/// The id as the list spells it.
fn canonical(word: &str) -> Option<String> {
    if word.starts_with("LicenseRef-") || word.starts_with("DocumentRef-") {
        return Some(word.to_owned());
    }
    let known = |wanted: &str| IDS.iter().find(|id| id.eq_ignore_ascii_case(wanted));
    if let Some(id) = known(word) {
        return Some((*id).to_owned());
    }
    let bare = word.strip_suffix('+')?;
    known(bare).map(|id| format!("{id}+"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Option<String>, Vec<String>) {
        let expression = expression(text.as_bytes());
        let ids = expression.as_deref().map(|expression| ids(expression).collect()).unwrap_or_default();
        (expression, ids)
    }

    #[test]
    fn expressions_in_all_kinds_of_comments() {
        assert_eq!(
            of("/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */").1,
            ["GPL-2.0-only"]
        );
        assert_eq!(of("<!-- SPDX-License-Identifier: CC-BY-4.0 -->").0.as_deref(), Some("CC-BY-4.0"));
        assert_eq!(
            of("# SPDX-License-Identifier: (MIT OR Apache-2.0) AND LicenseRef-X\n").1,
            ["MIT", "Apache-2.0", "LicenseRef-X"]
        );
        assert_eq!(of("; SPDX-License-Identifier:   mit\r\n").1, ["MIT"]);
        assert_eq!(of("// SPDX-License-Identifier: Apache-1.0+").1, ["Apache-1.0+"]);
    }

    #[test]
    fn what_is_not_an_id_is_not_found() {
        assert_eq!(of("SPDX-License-Identifier:"), (None, vec![]));
        assert_eq!(of("SPDX-License-Identifier: $license\n"), (None, vec![]));
        assert_eq!(of("SPDX-License-Identifier: No-Such-Thing\n"), (None, vec![]));
        assert_eq!(of("SPDX-License-Identifier: WITH\n"), (None, vec![]));
    }
}
