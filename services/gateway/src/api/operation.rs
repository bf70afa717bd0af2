//! What is known of each operation before it is called: its parameters, the scope that it asks for, its cost.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

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
/// What a count costs: it reads up to a thousand items.
const COUNT: u32 = 10;
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
            _ => {
                let items = value("limit").and_then(|limit| limit.parse::<u32>().ok()).unwrap_or(0);
                let count = if value("count") == Some("true") { COUNT } else { 0 };
                items.div_ceil(ITEMS).clamp(1, STREAM) + count
            }
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
pub(crate) struct Routes(Branch);

/// What lies below a beginning of paths.
#[derive(Default)]
struct Branch {
    /// By the next part of the path, where it is told.
    named: HashMap<String, Branch>,
    /// Where it is anything.
    any: Option<Box<Branch>>,
    /// The path that ends here.
    here: Option<Described>,
}

/// A path that is described, and what it knows.
pub(crate) struct Described {
    /// As it is described, with names in braces.
    pub(crate) pattern: Arc<str>,
    methods: BTreeMap<&'static str, Operation>,
}

impl Routes {
    pub(super) fn of(document: &OpenApi) -> Self {
        let mut routes = Self(Branch::default());
        for (pattern, item) in &document.paths.paths {
            routes.add(pattern, methods(item).map(|(name, one)| (name, Operation::of(name, one))).collect());
        }
        routes
    }

    fn add(&mut self, pattern: &str, methods: BTreeMap<&'static str, Operation>) {
        let mut at = &mut self.0;
        for part in pattern.split('/') {
            at = match part.starts_with('{') {
                true => at.any.get_or_insert_default(),
                false => at.named.entry(part.to_owned()).or_default(),
            };
        }
        at.here = Some(Described { pattern: pattern.into(), methods });
    }

    /// The operation that a path means, and its pattern; a question for the head of an answer is one for the
    /// answer. Where several are meant, which the router tells by the order in which it knows them, it is the one
    /// that asks for the most.
    pub(crate) fn operation(&self, path: &str, method: &Method) -> Option<(&Arc<str>, &Operation)> {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let found = self.meant(path).into_iter();
        let found = found.filter_map(|one| Some((&one.pattern, one.methods.get(method.as_str())?)));
        // Of equals the one that names more of the path.
        found.max_by_key(|(pattern, one)| (one.scope, std::cmp::Reverse(pattern.matches('{').count())))
    }

    /// The methods that a path knows; where several are meant, those of the one that names more of it.
    pub(crate) fn methods_of(&self, path: &str) -> Option<String> {
        let braces = |one: &&Described| one.pattern.matches('{').count();
        let meant = self.meant(path).into_iter().min_by_key(braces)?;
        Some(meant.methods.keys().copied().collect::<Vec<_>>().join(", "))
    }

    /// The described paths that stand for this one.
    fn meant(&self, path: &str) -> Vec<&Described> {
        let mut branches = vec![&self.0];
        for part in path.split('/') {
            let below = branches.into_iter().flat_map(|branch| {
                let any = branch.any.as_deref().filter(|_| !part.is_empty());
                branch.named.get(part).into_iter().chain(any)
            });
            branches = below.collect();
        }
        branches.into_iter().filter_map(|branch| branch.here.as_ref()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_by_its_parts() {
        let operation = |scope| Operation { query: Vec::new(), scope, needs_store: true, is_signed: false };
        let mut routes = Routes(Branch::default());
        for (pattern, method, scope) in [
            ("/a/{id}", "GET", Scope::Read),
            ("/a/{id}/b", "GET", Scope::Read),
            ("/a/keys", "GET", Scope::Admin),
            ("/a/image", "POST", Scope::Submit),
        ] {
            routes.add(pattern, BTreeMap::from([(method, operation(scope))]));
        }
        let scope = |path, method| routes.operation(path, &method).map(|(_, one)| one.scope);
        assert_eq!(scope("/a/7", Method::GET), Some(Scope::Read));
        assert_eq!(scope("/a/7", Method::HEAD), Some(Scope::Read));
        assert_eq!(scope("/a/7/b", Method::GET), Some(Scope::Read));
        assert_eq!(scope("/a/image", Method::POST), Some(Scope::Submit));
        assert_eq!(scope("/a/image", Method::GET), Some(Scope::Read));
        assert_eq!(scope("/a/keys", Method::GET), Some(Scope::Admin));
        for other in ["/b", "/a", "/a/7/b/c", "/a//b", "/a/7/c", "/a/7/b/", "/a/"] {
            assert!(routes.operation(other, &Method::GET).is_none(), "{other}");
        }
        assert_eq!(routes.methods_of("/a/image").as_deref(), Some("POST"));
        assert_eq!(routes.methods_of("/a/7").as_deref(), Some("GET"));
        assert_eq!(&**routes.operation("/a/7/b", &Method::GET).unwrap().0, "/a/{id}/b");
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
        for (query, cost) in [
            ("", 1),
            ("limit=100", 1),
            ("limit=101", 2),
            ("limit=1000", 10),
            ("count=true", 11),
            ("a=b&format=ndjson", STREAM),
        ] {
            assert_eq!(list.cost(query, &none), cost, "{query}");
        }
        let one = Operation { query: Vec::new(), ..list };
        assert_eq!(one.cost("limit=1000", &none), 1);
    }
}
