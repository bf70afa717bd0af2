//! The layers that a configuration is made of, and where each is found.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use config::{Config as Merger, FileFormat, Map, Source, Value, ValueKind};

use super::{ConfigError, Origin, Problem};

const PREFIX: &str = "STOCKTAKE__";
const FILE_NAME: &str = "stocktake.toml";

/// What a configuration is read from. [`Inputs::from_process`] takes it from the process; a test builds it.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The file that `--config` names; it must exist.
    pub file: Option<PathBuf>,
    /// The environment. Besides `STOCKTAKE__SECTION__KEY`, it says where files are looked for:
    /// `STOCKTAKE_CONFIG`, `XDG_DATA_HOME`, `HOME`.
    pub environment: BTreeMap<String, String>,
    /// Keys and values from the command line, for instance `("data.dir", "/srv/stocktake")`; they win.
    pub overrides: Vec<(String, String)>,
    /// The folder in which a `stocktake.toml` is looked for; none when absent.
    pub working_dir: Option<PathBuf>,
    /// The folder for settings of the whole machine; `/etc/stocktake` in a process.
    pub system_dir: Option<PathBuf>,
}

impl Inputs {
    /// What the environment says of a gateway elsewhere: `STOCKTAKE_SERVER`, its URL, and `STOCKTAKE_KEY`.
    pub fn server(&self) -> (Option<String>, Option<String>) {
        let value = |name: &str| self.environment.get(name).filter(|value| !value.is_empty()).cloned();
        (value("STOCKTAKE_SERVER"), value("STOCKTAKE_KEY"))
    }

    /// The environment and the working folder of this process, with what its command line said.
    pub fn from_process(file: Option<PathBuf>, overrides: Vec<(String, String)>) -> Self {
        // A variable that is no UTF-8 cannot be one of ours.
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self {
            file,
            environment: env::vars_os().filter_map(text).collect(),
            overrides,
            working_dir: Some(PathBuf::from(".")),
            system_dir: Some(PathBuf::from("/etc/stocktake")),
        }
    }

    /// The folder for data when no key names one.
    pub(super) fn default_data_dir(&self) -> Option<PathBuf> {
        let folder =
            |name: &str| self.environment.get(name).filter(|path| path.starts_with('/')).map(PathBuf::from);
        folder("XDG_DATA_HOME")
            .or_else(|| Some(folder("HOME")?.join(".local/share")))
            .map(|share| share.join("stocktake"))
    }

    /// Merges the layers. Answers the file that was used, too.
    pub(super) fn merge(&self) -> Result<(Value, Option<PathBuf>), ConfigError> {
        let mut builder = Merger::builder();
        let file = self.find_file()?;
        if let Some((path, text)) = &file {
            builder = builder.add_source(Layer::from_file(path, text)?);
        }
        let merged = builder.add_source(self.environment()).add_source(self.command_line()).build();
        let merged = merged.map_err(|error| Problem::File {
            path: file.as_ref().map(|(path, _)| path.clone()).unwrap_or_default(),
            reason: error.to_string(),
        })?;
        Ok((merged.cache, file.map(|(path, _)| path)))
    }

    /// The first file that exists, and its text. One that was named must exist.
    fn find_file(&self) -> Result<Option<(PathBuf, String)>, ConfigError> {
        let read = |path: &Path| {
            fs::read_to_string(path).map_err(|error| Problem::File {
                path: path.to_owned(),
                reason: format!("cannot be read: {error}"),
            })
        };
        let named = self.file.clone().or_else(|| {
            let path = self.environment.get("STOCKTAKE_CONFIG").filter(|path| !path.is_empty());
            path.map(PathBuf::from)
        });
        if let Some(path) = named {
            let text = read(&path)?;
            return Ok(Some((path, text)));
        }
        let folders = [self.working_dir.clone(), self.data_dir_before_file(), self.system_dir.clone()];
        for folder in folders.into_iter().flatten() {
            let path = folder.join(FILE_NAME);
            if path.is_file() {
                let text = read(&path)?;
                return Ok(Some((path, text)));
            }
        }
        Ok(None)
    }

    /// The folder for data as far as it is known before a file is read.
    fn data_dir_before_file(&self) -> Option<PathBuf> {
        let given = self.overrides.iter().rev().find(|(key, _)| key == "data.dir").map(|(_, value)| value);
        let given = given.or_else(|| self.environment.get("STOCKTAKE__DATA__DIR"));
        given.map(PathBuf::from).or_else(|| self.default_data_dir())
    }

    fn environment(&self) -> Layer {
        let ours = self.environment.iter().filter_map(|(name, value)| {
            let key = name.strip_prefix(PREFIX)?.to_ascii_lowercase().replace("__", ".");
            Some((key, Value::new(Some(&Origin::Environment(name.clone()).encode()), value.clone())))
        });
        Layer(ours.collect())
    }

    fn command_line(&self) -> Layer {
        let origin = Origin::CommandLine.encode();
        let values = self.overrides.iter();
        Layer(values.map(|(key, value)| (key.clone(), Value::new(Some(&origin), value.clone()))).collect())
    }
}

/// One layer: keys and values that know where they come from.
#[derive(Clone, Debug)]
struct Layer(Map<String, Value>);

impl Layer {
    fn from_file(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let file = config::File::from_str(text, FileFormat::Toml);
        let mut values = file.collect().map_err(|error| {
            let reason =
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            Problem::File { path: path.to_owned(), reason: reason.trim().to_owned() }
        })?;
        let origin = Origin::File(path.to_owned()).encode();
        values.values_mut().for_each(|value| name_origin(value, &origin));
        Ok(Self(values))
    }
}

/// Writes into a value and all that is in it where it comes from.
fn name_origin(value: &mut Value, origin: &String) {
    if let ValueKind::Table(table) = &mut value.kind {
        table.values_mut().for_each(|value| name_origin(value, origin));
    }
    *value = Value::new(Some(origin), value.kind.clone());
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.0.clone())
    }
}
