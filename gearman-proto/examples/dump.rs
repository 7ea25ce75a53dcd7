//! Shows the packets of a stream, one on each line: a tour of the crate.
//!
//! ```sh
//! cargo run --example dump -- --payload 16 < captured.bin
//! echo 00524551000000100000000568656c6c6f | cargo run --example dump -- --hex
//! ```
//!
//! With `--hex` each line of the input is a stream in hexadecimal digits. Exits with 1 where there was an
//! error in the packets, with 2 where there was one in the arguments.

use std::env;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use bytes::BytesMut;
use gearman_proto::{Direction, FrameDecoder, Packet, PacketError, Request, Response};

const USAGE: &str = "usage: dump [--hex] [--payload BYTES] < PACKETS";

fn main() -> io::Result<ExitCode> {
    let code = run(env::args().skip(1), io::stdin(), io::stdout().lock())?;
    Ok(ExitCode::from(code))
}

/// All of the program but where its bytes come from and go to. Gives the exit code.
pub(crate) fn run(
    arguments: impl Iterator<Item = String>,
    mut input: impl Read,
    mut out: impl Write,
) -> io::Result<u8> {
    let Some(options) = Options::parse(arguments) else {
        eprintln!("{USAGE}");
        return Ok(2);
    };
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let all_good = options.dump(&bytes, &mut out)?;
    Ok(u8::from(!all_good))
}

struct Options {
    /// Whether the input is text, one stream on each line.
    hex: bool,
    /// How many bytes of each payload to show.
    payload: usize,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let (mut hex, mut payload) = (false, 0);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--hex" => hex = true,
                "--payload" => payload = arguments.next()?.parse().ok()?,
                _ => return None,
            }
        }
        Some(Self { hex, payload })
    }

    /// Whether there was no error.
    fn dump(&self, input: &[u8], out: &mut impl Write) -> io::Result<bool> {
        if !self.hex {
            return self.dump_stream(BytesMut::from(input), out);
        }
        let mut all_good = true;
        for line in String::from_utf8_lossy(input).lines() {
            all_good &= match unhex(line) {
                Some(stream) => self.dump_stream(stream, out)?,
                None => writeln!(out, "error: not hexadecimal: {line:?}").map(|()| false)?,
            };
        }
        Ok(all_good)
    }

    fn dump_stream(&self, mut stream: BytesMut, out: &mut impl Write) -> io::Result<bool> {
        let mut decoder = FrameDecoder::default();
        let mut all_good = true;
        loop {
            match decoder.decode(&mut stream) {
                // A packet, or the error of one: the next can be read.
                Ok(Some(packet)) => match packet.and_then(understood) {
                    Ok(packet) => writeln!(out, "{}", packet.display().with_payload(self.payload))?,
                    Err(error) => {
                        all_good = false;
                        let line = error.display().with_payload(self.payload);
                        writeln!(out, "error: {line}")?;
                    }
                },
                // More bytes are needed, and there are none.
                Ok(None) if stream.is_empty() && decoder.at_boundary() => return Ok(all_good),
                Ok(None) => {
                    writeln!(out, "error: the stream ends within a packet")?;
                    return Ok(false);
                }
                // The stream is out of step: what follows means nothing.
                Err(error) => {
                    writeln!(out, "error: {error}")?;
                    return Ok(false);
                }
            }
        }
    }
}

/// The packet, if it means something.
fn understood(packet: Packet) -> Result<Packet, PacketError> {
    match packet.direction {
        Direction::Request => Request::decode(packet.clone()).map(drop)?,
        Direction::Response => Response::decode(packet.clone()).map(drop)?,
    }
    Ok(packet)
}

/// The bytes that the digits stand for; blanks between them do not matter.
fn unhex(line: &str) -> Option<BytesMut> {
    let digits: Option<Vec<u32>> = line
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16))
        .collect();
    let (pairs, []) = digits.as_deref()?.as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|[high, low]| u8::try_from(high << 4 | low).ok())
        .collect()
}
