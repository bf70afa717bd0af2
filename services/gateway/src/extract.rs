//! How bodies are read: JSON, bounded, and with the path of the field that is wrong.

use std::time::Duration;

use actix_web::{
    FromRequest, HttpRequest, dev,
    http::header::{self, CONTENT_TYPE},
    web::{Bytes, Data, Payload},
};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    context::Context,
    error::{MEDIA_TYPE, Problem, TOO_LARGE, TOO_SLOW},
};

/// How long a body may take to arrive. Who is slower is cut off.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What who is slower is told.
fn too_slow(patience: Duration) -> Problem {
    Problem::new(&TOO_SLOW, format!("the body did not arrive within {} seconds", patience.as_secs()))
        .with(header::CONNECTION, "close")
}

/// A JSON object.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let body = body_of(request, payload);
        Box::pin(async move { object(&body.await?).map(Self) })
    }
}

/// A JSON object, where nothing at all says as much as `{}`.
pub(crate) struct IfSaid<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for IfSaid<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let body = body_of(request, payload);
        Box::pin(async move {
            let body = body.await?;
            object(if body.is_empty() { b"{}" } else { &body }).map(Self)
        })
    }
}

/// JSON of any kind.
pub(crate) struct AnyJson(pub(crate) Value);

impl FromRequest for AnyJson {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let body = body_of(request, payload);
        Box::pin(async move { read(&body.await?).map(Self) })
    }
}

/// The bytes of a body that is JSON, or of none.
fn body_of(
    request: &HttpRequest,
    payload: &mut dev::Payload,
) -> impl Future<Output = Result<Bytes, Problem>> + use<> {
    let limit = request.app_data::<Data<Context>>().map_or(0, |context| context.body_bytes);
    let is_json = is_json(request);
    let payload = Payload::from_request(request, payload);
    async move {
        let payload = payload.await.map_err(|error| Problem::invalid("body", error.to_string()))?;
        let body = whole(payload, limit, PATIENCE).await?;
        if !body.is_empty() && !is_json {
            return Err(Problem::new(&MEDIA_TYPE, "the header Content-Type has to be application/json"));
        }
        Ok(body)
    }
}

fn is_json(request: &HttpRequest) -> bool {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// All of a body, if it has arrived by then and is no larger.
pub(crate) async fn whole(payload: Payload, limit: usize, patience: Duration) -> Result<Bytes, Problem> {
    let body = tokio::time::timeout(patience, payload.to_bytes_limited(limit)).await;
    match body.map_err(|_elapsed| too_slow(patience))? {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => Err(Problem::invalid("body", format!("it did not arrive: {error}"))),
        Err(_) => Err(Problem::new(&TOO_LARGE, format!("the body is larger than {limit} bytes"))),
    }
}

/// Reads a JSON object, and says at which field it is not what was expected. A struct would be
/// read from a list of its fields too, which nobody means.
pub(crate) fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    match body.trim_ascii_start().first() {
        Some(b'{') => read(body),
        None => Err(Problem::invalid("body", "it is empty; a JSON object is needed")),
        Some(_) => Err(Problem::invalid("body", "it is no JSON object")),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        // What breaks off has no name yet.
        let at = if matches!(path.as_str(), "." | "?") { "body".to_owned() } else { path };
        Problem::invalid(at, error.into_inner().to_string())
    })?;
    deserializer.end().map_err(|error| Problem::invalid("body", error.to_string()))?;
    Ok(value)
}
