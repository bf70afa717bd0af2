//! Reports of audits and differences out of the store, a piece at a time.
//!
//! A report reads its rows once for each section, so that it can be written from its beginning to its end without
//! ever being held: not in memory and not in a file. Each piece is a transaction of its own; between two of them
//! nothing is held that others wait for. Trees and finished audits do not change, so the pieces belong together.

mod facts;
mod rows;

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use contracts::AuditId;
use reports::audit::{Format, Report, Section};
use store::{
    StoreError, Tx,
    changes::{ChangeKind, Options, Reader, Source},
    findings::{self, FindingFilter},
};

pub(crate) use self::rows::options;

/// Changes that are read in one transaction.
const CHANGES: usize = 2_000;
/// Findings that are read in one transaction.
const FINDINGS: u32 = 1_000;

/// A report that is being written.
pub struct Writing {
    source: Source,
    /// None when it is complete.
    report: Option<Report<Pieces>>,
    pieces: Pieces,
    /// The sections whose changes are still to be read.
    kinds: VecDeque<ChangeKind>,
    reader: Option<(ChangeKind, Reader)>,
    /// The audit whose findings are still to be read, and behind which one.
    findings: Option<(AuditId, Option<i64>)>,
}

impl Writing {
    /// Begins a report; of one section, when one is named.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] and [`StoreError::Conflict`] when there is nothing to report; when the database does
    /// not answer.
    pub fn begin(
        tx: &mut Tx,
        source: Source,
        format: Format,
        only: Option<Section>,
    ) -> Result<Self, StoreError> {
        source.check(tx)?;
        let facts = facts::facts(tx, &source, only)?;
        let pieces = Pieces::default();
        let report = Report::begin(format, only, &facts, pieces.clone()).map_err(broken)?;
        let kinds = ChangeKind::ALL.iter().copied();
        let kinds =
            kinds.filter(|kind| report.wants(rows::section(*kind)) && facts::has(&facts, *kind, only));
        let mut kinds: Vec<ChangeKind> = kinds.collect();
        kinds.sort_by_key(|kind| rows::section(*kind));
        let findings = match source {
            Source::Audit(id) if report.wants(Section::Findings) => Some((id, None)),
            _ => None,
        };
        Ok(Self { source, report: Some(report), pieces, kinds: kinds.into(), reader: None, findings })
    }

    /// The next piece, never an empty one; none when the report is complete.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn next(&mut self, tx: &mut Tx) -> Result<Option<Vec<u8>>, StoreError> {
        while self.report.is_some() {
            self.step(tx)?;
            let piece = self.pieces.take();
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    fn step(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let Some(mut report) = self.report.take() else { return Ok(()) };
        if self.reader.is_none()
            && let Some(kind) = self.kinds.pop_front()
        {
            let options = Options { kinds: vec![kind], facts: true, ..options() };
            self.reader = Some((kind, Reader::open(self.source, options, None)));
        }
        if let Some((kind, reader)) = &mut self.reader {
            let page = reader.page(tx, CHANGES)?;
            for row in &page {
                report.change(rows::section(*kind), &rows::change(row)).map_err(broken)?;
            }
            if page.is_empty() {
                self.reader = None;
            }
        } else if let Some((audit, after)) = self.findings {
            let page = findings::of_audit(tx, audit, &FindingFilter::default(), after, FINDINGS)?;
            for row in &page {
                rows::finding(row, &mut report).map_err(broken)?;
            }
            self.findings = page.last().map(|last| (audit, Some(last.id)));
        } else {
            report.finish().map_err(broken)?;
            return Ok(());
        }
        self.report = Some(report);
        Ok(())
    }
}

/// A report goes into memory: only a defect of ours keeps it from there.
fn broken(error: io::Error) -> StoreError {
    StoreError::Corrupt(format!("what no report can be made of: {error}"))
}

/// Where a report is written to, and its pieces are taken from.
#[derive(Clone, Default)]
struct Pieces(Arc<Mutex<Vec<u8>>>);

impl Pieces {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
