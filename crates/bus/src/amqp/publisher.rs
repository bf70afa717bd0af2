//! Publishes with confirms, many at a time.
//!
//! A few tasks, each with a channel of its own, take what there is to publish from one queue. Each sends a
//! window of messages and waits for the confirms of all: one wait for a round trip and a disk sync serves
//! hundreds of messages. A channel is used by one task only, because confirms are counted in the order of
//! sending, and because a returned message then surely belongs to the window that is being sent.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use lapin::{
    BasicProperties, Channel, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::ShortString,
};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::timeout,
};

use super::{attributes, failure::explain, link::Link};
use crate::BusError;

/// How many messages one caller's request holds at most, and a task begins a window with at least.
pub(super) const WINDOW: usize = 256;
/// How many bytes of messages may be under way on one channel, unless a single request has more.
const WINDOW_BYTES: usize = 4 << 20;

/// One message, ready to be sent.
pub(super) struct Parcel {
    pub(super) id: String,
    pub(super) key: ShortString,
    pub(super) mandatory: bool,
    pub(super) properties: BasicProperties,
    pub(super) body: Vec<u8>,
}

/// Some messages that are wanted to be confirmed together.
pub(super) struct Request {
    pub(super) parcels: Arc<[Parcel]>,
    pub(super) reply: oneshot::Sender<Outcome>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// Every message is where it should be.
    Confirmed,
    /// The connection was lost or is not there: it is not known what was published. To be sent again.
    Lost(String),
    /// The broker has no queue for this routing key.
    Returned(String),
    /// The broker does not take the messages.
    Refused(String),
}

/// Where requests wait for a publisher task.
pub(super) type Requests = Arc<Mutex<mpsc::Receiver<Request>>>;

pub(super) struct Publisher {
    link: Arc<Link>,
    requests: Requests,
    exchange: ShortString,
    patience: Duration,
    channel: Option<(u64, Channel)>,
}

impl Publisher {
    pub(super) fn new(link: Arc<Link>, requests: Requests, patience: Duration) -> Result<Self, BusError> {
        let exchange = link.topology.exchange()?;
        Ok(Self { link, requests, exchange, patience, channel: None })
    }

    /// Publishes until nobody can ask for it any more.
    pub(super) async fn run(mut self) {
        while let Some(window) = self.gather().await {
            let outcomes = self.send(&window).await;
            for (request, outcome) in window.into_iter().zip(outcomes) {
                // Whoever asked may have stopped waiting; the messages are published all the same.
                let _nobody_waits = request.reply.send(outcome);
            }
        }
    }

    /// Waits for a request, and takes along what else is waiting.
    async fn gather(&self) -> Option<Vec<Request>> {
        let mut requests = self.requests.lock().await;
        let first = requests.recv().await?;
        let size = |request: &Request| request.parcels.iter().map(|parcel| parcel.body.len()).sum::<usize>();
        let (mut count, mut bytes) = (first.parcels.len(), size(&first));
        let mut window = vec![first];
        while count < WINDOW && bytes < WINDOW_BYTES {
            let Ok(request) = requests.try_recv() else { break };
            count += request.parcels.len();
            bytes += size(&request);
            window.push(request);
        }
        Some(window)
    }

    async fn send(&mut self, window: &[Request]) -> Vec<Outcome> {
        let all = |outcome: Outcome| vec![outcome; window.len()];
        let (generation, channel) = match self.channel().await {
            Ok(present) => present,
            Err(error) => {
                self.link.suspect();
                return all(Outcome::Lost(error.to_string()));
            }
        };
        let exchange = &self.exchange;
        let mut confirms: FuturesUnordered<_> = window
            .iter()
            .enumerate()
            .flat_map(|(index, request)| request.parcels.iter().map(move |parcel| (index, parcel)))
            .map(|(index, parcel)| {
                let channel = &channel;
                async move { (index, publish(channel, exchange, parcel).await) }
            })
            .collect();
        let mut outcomes = all(Outcome::Confirmed);
        let mut returned = HashSet::new();
        let confirming = timeout(self.patience, async {
            while let Some((index, confirm)) = confirms.next().await {
                match confirm {
                    Ok(Confirmation::Ack(None) | Confirmation::NotRequested) => {}
                    // The broker returns the message before it confirms it, but lapin hands it to the
                    // first of all messages that are confirmed together: the id tells whose it is.
                    Ok(Confirmation::Ack(Some(message))) => {
                        returned.extend(attributes::id(&message.properties));
                    }
                    Ok(Confirmation::Nack(_)) => outcomes[index] = Outcome::Refused(FULL.to_owned()),
                    Err(error) => outcomes[index] = Outcome::Lost(error.to_string()),
                }
            }
        });
        let unanswered = tokio::select! {
            biased;
            confirmed = confirming => {
                confirmed.err().map(|_elapsed| Outcome::Refused(self.link.silence().to_string()))
            }
            // A message written while the connection broke may never be answered, not even with an error.
            () = self.link.lost(generation) => {
                Some(Outcome::Lost("the connection was lost before the messages were confirmed".to_owned()))
            }
        };
        drop(confirms);
        if let Some(outcome) = unanswered {
            // Confirms that still come would be counted for the next window.
            self.channel = None;
            return all(outcome);
        }
        if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Lost(_))) {
            self.channel = None;
            self.link.suspect();
        }
        for (outcome, request) in outcomes.iter_mut().zip(window) {
            if let Some(parcel) = request.parcels.iter().find(|parcel| returned.contains(&parcel.id)) {
                *outcome = Outcome::Returned(parcel.key.to_string());
            }
        }
        outcomes
    }

    /// This task's channel on the present connection, with confirms switched on, and the generation of that
    /// connection.
    async fn channel(&mut self) -> Result<(u64, Channel), BusError> {
        let Some(session) = self.link.session_now() else {
            return Err(BusError::Unavailable("there is no connection to the broker".to_owned()));
        };
        if let Some((generation, channel)) = &self.channel
            && *generation == session.generation
            && channel.status().connected()
        {
            return Ok((session.generation, channel.clone()));
        }
        let channel = session.channel().await?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await
            .map_err(|error| explain("cannot switch on confirms", &error))?;
        self.channel = Some((session.generation, channel.clone()));
        Ok((session.generation, channel))
    }
}

const FULL: &str = "the broker refuses the message because a queue is at its maximum length: its service does \
                    not keep up or is not running";

async fn publish(channel: &Channel, exchange: &ShortString, parcel: &Parcel) -> lapin::Result<Confirmation> {
    let options = BasicPublishOptions { mandatory: parcel.mandatory, ..Default::default() };
    channel
        .basic_publish(exchange.clone(), parcel.key.clone(), options, &parcel.body, parcel.properties.clone())
        .await?
        .await
}
