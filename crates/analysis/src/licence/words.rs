//! Words as licences are compared by: runs of ASCII letters and digits in lower case.

/// A longer word is cut; in bytes.
const LONGEST: usize = 64;

/// Words by which the writer of a licence is named, in many ways and in the same places; and what
/// stands between them.
fn is_ignored(word: &[u8]) -> bool {
    matches!(
        word,
        b"the"
            | b"and"
            | b"or"
            | b"isc"
            | b"author"
            | b"authors"
            | b"copyright"
            | b"holder"
            | b"holders"
            | b"owner"
            | b"owners"
            | b"contributor"
            | b"contributors"
    )
}

/// Hashes of a text's words, in order, without those that differ from copy to copy.
pub(super) fn of(text: &[u8]) -> Vec<u32> {
    let mut words = Vec::with_capacity(text.len() / 6);
    each(text, |word| {
        // Clauses are numbered, lettered, or have a bullet.
        if word.len() > 1 && !is_ignored(word) {
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

/// Each byte that can stand in a word, in lower case; zero for every other.
static LOWER: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() {
            table[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

fn each(text: &[u8], mut with: impl FnMut(&[u8])) {
    let mut word = [0; LONGEST];
    let mut length = 0;
    // A byte that is in no word ends the last one.
    for &byte in text.iter().chain(b" ") {
        let lower = LOWER[usize::from(byte)];
        if lower == 0 {
            if length > 0 {
                with(spelling(&word[..length]));
            }
            length = 0;
        } else if length < LONGEST {
            // What is longer is a key or a digest; its start stands for it.
            word[length] = lower;
            length += 1;
        }
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
