//! The one connection to the broker: made, watched, and made again when it is lost.
//!
//! We reconnect ourselves instead of leaving it to lapin: publishing and consuming then see plainly that
//! there is a new connection, on which nothing of the old one is valid.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use futures_util::StreamExt;
use lapin::{Channel, Connection, ConnectionProperties, Event, uri::AMQPUri};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, timeout},
};

use super::{failure::explain, topology::Topology};
use crate::{AmqpOptions, BusError, telemetry};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// A silent broker is given up after twice this.
const HEARTBEAT_SECONDS: u16 = 15;
/// How often a connection is looked at when nobody has complained about it.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A connection that lasted this long was a good one: the next pause is short again.
const PROVEN: Duration = Duration::from_secs(10);

/// One connection, with everything declared on it.
#[derive(Clone)]
pub(super) struct Session {
    /// Counts connections, so that what belongs to an old one can be told.
    pub(super) generation: u64,
    pub(super) connection: Arc<Connection>,
}

impl Session {
    pub(super) fn connected(&self) -> bool {
        self.connection.status().connected()
    }

    pub(super) async fn channel(&self) -> Result<Channel, BusError> {
        self.connection.create_channel().await.map_err(|error| explain("cannot open a channel", &error))
    }

    pub(super) async fn close(&self) {
        let closing = self.connection.close(200, "closed".into());
        if let Ok(Err(error)) = timeout(CLOSE_TIMEOUT, closing).await {
            tracing::debug!(%error, "connection already gone when it was closed");
        }
    }
}

#[derive(Clone)]
enum State {
    Up(Session),
    Down(String),
    Closed,
}

pub(super) struct Link {
    uri: AMQPUri,
    name: String,
    pub(super) topology: Topology,
    state: watch::Sender<State>,
    suspect: Notify,
}

impl Link {
    /// A link that is not yet connected.
    pub(super) fn new(options: &AmqpOptions) -> Result<Self, BusError> {
        let mut uri: AMQPUri = options.url.parse().map_err(|reason| {
            BusError::Invalid(format!(
                "the bus URL is not of the form amqp://USER:PASSWORD@HOST:PORT/VHOST (a virtual host of / is \
                 written %2f): {reason}"
            ))
        })?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        Ok(Self {
            uri,
            name: options.name.clone(),
            topology: Topology::new(options),
            state: watch::Sender::new(State::Down("not yet connected".to_owned())),
            suspect: Notify::new(),
        })
    }

    /// Connects, trying again for as long as the patience lasts, and declares everything.
    pub(super) async fn connect(options: &AmqpOptions) -> Result<(Arc<Self>, Session), BusError> {
        let link = Self::new(options)?;
        let deadline = Instant::now() + options.patience;
        let mut pauses = Pauses::default();
        loop {
            let error = match link.attempt(1).await {
                Ok(session) => {
                    link.state.send_replace(State::Up(session.clone()));
                    return Ok((Arc::new(link), session));
                }
                Err(error) => error,
            };
            let pause = pauses.next();
            if !matches!(error, BusError::Unavailable(_)) || Instant::now() + pause > deadline {
                return Err(error);
            }
            tracing::warn!(%error, pause = ?pause, "broker not reachable, trying again");
            sleep(pause).await;
        }
    }

    async fn attempt(&self, generation: u64) -> Result<Session, BusError> {
        let session = self.dial(generation).await?;
        self.declare(&session).await?;
        Ok(session)
    }

    /// Makes a connection, once, and declares nothing on it.
    pub(super) async fn dial(&self, generation: u64) -> Result<Session, BusError> {
        let place = self.place();
        let properties = ConnectionProperties::default().with_connection_name(self.name.as_str().into());
        let connecting = Connection::connect_uri(self.uri.clone(), properties);
        let connection = timeout(CONNECT_TIMEOUT, connecting)
            .await
            .map_err(|_elapsed| {
                BusError::Unavailable(format!(
                    "the broker at {place} did not answer within {CONNECT_TIMEOUT:?}"
                ))
            })?
            .map_err(|error| explain(&format!("cannot connect to the broker at {place}"), &error))?;
        Ok(Session { generation, connection: Arc::new(connection) })
    }

    /// Declares everything, for a new connection or because something is found missing.
    pub(super) async fn declare(&self, session: &Session) -> Result<(), BusError> {
        self.topology.declare(&session.channel().await?).await
    }

    /// `host:port`, for messages.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.uri.authority.host, self.uri.authority.port)
    }

    pub(super) fn uri(&self) -> &AMQPUri {
        &self.uri
    }

    /// The connection, as soon as there is one that works.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] after the deadline, [`BusError::Closed`] once the bus is closed.
    pub(super) async fn session(&self, deadline: Instant) -> Result<Session, BusError> {
        tokio::time::timeout_at(deadline, self.session_whenever()).await.unwrap_or_else(|_elapsed| {
            let reason = match &*self.state.borrow() {
                State::Down(reason) => reason.clone(),
                State::Up(_) | State::Closed => "the connection was just lost".to_owned(),
            };
            Err(BusError::Unavailable(format!("no connection to the broker at {}: {reason}", self.place())))
        })
    }

    /// As [`Self::session`], without a deadline.
    pub(super) async fn session_whenever(&self) -> Result<Session, BusError> {
        let mut states = self.state.subscribe();
        loop {
            match states.borrow_and_update().clone() {
                State::Up(session) if session.connected() => return Ok(session),
                State::Up(_) => self.suspect(),
                State::Down(_) => {}
                State::Closed => return Err(BusError::Closed),
            }
            if states.changed().await.is_err() {
                return Err(BusError::Closed);
            }
        }
    }

    /// Why a confirm may not have come.
    pub(super) fn silence(&self) -> BusError {
        let blocked = self.session_now().is_some_and(|session| session.connection.status().blocked());
        BusError::Unavailable(if blocked {
            format!(
                "the broker at {} takes no messages because it is short of memory or disk space",
                self.place()
            )
        } else {
            format!("the broker at {} did not confirm the messages in time", self.place())
        })
    }

    /// Becomes ready when the connection of this generation is known to be lost.
    pub(super) async fn lost(&self, generation: u64) {
        let mut states = self.state.subscribe();
        let lost = |state: &State| match state {
            State::Up(session) => session.generation != generation,
            State::Down(_) => true,
            State::Closed => false,
        };
        // An error would mean that the sender is gone, but it lives in `self`.
        let _lost = states.wait_for(lost).await;
    }

    /// The connection if there is one at this moment.
    pub(super) fn session_now(&self) -> Option<Session> {
        match &*self.state.borrow() {
            State::Up(session) if session.connected() => Some(session.clone()),
            State::Up(_) | State::Down(_) | State::Closed => None,
        }
    }

    /// Says that something failed which may mean that the connection is lost.
    pub(super) fn suspect(&self) {
        self.suspect.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(&*self.state.borrow(), State::Closed)
    }

    /// Becomes ready once the bus is closed.
    pub(super) async fn closed(&self) {
        let mut states = self.state.subscribe();
        // An error would mean that the sender is gone, but it lives in `self`.
        let _closed = states.wait_for(|state| matches!(state, State::Closed)).await;
    }

    pub(super) fn close(&self) {
        self.state.send_replace(State::Closed);
    }

    /// Keeps a connection for as long as the bus is open.
    pub(super) async fn keep(self: Arc<Self>, mut session: Session) {
        let mut pauses = Pauses::default();
        loop {
            let since = Instant::now();
            tokio::select! {
                () = self.closed() => break,
                () = self.until_lost(&session) => {}
            }
            if since.elapsed() > PROVEN {
                pauses = Pauses::default();
            }
            tracing::warn!(broker = self.place(), "connection to the broker lost");
            self.down("it was lost".to_owned());
            session = tokio::select! {
                () = self.closed() => return,
                session = self.again(session.generation + 1, &mut pauses) => session,
            };
            telemetry::reconnected();
            tracing::info!(broker = self.place(), "connected to the broker again");
            let up = State::Up(session.clone());
            // Closing may have come in between, and must not be undone.
            self.state.send_if_modified(|state| {
                let open = !matches!(state, State::Closed);
                if open {
                    *state = up;
                }
                open
            });
        }
        session.close().await;
    }

    fn down(&self, reason: String) {
        self.state.send_if_modified(|state| {
            let open = !matches!(state, State::Closed);
            if open {
                *state = State::Down(reason);
            }
            open
        });
    }

    /// Becomes ready when the connection is found to be lost.
    async fn until_lost(&self, session: &Session) {
        let mut events = session.connection.events_listener();
        while session.connected() {
            tokio::select! {
                Some(event) = events.next() => match event {
                    Event::ConnectionBlocked(reason) => {
                        tracing::warn!(reason, "broker takes no messages for now");
                    }
                    Event::ConnectionUnblocked => tracing::info!("broker takes messages again"),
                    Event::Error(error) => tracing::debug!(%error, "broker reported an error"),
                    _ => {}
                },
                () = self.suspect.notified() => {}
                () = sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn again(&self, generation: u64, pauses: &mut Pauses) -> Session {
        loop {
            let pause = pauses.next();
            sleep(pause).await;
            match self.attempt(generation).await {
                Ok(session) => return session,
                Err(error) => {
                    tracing::warn!(%error, pause = ?pause, "cannot connect to the broker, trying again");
                    self.down(error.to_string());
                }
            }
        }
    }
}

/// Pauses between attempts, each about twice as long as the one before, up to a bound. They vary, so that
/// many processes do not come back to a broker at once.
#[derive(Default)]
pub(super) struct Pauses {
    tries: u32,
}

impl Pauses {
    pub(super) fn next(&mut self) -> Duration {
        let full = FIRST_PAUSE.saturating_mul(1 << self.tries.min(10)).min(LONGEST_PAUSE);
        self.tries += 1;
        // Somewhere between half of it and all of it.
        let part = (RandomState::new().hash_one(self.tries) % 1000) as u32;
        full / 2 + full / 2 * part / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound() {
        let mut pauses = Pauses::default();
        let all: Vec<_> = std::iter::repeat_with(|| pauses.next()).take(40).collect();
        assert!(all[0] <= FIRST_PAUSE && all[0] >= FIRST_PAUSE / 2, "{:?}", all[0]);
        assert!(all[3] > all[0]);
        assert!(all.iter().all(|pause| *pause <= LONGEST_PAUSE));
        assert!(all[39] >= LONGEST_PAUSE / 2);
    }
}
