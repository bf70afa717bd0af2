//! The shape of the tree. Each rule is a file below; each says what would be right.

mod decisions;
mod documented;
mod fault_points;
mod lengths;
mod lists;
mod log_messages;
mod metric_names;
mod migrations;
mod names;
mod places;
mod settings;

use anyhow::Result;

use crate::workspace::{Complaint, File, Root};

/// A rule: looks at every file and says what is wrong.
type Rule = fn(&[File]) -> Vec<Complaint>;

/// Every rule.
const RULES: &[Rule] = &[
    decisions::check,
    documented::check,
    fault_points::check,
    lengths::check,
    lists::check,
    log_messages::check,
    metric_names::check,
    migrations::check,
    names::check,
    places::check,
    settings::check,
];

/// Checks the workspace.
pub(crate) fn run(root: &Root) -> Result<Vec<Complaint>> {
    let files = root.files()?;
    let mut complaints: Vec<Complaint> = RULES.iter().flat_map(|rule| rule(&files)).collect();
    complaints.sort();
    Ok(complaints)
}
