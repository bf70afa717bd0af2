//! The parameters of a validator.

use std::collections::BTreeMap;

/// A parameter that a validator takes.
#[derive(Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// What it is when nobody sets it.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// The parameters that one step of a pipeline sets; the others have their defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params {
    set: BTreeMap<&'static str, String>,
    defaults: &'static [Param],
}

impl Params {
    pub(crate) const fn new(defaults: &'static [Param]) -> Self {
        Self { set: BTreeMap::new(), defaults }
    }

    /// Sets one. An unknown name is refused with the known ones.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match self.defaults.iter().find(|known| known.name == name) {
            Some(known) => {
                self.set.insert(known.name, value.to_owned());
                Ok(())
            }
            None => {
                let known: Vec<&str> =
                    self.defaults.iter().map(|known| known.name).chain(["level"]).collect();
                Err(format!("no parameter is named {name:?}; known: {}", known.join(", ")))
            }
        }
    }

    /// The value of a parameter, as it is written.
    pub fn text(&self, name: &str) -> &str {
        let default =
            || self.defaults.iter().find(|known| known.name == name).map_or("", |known| known.default);
        self.set.get(name).map_or_else(default, String::as_str)
    }

    /// The value of a parameter that is a whole number.
    ///
    /// # Errors
    /// When it is none.
    pub fn number(&self, name: &str) -> Result<u64, String> {
        let text = self.text(name);
        text.replace('_', "")
            .parse()
            .map_err(|_not_a_number| format!("{name} cannot be {text:?}; accepted: a whole number"))
    }

    /// The value of a parameter that is a list: its parts are separated by slashes.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        self.text(name).split('/').map(str::trim).filter(|part| !part.is_empty())
    }

    /// The value of a number that was checked when the pipeline was read.
    pub(crate) fn checked(&self, name: &str) -> u64 {
        self.number(name).unwrap_or(0)
    }
}
