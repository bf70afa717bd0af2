//! Which build this is.

use serde::Serialize;

/// Which build this is, as `--version` and `/__version__` tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    /// The package version, for instance `0.1.0`.
    pub version: &'static str,
    /// The git commit it was built from, in hex, or `unknown`. A debug build is marked `-dev`: it is not
    /// rebuilt when only the commit changes, so its files may be newer.
    pub commit: &'static str,
    /// When it was built, as the builder said in `STOCKTAKE_BUILT`, or `unknown`.
    pub built: &'static str,
}

/// Which build this is.
pub const fn version() -> Version {
    Version {
        version: env!("CARGO_PKG_VERSION"),
        commit: env!("STOCKTAKE_COMMIT"),
        built: env!("STOCKTAKE_BUILT"),
    }
}

impl std::fmt::Display for Version {
    /// `0.1.0 (1f0e…)`, as clap's `--version` wants it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.version, self.commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_hex_or_said_to_be_unknown() {
        let commit = version().commit;
        let hex = commit.strip_suffix("-dev").unwrap_or(commit);
        let is_hex = matches!(hex.len(), 40 | 64) && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(is_hex || commit == "unknown", "{commit}");
        assert_eq!(version().to_string(), format!("0.1.0 ({commit})"));
    }
}
