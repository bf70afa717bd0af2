//! Licences by the phrases with which a file's head refers to them.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// A phrase, in words as [`super::words::joined`] gives them, what it refers to, and how sure that is.
const PHRASES: &[(&str, &str, f64)] = &[
    ("apache license version 2 0", "Apache-2.0", 0.95),
    ("apache 2 0 license", "Apache-2.0", 0.9),
    ("apache org licenses license 2 0", "Apache-2.0", 0.95),
    ("apache software license version 1 1", "Apache-1.1", 0.9),
    ("mozilla public license v 2 0", "MPL-2.0", 0.95),
    ("mozilla public license version 2 0", "MPL-2.0", 0.95),
    ("mozilla public license version 1 1", "MPL-1.1", 0.95),
    ("mozilla public license version 1 0", "MPL-1.0", 0.95),
    ("eclipse public license 2 0", "EPL-2.0", 0.95),
    ("eclipse public license v 2 0", "EPL-2.0", 0.95),
    ("eclipse public license v2 0", "EPL-2.0", 0.95),
    ("eclipse public license v1 0", "EPL-1.0", 0.95),
    ("eclipse public license version 1 0", "EPL-1.0", 0.95),
    ("common development and distribution license version 1 0", "CDDL-1.0", 0.9),
    ("european union public licence version 1 2", "EUPL-1.2", 0.9),
    ("boost software license version 1 0", "BSL-1.0", 0.95),
    ("university of illinois open source license", "NCSA", 0.9),
    ("sil open font license version 1 1", "OFL-1.1", 0.95),
    ("academic free license version 3 0", "AFL-3.0", 0.9),
    ("open software license version 3 0", "OSL-3.0", 0.9),
    ("open software license osl 3 0", "OSL-3.0", 0.9),
    ("version 3 01 of the php license", "PHP-3.01", 0.95),
    ("python software foundation license version 2", "PSF-2.0", 0.9),
    ("creative commons attribution 4 0 international", "CC-BY-4.0", 0.9),
    ("creative commons attribution sharealike 4 0 international", "CC-BY-SA-4.0", 0.9),
    ("creative commons attribution sharealike 3 0", "CC-BY-SA-3.0", 0.9),
    ("creativecommons org publicdomain zero 1 0", "CC0-1.0", 0.95),
    ("cc0 1 0 universal", "CC0-1.0", 0.95),
    ("free and unencumbered software released into the public domain", "Unlicense", 0.95),
    ("do what the fuck you want to public license", "WTFPL", 0.95),
    ("blue oak model license", "BlueOak-1.0.0", 0.9),
    ("business source license 1 1", "BUSL-1.1", 0.9),
    ("server side public license version 1", "SSPL-1.0", 0.9),
    ("elastic license 2 0", "Elastic-2.0", 0.9),
    ("microsoft public license", "MS-PL", 0.85),
    ("permission is hereby granted free of charge to any person obtaining a copy", "MIT", 0.9),
    ("under the mit license", "MIT", 0.9),
    ("under mit license", "MIT", 0.9),
    ("the mit license mit", "MIT", 0.9),
    ("terms of the mit license", "MIT", 0.9),
    ("license mit", "MIT", 0.8),
    ("mit license", "MIT", 0.8),
    ("mit style license", "MIT", 0.8),
    ("2 clause bsd license", "BSD-2-Clause", 0.9),
    ("simplified bsd license", "BSD-2-Clause", 0.85),
    ("3 clause bsd license", "BSD-3-Clause", 0.9),
    ("new bsd license", "BSD-3-Clause", 0.85),
    ("revised bsd license", "BSD-3-Clause", 0.85),
    ("governed by a bsd style license", "BSD-3-Clause", 0.6),
    ("under the isc license", "ISC", 0.9),
    ("zlib license", "Zlib", 0.8),
];

/// The GNU licences; the longer names first, since they contain the shorter ones.
const GNU: &[(&str, &str)] = &[
    ("gnu affero general public license", "AGPL"),
    ("gnu lesser general public license", "LGPL"),
    ("gnu library general public license", "LGPL"),
    ("gnu general public license", "GPL"),
    ("gnu free documentation license", "GFDL"),
];

/// The versions of each, as words and in the id.
const VERSIONS: &[(&str, &str, &str)] = &[
    ("AGPL", "version 3", "3.0"),
    ("LGPL", "version 2 1", "2.1"),
    ("LGPL", "version 2", "2.0"),
    ("LGPL", "version 3", "3.0"),
    ("GPL", "version 1", "1.0"),
    ("GPL", "version 2", "2.0"),
    ("GPL", "version 3", "3.0"),
    ("GFDL", "version 1 3", "1.3"),
    ("GFDL", "version 1 2", "1.2"),
    ("GFDL", "version 1 1", "1.1"),
];

/// The licences that a text of words refers to, each once.
pub(super) fn find(words: &str) -> Vec<(String, f64)> {
    let mut found: Vec<(String, f64)> = Vec::new();
    let mut push = |id: String, confidence: f64| {
        if !found.iter().any(|(other, _)| *other == id) {
            found.push((id, confidence));
        }
    };
    // Nearly every phrase has the word; a head without it need not be looked through for each.
    static WITH_THE_WORD: LazyLock<Vec<bool>> =
        LazyLock::new(|| PHRASES.iter().map(|(phrase, ..)| phrase.contains("licen")).collect());
    let licensed = LICENSED.find(words.as_bytes()).is_some();
    for ((phrase, (_, id, confidence)), has_it) in FINDERS.iter().zip(PHRASES).zip(&*WITH_THE_WORD) {
        if (licensed || !has_it) && after(words, phrase).is_some() {
            push((*id).to_owned(), *confidence);
        }
    }
    if let Some((id, confidence)) = bsd(words) {
        push(id.to_owned(), confidence);
    }
    if let Some((id, confidence)) = gnu(words) {
        push(id, confidence);
    }
    found
}

static LICENSED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("licen"));
static FINDERS: LazyLock<Vec<Finder<'static>>> =
    LazyLock::new(|| PHRASES.iter().map(|(phrase, ..)| Finder::new(*phrase)).collect());

/// What follows a phrase of whole words.
fn after<'a>(words: &'a str, phrase: &Finder<'_>) -> Option<&'a str> {
    phrase.find_iter(words.as_bytes()).find_map(|at| {
        let rest = words.get(at + phrase.needle().len()..)?;
        let whole = words.get(..at).is_some_and(|before| before.ends_with(' ')) && rest.starts_with(' ');
        whole.then_some(rest)
    })
}

fn bsd(words: &str) -> Option<(&'static str, f64)> {
    static FIRST: LazyLock<Finder<'static>> =
        LazyLock::new(|| Finder::new("redistribution and use in source and binary forms"));
    after(words, &FIRST)?;
    if after(words, &Finder::new("all advertising materials")).is_some() {
        return Some(("BSD-4-Clause", 0.85));
    }
    let names = [
        "neither the name",
        "names of its contributors",
        "name of the author may not be used",
        "endorse or promote",
    ];
    let third = names.iter().any(|phrase| after(words, &Finder::new(phrase)).is_some());
    Some((if third { "BSD-3-Clause" } else { "BSD-2-Clause" }, 0.85))
}

/// The name, the version near it, and whether a later one will do.
fn gnu(words: &str) -> Option<(String, f64)> {
    static FIRST: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("gnu "));
    FIRST.find(words.as_bytes())?;
    let (family, name) = GNU.iter().find_map(|(phrase, family)| {
        after(words, &Finder::new(phrase)).map(|rest| (*family, (*phrase, rest)))
    })?;
    let (phrase, rest) = name;
    let near = head(rest, 400);
    let before = words
        .len()
        .checked_sub(rest.len() + phrase.len())
        .and_then(|end| words.get(..end))
        .unwrap_or_default();
    let version = |text: &str| {
        VERSIONS
            .iter()
            .filter(|(of, _, _)| *of == family)
            .filter_map(|(_, version, number)| text.find(version).map(|at| (at, *number, *version)))
            .min_by_key(|(at, _, version)| (*at, usize::MAX - version.len()))
            .map(|(_, number, _)| number)
    };
    // "… the GNU General Public License, version 2", or "version 2 of the GNU General Public License".
    let number = version(near).or_else(|| version(tail(before, 30)))?;
    let later = near.contains("any later version") || near.contains("or later") || near.contains("or newer");
    Some((format!("{family}-{number}-{}", if later { "or-later" } else { "only" }), 0.95))
}

fn head(text: &str, bytes: usize) -> &str {
    text.get(..bytes).unwrap_or(text)
}

fn tail(text: &str, bytes: usize) -> &str {
    text.get(text.len().saturating_sub(bytes)..).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::super::words::joined;
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        find(&joined(text.as_bytes())).into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn phrases_of_common_headers() {
        assert_eq!(ids("Licensed under the Apache License, Version 2.0 (the \"License\")"), ["Apache-2.0"]);
        assert_eq!(ids("subject to the terms of the Mozilla Public License, v. 2.0."), ["MPL-2.0"]);
        assert_eq!(ids("Distributed under the Boost Software License, Version 1.0."), ["BSL-1.0"]);
        assert_eq!(ids("This source code is licensed under the MIT license found in"), ["MIT"]);
        assert_eq!(
            ids("Redistribution and use in source and binary forms, with or without. Neither the name of X"),
            ["BSD-3-Clause"]
        );
        assert_eq!(
            ids("licensed under either of Apache License, Version 2.0 or MIT license"),
            ["Apache-2.0", "MIT"]
        );
        assert!(ids("submit license").is_empty());
    }

    #[test]
    fn gnu_versions_and_later_ones() {
        assert_eq!(
            ids("under the terms of the GNU General Public License version 2 as published"),
            ["GPL-2.0-only"]
        );
        assert_eq!(
            ids(
                "terms of the GNU Lesser General Public License; either version 2.1 of the License, or (at your option) any later version"
            ),
            ["LGPL-2.1-or-later"]
        );
        assert_eq!(ids("the GNU Affero General Public License, version 3"), ["AGPL-3.0-only"]);
        assert_eq!(ids("under version 2 of the GNU General Public License"), ["GPL-2.0-only"]);
        assert!(ids("the GNU General Public License").is_empty());
    }
}
