//! What `scan` accepts.

use clap::{Args, ValueEnum};

/// The arguments of `stocktake scan`.
#[derive(Args)]
#[command(
    after_help = "A second scan of something unchanged analyses nothing. Ctrl-C is safe: the same command goes on.\n\n\
Exit codes: 0 done, 1 a --fail-on rule is met, 2 wrong use, 3 a target failed (the others are kept).\n\n\
Examples:\n  \
    stocktake scan https://github.com/BurntSushi/ripgrep\n  \
    stocktake scan ~/src/project --stock work --fail-on removed\n  \
    stocktake scan . --no-commit --format json"
)]
pub(crate) struct Arguments {
    /// Git URLs (https, ssh, git, file), local repositories, or plain directories
    #[arg(required = true, value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    /// The stock it is compared with and committed to
    #[arg(long, default_value = "default", value_name = "NAME")]
    pub(crate) stock: String,
    /// Audit only: leave the stock as it is
    #[arg(long)]
    pub(crate) no_commit: bool,
    /// Take in the commits too, without their contents, and measure their messages
    #[arg(long)]
    pub(crate) history: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ReportFormat,
    /// How many repositories and batches are worked on at once [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Exit with 1 when there are such files; may be given several times, or with commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    pub(crate) fail_on: Vec<FailOn>,
    /// No progress on standard error
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

impl Arguments {
    /// Whether the snapshot is committed after its audit.
    pub(crate) fn commits(&self) -> bool {
        !self.no_commit
    }
}

/// What makes a scan end with exit code 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Files that the stock does not have
    New,
    /// Files that the stock has with other bytes
    Modified,
    /// Files that the stock has and the target no longer
    Removed,
    /// Files that could not be analysed
    Failed,
}

/// How the result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people
    #[default]
    Table,
    /// For programs
    Json,
    /// For spreadsheets
    Csv,
}

impl From<ReportFormat> for reports::Format {
    fn from(format: ReportFormat) -> Self {
        match format {
            ReportFormat::Table => Self::Table,
            ReportFormat::Json => Self::Json,
            ReportFormat::Csv => Self::Csv,
        }
    }
}
