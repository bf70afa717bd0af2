//! From merged layers to a checked configuration, and back to the list of what is in force.

use std::{
    collections::BTreeMap,
    path::{self, PathBuf},
    thread,
};

use serde_json::{Map, Value};

use super::{
    Config, ConfigError, Inputs, Origin, Problem, ServiceUrl,
    check::Check,
    keys,
    merged::{Merged, key_of},
    value::{convert, decodes, plain, put, shown},
};

/// What is in force for one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The key, for instance `http.bind`.
    pub key: String,
    /// Its value with secrets hidden; empty when it is not set.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// A configuration that was read, and from where.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Complete and checked.
    pub config: Config,
    /// The file that was read, when there was one.
    pub file: Option<PathBuf>,
    origins: BTreeMap<String, Origin>,
}

impl Loaded {
    /// Reads the configuration of this process. `file` is what `--config` names, `overrides` are keys and
    /// values that other options of the command stand for.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong.
    pub fn from_process(
        file: Option<PathBuf>,
        overrides: Vec<(String, String)>,
    ) -> Result<Self, ConfigError> {
        Self::load(&Inputs::from_process(file, overrides))
    }

    /// Reads a configuration from `inputs`.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong.
    pub fn load(inputs: &Inputs) -> Result<Self, ConfigError> {
        let (root, file) = inputs.merge()?;
        let keys = keys::keys();
        let mut merged = Merged::default();
        let mut problems = Vec::new();
        merged.flatten(&root, "", &keys, &mut problems);

        let mut tree = Map::new();
        for (name, (value, origin)) in &mut merged.0 {
            let Some(key) = key_of(&keys, name) else { continue };
            if let Some(right) =
                convert(key, value).filter(|right| key.in_range(right) && decodes(name, right))
            {
                put(&mut tree, name, right.clone());
                *value = right;
            } else {
                let (key, value, accepted, origin) =
                    (name.clone(), shown(key, value), key.accepted(), origin.clone());
                problems.push(Problem::Value { key, value, accepted, origin });
            }
        }
        let mut config: Config = serde_json::from_value(Value::Object(tree)).unwrap_or_default();
        let mut check = Check::new(&merged, &keys);
        config.store.check(&mut check);
        config.bus.check(&mut check);
        config.depot.check(&mut check);
        config.limits.check(&mut check);
        config.log.check(&mut check);
        config.trace.check(&mut check);
        config.fetch.check(&mut check);
        config.assets.check(&mut check);
        config.webhooks.check(&mut check);
        problems.append(&mut check.problems);
        if let Err(problem) = fill_in(&mut config, inputs) {
            problems.push(problem);
        }
        if problems.is_empty() {
            let origins = merged.0.into_iter().map(|(name, (_, origin))| (name, origin)).collect();
            Ok(Self { config, file, origins })
        } else {
            Err(ConfigError { problems })
        }
    }

    /// Every key with its value and where that comes from, secrets hidden, in the order of the reference.
    pub fn effective(&self) -> Vec<Effective> {
        let values = serde_json::to_value(&self.config).unwrap_or_default();
        let mut list = Vec::new();
        for key in keys::keys() {
            let (section, field) = key.name.split_once('.').unwrap_or((&key.name, ""));
            let value = &values[section][field];
            let mut push = |name: String, value: &Value| {
                let origin = self.origins.get(&name).cloned().unwrap_or(Origin::Default);
                list.push(Effective { key: name, value: plain(value), origin });
            };
            match value {
                Value::Object(map) if !map.is_empty() => {
                    map.iter().for_each(|(name, value)| push(format!("{}.{name}", key.name), value));
                }
                value => push(key.name.clone(), value),
            }
        }
        list
    }
}

/// A path as part of a URL. The three marks that end or change a URL's path are written as their codes; what
/// else is unusual in a path a URL takes as it is.
fn in_url(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3F").replace('#', "%23")
}

/// Fills in the defaults that depend on the machine.
fn fill_in(config: &mut Config, inputs: &Inputs) -> Result<(), Problem> {
    let accepted = "--data FOLDER, STOCKTAKE__DATA__DIR or data.dir in a file".to_owned();
    let missing =
        |reason: &str| Problem::Missing { key: "data.dir".to_owned(), reason: reason.to_owned(), accepted };
    if config.data.dir.as_os_str().is_empty() {
        config.data.dir = inputs
            .default_data_dir()
            .ok_or_else(|| missing("neither XDG_DATA_HOME nor HOME names a folder"))?;
    } else {
        config.data.dir = path::absolute(&config.data.dir).map_err(|error| missing(&error.to_string()))?;
    }
    let dir = config.data.dir.display().to_string();
    if config.store.url.is_empty() {
        config.store.url = ServiceUrl::new(format!("sqlite://{dir}/stocktake.db"));
    }
    if config.depot.url.is_empty() {
        config.depot.url = ServiceUrl::new(format!("file://{}/depot", in_url(&dir)));
    }
    if config.worker.jobs == 0 {
        config.worker.jobs = thread::available_parallelism().map_or(1, usize::from);
    }
    Ok(())
}
