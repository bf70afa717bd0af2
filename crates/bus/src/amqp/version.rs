//! Which broker it is. Lapin does not keep what the broker says about itself, so it is asked once more.

use std::{io, time::Duration};

use lapin::uri::{AMQPScheme, AMQPUri};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const TIMEOUT: Duration = Duration::from_secs(3);
const PROTOCOL_HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";
/// Frame type, channel and size.
const FRAME_HEADER: usize = 7;
/// Class, method and protocol version come before the table of server properties.
const BEFORE_PROPERTIES: usize = 6;
const LARGEST: usize = 64 << 10;

/// `RabbitMQ 3.10.8`, as the broker says when a connection begins; without a number over TLS, or when it
/// does not say.
pub(super) async fn ask(uri: &AMQPUri) -> String {
    let unknown = || "AMQP 0-9-1 broker".to_owned();
    if uri.scheme != AMQPScheme::AMQP {
        return unknown();
    }
    match timeout(TIMEOUT, first_frame(uri)).await {
        Ok(Ok(frame)) => described(&frame).unwrap_or_else(unknown),
        _ => unknown(),
    }
}

async fn first_frame(uri: &AMQPUri) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect((uri.authority.host.as_str(), uri.authority.port)).await?;
    stream.write_all(PROTOCOL_HEADER).await?;
    let mut header = [0; FRAME_HEADER];
    stream.read_exact(&mut header).await?;
    let size = u32::from_be_bytes([header[3], header[4], header[5], header[6]]) as usize;
    let mut payload = vec![0; size.min(LARGEST)];
    stream.read_exact(&mut payload).await?;
    Ok(payload)
}

/// Product and version out of the payload of a `connection.start` frame.
fn described(payload: &[u8]) -> Option<String> {
    let (size, rest) = payload.get(BEFORE_PROPERTIES..)?.split_first_chunk()?;
    let mut table = rest.get(..u32::from_be_bytes(*size) as usize)?;
    let (mut product, mut version) = (None, None);
    while let Some((name, rest)) = short(table) {
        let (kind, rest) = rest.split_first()?;
        let (value, rest) = match kind {
            // Long strings and tables both begin with their size in four bytes.
            b'S' | b'F' => long(rest)?,
            b't' => rest.split_at_checked(1)?,
            _ => return None,
        };
        match name {
            b"product" => product = Some(value),
            b"version" => version = Some(value),
            _ => {}
        }
        table = rest;
    }
    let text = |value| String::from_utf8_lossy(value).into_owned();
    Some(format!("{} {}", text(product?), text(version?)))
}

fn short(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (size, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*size))
}

fn long(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (size, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_be_bytes(*size) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(table: &[u8]) -> Vec<u8> {
        let size = (table.len() as u32).to_be_bytes();
        [b"\x00\x0a\x00\x0a\x00\x09".as_slice(), &size, table].concat()
    }

    #[test]
    fn product_and_version_are_read() {
        let table = b"\x0ccapabilitiesF\x00\x00\x00\x03\x01at\x07productS\x00\x00\x00\x08RabbitMQ\
                      \x07versionS\x00\x00\x00\x063.10.8";
        assert_eq!(described(&start(table)).as_deref(), Some("RabbitMQ 3.10.8"));
    }

    #[test]
    fn anything_else_is_unknown_and_harmless() {
        let table = b"\x07productS\x00\x00\x00\x08RabbitMQ\x07versionS\x00\x00\x00\x063.10.8";
        let whole = start(table);
        for length in 0..whole.len() {
            assert_eq!(described(&whole[..length]), None);
        }
        assert_eq!(described(&start(b"\x01aZ\x00")), None);
        assert_eq!(described(&start(b"\x07productS\xff\xff\xff\xff")), None);
    }
}
