//! A forge that speaks GitLab's API: keyset pages, tags, a budget of calls, tokens; and that can be told to
//! answer otherwise. It notes every rule that a client breaks.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const PAGE: usize = 100;

/// One project.
#[derive(Clone)]
pub(crate) struct Project {
    pub(crate) id: u64,
    pub(crate) path: String,
    pub(crate) pushed: String,
    pub(crate) archived: bool,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) projects: Vec<Project>,
    /// Tokens that are good; without any, everybody may ask.
    pub(crate) tokens: BTreeSet<String>,
    /// Calls that are left; no limit when absent.
    pub(crate) remaining: Option<i64>,
    /// When there are more again, in seconds since 1970.
    pub(crate) reset: i64,
    /// What is answered next instead: status, headers, body.
    pub(crate) instead: VecDeque<(u16, String, String)>,
    /// Calls by what was asked for.
    pub(crate) calls: Vec<String>,
    pub(crate) not_modified: usize,
    /// Rules that were broken.
    pub(crate) broken: Vec<String>,
    /// Whether the list begins again at its end.
    pub(crate) endless: bool,
}

#[derive(Clone)]
pub(crate) struct Forge {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Forge {
    pub(crate) async fn with(projects: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let projects = (1..=projects).map(|id| Project {
            id: id * 3,
            path: format!("group/project-{id}"),
            pushed: "2026-01-01T00:00:00Z".to_owned(),
            archived: false,
        });
        let state = Arc::new(Mutex::new(State { projects: projects.collect(), ..State::default() }));
        let forge = Self { url, state };
        let serving = forge.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        forge
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// So many calls until then.
    pub(crate) fn allow(&self, calls: i64, until: i64) {
        let mut state = self.state();
        (state.remaining, state.reset) = (Some(calls), until);
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.windows(4).any(|window| window == b"\r\n\r\n") {
            let mut part = [0; 1024];
            match stream.read(&mut part).await {
                Ok(0) | Err(_) => return,
                Ok(read) => head.extend_from_slice(&part[..read]),
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let (status, headers, body) = self.answer(&head);
        let text = format!(
            "HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
            body.len()
        );
        drop(stream.write_all(text.as_bytes()).await);
    }

    fn answer(&self, head: &str) -> (u16, String, String) {
        let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let header = |name: &str| {
            let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let mut state = self.state();
        state.calls.push(target.clone());
        if !header("user-agent").is_some_and(|agent| agent.starts_with("stocktake/")) {
            state.broken.push(format!("{target}: no user agent"));
        }
        if header("accept").as_deref() != Some("application/json") {
            state.broken.push(format!("{target}: accepts something else"));
        }
        let token = header("private-token");
        if !state.tokens.is_empty() && !token.is_some_and(|token| state.tokens.contains(&token)) {
            return (401, String::new(), json!({ "message": "401 Unauthorized" }).to_string());
        }
        let mut headers = String::new();
        let reset = state.reset;
        if let Some(remaining) = state.remaining.as_mut() {
            if *remaining == 0 {
                state.broken.push(format!("{target}: asked after the last call"));
                return (
                    429,
                    format!("RateLimit-Remaining: 0\r\nRateLimit-Reset: {reset}\r\n"),
                    String::new(),
                );
            }
            *remaining -= 1;
            headers = format!(
                "RateLimit-Limit: 1000\r\nRateLimit-Remaining: {remaining}\r\nRateLimit-Reset: {reset}\r\n"
            );
        }
        if let Some(instead) = state.instead.pop_front() {
            return instead;
        }
        let path = target.split('?').next().unwrap_or_default();
        if let Some(id) = path.strip_prefix("/api/v4/projects/") {
            return match state.projects.iter().find(|one| one.id.to_string() == id) {
                Some(one) => (200, headers, self.record(one).to_string()),
                None => (404, headers, json!({ "message": "404 Project Not Found" }).to_string()),
            };
        }
        let after = target.split("id_after=").nth(1).unwrap_or("0").split('&').next().unwrap_or("0");
        let after: u64 = if state.endless { 0 } else { after.parse().unwrap() };
        let rest: Vec<&Project> = state.projects.iter().filter(|one| one.id > after).collect();
        let page: Vec<Value> = rest.iter().take(PAGE).map(|one| self.record(one)).collect();
        let body = json!(page).to_string();
        let digest: String = Sha256::digest(&body).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let tag = format!("W/\"{digest}\"");
        headers.push_str(&format!("ETag: {tag}\r\n"));
        if rest.len() > PAGE || state.endless {
            headers.push_str("Link: <https://elsewhere.example/>; rel=\"next\"\r\n");
        }
        if header("if-none-match") == Some(tag) {
            state.not_modified += 1;
            return (304, headers, String::new());
        }
        (200, headers, body)
    }

    fn record(&self, one: &Project) -> Value {
        json!({
            "id": one.id,
            "path_with_namespace": one.path,
            "http_url_to_repo": format!("{}/{}.git", self.url, one.path),
            "star_count": one.id,
            "visibility": "public",
            "archived": one.archived,
            "last_activity_at": one.pushed,
        })
    }
}
