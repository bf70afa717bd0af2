//! The store's rows as a report has them.

use std::io;

use contracts::policy::Level as StoredLevel;
use reports::audit::{Change, Finding, Level, Override, Report, Section, State};
use store::{
    changes::{ChangeKind, ChangeRow, Options, Side},
    findings,
};

/// How changes are read unless more is wanted.
pub(crate) fn options() -> Options {
    Options {
        kinds: Vec::new(),
        repository: None,
        facts: false,
        hint: analysis::hint,
        analyzers: analysis::fingerprint(),
    }
}

/// The section that has the changes of this kind.
pub(super) const fn section(kind: ChangeKind) -> Section {
    match kind {
        ChangeKind::New => Section::New,
        ChangeKind::Modified => Section::Modified,
        ChangeKind::Removed => Section::Removed,
        ChangeKind::Moved => Section::Moved,
        ChangeKind::Attributes => Section::Attributes,
    }
}

pub(super) fn change(row: &ChangeRow) -> Change<'_> {
    Change {
        repository: &row.url,
        path: &row.path,
        old_path: row.old_path.as_deref(),
        before: row.before.as_ref().map(state),
        after: row.after.as_ref().map(state),
    }
}

fn state(side: &Side) -> State<'_> {
    let facts = side.facts.as_ref();
    State {
        mode: side.mode,
        digest: side.oid.as_bytes(),
        size: side.size,
        language: facts.and_then(|facts| facts.language.as_deref()),
        lines: facts.and_then(|facts| facts.lines),
        code: facts.and_then(|facts| facts.code),
        complexity: facts.and_then(|facts| facts.complexity),
        licences: facts.map_or(&[], |facts| facts.licences.as_slice()),
    }
}

/// Adds a finding to its report.
pub(super) fn finding<W: io::Write>(row: &findings::Finding, report: &mut Report<W>) -> io::Result<()> {
    let level = match row.level {
        StoredLevel::Info => Level::Info,
        StoredLevel::Warn => Level::Warn,
        StoredLevel::Block => Level::Block,
    };
    let at = row.overridden.as_ref().map(|by| by.at.to_string());
    let pass = row.overridden.as_ref().zip(at.as_deref());
    report.finding(&Finding {
        id: row.id,
        level,
        check: &row.check,
        code: &row.code,
        repository: &row.url,
        path: &row.path,
        line: row.line,
        message: &row.message,
        pass: pass.map(|(by, at)| Override { person: &by.person, reason: &by.reason, at }),
    })
}
