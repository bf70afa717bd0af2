//! As much of HTTP as a request to our own gateway needs.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Sends a request to a gateway with a key, and returns the status and what the answer holds.
///
/// # Errors
/// When nobody listens, or what comes is no HTTP or no JSON.
pub(super) fn request(
    (address, key): (SocketAddr, &str),
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<(u16, Value)> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    // HTTP/1.0: the answer comes in one piece and ends with the connection.
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Authorization: Bearer {key}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) =
        answer.split_once("\r\n\r\n").context("the gateway's answer has no end of its head")?;
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.with_context(|| format!("the gateway's answer has no status: {head}"))?;
    Ok((status, serde_json::from_str(body).unwrap_or_default()))
}

/// As [`request`], for an answer that has to be a good one.
pub(super) fn expect(
    gateway: (SocketAddr, &str),
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<Value> {
    let (status, answer) = request(gateway, method, path, body)?;
    if !(200..300).contains(&status) {
        bail!("{method} {path} was answered with {status}: {answer}");
    }
    Ok(answer)
}
