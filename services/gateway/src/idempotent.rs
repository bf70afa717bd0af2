//! `Idempotency-Key`: a request that is sent again, because its answer was lost, is answered as it was and
//! does nothing a second time.

use std::time::Duration;

use actix_web::{
    Error,
    body::{BoxBody, EitherBody, MessageBody, to_bytes},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION},
    },
    middleware::Next,
    web,
};
use contracts::KeyId;
use futures_util::stream;
use store::{
    StoreError,
    idempotency::{self, Answer, Begun},
};

use crate::{
    access::Caller,
    context::Shared,
    error::{CONFLICT, Problem, REUSED},
    extract::{PATIENCE, whole},
};

const HEADER: &str = "Idempotency-Key";
/// The longest key.
const LONGEST: usize = 255;
/// After this a request that was never answered counts as not made: whoever answered it is gone.
const GIVEN_UP: Duration = Duration::from_secs(120);
/// How long answers are kept.
const KEPT: Duration = Duration::from_secs(24 * 3_600);
/// What is made here is told once and kept nowhere, so it cannot be told again.
const NEVER: &[&str] = &["/api/v1/keys", "/api/v1/webhooks"];

/// A submission of a repository is the same message each time, which is handled once, with the database away
/// too; one of assets looks after it itself, and its body may be large.
const ONCE_ANYWAY: &[&str] = &["/api/v1/repositories", "/api/v1/assets", "/sign-in", "/sign-out"];

type Answered<B> = Result<ServiceResponse<EitherBody<B>>, Error>;

/// Answers a request that carries the header once, and then as before.
pub(crate) async fn answer_once<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Answered<B> {
    let token = request.headers().get(HEADER).cloned();
    let caller = request.request().headers().get(HEADER).and_then(|_| Caller::of(request.request()));
    let known = (token, caller.and_then(|caller| caller.key), request.app_data::<Shared>().cloned());
    let (Some(token), Some(key), Some(context)) = known else {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    };
    if request.method() != Method::POST || ONCE_ANYWAY.iter().any(|path| request.path().starts_with(path)) {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    if NEVER.iter().any(|path| request.path().starts_with(path)) {
        let text = "the answer holds a secret, which is kept nowhere: send the request without this header";
        return Ok(request.error_response(Problem::invalid(HEADER, text)).map_into_right_body());
    }
    let Some(token) = token_of(&token) else {
        let text = format!("it has 1 to {LONGEST} visible characters");
        return Ok(request.error_response(Problem::invalid(HEADER, text)).map_into_right_body());
    };
    let body = match body_of(&mut request, context.body_bytes).await {
        Ok(body) => body,
        Err(problem) => return Ok(request.error_response(problem).map_into_right_body()),
    };
    let account = key.account();
    let fingerprint = fingerprint(&request, &body);
    let begun = begin(&context, account, &token, fingerprint).await;
    let problem = match begun {
        Ok(Begun::Fresh) => {
            let chunk = stream::iter([Ok(body)]);
            request.set_payload(Payload::Stream { payload: Box::pin(chunk) });
            return finish(&context, account, token, next.call(request).await?).await;
        }
        Ok(Begun::Answered(answer)) => return Ok(again(request, answer).map_into_right_body()),
        Ok(Begun::UnderWay) => {
            Problem::new(&CONFLICT, "the same request is being answered; ask again in a moment").at(HEADER)
        }
        Ok(Begun::Another) => {
            Problem::new(&REUSED, "another request was sent with this key; each has one of its own")
                .at(HEADER)
        }
        Err(error) => Problem::from(error),
    };
    Ok(request.error_response(problem).map_into_right_body())
}

/// A structured string or a bare one.
fn token_of(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let fits = !text.is_empty() && text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| text.to_owned())
}

async fn body_of(request: &mut ServiceRequest, limit: usize) -> Result<web::Bytes, Problem> {
    let payload = request.extract::<web::Payload>().await;
    let wrong = |error: Error| Problem::invalid("body", format!("it did not arrive: {error}"));
    whole(payload.map_err(wrong)?, limit, PATIENCE).await
}

fn fingerprint(request: &ServiceRequest, body: &[u8]) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    for part in [request.path().as_bytes(), request.query_string().as_bytes(), body] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().as_bytes().to_vec()
}

async fn begin(
    context: &Shared,
    account: KeyId,
    token: &str,
    fingerprint: Vec<u8>,
) -> Result<Begun, StoreError> {
    let (token, now) = (token.to_owned(), context.now());
    let work = move |tx: &mut store::Tx| {
        idempotency::purge(tx, now - KEPT)?;
        idempotency::begin(tx, (account, &token), &fingerprint, now - GIVEN_UP, now)
    };
    context.engine.store.write(work).await
}

/// Keeps the answer, unless it was a failure of ours: then the request may be made again.
async fn finish<B: MessageBody + 'static>(
    context: &Shared,
    account: KeyId,
    token: String,
    response: ServiceResponse<B>,
) -> Answered<B> {
    let (request, response) = response.into_parts();
    let status = response.status();
    let (response, body) = response.into_parts();
    let body = to_bytes(body).await.map_err(|error| Problem::internal(error.into()))?;
    let headers: Vec<(String, String)> = [CONTENT_TYPE, LOCATION]
        .iter()
        .filter_map(|name| Some((name.to_string(), response.headers().get(name)?.to_str().ok()?.to_owned())))
        .collect();
    let headers = serde_json::to_string(&headers).map_err(Problem::internal)?;
    let answer = Answer { status: status.as_u16(), headers, body: body.to_vec() };
    let kept = context.engine.store.write(move |tx| match answer.status {
        500.. | 429 => idempotency::forget(tx, (account, &token)),
        _ => idempotency::answered(tx, (account, &token), &answer),
    });
    if let Err(error) = kept.await {
        let error: StoreError = error;
        tracing::warn!(%error, "answer is not kept; the same request would be made again after a while");
    }
    let response = response.set_body(BoxBody::new(body));
    Ok(ServiceResponse::new(request, response).map_into_right_body())
}

fn again(request: ServiceRequest, answer: Answer) -> ServiceResponse<BoxBody> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = actix_web::HttpResponse::build(status);
    let headers: Vec<(String, String)> = serde_json::from_str(&answer.headers).unwrap_or_default();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.insert_header((name, value));
        }
    }
    response.insert_header(("Idempotency-Replayed", "true"));
    request.into_response(response.body(answer.body))
}
