//! The small server that every service has beside its work: health, version, metrics.
//!
//! | path | answer |
//! | --- | --- |
//! | `/__heartbeat__` | 200 when the process is ready, else 503; how each probe is, as JSON |
//! | `/__lbheartbeat__` | 200 while the process is to be sent requests, 503 once it is stopping |
//! | `/__version__` | which build it is, as JSON |
//! | `/metrics` | the metrics in Prometheus' text format |
//!
//! The gateway serves the same paths by [`Admin::configure`].

use std::{io, net::SocketAddr};

use actix_web::{
    App, HttpResponse, HttpServer,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    middleware::from_fn,
    web::{Data, ServiceConfig, get},
};
use tokio_util::sync::CancellationToken;

use crate::{health::Health, metrics::Metrics};

/// What the paths tell about. Cheap to clone.
#[derive(Clone)]
pub struct Admin {
    /// How the process is.
    pub health: Health,
    /// What it counted.
    pub metrics: Metrics,
}

/// The server cannot listen, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The address cannot be bound.
    #[error("cannot listen on {address} (admin.bind): {error}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// It stopped serving.
    #[error("the admin server stopped: {0}")]
    Serve(#[from] io::Error),
}

/// A server that listens already and has yet to be run.
pub struct Listening {
    server: actix_web::dev::Server,
    address: SocketAddr,
}

impl Admin {
    /// Adds the four paths to a server.
    pub fn configure(self) -> impl FnOnce(&mut ServiceConfig) {
        |server| {
            server
                .app_data(Data::new(self))
                .route("/__heartbeat__", get().to(heartbeat))
                .route("/__lbheartbeat__", get().to(lbheartbeat))
                .route("/__version__", get().to(version))
                .route("/metrics", get().to(metrics));
        }
    }

    /// Listens on `address`; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn listen(self, address: SocketAddr) -> Result<Listening, AdminError> {
        let bind = |error| AdminError::Bind { address, error };
        let server = HttpServer::new(move || {
            App::new().wrap(from_fn(crate::http::measure)).configure(self.clone().configure())
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .bind(address)
        .map_err(bind)?;
        let address = server.addrs().first().copied().unwrap_or(address);
        Ok(Listening { server: server.run(), address })
    }
}

impl Listening {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown`. To be supervised.
    ///
    /// # Errors
    /// When it stops by itself.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), AdminError> {
        tracing::info!(address = %self.address, "health and metrics are served");
        let handle = self.server.handle();
        let mut server = tokio::spawn(self.server);
        tokio::select! {
            result = &mut server => return Ok(result.map_err(io::Error::other)??),
            () = shutdown.cancelled() => handle.stop(true).await,
        }
        Ok(server.await.map_err(io::Error::other)??)
    }
}

async fn heartbeat(admin: Data<Admin>) -> HttpResponse {
    let report = admin.health.report();
    let mut answer = if report.ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.insert_header((CACHE_CONTROL, "no-store")).json(report)
}

async fn lbheartbeat(admin: Data<Admin>) -> HttpResponse {
    let stopping = admin.health.report().stopping;
    let mut answer = if stopping { HttpResponse::ServiceUnavailable() } else { HttpResponse::Ok() };
    answer.insert_header((CACHE_CONTROL, "no-store")).finish()
}

async fn version() -> HttpResponse {
    HttpResponse::Ok().json(crate::version())
}

async fn metrics(admin: Data<Admin>) -> HttpResponse {
    let text = admin.metrics.render();
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")).body(text)
}
