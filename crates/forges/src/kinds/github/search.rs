//! GitHub's search, which shows 1,000 results of a query and no more.
//!
//! A query with more is split: first by stars, then, where all have the same number of stars, by when they
//! were made, down to a second. The cursor is a stack of parts that are still to be asked for.

use contracts::Failure;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{items, records, rest};
use crate::{
    exchange::{Answer, Page, Refused, Request},
    params::{Params, quoted},
    record,
};

/// What GitHub shows of one query.
const CEILING: u64 = 1_000;
/// Results of one call.
const PAGE: u64 = 100;
/// How often a query is asked again that GitHub gave up on in the middle.
const AGAIN: u32 = 2;
/// Before the first repository of GitHub was made.
const BEGINNING: i64 = 1_167_609_600; // 2007-01-01
/// After the last one: a part is open to the future until it has to be split by time.
const END: i64 = 4_102_444_800; // 2100-01-01

/// A part of the search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Part {
    /// At least so many stars.
    least: i64,
    /// At most so many; no bound when absent.
    most: Option<i64>,
    /// Made between these seconds since 1970, both included.
    made: Option<(i64, i64)>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Cursor {
    /// What is still to be asked for, the next one last.
    parts: Vec<Part>,
    /// Pages of the next part that are done.
    pages: u64,
    /// How often its next page was asked for in vain.
    again: u32,
}

fn resume(params: Params<'_>, cursor: Option<&Value>) -> Cursor {
    let stored = cursor.and_then(|cursor| serde_json::from_value(cursor.clone()).ok());
    stored.unwrap_or_else(|| Cursor {
        parts: vec![Part {
            least: params.number("min_stars").unwrap_or(100),
            most: params.number("max_stars"),
            made: None,
        }],
        pages: 0,
        again: 0,
    })
}

pub(super) fn request(params: Params<'_>, cursor: Option<&Value>) -> Request {
    let cursor = resume(params, cursor);
    let query = cursor.parts.last().map(|part| query(params, part)).unwrap_or_default();
    let url = format!(
        "{}/search/repositories?q={}&sort=stars&order=desc&per_page={PAGE}&page={}",
        params.base(super::API),
        quoted(&query),
        cursor.pages + 1
    );
    Request { resource: "search", conditional: false, ..rest(url) }
}

fn query(params: Params<'_>, part: &Part) -> String {
    let most = part.most.map_or_else(|| "*".to_owned(), |most| most.to_string());
    let mut words = vec![format!("stars:{}..{most}", part.least), "is:public".to_owned()];
    if let Some(forks) = params.number("min_forks") {
        words.push(format!("forks:>={forks}"));
    }
    for name in ["language", "topic"] {
        if let Some(value) = params.text(name) {
            words.push(format!("{name}:\"{}\"", value.replace('"', "")));
        }
    }
    match params.text("forks") {
        Some("too") => words.push("fork:true".to_owned()),
        Some("only") => words.push("fork:only".to_owned()),
        _ => {}
    }
    if let Some((from, to)) = part.made {
        words.push(format!("created:{}..{}", moment(from), moment(to)));
    }
    words.extend(params.text("query").map(str::to_owned));
    words.join(" ")
}

fn moment(second: i64) -> String {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

pub(super) fn read(
    params: Params<'_>,
    cursor: Option<&Value>,
    answer: &Answer,
    forge: &str,
) -> Result<Page, Failure> {
    let mut cursor = resume(params, cursor);
    let document = answer.json()?;
    let list = items(&document, "/items")?;
    let total = document["total_count"].as_u64().unwrap_or(list.len() as u64);
    let Some(part) = cursor.parts.last().cloned() else { return Ok(Page::default()) };
    let mut page = Page::default();
    if document["incomplete_results"] == json!(true) {
        if cursor.again < AGAIN {
            cursor.again += 1;
            page.next = Some(json!(cursor));
            return Ok(page);
        }
        page.refused.push(Refused::new(query(params, &part), "GitHub ran out of time and left results out"));
    }
    cursor.again = 0;
    if cursor.pages == 0 && total > CEILING {
        let top = list.iter().filter_map(|item| item["stargazers_count"].as_i64()).max();
        if let Some((low, high)) = split(&part, top.unwrap_or(part.least)) {
            cursor.parts.pop();
            // Few stars last: what has many is found first.
            cursor.parts.extend([low, high]);
            page.next = Some(json!(cursor));
            return Ok(page);
        }
        let text = format!("{total} repositories were made in one second; GitHub shows {CEILING} of them");
        page.refused.push(Refused::new(query(params, &part), text));
    }
    let (found, refused) = record::each(list, |item| records::of_rest(item, forge));
    page.found = found;
    page.refused.extend(refused);
    cursor.pages += 1;
    if list.is_empty() || cursor.pages * PAGE >= total.min(CEILING) {
        cursor.parts.pop();
        cursor.pages = 0;
    }
    page.next = (!cursor.parts.is_empty()).then(|| json!(cursor));
    Ok(page)
}

/// Two parts that together are this one; `top` is the most stars that any of its repositories has. None
/// when it cannot be split any more.
fn split(part: &Part, top: i64) -> Option<(Part, Part)> {
    let most = part.most.map_or(top, |most| most.min(top)).max(part.least);
    if part.made.is_none() && most > part.least {
        // Stars are spread so that each doubling has about as many fewer: the geometric middle halves best.
        let (low, high) = (part.least.max(1) as f64, most as f64);
        let middle = ((low * high).sqrt() as i64).clamp(part.least, most - 1);
        let low = Part { most: Some(middle), ..part.clone() };
        let high = Part { least: middle + 1, ..part.clone() };
        return Some((low, high));
    }
    let (from, to) = part.made.unwrap_or((BEGINNING, END));
    if from >= to {
        return None;
    }
    let middle = from + (to - from) / 2;
    // Without an upper bound of stars there may be some by now that are above `top`.
    let early = Part { made: Some((from, middle)), ..part.clone() };
    let late = Part { made: Some((middle + 1, to)), ..part.clone() };
    Some((early, late))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Splitting again and again loses no repository and shows none twice.
        #[test]
        fn parts_are_the_whole(stars in 0_i64..100_000, made in BEGINNING..END, top in 1_i64..200_000) {
            let mut part = Part { least: 0, most: None, made: None };
            let has = |part: &Part| stars >= part.least
                && part.most.is_none_or(|most| stars <= most)
                && part.made.is_none_or(|(from, to)| made >= from && made <= to);
            for _ in 0..100 {
                prop_assert!(has(&part));
                let Some((one, other)) = split(&part, top.max(stars)) else { break };
                prop_assert!(has(&one) != has(&other), "{one:?} {other:?}");
                part = if has(&one) { one } else { other };
            }
            prop_assert!(part.made.is_some_and(|(from, to)| from == to), "{part:?}");
        }
    }
}
