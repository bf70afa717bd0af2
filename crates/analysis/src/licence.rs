//! Which licences a content names or is: SPDX ids, with how sure that is.
//!
//! Three sources, from sure to less so: an `SPDX-License-Identifier` line; a licence's text, compared by
//! a sample of its words (see [`texts`]); the phrases by which a file's head refers to a licence.

mod headers;
mod identifier;
#[rustfmt::skip]
mod table;
mod texts;
mod words;

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Serialize;

/// How much of an ordinary file is looked at, in bytes: its head.
const HEAD: usize = 6 * 1024;

/// How much of a licence file is looked at, in bytes. The longest text has 60 thousand.
const WHOLE: usize = 512 * 1024;

/// More licences than these are not listed; a list of third parties' notices names each once anyway.
const MOST: usize = 16;

/// One licence found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Licence {
    /// The SPDX id; `LicenseRef-…` as it stands.
    pub(crate) id: String,
    /// What tells.
    pub(crate) by: Evidence,
    /// From 0 to 1: for a text, which part of the licence's words is there.
    pub(crate) confidence: f64,
}

/// What tells that a licence applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Evidence {
    /// An `SPDX-License-Identifier` line.
    Identifier,
    /// The licence's own text.
    Text,
    /// A phrase that refers to the licence.
    Header,
}

/// Everything found in one content.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub(crate) struct Licences {
    /// The licences, each once, in the order found.
    pub(crate) licences: Vec<Licence>,
    /// The expression of the first identifier line, as it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expression: Option<String>,
}

/// Looks for licences. `is_licence_file` is for contents whose name says that they are one: their whole
/// text is compared, an ordinary file's head only.
pub(crate) fn find(body: &[u8], is_licence_file: bool) -> Licences {
    let size = if is_licence_file { WHOLE } else { HEAD };
    let text = body.get(..size).unwrap_or(body);
    let mut found = identified(text);
    if is_licence_file || (found.licences.is_empty() && promising(text)) {
        let words = words::of(text);
        for (id, confidence) in texts::find(&words) {
            push(&mut found, id.to_owned(), Evidence::Text, confidence);
        }
        if found.licences.is_empty() {
            for (id, confidence) in headers::find(&words::joined(text)) {
                push(&mut found, id, Evidence::Header, confidence);
            }
        }
    }
    found
}

/// Looks for an identifier line in the head only.
pub(crate) fn identified(body: &[u8]) -> Licences {
    let mut found = Licences::default();
    if let Some(expression) = identifier::expression(body.get(..HEAD).unwrap_or(body)) {
        for id in identifier::ids(&expression) {
            push(&mut found, id, Evidence::Identifier, 1.0);
        }
        found.expression = Some(expression);
    }
    found
}

fn push(found: &mut Licences, id: String, by: Evidence, confidence: f64) {
    if found.licences.len() < MOST && !found.licences.iter().any(|licence| licence.id == id) {
        found.licences.push(Licence { id, by, confidence: (confidence * 100.0).round() / 100.0 });
    }
}

/// Whether a head can have anything to do with licences: most have not, and are passed over fast.
fn promising(head: &[u8]) -> bool {
    static SIGNS: LazyLock<[Finder<'static>; 5]> =
        LazyLock::new(|| ["icen", "ICEN", "ermission", "edistribution", "ublic domain"].map(Finder::new));
    SIGNS.iter().any(|sign| sign.find(head).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str, file: bool) -> Vec<(String, Evidence)> {
        find(text.as_bytes(), file).licences.into_iter().map(|licence| (licence.id, licence.by)).collect()
    }

    #[test]
    fn an_identifier_is_enough() {
        let text = "// SPDX-License-Identifier: MIT OR Apache-2.0\n// Permission is hereby granted\n";
        assert_eq!(
            ids(text, false),
            [("MIT".into(), Evidence::Identifier), ("Apache-2.0".into(), Evidence::Identifier)]
        );
        assert_eq!(find(text.as_bytes(), false).expression.as_deref(), Some("MIT OR Apache-2.0"));
    }

    #[test]
    fn a_text_is_told_in_comments_and_with_another_name_in_it() {
        let isc = "/*\n * Copyright (c) 2020, Somebody Else\n *\n * Permission to use, copy, modify, and/or distribute this \
            software for any\n * purpose with or without fee is hereby granted, provided that the above\n * copyright notice \
            and this permission notice appear in all copies.\n *\n * THE SOFTWARE IS PROVIDED \"AS IS\" AND THE AUTHOR DISCLAIMS \
            ALL WARRANTIES WITH\n * REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND\n * FITNESS. \
            IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,\n * INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES \
            WHATSOEVER RESULTING FROM\n * LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER\n * \
            TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF\n * THIS SOFTWARE.\n */\nint x;\n";
        assert_eq!(ids(isc, false), [("ISC".into(), Evidence::Text)]);
    }

    #[test]
    fn a_header_refers() {
        let header = "# This program is free software: you can redistribute it and/or modify\n# it under the terms of the GNU \
            General Public License as published by\n# the Free Software Foundation, either version 3 of the License, or\n# (at \
            your option) any later version.\n";
        assert_eq!(ids(header, false), [("GPL-3.0-or-later".into(), Evidence::Header)]);
    }

    #[test]
    fn nothing_is_nothing() {
        assert!(ids("fn main() {}\n", false).is_empty());
        assert!(ids("", true).is_empty());
        assert!(ids("This licence is our own invention.\n", true).is_empty());
    }
}
