//! The server: where it listens, and how it stops.

use std::{net::SocketAddr, time::Duration};

use actix_web::{HttpServer, web::Data};
use contracts::{ErrorKind, Failure};
use runtime::{
    admin::Admin,
    config::{Anonymous, Config},
};
use tokio_util::sync::CancellationToken;
use worker::Engine;

use crate::{
    access::KeyCache, api, context::Context, events::Hub, gate::Gate, intake::Intake, limits::Limits,
    spool::Spool,
};

/// A gateway that listens already and has yet to be run.
pub struct Listening {
    server: actix_web::dev::Server,
    address: SocketAddr,
    context: Data<Context>,
}

/// The head of a request has to be there within this time.
const HEAD: Duration = Duration::from_secs(10);

/// Binds the gateway's address; port 0 takes a free one. Streams end, and requests are finished for at most
/// `shutdown.grace`, once `shutdown` is cancelled.
///
/// # Errors
/// When a setting cannot be used, or the address cannot be bound.
pub fn listen(
    engine: Engine,
    admin: Admin,
    config: &Config,
    shutdown: CancellationToken,
) -> Result<Listening, Failure> {
    let http = &config.http;
    let address = http.bind;
    let context = Data::new(Context {
        keys: KeyCache::new(engine.store.clone()),
        limits: Limits::new(&config.limits)?,
        gate: Gate::new(),
        spool: Spool::open(&config.data.dir)?,
        depot: worker::process::open_depot(config)?,
        engine,
        admin,
        hook_secrets: config.forges.hook_secrets.clone(),
        intake: Intake::new(config)?,
        events: Hub::new(),
        anonymous_reads: match http.anonymous {
            Anonymous::Off => false,
            Anonymous::Loopback => address.ip().is_loopback(),
            Anonymous::Everywhere => true,
        },
        is_local: address.ip().is_loopback(),
        hosts: http.hosts.clone(),
        trust_forwarded: http.trust_forwarded,
        body_bytes: http.body_bytes,
        shutdown,
    });
    let (shared, document) = (context.clone(), Data::new(api::Document::new()));
    let server = HttpServer::new(move || api::app(shared.clone(), document.clone()))
        .disable_signals()
        .shutdown_timeout(config.shutdown.grace().as_secs().max(1))
        .client_request_timeout(HEAD)
        .max_connections((http.connections / threads()).max(1))
        .bind(address)
        .map_err(|error| {
            Failure::new(ErrorKind::Unavailable, format!("cannot listen on {address} (http.bind): {error}"))
        })?;
    let address = server.addrs().first().copied().unwrap_or(address);
    Ok(Listening { server: server.run(), address, context })
}

impl Listening {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the shutdown. To be supervised.
    ///
    /// # Errors
    /// When it stops by itself, or the bus cannot be listened to.
    pub async fn run(self) -> Result<(), Failure> {
        let internal = |error: &dyn std::fmt::Display| Failure::new(ErrorKind::Internal, error);
        let Context { events, engine, shutdown, gate, spool, anonymous_reads, .. } = &**self.context;
        tracing::info!(address = %self.address, anonymous_reads, "gateway listens");
        let handle = self.server.handle();
        let served = async {
            let served = self.server.await.map_err(|error| internal(&error));
            // Without a server there is nobody to tell events to.
            shutdown.cancel();
            served
        };
        let stopping = async {
            shutdown.cancelled().await;
            handle.stop(true).await;
        };
        let (served, told, (), (), ()) = tokio::join!(
            served,
            events.clone().run(engine.clone(), shutdown.clone()),
            gate.watch(&engine.store, shutdown),
            spool.empty(engine, shutdown),
            stopping
        );
        served.and(told)
    }
}

/// As many as the server has: its bound of connections is one of each thread.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
