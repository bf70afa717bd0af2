//! `ETag` of whatever has a length: who asks again for what has not changed is told so, in no bytes.

use actix_web::{
    Error, HttpResponse,
    body::{BodySize, BoxBody, EitherBody, MessageBody, to_bytes},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{ETAG, HeaderValue, IF_NONE_MATCH},
    },
    middleware::Next,
};

use crate::error::Problem;

/// Larger answers have none: they would be held in memory for it.
const LARGEST: u64 = 8 << 20;

/// Gives an answer its tag, or says that it is known.
pub(crate) async fn tag<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let is_read =
        matches!(*request.method(), Method::GET | Method::HEAD) && request.path().starts_with("/api/");
    let known = request.headers().get(IF_NONE_MATCH).cloned();
    let response = next.call(request).await?;
    let has_length = matches!(response.response().body().size(), BodySize::Sized(1..=LARGEST));
    let wants = is_read && response.status() == StatusCode::OK && !response.headers().contains_key(ETAG);
    if !wants || !has_length {
        return Ok(response.map_into_left_body());
    }
    let (request, response) = response.into_parts();
    let (mut response, body) = response.into_parts();
    let body = to_bytes(body).await.map_err(|error| Problem::internal(error.into()))?;
    let digest = blake3::hash(&body).to_hex();
    let tag = format!("\"{}\"", digest.get(..32).unwrap_or_default());
    if known.as_ref().is_some_and(|known| names(known, &tag)) {
        let same = HttpResponse::NotModified().insert_header((ETAG, tag)).finish();
        return Ok(ServiceResponse::new(request, same).map_into_right_body());
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(ServiceResponse::new(request, response.set_body(BoxBody::new(body))).map_into_right_body())
}

/// Whether a list of tags, or `*`, has this one.
pub(crate) fn names(known: &HeaderValue, tag: &str) -> bool {
    let known = known.to_str().unwrap_or_default();
    known.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}
