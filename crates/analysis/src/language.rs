//! Languages by linguist's names, and how a content's language is found.

mod ambiguous;
mod detect;
pub(crate) mod generated;
pub(crate) mod hint;
pub(crate) mod minified;
mod modeline;
mod shebang;
#[rustfmt::skip]
mod table;

pub(crate) use detect::detect;

/// A language as linguist lists it.
#[derive(Debug, PartialEq, Eq)]
pub struct Language {
    /// Linguist's name, for instance `C++`.
    pub name: &'static str,
    /// What sort of language it is.
    pub kind: Kind,
    /// The language that this one is counted under, where it is a dialect or a format of another.
    pub group: Option<&'static str>,
}

/// What sort of language it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Programs are written in it.
    Programming,
    /// Marks up or styles text.
    Markup,
    /// Data and configuration.
    Data,
    /// Written for people.
    Prose,
}

impl Kind {
    /// Linguist's word: `programming`, `markup`, `data` or `prose`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Programming => "programming",
            Kind::Markup => "markup",
            Kind::Data => "data",
            Kind::Prose => "prose",
        }
    }
}

/// Every language, by name in byte order.
pub fn all() -> &'static [Language] {
    &table::LANGUAGES
}

/// Everything that [`hint`](crate::hint()) can return, but for the empty one: known file names, then
/// extensions, each in byte order.
pub fn hints() -> impl Iterator<Item = &'static str> {
    table::FILENAMES.iter().chain(&table::EXTENSIONS).map(|(key, _)| *key)
}

/// The language of this exact name.
pub fn by_name(name: &str) -> Option<&'static Language> {
    let index = table::LANGUAGES.binary_search_by(|language| language.name.cmp(name)).ok()?;
    table::LANGUAGES.get(index)
}

/// The language of this name or alias, in any case, as a modeline or a code fence gives it.
pub fn by_alias(alias: &str) -> Option<&'static Language> {
    let alias = alias.to_lowercase();
    let index = table::NAMES.binary_search_by(|(name, _)| (*name).cmp(&alias)).ok()?;
    table::NAMES.get(index).and_then(|(_, language)| at(*language))
}

fn at(index: u16) -> Option<&'static Language> {
    table::LANGUAGES.get(usize::from(index))
}

fn find(rows: &'static [(&str, &[u16])], key: &str) -> &'static [u16] {
    rows.binary_search_by(|(row, _)| (*row).cmp(key))
        .ok()
        .and_then(|index| rows.get(index))
        .map_or(&[], |row| row.1)
}
