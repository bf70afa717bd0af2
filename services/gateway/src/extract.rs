//! How bodies are read: JSON, bounded, and with the path of the field that is wrong.

use std::time::Duration;

use actix_web::{
    FromRequest, HttpRequest, dev,
    http::header::{self, CONTENT_TYPE},
    web::{Data, Payload},
};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use crate::{
    context::Context,
    error::{MEDIA_TYPE, Problem, TOO_LARGE, TOO_SLOW},
};

/// How long a body may take to arrive. Who is slower is cut off.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What who is slower is told.
pub(crate) fn too_slow(patience: Duration) -> Problem {
    Problem::new(&TOO_SLOW, format!("the body did not arrive within {} seconds", patience.as_secs()))
        .with(header::CONNECTION, "close")
}

/// A JSON body. An empty one counts as `{}`.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let limit = request.app_data::<Data<Context>>().map_or(0, |context| context.body_bytes);
        let is_json = is_json(request);
        let payload = Payload::from_request(request, payload);
        Box::pin(async move {
            let payload = payload.await.map_err(|error| Problem::invalid("body", error.to_string()))?;
            let body = tokio::time::timeout(PATIENCE, payload.to_bytes_limited(limit)).await;
            let body = match body.map_err(|_elapsed| too_slow(PATIENCE))? {
                Ok(Ok(body)) => body,
                Ok(Err(error)) => {
                    return Err(Problem::invalid("body", format!("it did not arrive: {error}")));
                }
                Err(_) => {
                    return Err(Problem::new(&TOO_LARGE, format!("the body is larger than {limit} bytes")));
                }
            };
            if body.is_empty() {
                return read(b"{}");
            }
            if !is_json {
                return Err(Problem::new(&MEDIA_TYPE, "the header Content-Type has to be application/json"));
            }
            read(&body)
        })
    }
}

fn is_json(request: &HttpRequest) -> bool {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<Json<T>, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        // What breaks off has no name yet.
        let at = if matches!(path.as_str(), "." | "?") { "body".to_owned() } else { path };
        Problem::invalid(at, error.into_inner().to_string())
    })?;
    deserializer.end().map_err(|error| Problem::invalid("body", error.to_string()))?;
    Ok(Json(value))
}
