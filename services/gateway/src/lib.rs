#![doc = include_str!("../README.md")]

mod access;
mod api;
mod context;
mod error;
mod error_docs;
mod etag;
mod events;
mod extract;
mod gate;
mod guard;
mod idempotent;
mod intake;
mod limits;
pub mod manifest;
mod pages;
mod paging;
mod publish;
mod quoting;
pub mod reporting;
mod routes;
mod server;
pub mod shown;
mod spool;
pub mod steer;
mod submit;

use std::net::SocketAddr;

use contracts::Failure;
use worker::process::Process;

pub use intake::Intake;
pub use server::{Listening, listen};

/// Serves the API and the pages at `http.bind` until the process stops. Returns where it listens.
///
/// # Errors
/// When a setting cannot be used, or the address cannot be bound.
pub fn serve(process: &mut Process) -> Result<SocketAddr, Failure> {
    let listening =
        listen(process.engine.clone(), process.admin.clone(), &process.config, process.supervisor.token())?;
    let address = listening.address();
    process.supervisor.spawn("gateway", listening.run());
    Ok(address)
}

/// The description of the API, OpenAPI 3.1, as it is served at `/api/v1/openapi.json`.
pub fn openapi() -> String {
    api::Document::new().json
}
