//! Signing in with a key, and out.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{LOCATION, SET_COOKIE},
    web::{Form, Query},
};
use jiff::SignedDuration;
use serde::Deserialize;
use store::api_keys::{self, SecretKey};

use super::{Text, html, page};
use crate::{
    access::{Caller, SESSION, session},
    context::Shared,
    error::{Problem, RATE_LIMITED},
};

/// How long a session lasts.
const LASTS: SignedDuration = SignedDuration::from_hours(12);
/// What a try costs the address that it comes from.
const TRY: u32 = 10;

#[derive(Deserialize)]
pub(super) struct Asked {
    /// Where to go then.
    next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Given {
    key: String,
    next: Option<String>,
}

pub(super) async fn show(asked: Query<Asked>) -> HttpResponse {
    html(form(asked.next.as_deref(), None))
}

fn form(next: Option<&str>, wrong: Option<&str>) -> String {
    let wrong = wrong.map(|text| format!("<p class=\"wrong\" role=\"alert\">{}</p>\n", Text(text)));
    let body = format!(
        "<h1>Sign in</h1>\n{}<form method=\"post\" action=\"/sign-in\">\n\
         <p><label for=\"key\">Key</label><br>\n\
         <input id=\"key\" name=\"key\" type=\"password\" autocomplete=\"current-password\" required autofocus \
         placeholder=\"stk_…\"></p>\n\
         <input type=\"hidden\" name=\"next\" value=\"{}\">\n\
         <p><button>Sign in</button></p>\n</form>\n\
         <p class=\"soft\">The first start of <code>stocktake up</code> shows one; \
         <code>stocktake key create</code> makes more.</p>\n",
        wrong.unwrap_or_default(),
        Text(local(next)),
    );
    page("Stocktake: sign in", &body)
}

/// A path of ours, never another site's.
fn local(next: Option<&str>) -> &str {
    let is_local =
        |next: &&str| next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n']);
    next.filter(is_local).unwrap_or("/")
}

pub(super) async fn sign_in(
    context: Shared,
    request: HttpRequest,
    given: Form<Given>,
) -> Result<HttpResponse, Problem> {
    let Given { key, next } = given.into_inner();
    let now = context.now();
    if let Some(caller) = Caller::of(&request) {
        let standing = context.limits.take(&caller, TRY, now).await;
        if !standing.allowed {
            let text = format!("try again in {} seconds", standing.wait);
            return Err(Problem::new(&RATE_LIMITED, text));
        }
    }
    let found = match SecretKey::parse(key.trim()) {
        Some(secret) => context.keys.find(&secret, context.gate.is_up()).await?,
        None => None,
    };
    let is_good = |key: &api_keys::ApiKey| {
        key.parent.is_none()
            && key.revoked_at.is_none_or(|since| since > now)
            && key.expires_at.is_none_or(|end| end > now)
    };
    let Some(key) = found.filter(|key| is_good(key)) else {
        let page = form(next.as_deref(), Some("That is no key, or one that has expired or was revoked."));
        let mut answer = html(page);
        *answer.status_mut() = actix_web::http::StatusCode::UNAUTHORIZED;
        return Ok(answer);
    };
    let secret =
        context.engine.store.write(move |tx| api_keys::begin_session(tx, &key, now + LASTS, now)).await?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, local(next.as_deref())))
        .insert_header((SET_COOKIE, cookie(&request, secret.expose(), LASTS.as_secs())))
        .finish())
}

pub(super) async fn sign_out(context: Shared, request: HttpRequest) -> Result<HttpResponse, Problem> {
    if let Some(secret) = session(request.headers()) {
        let (digest, now) = (secret.digest(), context.now());
        context
            .engine
            .store
            .write(move |tx| match api_keys::by_digest(tx, &digest)? {
                Some(key) if key.parent.is_some() => api_keys::revoke(tx, key.id, now).map(drop),
                _ => Ok::<_, store::StoreError>(()),
            })
            .await?;
        context.keys.forget();
    }
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, "/sign-in"))
        .insert_header((SET_COOKIE, cookie(&request, "", 0)))
        .finish())
}

/// Scripts do not see it, other sites do not send it, and over TLS it stays there.
fn cookie(request: &HttpRequest, value: &str, seconds: i64) -> String {
    let secure = if request.connection_info().scheme() == "https" { "; Secure" } else { "" };
    format!("{SESSION}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_another_site() {
        for (next, to) in [
            (Some("/snapshots/1?a=b"), "/snapshots/1?a=b"),
            (Some("//evil.example"), "/"),
            (Some("https://evil.example"), "/"),
            (Some("/\\evil.example"), "/"),
            (None, "/"),
        ] {
            assert_eq!(local(next), to);
        }
    }
}
