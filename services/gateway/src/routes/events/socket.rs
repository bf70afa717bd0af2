//! The same events over a WebSocket, with subscriptions that come and go.
//!
//! A client sends JSON texts: `{"subscribe": {"id": "a", "kinds": ["snapshot.audited.v1"], "subject": "UUID"}}`
//! and `{"unsubscribe": "a"}`; each is answered by `{"subscribed": "a"}` or `{"unsubscribed": "a"}`, or by
//! `{"problem": "…"}`. An event that any subscription wants comes once: `{"event": {…}, "subscriptions":
//! ["a"]}`. One that could not keep up is told `{"missed": 12, "resume_after": 1044}`.

use std::{collections::BTreeMap, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{Payload, Query},
};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, Session};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Counted, HEARTBEAT, Told, Wanted, kinds};
use crate::{
    context::Shared,
    error::Problem,
    error_docs::Listing,
    events::{Heard, Listener},
};

/// Bytes of a client's text.
const TEXT: usize = 16_384;
/// Subscriptions of one client.
const MOST: usize = 100;
/// The longest name of one.
const NAME: usize = 100;
/// How long a client may take to take a text. Who is slower is cut off, and comes back behind what it has seen.
const PATIENCE: Duration = Duration::from_secs(15);

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// The number of the last event that was received: what came behind it is told first.
    last_event_id: Option<String>,
}

/// What a client says.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Said {
    Subscribe(Subscription),
    Unsubscribe(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subscription {
    id: String,
    #[serde(default)]
    kinds: Option<Vec<String>>,
    #[serde(default)]
    subject: Option<Uuid>,
}

/// Tells what happens over a WebSocket, by subscriptions.
///
/// Send `{"subscribe": {"id": "a", "kinds": ["snapshot.audited.v1"], "subject": "UUID"}}`, both filters
/// optional, or `{"unsubscribe": "a"}`. Events come as `{"event": {…}, "subscriptions": ["a"]}`.
#[utoipa::path(tag = "events", params(Asked), responses(
    (status = 101, description = "The connection is a WebSocket now"), Listing))]
#[get("/events/socket")]
pub(super) async fn socket(
    context: Shared,
    request: HttpRequest,
    asked: Query<Asked>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let wrong = |error: actix_web::Error| Problem::invalid("Upgrade", error.to_string());
    let (answer, session, messages) = actix_ws::handle(&request, payload).map_err(wrong)?;
    let messages = messages.max_frame_size(TEXT).aggregate_continuations().max_continuation_size(TEXT);
    let listener = context.events.listen(&context.engine.store, asked.last_event_id.as_deref());
    let client = Client {
        session,
        listener,
        subscriptions: BTreeMap::new(),
        context,
        _counted: Counted::begin("websocket"),
    };
    actix_web::rt::spawn(client.run(messages));
    Ok(answer)
}

struct Client {
    session: Session,
    listener: Listener,
    subscriptions: BTreeMap<String, Wanted>,
    context: Shared,
    _counted: Counted,
}

impl Client {
    async fn run(mut self, mut messages: AggregatedMessageStream) {
        let mut beat = tokio::time::interval(HEARTBEAT);
        let mut is_alive = true;
        let code = loop {
            let going_on = tokio::select! {
                message = messages.next() => match message {
                    Some(Ok(AggregatedMessage::Text(text))) => self.hear(&text).await,
                    Some(Ok(AggregatedMessage::Ping(bytes))) => self.session.pong(&bytes).await.is_ok(),
                    Some(Ok(AggregatedMessage::Pong(_))) => {
                        is_alive = true;
                        true
                    }
                    Some(Ok(AggregatedMessage::Binary(_))) => self.say(&json!({ "problem": "texts only" })).await,
                    Some(Ok(AggregatedMessage::Close(_)) | Err(_)) | None => break CloseCode::Normal,
                },
                // Nobody is told anything before the first subscription.
                heard = self.listener.next(), if !self.subscriptions.is_empty() => match heard {
                    Some(heard) => self.tell(heard).await,
                    None => break CloseCode::Again,
                },
                _ = beat.tick() => {
                    let answered = std::mem::take(&mut is_alive);
                    answered && self.session.ping(b"").await.is_ok()
                }
                () = self.context.shutdown.cancelled() => break CloseCode::Restart,
            };
            if !going_on {
                break CloseCode::Policy;
            }
        };
        let reason = CloseReason { code, description: None };
        // The other side may be gone.
        drop(timeout(PATIENCE, self.session.close(Some(reason))).await);
    }

    async fn hear(&mut self, text: &str) -> bool {
        let answer = match serde_json::from_str::<Said>(text) {
            Ok(Said::Subscribe(subscription)) => self.subscribe(subscription),
            Ok(Said::Unsubscribe(id)) => {
                self.subscriptions.remove(&id);
                json!({ "unsubscribed": id })
            }
            Err(error) => json!({ "problem": error.to_string() }),
        };
        self.say(&answer).await
    }

    fn subscribe(&mut self, subscription: Subscription) -> serde_json::Value {
        let Subscription { id, kinds: names, subject } = subscription;
        if id.is_empty() || id.len() > NAME {
            return json!({ "problem": format!("the id of a subscription has 1 to {NAME} bytes") });
        }
        if self.subscriptions.len() >= MOST && !self.subscriptions.contains_key(&id) {
            return json!({ "problem": format!("there are {MOST} subscriptions, which is the most") });
        }
        match kinds(names.map(|names| names.join(",")).as_deref()) {
            Ok(kinds) => {
                let subject = subject.map(|subject| subject.to_string());
                self.subscriptions.insert(id.clone(), Wanted { kinds, subject });
                json!({ "subscribed": id })
            }
            Err(problem) => json!({ "problem": problem.to_string() }),
        }
    }

    async fn tell(&mut self, heard: Heard) -> bool {
        match heard {
            Heard::Missed { count, resume_after } => {
                self.say(&json!({ "missed": count, "resume_after": resume_after })).await
            }
            Heard::Event(event) => {
                let wanted = self.subscriptions.iter().filter(|(_, wanted)| wanted.has(&event));
                let ids: Vec<&String> = wanted.map(|(id, _)| id).collect();
                if ids.is_empty() {
                    return true;
                }
                let text = json!({ "event": Told::of(&event), "subscriptions": ids });
                self.say(&text).await
            }
        }
    }

    /// Whether it was taken in time.
    async fn say(&mut self, text: &serde_json::Value) -> bool {
        matches!(timeout(PATIENCE, self.session.text(text.to_string())).await, Ok(Ok(())))
    }
}
