//! What a page shows is kept: facts, plans of visits, and what is gone.

use contracts::Failure;
use forges::{Page, Record, visits as policy};
use git::Location;
use jiff::Timestamp;
use serde_json::json;
use store::{
    Tx,
    forge_facts::{self as facts, News, Recorded, Shown},
    repositories,
    sources::{self, Source},
    visits::{self, PlanLane, PlanState},
};

/// A repository under its canonical URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) url: String,
    pub(crate) name: String,
}

impl Found {
    pub(crate) fn of(one: &Shown) -> Self {
        Self { url: one.url.clone(), name: one.name.clone() }
    }
}

/// What a page shows, with every address in its one form.
pub(crate) struct Kept {
    pub(crate) shown: Vec<Shown>,
    pub(crate) refused: Vec<(String, String)>,
    pub(crate) gone: Vec<String>,
}

/// What a URL is found as.
pub(crate) fn found_at(url: &str) -> Result<Found, Failure> {
    let location = Location::parse(url).map_err(|error| Failure::new(error.kind(), error))?;
    Ok(Found { name: location.name(), url: location.canonical().to_owned() })
}

/// Brings a page's addresses into their one form; those that have none are refused.
pub(crate) fn canonical(page: Page) -> Kept {
    let mut kept =
        Kept { shown: Vec::with_capacity(page.found.len()), refused: Vec::new(), gone: Vec::new() };
    kept.refused.extend(page.refused.into_iter().map(|one| (one.subject, one.reason)));
    for record in page.found {
        match found_at(&record.url) {
            Ok(found) => kept.shown.push(shown(record, found)),
            Err(failure) => kept.refused.push((record.url, failure.reason)),
        }
    }
    kept.gone.extend(page.gone.iter().filter_map(|url| Some(found_at(url).ok()?.url)));
    kept
}

pub(crate) fn shown(record: Record, found: Found) -> Shown {
    Shown {
        url: found.url,
        name: record.name.unwrap_or(found.name),
        forge: record.forge,
        forge_id: record.id,
        private: record.facts.private.unwrap_or(false),
        archived: record.facts.archived.unwrap_or(false),
        pushed_at: record.facts.pushed_at,
        facts: json!(record.facts),
        raw: record.raw,
    }
}

/// Keeps what was shown and plans the visits that follow from it.
pub(crate) fn plan(tx: &mut Tx, source: &Source, kept: &Kept, now: Timestamp) -> Result<(), Failure> {
    let recorded = facts::record(tx, source.id, &kept.shown, now)?;
    let hidden = |url: &str| kept.shown.iter().any(|one| one.private && one.url == url);
    let any_hidden = kept.shown.iter().any(|one| one.private);
    let (open, closed): (Vec<&Recorded>, Vec<&Recorded>) =
        recorded.iter().partition(|one| !any_hidden || !hidden(&one.url));
    for one in closed {
        visits::switch_off(tx, one.repository, "the forge shows it only to some")?;
    }
    let ids: Vec<_> = open.iter().map(|one| one.repository).collect();
    visits::plan_fresh(tx, source.stock, Some(source.id), &ids, now)?;
    for old in recorded.iter().flat_map(|one| &one.was) {
        visits::switch_off(tx, *old, "the forge knows it by another address")?;
    }
    let changed: Vec<&Recorded> = open.into_iter().filter(|one| one.news == News::Changed).collect();
    hasten(tx, &changed, now)?;
    gone(tx, &kept.gone, "the forge does not know it any more, or does not show it to us", now)
}

/// What changed on the forge may be worth a visit before its time.
fn hasten(tx: &mut Tx, changed: &[&Recorded], now: Timestamp) -> Result<(), Failure> {
    let ids: Vec<_> = changed.iter().map(|one| one.repository).collect();
    for plan in visits::of_repositories(tx, &ids)? {
        let Some(one) = changed.iter().find(|one| one.repository == plan.repository) else { continue };
        let push = one.pushed_at.and_then(|pushed| policy::on_push(pushed, plan.visited_at, now));
        let revived = plan.state == PlanState::Off && !one.archived;
        if let Some(at) = push.or(revived.then_some(now + policy::SETTLE))
            && plan.visits > 0
        {
            visits::hasten(tx, &plan, PlanLane::Due, at)?;
        } else if revived {
            visits::hasten(tx, &plan, PlanLane::Fresh, now)?;
        }
    }
    Ok(())
}

/// Repositories that are not there any more, by their canonical URLs.
pub(crate) fn gone(tx: &mut Tx, urls: &[String], reason: &str, now: Timestamp) -> Result<(), Failure> {
    for url in urls {
        if let Some(repository) = repositories::by_url(tx, url)? {
            facts::set_gone(tx, repository.id, reason, now)?;
            visits::switch_off(tx, repository.id, reason)?;
        }
    }
    Ok(())
}

/// Records that could not be understood are kept, for people.
pub(crate) fn refused(tx: &mut Tx, source: &Source, kept: &Kept, now: Timestamp) -> Result<(), Failure> {
    Ok(sources::record_failures(tx, source.id, &kept.refused, now)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use forges::exchange::Refused;

    #[test]
    fn one_bad_address_is_refused_and_the_others_are_kept() {
        let page = Page {
            found: vec![Record::bare("https://example.org/a.git/"), Record::bare("ftp://example.org/b")],
            refused: vec![Refused::new("x", "no name")],
            gone: vec!["https://example.org/c".to_owned()],
            next: None,
        };
        let kept = canonical(page);
        assert_eq!(kept.shown.len(), 1);
        assert_eq!(kept.refused.len(), 2, "{:?}", kept.refused);
        assert_eq!(kept.gone.len(), 1);
        assert_eq!(kept.shown[0].facts, json!({}));
    }
}
