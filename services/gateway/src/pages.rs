//! Pages for people: HTML made here, with one style sheet of our own and nothing from elsewhere.

pub(crate) mod docs;
mod keys;
mod parts;
mod repositories;
mod set_aside;
mod sign_in;
mod snapshot;
mod sources;
mod start;
mod stocks;
mod treemap;
mod webhooks;

use std::fmt::{self, Display};

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    web::{Data, ServiceConfig, get, post},
};

use crate::api::{Document, OPENAPI};

/// Where the style sheet is.
const STYLE: &str = "/style.css";
/// Where our one script is.
const SCRIPT: &str = "/script.js";

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .route("/", get().to(start::show))
        .route("/docs", get().to(show_docs))
        .route("/sign-in", get().to(sign_in::show))
        .route("/sign-in", post().to(sign_in::sign_in))
        .route("/sign-out", post().to(sign_in::sign_out))
        .route("/sources", get().to(sources::show))
        .route("/repositories", get().to(repositories::list))
        .route("/repositories/{id}", get().to(repositories::show))
        .route("/snapshots/{id}", get().to(snapshot::show))
        .route("/stocks", get().to(stocks::list))
        .route("/stocks/{id}", get().to(stocks::show))
        .route("/set-aside", get().to(set_aside::show))
        .route("/webhooks", get().to(webhooks::list))
        .route("/webhooks/{id}", get().to(webhooks::show))
        .route("/webhook-deliveries/{id}", get().to(webhooks::delivery))
        .route("/keys", get().to(keys::show))
        .route(STYLE, get().to(style))
        .route(SCRIPT, get().to(script));
}

/// What everybody may see: how it is, how it is used, and where one signs in.
pub(crate) fn is_open(path: &str) -> bool {
    const OPEN: &[&str] = &[
        "/__heartbeat__",
        "/__lbheartbeat__",
        "/__version__",
        "/docs",
        STYLE,
        SCRIPT,
        "/sign-in",
        "/sign-out",
        OPENAPI,
    ];
    OPEN.contains(&path)
}

async fn show_docs(document: Data<Document>) -> HttpResponse {
    html(document.page.clone())
}

async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/css; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "max-age=300"))
        .body(include_str!("pages/style.css"))
}

async fn script() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/javascript; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "max-age=300"))
        .body(include_str!("pages/script.js"))
}

/// An answer that is a page. Nothing runs on it but our one script, and nothing comes from elsewhere.
fn html(page: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((
            "Content-Security-Policy",
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        // With `no-referrer` browsers send forms with an `Origin` of `null`, as if they came from elsewhere.
        .insert_header(("Referrer-Policy", "same-origin"))
        .body(page)
}

/// A page with this title around its `body`, which is HTML.
fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<link rel=\"stylesheet\" href=\"{STYLE}\">\n\
         <script src=\"{SCRIPT}\" defer></script>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">To the content</a>\n\
         <header><a class=\"name\" href=\"/\">Stocktake</a> <nav aria-label=\"Pages\"><a href=\"/\">Now</a> \
         <a href=\"/sources\">Sources</a> <a href=\"/repositories\">Repositories</a> <a href=\"/stocks\">Stocks</a> \
         <a href=\"/webhooks\">Webhooks</a> <a href=\"/set-aside\">Set aside</a> <a href=\"/keys\">Keys</a> <a href=\"/docs\">API</a> \
         <a href=\"/__heartbeat__\">Health</a> <a href=\"/metrics\">Metrics</a></nav>\n\
         <span id=\"state\" class=\"soft\" role=\"status\"></span> <a id=\"sign-in\" href=\"/sign-in\">Sign in</a> \
         <form id=\"sign-out\" class=\"inline\" method=\"post\" action=\"/sign-out\"><button>Sign out</button></form></header>\n\
         <p id=\"problem\" class=\"wrong\" role=\"alert\" hidden></p>\n\
         <main id=\"main\">\n{body}</main>\n\
         <footer>Version {}.</footer>\n</body>\n</html>\n",
        Text(title),
        Text(env!("CARGO_PKG_VERSION")),
    )
}

/// Text as a part of a query.
pub(crate) fn in_query(text: &str) -> String {
    let mut query = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                query.push(char::from(byte))
            }
            other => query.push_str(&format!("%{other:02X}")),
        }
    }
    query
}

/// Text as HTML shows it, whatever is in it.
struct Text<T>(T);

impl<T: Display> Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.to_string().chars() {
            match part {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => fmt::Write::write_char(f, other)?,
            }
        }
        Ok(())
    }
}

/// Text whose parts between backquotes are code, as the descriptions in the source have them.
struct Prose<'a>(&'a str);

impl Display for Prose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.split('`').enumerate() {
            if at % 2 == 0 { write!(f, "{}", Text(part))? } else { write!(f, "<code>{}</code>", Text(part))? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(Text("<a href='x'>&\"").to_string(), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
        assert_eq!(Prose("see `<b>` & go").to_string(), "see <code>&lt;b&gt;</code> &amp; go");
    }
}
