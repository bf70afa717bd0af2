//! `stocktake source add`.

use std::time::Duration;

use clap::{Args, ValueEnum};
use contracts::{ErrorKind, Failure};
use forges::{Kind, of_kind, params::Accepts};
use serde_json::{Map, Value, json};
use store::sources::{self, Settings, Wanted};

use crate::output;

#[derive(Args)]
#[command(after_help = "Examples:\n  \
    stocktake source add ours --kind github org=BurntSushi --every 6h\n  \
    stocktake source add popular --kind github search=true language=Rust min_stars=1000 --every 7d --freshness 1d\n  \
    stocktake source add mirror --kind generic path=/srv/list.jsonl --stock mirror\n  \
    stocktake source kinds")]
pub(crate) struct Arguments {
    /// Its name
    name: String,
    /// What kind of place it is; `stocktake source kinds` shows all
    #[arg(long)]
    kind: String,
    /// The stock that its repositories are meant for
    #[arg(long, default_value = "default")]
    stock: String,
    /// Run it by itself so often, for instance 30m, 6h or 7d
    #[arg(long, value_name = "TIME", value_parser = span)]
    every: Option<Duration>,
    /// How old what is held of a lively repository may be, for instance 1d
    #[arg(long, value_name = "TIME", value_parser = span)]
    freshness: Option<Duration>,
    /// Of sources that are due at once, the one with the higher number is run first
    #[arg(long, default_value_t = 0, allow_hyphen_values = true, value_parser = clap::value_parser!(i32).range(-100..=100))]
    priority: i32,
    /// When what it finds is visited; what the kind provides for when not said
    #[arg(long, value_enum)]
    visits: Option<Visits>,
    /// Take in the commits of what it finds too, without their contents
    #[arg(long)]
    history: bool,
    /// What it is told; lists with commas
    #[arg(value_name = "NAME=VALUE")]
    params: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Visits {
    /// All of it by each run
    AtOnce,
    /// One by one, when each is worth it
    Planned,
}

impl Arguments {
    /// What is to be made, checked as far as it can be without looking.
    pub(super) fn wanted(&self) -> Result<Wanted, Failure> {
        let kind = of_kind(&self.kind)?;
        let params = read(kind, &self.params)?;
        forges::check(kind.name(), &params)?;
        for (name, text) in [("the name", &self.name), ("--stock", &self.stock)] {
            if text.trim().is_empty() || text.chars().count() > 200 || text.chars().any(char::is_control) {
                return Err(invalid(format!(
                    "{name} has to have 1 to 200 characters, none of them for control"
                )));
            }
        }
        let visits = match self.visits {
            Some(Visits::AtOnce) => sources::Visits::AtOnce,
            Some(Visits::Planned) => sources::Visits::Planned,
            None if kind.visits_at_once() => sources::Visits::AtOnce,
            None => sources::Visits::Planned,
        };
        Ok(Wanted {
            name: self.name.clone(),
            kind: kind.name().to_owned(),
            stock: self.stock.clone(),
            params,
            settings: Settings {
                visits,
                every: self.every,
                freshness: self.freshness,
                priority: self.priority,
                history: self.history,
            },
        })
    }
}

pub(super) fn tell(name: &str, is_new: bool, id: &str) -> Result<(), Failure> {
    let done = if is_new { "added" } else { "changed" };
    output::line(format_args!("{name} is {done}: {id}"))
}

/// Texts become what the parameters of the kind are made of. What does not fit stays a text: the check then
/// says what it has to be.
fn read(kind: &dyn Kind, given: &[String]) -> Result<Value, Failure> {
    let mut params = Map::new();
    for pair in given {
        let (name, text) = pair
            .split_once('=')
            .ok_or_else(|| invalid(format!("{pair:?} is not NAME=VALUE, for instance org=BurntSushi")))?;
        let accepts = kind.parameters().iter().find(|one| one.name == name).map(|one| one.accepts);
        let value = match accepts {
            Some(Accepts::Number(..)) => {
                text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number))
            }
            Some(Accepts::Flag) => text.parse::<bool>().map_or_else(|_| json!(text), |flag| json!(flag)),
            Some(Accepts::Texts) => {
                let mut list = params.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
                list.extend(text.split(',').map(|one| json!(one.trim())));
                json!(list)
            }
            _ => json!(text),
        };
        params.insert(name.to_owned(), value);
    }
    Ok(params.into())
}

/// A span of time: a whole number and a unit.
fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no time; give a whole number and s, m, h or d, for instance 6h");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_error| wrong())?;
    match number.checked_mul(seconds) {
        Some(seconds) if (60..=31_536_000).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("{text:?} is out of range; it has to be from 1m to 365d")),
    }
}

fn invalid(reason: String) -> Failure {
    Failure::new(ErrorKind::Invalid, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_what_the_parameters_are_made_of() {
        let github = of_kind("github").unwrap();
        let given = ["names=a/b,c/d", "names=e/f", "min_stars=7", "all=true", "query=a=b"].map(str::to_owned);
        let params = read(github, &given).unwrap();
        let expected = json!({ "names": ["a/b", "c/d", "e/f"], "min_stars": 7, "all": true, "query": "a=b" });
        assert_eq!(params, expected);
        let wrong = read(github, &["min_stars=many".to_owned(), "org=o".to_owned()]).unwrap();
        assert!(forges::check("github", &wrong).unwrap_err().reason.contains("min_stars"));
        assert!(read(github, &["org".to_owned()]).is_err());
    }

    #[test]
    fn spans_have_a_unit() {
        assert_eq!(span("6h"), Ok(Duration::from_secs(6 * 3_600)));
        assert_eq!(span("7d"), Ok(Duration::from_secs(7 * 86_400)));
        for wrong in ["", "6", "h", "6x", "1s", "400d", "-1h", "6ü"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
