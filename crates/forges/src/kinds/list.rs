//! `list`: a list of clone URLs.

use contracts::Failure;
use serde_json::Value;

use super::{Kind, plausible, unexpected};
use crate::{
    Record,
    exchange::{Answer, Page, Refused, Step, With},
    params::{Accepts, Parameter, Params},
};

/// How many URLs one page has.
const PAGE: usize = 500;

pub(super) struct List;

impl Kind for List {
    fn name(&self) -> &'static str {
        "list"
    }

    fn about(&self) -> &'static str {
        "Clone URLs that stand in the source itself."
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &[Parameter::required("urls", Accepts::Texts, "the clone URLs")];
        ALL
    }

    fn check(&self, params: &Value) -> Result<(), Failure> {
        let urls = Params(params).texts("urls");
        urls.into_iter().try_for_each(|url| {
            let told = |failure: Failure| {
                Failure::new(failure.kind, format!("urls has {url:?}: {}", failure.reason))
            };
            plausible(url).map(|_| ()).map_err(told)
        })
    }

    fn forge(&self, _params: &Value) -> Option<String> {
        None
    }

    fn visits_at_once(&self) -> bool {
        true
    }

    fn is_complete(&self, _params: &Value) -> bool {
        false
    }

    fn step(&self, params: &Value, cursor: Option<&Value>, _with: With) -> Result<Step, Failure> {
        let urls = Params(params).texts("urls");
        let start = cursor.and_then(Value::as_u64).map_or(0, |at| usize::try_from(at).unwrap_or(usize::MAX));
        let mut page = Page::default();
        for url in urls.iter().skip(start).take(PAGE) {
            match plausible(url) {
                Ok(url) => page.found.push(Record::bare(url)),
                Err(failure) => page.refused.push(Refused::new(*url, failure)),
            }
        }
        let end = start.saturating_add(PAGE);
        page.next = (end < urls.len()).then(|| Value::from(end));
        Ok(Step::Page(page))
    }

    fn read(&self, _: &Value, _: Option<&Value>, answer: &Answer, _: With) -> Result<Page, Failure> {
        Err(unexpected(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn page(params: &Value, cursor: Option<&Value>) -> Page {
        match List.step(params, cursor, With::default()).unwrap() {
            Step::Page(page) => page,
            Step::Call(call) => panic!("{call:?}"),
        }
    }

    #[test]
    fn pages_follow_one_another_without_gap_or_repetition() {
        let urls: Vec<String> = (0..PAGE * 2 + 1).map(|n| format!("https://example.org/r{n}.git")).collect();
        let params = json!({ "urls": urls });
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = page(&params, cursor.as_ref());
            seen.extend(page.found.into_iter().map(|found| found.url));
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, urls);
    }

    #[test]
    fn one_bad_url_is_told_and_the_others_are_kept() {
        let page = page(&json!({ "urls": ["https://example.org/a", "ext::sh -c id"] }), None);
        assert_eq!((page.found.len(), page.refused.len()), (1, 1));
        assert_eq!(page.refused[0].subject, "ext::sh -c id");
    }

    #[test]
    fn parameters_are_checked_by_name() {
        for (params, word) in [
            (json!({}), "urls"),
            (json!({ "urls": [] }), "urls"),
            (json!({ "urls": ["x"], "ulrs": 1 }), "ulrs"),
            (json!({ "urls": ["ext::x"] }), "urls"),
        ] {
            let failure = crate::check("list", &params).unwrap_err();
            assert!(failure.reason.contains(word), "{failure}");
        }
    }
}
