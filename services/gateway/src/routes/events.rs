//! The event stream: Server-Sent Events, as browsers and `curl -N` read them, and a WebSocket with
//! subscriptions. Both tell the same events under the same numbers.

mod socket;

use std::{convert::Infallible, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    web::{Bytes, Query},
};
use contracts::route;
use futures_util::{Stream, stream};
use jiff::Timestamp;
use runtime::metrics::names::EVENT_LISTENERS;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::{
    context::Shared,
    error::Problem,
    error_docs::Listing,
    events::{Event, Heard, Listener},
};

/// How long the stream is silent before it shows that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(listen).service(socket::socket);
}

/// What `data` of an event is.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
struct Told<'a> {
    /// The number of the event, the same at every gateway; null for progress, which is told once and to who
    /// listens then.
    #[schema(required)]
    seq: Option<u64>,
    /// What happened; also the name of the event.
    #[schema(example = "snapshot.audited.v1")]
    kind: &'a str,
    /// When it was said.
    time: Timestamp,
    /// The message, as `proto/` describes it.
    #[schema(value_type = Object)]
    data: &'a Value,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Only events of these kinds, with commas between them.
    kinds: Option<String>,
    /// Only events about the thing with this id: a snapshot, a task, a repository's part of a snapshot.
    subject: Option<Uuid>,
    /// As the header `Last-Event-ID`, for clients that cannot set it.
    last_event_id: Option<String>,
}

/// Tells what happens, as it happens.
///
/// With `Last-Event-ID` the stream begins behind that event, at whichever gateway. A client that was too slow,
/// or away for too long, gets an event `missed` with how many are gone and the number behind which the stream
/// goes on (`{"missed": 12, "resume_after": 1044}`, or null when nobody knows): what it holds has to be asked
/// for again.
#[utoipa::path(tag = "events",
    params(Asked, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was received")),
    responses((status = 200, description = "The stream", body = Told, content_type = "text/event-stream"), Listing))]
#[get("/events")]
async fn listen(context: Shared, request: HttpRequest, asked: Query<Asked>) -> Result<HttpResponse, Problem> {
    let kinds = kinds(asked.kinds.as_deref())?;
    let header = request.headers().get("Last-Event-ID").and_then(|value| value.to_str().ok());
    let last = header.or(asked.last_event_id.as_deref());
    let listener = context.events.listen(&context.engine.store, last);
    let wanted = Wanted { kinds, subject: asked.subject.map(|id| id.to_string()) };
    let client = Client { listener, wanted, context, _counted: Counted::begin("sse") };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(frames(client)))
}

fn kinds(asked: Option<&str>) -> Result<Option<Vec<&'static str>>, Problem> {
    let Some(asked) = asked else { return Ok(None) };
    let known = |name: &str| route::EVENTS.iter().copied().find(|kind| *kind == name);
    let found: Result<Vec<_>, _> = asked
        .split(',')
        .map(|name| {
            known(name).ok_or_else(|| {
                let known = route::EVENTS.join(", ");
                Problem::invalid("kinds", format!("{name:?} is no kind of event; known: {known}"))
            })
        })
        .collect();
    found.map(Some)
}

/// Which events are wanted.
#[derive(Clone, Default)]
struct Wanted {
    /// All when none are named.
    kinds: Option<Vec<&'static str>>,
    subject: Option<String>,
}

impl Wanted {
    fn has(&self, event: &Event) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&event.kind.as_str()))
            && self.subject.as_ref().is_none_or(|subject| event.is_about(subject))
    }
}

impl<'a> Told<'a> {
    fn of(event: &'a Event) -> Self {
        Self { seq: event.seq, kind: &event.kind, time: event.time, data: &event.data }
    }
}

/// A client and what it wants to hear.
struct Client {
    listener: Listener,
    wanted: Wanted,
    context: Shared,
    _counted: Counted,
}

fn frames(client: Client) -> impl Stream<Item = Result<Bytes, Infallible>> {
    // The first frame tells at once that the stream is open, and how soon to come back when it ends.
    stream::unfold((client, true), |(mut client, first)| async move {
        let frame = if first { "retry: 2000\n\n".to_owned() } else { client.frame().await? };
        Some((Ok(Bytes::from(frame)), (client, false)))
    })
}

impl Client {
    /// The next frame; `None` when the stream ends.
    async fn frame(&mut self) -> Option<String> {
        // Also while there are only events that this client does not want.
        let silent_until = tokio::time::Instant::now() + HEARTBEAT;
        loop {
            let heard = tokio::select! {
                heard = tokio::time::timeout_at(silent_until, self.listener.next()) => heard,
                () = self.context.shutdown.cancelled() => return None,
            };
            match heard {
                Err(_) => return Some(": still here\n\n".to_owned()),
                Ok(None) => return None,
                Ok(Some(Heard::Missed { count, resume_after })) => {
                    let missed = serde_json::json!({ "missed": count, "resume_after": resume_after });
                    return Some(format!("event: missed\ndata: {missed}\n\n"));
                }
                Ok(Some(Heard::Event(event))) if self.wanted.has(&event) => return Some(frame_of(&event)),
                Ok(Some(Heard::Event(_))) => {}
            }
        }
    }
}

fn frame_of(event: &Event) -> String {
    // JSON of one line: nothing in it can end the frame.
    let json = serde_json::to_string(&Told::of(event)).unwrap_or_default();
    let id = event.seq.map(|seq| format!("id: {seq}\n")).unwrap_or_default();
    format!("{id}event: {}\ndata: {json}\n\n", event.kind)
}

/// Counts a client as long as it listens.
struct Counted(&'static str);

impl Counted {
    fn begin(protocol: &'static str) -> Self {
        metrics::gauge!(EVENT_LISTENERS, "protocol" => protocol).increment(1.0);
        Self(protocol)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!(EVENT_LISTENERS, "protocol" => self.0).decrement(1.0);
    }
}
