//! Requests in few words.

use std::net::SocketAddr;

use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;

pub(crate) struct Client {
    http: reqwest::Client,
    pub(crate) root: String,
    key: Option<String>,
}

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Client {
    /// A client with this key.
    pub(crate) fn new(address: SocketAddr, key: &str) -> Self {
        // A test looks at a redirection instead of following it.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // A connection that was idle may be closed by the other side just as it is used again.
            .pool_max_idle_per_host(0)
            .build()
            .unwrap();
        Self { http, root: format!("http://{address}"), key: Some(key.to_owned()) }
    }

    /// The same with another key, or none.
    pub(crate) fn with(&self, key: Option<&str>) -> Self {
        Self { http: self.http.clone(), root: self.root.clone(), key: key.map(str::to_owned) }
    }

    /// A request for a path below the root.
    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.root));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request("GET", &format!("/api/v1{path}"))).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.body("POST", path, body).await
    }

    pub(crate) async fn body(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = self.request(method, &format!("/api/v1{path}"));
        send(request.header("Content-Type", "application/json").body(body.to_string())).await
    }

    /// Every item of a list, page by page.
    pub(crate) async fn all(&self, path: &str, limit: u32) -> Vec<Value> {
        let glue = if path.contains('?') { '&' } else { '?' };
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}{glue}limit={limit}{cursor}")).await.expect(200);
            let part = page["items"].as_array().unwrap();
            assert!(part.len() <= limit as usize);
            items.extend(part.iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}

impl Answer {
    /// The answer as JSON, when its status is this one.
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { serde_json::from_str(&self.text).unwrap() }
    }

    /// The problem, when it is one of this kind with this status.
    pub(crate) fn problem(self, status: u16, kind: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let problem: Value = serde_json::from_str(&self.text).unwrap();
        assert_eq!(problem["type"], format!("/docs#problem-{kind}"), "{problem}");
        assert_eq!(problem["status"], status);
        problem
    }
}
