//! A GitHub in miniature, which keeps its rules: pages, the ceiling of searches, the order of ids.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::Record;

#[derive(Clone)]
struct Repository {
    id: u64,
    stars: i64,
    made: i64,
}

fn rest_record(one: &Repository) -> Value {
    json!({ "id": one.id, "node_id": format!("N{}", one.id), "full_name": format!("o/r{}", one.id),
        "clone_url": format!("https://github.com/o/r{}.git", one.id), "stargazers_count": one.stars,
        "topics": ["x"], "license": { "spdx_id": "MIT" }, "pushed_at": "2026-01-02T03:04:05Z", "size": 3 })
}

/// What is behind `name=` in a query.
fn between<'a>(url: &'a str, name: &str) -> &'a str {
    url.split(name).nth(1).unwrap_or_default().split('&').next().unwrap_or_default()
}

/// As GitHub answers a search: sorted by stars, in pages, never more than a thousand.
fn search(world: &[Repository], url: &str) -> Answer {
    let query = between(url, "q=").replace("%20", " ").replace("%3A", ":").replace("%2A", "*");
    let stars = query.split("stars:").nth(1).unwrap().split(' ').next().unwrap();
    let (least, most) = stars.split_once("..").unwrap();
    let (least, most): (i64, i64) = (least.parse().unwrap(), most.parse().unwrap_or(i64::MAX));
    let made = query.split("created:").nth(1).map(|made| {
        let (from, to) = made.split(' ').next().unwrap().split_once("..").unwrap();
        let second = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second();
        (second(from), second(to))
    });
    let mut hits: Vec<&Repository> = world
        .iter()
        .filter(|one| one.stars >= least && one.stars <= most)
        .filter(|one| made.is_none_or(|(from, to)| one.made >= from && one.made <= to))
        .collect();
    hits.sort_by_key(|one| (-one.stars, one.id));
    let page: usize = between(url, "&page=").parse().unwrap();
    assert!(page <= 10, "GitHub answers 422 behind its ceiling");
    let shown: Vec<Value> =
        hits.iter().take(1_000).skip((page - 1) * 100).take(100).map(|one| rest_record(one)).collect();
    let body = json!({ "total_count": hits.len(), "incomplete_results": false, "items": shown });
    Answer { status: 200, body: body.to_string().into_bytes(), ..Answer::default() }
}

fn run(params: &Value, with: With, answer: impl Fn(&Request) -> Answer) -> (Vec<Record>, Page, usize) {
    crate::check("github", params).unwrap();
    let (mut found, mut rest, mut cursor, mut calls) = (Vec::new(), Page::default(), None, 0);
    for _ in 0..20_000 {
        let mut page = match GitHub.step(params, cursor.as_ref(), with).unwrap() {
            Step::Page(page) => page,
            Step::Call(call) => {
                calls += 1;
                GitHub.read(params, cursor.as_ref(), &answer(&call), with).unwrap()
            }
        };
        found.append(&mut page.found);
        rest.refused.append(&mut page.refused);
        rest.gone.append(&mut page.gone);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return (found, rest, calls),
        }
    }
    panic!("it does not end");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Whatever stars and times there are, a search shows each repository once and misses none.
    #[test]
    fn a_search_misses_nothing_and_shows_nothing_twice(
        seed in any::<u64>(), size in 1_u64..6_000, spread in 1_i64..3_000, least in 0_i64..3,
    ) {
        let mut state = seed | 1;
        let mut random = move || { state ^= state << 13; state ^= state >> 7; state ^= state << 17; state };
        let world: Vec<Repository> = (0..size).map(|id| {
            let stars = spread / (1 + (random() % spread.unsigned_abs()) as i64);
            Repository { id, stars, made: 1_300_000_000 + (random() % 400_000_000) as i64 }
        }).collect();
        let params = json!({ "search": true, "min_stars": least });
        let (found, rest, _) = run(&params, With::default(), |call| search(&world, &call.url));
        let ids: BTreeSet<String> = found.iter().filter_map(|one| one.id.clone()).collect();
        prop_assert_eq!(ids.len(), found.len());
        prop_assert_eq!(ids.len(), world.iter().filter(|one| one.stars >= least).count());
        prop_assert!(rest.refused.is_empty(), "{:?}", rest.refused);
    }
}

#[test]
fn more_of_one_second_than_is_shown_are_told_of() {
    let world: Vec<Repository> =
        (0..1_500).map(|id| Repository { id, stars: 100, made: 1_500_000_000 }).collect();
    let (found, rest, _) = run(&json!({ "search": true }), With::default(), |call| search(&world, &call.url));
    assert_eq!((found.len(), rest.refused.len()), (1_000, 1));
    assert!(rest.refused[0].reason.contains("1500"), "{:?}", rest.refused);
}

#[test]
fn a_search_that_ran_out_of_time_is_asked_again_and_then_told_of() {
    let body = json!({ "total_count": 1, "incomplete_results": true, "items": [rest_record(&Repository { id: 1, stars: 100, made: 0 })] });
    let answer = Answer { status: 200, body: body.to_string().into_bytes(), ..Answer::default() };
    let (found, rest, calls) = run(&json!({ "search": true }), With::default(), |_| answer.clone());
    assert_eq!((found.len(), rest.refused.len(), calls), (1, 1, 3));
}

fn listing(world: &[u64], url: &str) -> Answer {
    let since: u64 = between(url, "since=").parse().unwrap();
    let page: Vec<Value> = world
        .iter()
        .filter(|id| **id > since)
        .take(100)
        .map(|id| rest_record(&Repository { id: *id, stars: 0, made: 0 }))
        .collect();
    Answer { status: 200, body: json!(page).to_string().into_bytes(), ..Answer::default() }
}

fn by_nodes(body: &str) -> Answer {
    let query: Value = serde_json::from_str(body).unwrap();
    let ids = query["variables"]["ids"].as_array().unwrap();
    let nodes: Vec<Value> = ids
        .iter()
        .map(|id| {
            let id: u64 = id.as_str().unwrap().trim_start_matches('N').parse().unwrap();
            // The third vanished in between.
            if id == 3 { Value::Null } else { graphql_record(id) }
        })
        .collect();
    Answer {
        status: 200,
        body: json!({ "data": { "nodes": nodes } }).to_string().into_bytes(),
        ..Answer::default()
    }
}

fn graphql_record(id: u64) -> Value {
    json!({ "databaseId": id, "nameWithOwner": format!("o/r{id}"), "stargazerCount": 5, "isArchived": true,
        "repositoryTopics": { "nodes": [{ "topic": { "name": "t" } }] }, "licenseInfo": { "spdxId": "MIT" } })
}

#[test]
fn all_public_ones_are_listed_by_id_and_with_a_token_in_full() {
    let world: Vec<u64> = (1..=1_000).filter(|id| id % 3 != 1).collect();
    let (found, ..) = run(&json!({ "all": true }), With::default(), |call| listing(&world, &call.url));
    assert_eq!(found.len(), world.len());
    let (found, _, calls) = run(&json!({ "all": true }), With { token: true }, |call| match &call.method {
        crate::Method::Get => listing(&world, &call.url),
        crate::Method::Post(body) => by_nodes(body),
    });
    assert_eq!(found.len(), world.len() - 1);
    assert_eq!(calls, world.len().div_ceil(100) * 2 + 1);
    assert!(found.iter().all(|one| one.facts.archived == Some(true) && one.facts.topics == ["t"]));
}

#[test]
fn names_cost_one_call_for_fifty_with_a_token_and_missing_ones_are_told() {
    let names: Vec<String> = (0..120).map(|n| format!("o/r{n}")).collect();
    let params = json!({ "names": names });
    let (found, rest, calls) = run(&params, With { token: true }, |call| {
        let crate::Method::Post(body) = &call.method else { panic!("{call:?}") };
        let variables = &serde_json::from_str::<Value>(body).unwrap()["variables"];
        let mut data = json!({});
        for at in 0..NAMES {
            let Some(name) = variables[format!("n{at}")].as_str() else { break };
            let id: u64 = name.trim_start_matches('r').parse().unwrap();
            data[format!("r{at}")] = if id == 60 { Value::Null } else { graphql_record(id) };
        }
        Answer {
            status: 200,
            body: json!({ "data": data, "errors": [] }).to_string().into_bytes(),
            ..Answer::default()
        }
    });
    assert_eq!((found.len(), calls), (119, 3));
    assert_eq!(rest.gone, ["https://github.com/o/r60.git"]);
    let (found, rest, calls) = run(&params, With::default(), |call| {
        let id: u64 = call.url.rsplit('r').next().unwrap().parse().unwrap();
        if id == 60 {
            return Answer { status: 404, ..Answer::default() };
        }
        let body = rest_record(&Repository { id, stars: 1, made: 0 }).to_string();
        Answer { status: 200, body: body.into_bytes(), ..Answer::default() }
    });
    assert_eq!((found.len(), rest.gone.len(), calls), (119, 1, 120));
}

#[test]
fn an_organisation_is_read_to_its_last_page_and_one_bad_record_is_told() {
    let (found, rest, calls) = run(&json!({ "org": "o" }), With::default(), |call| {
        let page: u64 = between(&call.url, "&page=").parse().unwrap();
        let mut list: Vec<Value> =
            (0..100).map(|n| rest_record(&Repository { id: page * 1_000 + n, stars: 0, made: 0 })).collect();
        list[50] = json!({ "name": "odd", "full_name": null });
        let mut answer =
            Answer { status: 200, body: json!(list).to_string().into_bytes(), ..Answer::default() };
        if page < 4 {
            answer.headers.insert(
                "link".to_owned(),
                "<https://api.github.com/x>; rel=\"next\", <y>; rel=\"last\"".to_owned(),
            );
        }
        answer
    });
    assert_eq!((found.len(), rest.refused.len(), calls), (396, 4, 4));
    assert_eq!(rest.refused[0].subject, "odd");
    assert_eq!(found[0].facts.licence.as_deref(), Some("MIT"));
    assert_eq!(found[0].facts.bytes, Some(3 * 1024));
}

#[test]
fn pages_that_are_none_are_failures_and_not_ends() {
    let html = Answer { status: 200, body: b"<html>busy".to_vec(), ..Answer::default() };
    for params in [json!({ "search": true }), json!({ "all": true }), json!({ "org": "o" })] {
        let failure = GitHub.read(&params, None, &html, With::default()).unwrap_err();
        assert!(failure.kind.is_transient() && failure.reason.contains("<html>busy"), "{failure}");
        let odd = Answer { status: 200, body: b"{\"message\":\"hm\"}".to_vec(), ..Answer::default() };
        assert!(GitHub.read(&params, None, &odd, With::default()).is_err());
    }
}

#[test]
fn parameters_that_do_not_fit_one_another_are_told() {
    for (params, word) in [
        (json!({}), "exactly one of search, all, org, user, names"),
        (json!({ "org": "o", "user": "u" }), "org and user"),
        (json!({ "org": "../admin" }), "org"),
        (json!({ "names": ["a/b", "c"] }), "OWNER/NAME"),
        (json!({ "search": true, "min_stars": 5, "max_stars": 4 }), "max_stars"),
    ] {
        let failure = crate::check("github", &params).unwrap_err();
        assert!(failure.reason.contains(word), "{failure}");
    }
}

#[test]
fn a_look_finds_what_moved_and_what_is_gone() {
    let known = Known { url: "https://github.com/o/r1.git", id: Some("1") };
    let call = GitHub.look(&json!({}), known).unwrap();
    assert_eq!(call.url, "https://api.github.com/repositories/1");
    let body = rest_record(&Repository { id: 2, stars: 0, made: 0 }).to_string().into_bytes();
    let there = GitHub.read_look(&json!({}), &Answer { status: 200, body, ..Answer::default() }).unwrap();
    assert!(matches!(there, Look::There(record) if record.url.ends_with("o/r2.git")));
    let gone = GitHub.read_look(&json!({}), &Answer { status: 404, ..Answer::default() }).unwrap();
    assert!(matches!(gone, Look::Gone(_)));
}
