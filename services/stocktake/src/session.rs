//! What a command works with: the configuration, and with it the seams.

use contracts::{ErrorKind, Failure};
use runtime::config::{Config, Loaded};

use crate::cli::Global;

/// The configuration of this process, with `extra` settings that a command implies. What the person gave
/// by `--set` wins over those.
pub(crate) fn load(global: &Global, extra: &[(&str, String)]) -> Result<Loaded, Failure> {
    let mut overrides: Vec<(String, String)> =
        extra.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    if let Some(data) = &global.data {
        let data = std::path::absolute(data).map_err(|error| invalid(format!("--data: {error}")))?;
        let text = data.to_str().ok_or_else(|| invalid("--data: the path is no UTF-8".to_owned()))?;
        overrides.push(("data.dir".to_owned(), text.to_owned()));
    }
    for pair in &global.set {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            invalid(format!("--set {pair} is not KEY=VALUE, for instance --set log.level=debug"))
        })?;
        overrides.retain(|(known, _)| known != key);
        overrides.push((key.to_owned(), value.to_owned()));
    }
    Loaded::from_process(global.config.clone(), overrides).map_err(|error| invalid(error.to_string()))
}

/// Whether everything runs in one process: then its data directory belongs to one process at a time.
pub(crate) fn is_embedded(config: &Config) -> bool {
    config.bus.url.expose().starts_with("memory:")
}

fn invalid(reason: String) -> Failure {
    Failure::new(ErrorKind::Invalid, reason)
}
