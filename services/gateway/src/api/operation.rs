//! What is known of each operation before it is called: its parameters, the scope that it asks for, its cost.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::{
    Method,
    header::{ACCEPT, HeaderMap},
};
use store::api_keys::Scope;
use utoipa::openapi::{
    OpenApi,
    path::{self, ParameterIn},
};

use super::{methods, parameters};
use crate::paging::NDJSON;

/// What a stream of a whole list costs.
const STREAM: u32 = 20;
/// Items of a page that cost as much as one request.
const ITEMS: u32 = 100;
/// What works with the database away, or says itself that it does not.
const WITHOUT_STORE: &[&str] = &["repositories_hand_in", "events_listen", "events_socket"];

/// What asks for a signature instead of a key: forges push with nothing else.
pub(super) const SIGNED: &[&str] = &["hooks_push"];

/// What is known of an operation.
pub(crate) struct Operation {
    /// Its query parameters.
    pub(crate) query: Vec<String>,
    /// What its caller must have.
    pub(crate) scope: Scope,
    /// Whether it comes to nothing while the database is away.
    pub(crate) needs_store: bool,
    /// Whether it checks a signature by itself, and asks for no key.
    pub(crate) is_signed: bool,
}

impl Operation {
    fn of(method: &str, operation: &path::Operation) -> Self {
        let query = parameters(operation)
            .filter(|one| one.parameter_in == ParameterIn::Query)
            .map(|one| one.name.clone())
            .collect();
        let name = operation.operation_id.as_deref().unwrap_or_default();
        Self {
            query,
            scope: scope_of(method, operation),
            needs_store: !WITHOUT_STORE.contains(&name),
            is_signed: SIGNED.contains(&name),
        }
    }

    /// How many usual requests this one counts for.
    pub(crate) fn cost(&self, query: &str, headers: &HeaderMap) -> u32 {
        if !self.query.iter().any(|name| name == "cursor") {
            return 1;
        }
        let value = |name: &str| {
            query
                .split('&')
                .find_map(|pair| pair.split_once('=').filter(|(known, _)| *known == name))
                .map(|(_, value)| value)
        };
        let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match value("format") {
            Some("ndjson") => STREAM,
            None if accepts.contains(NDJSON) => STREAM,
            _ => value("limit")
                .and_then(|limit| limit.parse::<u32>().ok())
                .unwrap_or(0)
                .div_ceil(ITEMS)
                .clamp(1, STREAM),
        }
    }
}

/// The scope that the description names; otherwise `read` for whatever only reads and `operate` for the rest.
pub(super) fn scope_of(method: &str, operation: &path::Operation) -> Scope {
    let named = operation.security.iter().flatten().find_map(|requirement| {
        let value = serde_json::to_value(requirement).ok()?;
        Scope::from_name(value["key"][0].as_str()?)
    });
    named.unwrap_or(if method == "GET" { Scope::Read } else { Scope::Operate })
}

/// Every operation, by path and method.
pub(crate) struct Routes(BTreeMap<String, BTreeMap<&'static str, Operation>>);

impl Routes {
    pub(super) fn of(document: &OpenApi) -> Self {
        let paths = document.paths.paths.iter();
        Self(
            paths
                .map(|(path, item)| {
                    (
                        path.clone(),
                        methods(item).map(|(name, one)| (name, Operation::of(name, one))).collect(),
                    )
                })
                .collect(),
        )
    }

    /// The operation that a path means; a question for the head of an answer is one for the answer. Where
    /// several are meant, which the router tells by the order in which it knows them, it is the one that asks
    /// for the most.
    pub(crate) fn operation(&self, path: &str, method: &Method) -> Option<&Operation> {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let meant = self.0.iter().filter(|(pattern, _)| means(pattern, path));
        let found = meant.filter_map(|(pattern, methods)| Some((pattern, methods.get(method.as_str())?)));
        // Of equals the one that names more of the path.
        let weight = |(pattern, operation): &(&String, &Operation)| {
            (operation.scope, std::cmp::Reverse(pattern.matches('{').count()))
        };
        found.max_by_key(weight).map(|(_, operation)| operation)
    }

    /// The methods that a path knows.
    pub(super) fn methods_of(&self, path: &str) -> Option<String> {
        let meant = self.0.iter().filter(|(pattern, _)| means(pattern, path));
        let methods: BTreeSet<&str> = meant.flat_map(|(_, methods)| methods.keys().copied()).collect();
        (!methods.is_empty()).then(|| methods.into_iter().collect::<Vec<_>>().join(", "))
    }
}

/// Whether a described path stands for this one.
fn means(pattern: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    let is_same = pattern.split('/').all(|wanted| {
        parts
            .next()
            .is_some_and(|part| if wanted.starts_with('{') { !part.is_empty() } else { wanted == part })
    });
    is_same && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_by_its_parts() {
        assert!(means("/a/{id}/b", "/a/7/b") && means("/a", "/a"));
        for other in ["/a/7", "/a/7/b/c", "/a//b", "/a/7/c", "/a/7/b/"] {
            assert!(!means("/a/{id}/b", other), "{other}");
        }
        let operation = |scope| Operation { query: Vec::new(), scope, needs_store: true, is_signed: false };
        let routes = Routes(BTreeMap::from([
            ("/a/{id}".to_owned(), BTreeMap::from([("GET", operation(Scope::Read))])),
            ("/a/{kind}".to_owned(), BTreeMap::from([("POST", operation(Scope::Submit))])),
            ("/a/keys".to_owned(), BTreeMap::from([("GET", operation(Scope::Admin))])),
        ]));
        let scope = |path, method| routes.operation(path, &method).map(|one| one.scope);
        assert_eq!(scope("/a/7", Method::GET), Some(Scope::Read));
        assert_eq!(scope("/a/7", Method::HEAD), Some(Scope::Read));
        assert_eq!(scope("/a/7", Method::POST), Some(Scope::Submit));
        assert_eq!(scope("/a/keys", Method::GET), Some(Scope::Admin));
        assert_eq!(scope("/b", Method::GET), None);
        assert_eq!(routes.methods_of("/a/7").as_deref(), Some("GET, POST"));
        assert_eq!(routes.methods_of("/b"), None);
    }

    #[test]
    fn what_asks_for_more_costs_more() {
        let list = Operation {
            query: vec!["cursor".to_owned()],
            scope: Scope::Read,
            needs_store: true,
            is_signed: false,
        };
        let none = HeaderMap::new();
        for (query, cost) in
            [("", 1), ("limit=100", 1), ("limit=101", 2), ("limit=1000", 10), ("a=b&format=ndjson", STREAM)]
        {
            assert_eq!(list.cost(query, &none), cost, "{query}");
        }
        let one = Operation { query: Vec::new(), ..list };
        assert_eq!(one.cost("limit=1000", &none), 1);
    }
}
