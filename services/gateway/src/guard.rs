//! Who may ask: the right host, no page of another site, a key with the scope that the operation asks for, and
//! a limit that is not used up.
//!
//! A browser on this machine talks to the loopback address for any page that asks it to. Two checks keep
//! strangers' pages out: the name in `Host` must be one of ours, so that a name which was bound to the
//! loopback address afterwards (DNS rebinding) reaches nothing; and a request that changes something must not
//! come from another origin.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, header},
    middleware::Next,
};
use runtime::http::Route;
use store::api_keys::{ApiKey, Scope};

use crate::{
    access::{Caller, Credentials},
    api::{Operation, Routes},
    context::{Context, Shared},
    error::{
        FORBIDDEN, HEADERS_TOO_LARGE, MISDIRECTED, Problem, RATE_LIMITED, UNAUTHENTICATED, UNAVAILABLE,
        URI_TOO_LONG,
    },
    limits::Standing,
    pages,
};

/// The names of this machine.
const NAMES: &[&str] = &["localhost", "127.0.0.1", "[::1]"];
/// Bytes of a path and its query.
const ADDRESS: usize = 4_096;
/// Bytes of all headers.
const HEADERS: usize = 16_384;
/// What a wrong key costs the address that it comes from: guessing ends soon.
const GUESS: u32 = 10;

/// Lets a request through, or answers it.
pub(crate) async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let Some(context) = request.app_data::<Shared>().cloned() else {
        return Err(Problem::internal("a server without a context").into());
    };
    let needs_store = match admit(&context, &request).await {
        Ok((standing, needs_store)) => {
            request.extensions_mut().insert(standing);
            needs_store
        }
        Err(Refused { problem, .. }) if is_person(&request) && *problem.kind == UNAUTHENTICATED => {
            let next = request.uri().path_and_query().map_or("/", |text| text.as_str());
            let to = format!("/sign-in?next={}", pages::in_query(next));
            let answer = HttpResponse::SeeOther().insert_header((header::LOCATION, to)).finish();
            return Ok(request.into_response(answer).map_into_right_body());
        }
        Err(Refused { problem, standing }) => {
            let mut response = request.error_response(problem);
            standing.tell(response.headers_mut());
            return Ok(response.map_into_right_body());
        }
    };
    let standing = request.extensions().get::<Standing>().cloned().unwrap_or_default();
    let mut response = tokio::select! {
        response = next.call(request) => response?,
        () = context.gate.went_down(), if needs_store => return Err(away().into()),
    };
    standing.tell(response.headers_mut());
    Ok(response.map_into_left_body())
}

fn away() -> Problem {
    Problem::new(&UNAVAILABLE, "the database does not answer now")
}

/// Somebody who looks at a page.
fn is_person(request: &ServiceRequest) -> bool {
    let accepts = header_of(request, header::ACCEPT).unwrap_or_default();
    *request.method() == Method::GET && !request.path().starts_with("/api/") && accepts.contains("text/html")
}

struct Refused {
    problem: Problem,
    standing: Standing,
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self { problem, standing: Standing::uncounted(false) }
    }
}

/// What a path asks of its caller.
enum Need<'a> {
    /// Nothing.
    Open,
    /// A scope, of whoever wants the operation.
    Operation(&'a Operation),
    /// A scope, of whoever wants something that is described nowhere.
    Scope(Scope),
}

/// Where the caller stands, and whether the request is to be given up when the database goes away.
async fn admit(context: &Context, request: &ServiceRequest) -> Result<(Standing, bool), Refused> {
    check_size(request)?;
    check_host(context, request)?;
    check_escapes(request)?;
    let routes = request.app_data::<actix_web::web::Data<Routes>>();
    let operation = routes.and_then(|routes| routes.operation(request.path(), request.method()));
    if let (Some((pattern, _)), Some(route)) = (operation, request.extensions().get::<Route>()) {
        route.is(pattern);
    }
    let need = match operation {
        Some((_, operation)) => Need::Operation(operation),
        None if pages::is_open(request.path()) => Need::Open,
        // What the path is, everybody may read in the description.
        None if let Some(methods) = routes.and_then(|routes| routes.methods_of(request.path())) => {
            return Err(Problem::method(methods).into());
        }
        None if request.path().starts_with("/api/") => Need::Scope(Scope::Admin),
        None => Need::Scope(Scope::Read),
    };
    let address = address_of(context, request);
    if let Need::Open = need {
        let anonymous = Caller { key: None, address, by_cookie: false };
        check_origin(request, false)?;
        request.extensions_mut().insert(anonymous);
        return Ok((Standing::uncounted(true), false));
    }
    let caller = identify(context, request, address).await?;
    let cost = match need {
        Need::Operation(operation) => operation.cost(request.query_string(), request.headers()),
        _ => 1,
    };
    let standing = take(context, &caller, cost).await?;
    let refused = |problem| Refused { problem, standing: standing.clone() };
    check_origin(request, caller.by_cookie).map_err(refused)?;
    let scope = match need {
        Need::Operation(operation) => operation.scope,
        Need::Scope(scope) => scope,
        Need::Open => Scope::Read,
    };
    let is_signed = matches!(&need, Need::Operation(operation) if operation.is_signed);
    if !is_signed {
        caller.check(scope, context.anonymous_reads).map_err(refused)?;
    }
    let mut needs_store = false;
    if let Need::Operation(operation) = need {
        check_query(request, operation).map_err(refused)?;
        needs_store = operation.needs_store;
        if needs_store && !context.gate.is_up() {
            return Err(refused(away()));
        }
    }
    request.extensions_mut().insert(caller);
    Ok((standing, needs_store))
}

async fn take(context: &Context, caller: &Caller, cost: u32) -> Result<Standing, Refused> {
    let standing = context.limits.take(caller, cost, context.engine.clock.now()).await;
    if standing.allowed {
        return Ok(standing);
    }
    let text = format!("the limit is used up; the same request is allowed in {} seconds", standing.wait);
    let problem = Problem::new(&RATE_LIMITED, text).with(header::RETRY_AFTER, standing.wait.to_string());
    Err(Refused { problem, standing })
}

/// The key that came with the request, when it is worth something.
async fn identify(context: &Context, request: &ServiceRequest, address: IpAddr) -> Result<Caller, Refused> {
    let anonymous = Caller { key: None, address, by_cookie: false };
    let (secret, by_cookie) = match Credentials::of(request) {
        Ok(Credentials::None) => return Ok(anonymous),
        Ok(Credentials::Header(secret)) => (secret, false),
        Ok(Credentials::Cookie(secret)) => (secret, true),
        Err(problem) => {
            let standing = take(context, &anonymous, GUESS).await?;
            return Err(Refused { problem, standing });
        }
    };
    let found = context.keys.find(&secret, context.gate.is_up()).await.map_err(Problem::from)?;
    let now = context.engine.clock.now();
    let wrong = match found.as_deref() {
        None => Some("is not known".to_owned()),
        Some(ApiKey { revoked_at: Some(since), .. }) if *since <= now => {
            Some(format!("was revoked at {since}"))
        }
        Some(ApiKey { expires_at: Some(end), .. }) if *end <= now => Some(format!("expired at {end}")),
        Some(_) => None,
    };
    match wrong {
        None => Ok(Caller { key: found, address, by_cookie }),
        Some(_) if by_cookie => Ok(anonymous),
        Some(wrong) => {
            let standing = take(context, &anonymous, GUESS).await?;
            let text = format!("the key {} {wrong}", secret.prefix());
            let problem = Problem::new(&UNAUTHENTICATED, text)
                .with(header::WWW_AUTHENTICATE, "Bearer realm=\"stocktake\", error=\"invalid_token\"");
            Err(Refused { problem, standing })
        }
    }
}

fn address_of(context: &Context, request: &ServiceRequest) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    if !context.trust_forwarded {
        return peer;
    }
    // The last one is what the proxy before us saw; those before it are what its caller says.
    let last = request.headers().get_all("X-Forwarded-For").last();
    last.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()).unwrap_or(peer)
}

fn check_size(request: &ServiceRequest) -> Result<(), Problem> {
    let address = request.uri().path_and_query().map_or(0, |text| text.as_str().len());
    if address > ADDRESS {
        let text = format!("path and query have {address} bytes; the most is {ADDRESS}");
        return Err(Problem::new(&URI_TOO_LONG, text));
    }
    let headers: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers > HEADERS {
        let text = format!("the headers have {headers} bytes; the most is {HEADERS}");
        return Err(Problem::new(&HEADERS_TOO_LARGE, text));
    }
    Ok(())
}

/// A letter, a digit, a dot or a slash that is written as a code serves nobody but who wants this check and the
/// router to see different paths.
fn check_escapes(request: &ServiceRequest) -> Result<(), Problem> {
    let path = request.path();
    if !path.starts_with("/api/") {
        return Ok(());
    }
    for escape in path.split('%').skip(1) {
        let code = escape.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/\\".contains(&byte) || byte < b' ';
        if code.is_none_or(is_plain) {
            return Err(Problem::invalid(
                "path",
                "the path has a character written as a code that needs none",
            ));
        }
    }
    Ok(())
}

fn header_of(request: &ServiceRequest, name: header::HeaderName) -> Option<&str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

/// Requests of HTTP/2 name the host in their URI.
fn host_of(request: &ServiceRequest) -> Option<&str> {
    request.uri().authority().map(|authority| authority.as_str()).or_else(|| header_of(request, header::HOST))
}

fn check_host(context: &Context, request: &ServiceRequest) -> Result<(), Problem> {
    if context.hosts.is_empty() && !context.is_local {
        return Ok(());
    }
    let host = host_of(request).unwrap_or_default();
    // The port may be another one: requests may come through a tunnel.
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let known = NAMES.iter().copied().chain(context.hosts.iter().map(String::as_str));
    if known.clone().any(|known| known.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    let known: Vec<&str> = known.collect();
    Err(Problem::new(&MISDIRECTED, format!("the host {host:?} is none of {}", known.join(", "))).at("Host"))
}

fn check_origin(request: &ServiceRequest, by_cookie: bool) -> Result<(), Problem> {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let is_upgrade = request.headers().contains_key(header::UPGRADE);
    if is_safe && !is_upgrade {
        return Ok(());
    }
    let Some(origin) = request.headers().get(header::ORIGIN) else {
        // A browser names the origin of whatever changes something. Without one a cookie proves nothing.
        return if by_cookie && !is_safe { Err(strange()) } else { Ok(()) };
    };
    let same = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"))
        .is_some_and(|(_, from)| host_of(request).is_some_and(|host| host.eq_ignore_ascii_case(from)));
    if same { Ok(()) } else { Err(strange()) }
}

fn strange() -> Problem {
    Problem::new(&FORBIDDEN, "requests of other sites' pages change nothing here").at("Origin")
}

/// A parameter that nobody reads is most likely misspelt, and would silently not filter.
fn check_query(request: &ServiceRequest, operation: &Operation) -> Result<(), Problem> {
    for pair in request.query_string().split('&').filter(|pair| !pair.is_empty()) {
        let name = pair.split('=').next().unwrap_or_default();
        // No text of the store can have one.
        if pair.contains("%00") {
            return Err(Problem::invalid(name, "it has a character of the value 0"));
        }
        if !operation.query.iter().any(|known| known == name) {
            let known =
                if operation.query.is_empty() { "none".to_owned() } else { operation.query.join(", ") };
            let detail = format!("the parameter {name:?} is unknown here; known: {known}");
            return Err(Problem::invalid(name, detail));
        }
    }
    Ok(())
}
