//! Words, sentences and syllables of English text.

/// The words of a text in lower case: runs of letters, digits, `-` and `'`, with at least one letter or
/// digit. What looks like a web address or a path is passed over.
pub(super) fn of(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter(|chunk| !is_address(chunk) && !is_path(chunk)).flat_map(|chunk| {
        let part_of_word =
            |character: char| character.is_alphanumeric() || character == '-' || character == '\'';
        chunk
            .split(move |character| !part_of_word(character))
            .map(|word| word.trim_matches(|character| character == '-' || character == '\''))
            .filter(|word| !word.is_empty())
    })
}

fn is_address(chunk: &str) -> bool {
    chunk.contains("://") || chunk.trim_start_matches(['(', '<', '"']).starts_with("www.")
}

/// `src/main.rs`, `/etc`, `c:\temp`; but not `and/or`.
fn is_path(chunk: &str) -> bool {
    let chunk = chunk.trim_matches(|character: char| "()<>[]\"'`,;:".contains(character));
    let slashes = chunk.matches(['/', '\\']).count();
    slashes > 1 || (slashes == 1 && (chunk.starts_with(['/', '~', '.']) || chunk.contains(['.', ':', '_'])))
}

/// The number of sentences: stretches that end in `.`, `!` or `?` before white space, or in an empty
/// line; at least one.
pub(super) fn sentences(text: &str) -> usize {
    let mut count = 0;
    for paragraph in text.split("\n\n") {
        let mut open = false;
        for chunk in paragraph.split_whitespace() {
            open |= chunk.contains(char::is_alphanumeric);
            if open && chunk.trim_end_matches(['"', '\'', ')']).ends_with(['.', '!', '?']) {
                count += 1;
                open = false;
            }
        }
        count += usize::from(open);
    }
    count.max(1)
}

/// Whether a word has three syllables or more, an inflection's apart, as Gunning counts.
pub(super) fn is_complex(word: &str) -> bool {
    let stem = ["es", "ed", "ing"].iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word);
    // Neither `sha256` nor `foo-bar-baz` is a hard word.
    word.chars().all(char::is_alphabetic) && syllables(stem) >= 3
}

/// Groups of vowels, without a silent `e` at the end.
fn syllables(word: &str) -> usize {
    let vowel = |character: char| "aeiouy".contains(character);
    let mut count = 0;
    let mut before = false;
    for character in word.chars() {
        let now = vowel(character);
        count += usize::from(now && !before);
        before = now;
    }
    if count > 1 && word.ends_with('e') && !word.ends_with("le") {
        count -= 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_hyphens() {
        assert_eq!(
            of("re-use the parser's `x`; and/or --flag").collect::<Vec<_>>(),
            ["re-use", "the", "parser's", "x", "and", "or", "flag"]
        );
    }

    #[test]
    fn sentences_end_with_a_stop_or_an_empty_line() {
        assert_eq!(sentences("one. two! three? four"), 4);
        assert_eq!(sentences("subject\n\nbody without stop\n\n- v1.2 is out\n"), 3);
        assert_eq!(sentences(""), 1);
    }

    #[test]
    fn syllables_are_vowel_groups() {
        for (word, expected) in
            [("cat", 1), ("make", 1), ("table", 2), ("parser", 2), ("configure", 3), ("", 0)]
        {
            assert_eq!(syllables(word), expected, "{word}");
        }
        assert!(is_complex("configuration"));
        assert!(!is_complex("created"));
        assert!(!is_complex("sha1abcdeio"));
    }
}
