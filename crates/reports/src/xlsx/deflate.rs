//! A stream of bytes made smaller (RFC 1951).

use std::io::{self, Write};

use zlib_rs::{Deflate, DeflateFlush, Status};

/// The fastest level: sheets are so regular that the others gain little and cost much.
const LEVEL: i32 = 1;
const WINDOW: u8 = 15;
const CHUNK: usize = 64 << 10;

/// Compresses into a buffer of its own, which is given on when it is full.
pub(super) struct Compressor {
    deflate: Deflate,
    buffer: Box<[u8]>,
}

impl Compressor {
    pub(super) fn new() -> Self {
        Self { deflate: Deflate::new(LEVEL, false, WINDOW), buffer: vec![0; CHUNK].into() }
    }

    /// Takes all of `input`.
    pub(super) fn write(&mut self, input: &[u8], out: &mut impl Write) -> io::Result<()> {
        self.run(input, DeflateFlush::NoFlush, out)
    }

    /// Ends the stream; the next byte begins another one. Returns how many bytes it came to.
    pub(super) fn end(&mut self, out: &mut impl Write) -> io::Result<u64> {
        self.run(&[], DeflateFlush::Finish, out)?;
        let compressed = self.deflate.total_out();
        self.deflate.reset();
        Ok(compressed)
    }

    fn run(&mut self, mut input: &[u8], flush: DeflateFlush, out: &mut impl Write) -> io::Result<()> {
        loop {
            let (taken, given) = (self.deflate.total_in(), self.deflate.total_out());
            let status = self
                .deflate
                .compress(input, &mut self.buffer, flush)
                .map_err(|error| io::Error::other(error.as_str()))?;
            let taken = (self.deflate.total_in() - taken) as usize;
            let given = (self.deflate.total_out() - given) as usize;
            input = input.get(taken..).unwrap_or_default();
            out.write_all(self.buffer.get(..given).unwrap_or_default())?;
            match status {
                Status::StreamEnd => return Ok(()),
                // Nothing more to take, and room left: all that can be told now is told.
                _ if input.is_empty() && given < self.buffer.len() && flush == DeflateFlush::NoFlush => {
                    return Ok(());
                }
                _ => {}
            }
        }
    }
}
