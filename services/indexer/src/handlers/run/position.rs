//! How far a run has come, as it is kept with each page.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// How far a run has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Position {
    /// The next page starts here; at the beginning when there is nothing.
    At(Option<Value>),
    /// Every page is written; what they did not show is looked for.
    Looking,
    /// Nothing is left.
    End,
}

/// Where a run goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// The snapshot that it fills, or the source when visits are planned.
    subject: Uuid,
    /// The task that wrote it last.
    task: Uuid,
    pub(super) at: Position,
    /// The digest of the last page that had anything on it.
    last: String,
    /// How often in a row the page was that one.
    repeated: u32,
}

/// So often may a forge show the same page in a row: records move from page to page while they are read.
const REPEATED: u32 = 2;

impl Cursor {
    /// The stored one when it is ours. A cursor belongs to one snapshot, and another run starts at the
    /// beginning; without snapshots the next run goes on where the last one was kept from, until the pass is over.
    pub(super) fn resume(stored: Option<&Value>, subject: Uuid, task: Uuid) -> Self {
        let stored: Option<Self> = stored.and_then(|stored| serde_json::from_value(stored.clone()).ok());
        let ours = stored.filter(|cursor| cursor.subject == subject);
        match ours {
            // The pass of another task is over: this one begins another.
            Some(cursor) if cursor.at == Position::End && cursor.task != task => {
                Self::beginning(subject, task)
            }
            Some(cursor) => Self { task, ..cursor },
            None => Self::beginning(subject, task),
        }
    }

    fn beginning(subject: Uuid, task: Uuid) -> Self {
        Self { subject, task, at: Position::At(None), last: String::new(), repeated: 0 }
    }

    /// As it is kept.
    pub(super) fn stored(&self) -> Value {
        serde_json::json!(self)
    }

    /// Goes on behind a page. A source that shows the same page for ever is left, which is told.
    pub(super) fn turn(
        &mut self,
        next: Option<Value>,
        digest: &str,
        complete: bool,
    ) -> Option<(String, String)> {
        if self.at == Position::Looking {
            if next.is_none() {
                self.at = Position::End;
            }
            return None;
        }
        if !digest.is_empty() {
            self.repeated = if self.last == digest { self.repeated + 1 } else { 0 };
            digest.clone_into(&mut self.last);
        }
        let stands = matches!(&self.at, Position::At(Some(at)) if next.as_ref() == Some(at));
        if next.is_some() && (stands || self.repeated >= REPEATED) {
            // What it did not show is not missing: nobody knows what it would have shown.
            self.at = Position::End;
            let text = "the source shows the same page again and again; this pass ends here";
            return Some(("the source itself".to_owned(), text.to_owned()));
        }
        self.at = match next {
            Some(next) => Position::At(Some(next)),
            None if complete => Position::Looking,
            None => Position::End,
        };
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_goes_on_where_it_was_and_another_starts_anew() {
        let (one, other, task) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
        let mut cursor = Cursor::resume(None, one, task);
        assert_eq!(cursor.at, Position::At(None));
        assert_eq!(cursor.turn(Some(json!(500)), "a", false), None);
        let stored = cursor.stored();
        assert_eq!(Cursor::resume(Some(&stored), one, task).at, Position::At(Some(json!(500))));
        assert_eq!(Cursor::resume(Some(&stored), one, other).at, Position::At(Some(json!(500))));
        assert_eq!(Cursor::resume(Some(&stored), other, task).at, Position::At(None));
        cursor.turn(None, "b", false);
        // The task that wrote the end has only to finish; another begins another pass.
        assert_eq!(Cursor::resume(Some(&cursor.stored()), one, task).at, Position::End);
        assert_eq!(Cursor::resume(Some(&cursor.stored()), one, other).at, Position::At(None));
        assert_eq!(Cursor::resume(Some(&json!({ "page": 2 })), one, task).at, Position::At(None));
    }

    #[test]
    fn a_complete_source_is_looked_through_for_what_it_did_not_show() {
        let mut cursor = Cursor::beginning(Uuid::now_v7(), Uuid::now_v7());
        cursor.turn(None, "a", true);
        assert_eq!(cursor.at, Position::Looking);
        cursor.turn(Some(json!(true)), "b", true);
        cursor.turn(Some(json!(true)), "b", true);
        cursor.turn(Some(json!(true)), "b", true);
        assert_eq!(cursor.at, Position::Looking);
        cursor.turn(None, "", true);
        assert_eq!(cursor.at, Position::End);
    }

    #[test]
    fn a_page_that_never_ends_is_left() {
        let mut cursor = Cursor::beginning(Uuid::now_v7(), Uuid::now_v7());
        let told = (1..100).find_map(|page| cursor.turn(Some(json!(page)), "same", true).map(|_| page));
        assert_eq!((told, &cursor.at), (Some(3), &Position::End));
        let mut cursor = Cursor::beginning(Uuid::now_v7(), Uuid::now_v7());
        cursor.turn(Some(json!(1)), "a", true);
        assert!(cursor.turn(Some(json!(1)), "b", true).is_some());
    }
}
