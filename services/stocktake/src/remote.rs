//! A gateway elsewhere, for the commands that can do without a store of their own.

use contracts::{ErrorKind, Failure};
use reqwest::{Method, RequestBuilder, redirect::Policy};
use runtime::config::Inputs;
use serde_json::Value;
use store::api_keys::SecretKey;

use crate::{cli::Global, first_key, session};

/// Items of one page.
const PAGE: usize = 500;

/// A gateway elsewhere.
pub(crate) struct Remote {
    http: reqwest::Client,
    base: String,
    key: Option<SecretKey>,
}

impl Remote {
    /// The gateway that `--server` or `STOCKTAKE_SERVER` names; none when neither does. Its key is the one in
    /// `STOCKTAKE_KEY` or, for a gateway of this machine, the one that lies in the data folder.
    pub(crate) fn of(global: &Global) -> Result<Option<Self>, Failure> {
        let (server, key) = Inputs::from_process(None, Vec::new()).server();
        let Some(server) = global.server.clone().or(server) else { return Ok(None) };
        let base = server.trim_end_matches('/').to_owned();
        let host = base.strip_prefix("http://").or_else(|| base.strip_prefix("https://"));
        let Some(host) = host.filter(|host| !host.is_empty()) else {
            let text = format!(
                "--server {server} is no URL such as https://stocktake.example or http://127.0.0.1:8080"
            );
            return Err(Failure::new(ErrorKind::Invalid, text));
        };
        let is_here = ["localhost", "127.0.0.1", "[::1]"]
            .iter()
            .any(|name| host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')));
        if !is_here && base.starts_with("http://") {
            let text = format!(
                "--server {server} would send the key readable to everybody on the way; use https://"
            );
            return Err(Failure::new(ErrorKind::Invalid, text));
        }
        let key = match key {
            Some(text) => Some(SecretKey::parse(text.trim()).ok_or_else(|| {
                Failure::new(ErrorKind::Invalid, "STOCKTAKE_KEY holds no key; keys begin with stk_")
            })?),
            None if is_here => first_key::read(&session::load(global, &[])?.config.data.dir),
            None => None,
        };
        runtime::tls::install();
        // A redirection would take the key along.
        let http = reqwest::Client::builder().redirect(Policy::none()).build();
        let http = http.map_err(|error| Failure::new(ErrorKind::Internal, error))?;
        Ok(Some(Self { http, base, key }))
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.request(Method::POST, path).header("Content-Type", "application/json");
        self.send(request.body(body.to_string())).await
    }

    /// Posts what is not JSON.
    pub(crate) async fn upload(&self, path: &str, media_type: &str, body: Vec<u8>) -> Result<Value, Failure> {
        let request = self.request(Method::POST, path).header("Content-Type", media_type);
        self.send(request.body(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.request(Method::PUT, path).header("Content-Type", "application/json");
        self.send(request.body(body.to_string())).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Up to `most` items of a list, page by page.
    pub(crate) async fn items(&self, path: &str, most: usize) -> Result<Vec<Value>, Failure> {
        let glue = if path.contains('?') { '&' } else { '?' };
        let (mut items, mut cursor) = (Vec::new(), String::new());
        while items.len() < most {
            let limit = PAGE.min(most - items.len());
            let mut page = self.get(&format!("{path}{glue}limit={limit}{cursor}")).await?;
            if let Value::Array(found) = page["items"].take() {
                items.extend(found);
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        Ok(items)
    }

    /// Where it is.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Hands every line of a stream to `take`. Holds one line in memory.
    pub(crate) async fn lines(
        &self,
        path: &str,
        mut take: impl FnMut(&str) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut held: Vec<u8> = Vec::new();
        self.bytes(path, |piece| {
            held.extend_from_slice(piece);
            while let Some(end) = held.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = held.drain(..=end).collect();
                take(String::from_utf8_lossy(&line).trim_end())?;
            }
            Ok(())
        })
        .await
    }

    /// Hands what is answered to `take`, piece by piece as it comes.
    pub(crate) async fn bytes(
        &self,
        path: &str,
        mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let away = |error: reqwest::Error| {
            let text = format!("{} breaks off: {}", self.base, error.without_url());
            Failure::new(ErrorKind::Unavailable, text)
        };
        let mut response = self.request(Method::GET, path).send().await.map_err(away)?;
        if !response.status().is_success() {
            return self.answer(response).await.map(drop);
        }
        while let Some(piece) = response.chunk().await.map_err(away)? {
            take(&piece)?;
        }
        Ok(())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.base));
        match &self.key {
            Some(key) => request.bearer_auth(key.expose()),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let away = |error: reqwest::Error| {
            let text = format!("{} does not answer: {}", self.base, error.without_url());
            Failure::new(ErrorKind::Unavailable, text)
        };
        self.answer(request.send().await.map_err(away)?).await
    }

    async fn answer(&self, response: reqwest::Response) -> Result<Value, Failure> {
        let away = |error: reqwest::Error| {
            let text = format!("{} breaks off: {}", self.base, error.without_url());
            Failure::new(ErrorKind::Unavailable, text)
        };
        let status = response.status();
        let text = response.text().await.map_err(away)?;
        let value: Value = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).map_err(|error| {
                let text = format!("{} answers {status}, and no JSON ({error}): is it a gateway?", self.base);
                Failure::new(ErrorKind::Unavailable, text)
            })?
        };
        if status.is_success() {
            return Ok(value);
        }
        let detail = value["detail"].as_str().unwrap_or("no reason is told");
        let text = match value["at"].as_str() {
            Some(at) => format!("{}: {at}: {detail}", self.base),
            None => format!("{}: {detail}", self.base),
        };
        Err(Failure::new(kind_of(status.as_u16()), text))
    }
}

/// A text of what a gateway told; none is empty.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// A text as a part of a query (RFC 3986).
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// What a status means to a command.
fn kind_of(status: u16) -> ErrorKind {
    match status {
        400 | 405 | 415 | 422 => ErrorKind::Invalid,
        401 | 403 | 421 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        413 | 414 | 431 => ErrorKind::TooLarge,
        429 => ErrorKind::RateLimited,
        408 | 504 => ErrorKind::TimedOut,
        503 => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    }
}
