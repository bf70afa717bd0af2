//! Words as licences are compared by: runs of ASCII letters and digits in lower case.

/// A longer word is cut; in bytes.
const LONGEST: usize = 64;

/// Words by which the writer of a licence is named, in many ways and in the same places; and what
/// stands between them.
const IGNORED: [&[u8]; 13] = [
    b"the",
    b"and",
    b"or",
    b"isc",
    b"author",
    b"authors",
    b"copyright",
    b"holder",
    b"holders",
    b"owner",
    b"owners",
    b"contributor",
    b"contributors",
];

/// Hashes of a text's words, in order, without those that differ from copy to copy.
pub(super) fn of(text: &[u8]) -> Vec<u32> {
    let mut words = Vec::with_capacity(text.len() / 6);
    each(text, |word| {
        // Clauses are numbered, lettered, or have a bullet.
        if word.len() > 1 && !IGNORED.contains(&word) {
            words.push(hash(word));
        }
    });
    words
}

/// The words themselves, a space before and after each.
pub(super) fn joined(text: &[u8]) -> String {
    let mut joined = String::with_capacity(text.len());
    joined.push(' ');
    each(text, |word| {
        joined.extend(word.iter().map(|&byte| char::from(byte)));
        joined.push(' ');
    });
    joined
}

fn each(text: &[u8], mut with: impl FnMut(&[u8])) {
    let mut word = [0; LONGEST];
    for run in text.split(|byte| !byte.is_ascii_alphanumeric()).filter(|run| !run.is_empty()) {
        // What is longer is a key or a digest; its start stands for it.
        let length = run.len().min(LONGEST);
        let (Some(lower), Some(run)) = (word.get_mut(..length), run.get(..length)) else { continue };
        lower.copy_from_slice(run);
        lower.make_ascii_lowercase();
        with(spelling(lower));
    }
}

/// One spelling for what is spelt in two ways.
fn spelling(word: &[u8]) -> &[u8] {
    match word {
        b"licence" => b"license",
        b"licences" => b"licenses",
        b"licenced" => b"licensed",
        b"https" => b"http",
        _ => word,
    }
}

fn hash(word: &[u8]) -> u32 {
    word.iter().fold(0x811c_9dc5, |hash: u32, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Hashes of every four words in a row, with repetitions.
pub(super) fn shingles(words: &[u32]) -> impl Iterator<Item = u32> + '_ {
    words.windows(4).map(|four| {
        let joined = four.iter().skip(1).fold(four.first().copied().unwrap_or_default(), |hash, word| {
            hash.wrapping_mul(31).wrapping_add(*word)
        });
        mix(joined)
    })
}

fn mix(hash: u32) -> u32 {
    let hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    let hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_case_and_spelling_do_not_matter() {
        assert_eq!(of(b"The \"LICENCE\", see https://x."), of(b" * license see http x"));
        assert_eq!(joined(b"(The) Licence"), " the license ");
        assert_eq!(joined(b""), " ");
    }

    #[test]
    fn shingles_need_four_words() {
        assert_eq!(shingles(&of(b"one two three")).count(), 0);
        assert_eq!(shingles(&of(b"one two three and four, or five")).count(), 2);
    }
}
