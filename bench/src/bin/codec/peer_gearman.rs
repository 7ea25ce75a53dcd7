//! The crate `gearman` 0.2, by its public codec and its public admin client.
//!
//! Its values are a number and a list of `Bytes`; the strings that its worker makes of them are not public, and
//! not in the figures.

use std::hint::black_box;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use gearman::admin::AdminClient;
use gearman::protocol::{GearmanCodec, Packet, PacketType};
use tokio_util::codec::{Decoder as _, Encoder as _};

use crate::Failure;
use crate::contest::Contestant;
use crate::material::{self, Assignments, read_buffers};

pub(crate) fn decode(work: Assignments) -> Contestant {
    let wire = work.wire();
    Contestant::new(
        "gearman",
        "GearmanCodec",
        move || read_buffers(work.buffers, &wire),
        |mut buffers| {
            let (mut codec, mut found) = (GearmanCodec::new(), 0);
            for buffer in &mut buffers {
                while let Some(packet) = codec.decode(buffer)? {
                    black_box(&packet);
                    found += 1;
                }
            }
            Ok((found, buffers))
        },
        move |(found, _)| *found == work.packets(),
    )
}

/// The payload of the assignment in the buffer.
pub(crate) fn payload(buffer: &mut BytesMut) -> Result<Bytes, Failure> {
    let packet = GearmanCodec::new().decode(buffer)?.ok_or("no packet")?;
    Ok(packet.last_arg().cloned().ok_or("no payload")?)
}

pub(crate) fn encode() -> Contestant {
    let (result, expected) = (material::result(), material::all_work_complete());
    Contestant::new(
        "gearman",
        "GearmanCodec",
        move || {
            let all: Vec<Packet> = (0..material::RESULTS)
                .map(|_| complete(material::HANDLE, &result))
                .collect();
            (all, material::write_buffer())
        },
        |(packets, mut wire)| {
            let mut codec = GearmanCodec::new();
            for packet in packets {
                codec.encode(packet, &mut wire)?;
            }
            Ok(wire)
        },
        move |wire: &BytesMut| wire == &expected,
    )
}

pub(crate) fn make_and_encode() -> Contestant {
    let (result, expected) = (material::result(), material::all_work_complete());
    Contestant::new(
        "gearman",
        "Packet, GearmanCodec",
        material::write_buffer,
        move |mut wire| {
            let mut codec = GearmanCodec::new();
            for _ in 0..material::RESULTS {
                codec.encode(complete(black_box(material::HANDLE), &result), &mut wire)?;
            }
            Ok(wire)
        },
        move |wire| wire == &expected,
    )
}

/// As its worker makes it.
fn complete(handle: &str, result: &Bytes) -> Packet {
    let handle = Bytes::copy_from_slice(handle.as_bytes());
    Packet::request(PacketType::WorkComplete, vec![handle, result.clone()])
}

/// Its parser can be reached through its client only, here over memory. It cuts the reply from the stream too.
pub(crate) fn parse_status(rows: usize) -> Contestant {
    let wire = material::status(rows);
    Contestant::new(
        "gearman",
        "AdminClient over memory",
        || (),
        move |()| {
            let stream = tokio::io::join(io::Cursor::new(&wire), tokio::io::sink());
            Ok(at_once(AdminClient::from_stream(stream).status())?.map(black_box)?)
        },
        move |found: &Vec<_>| found.len() == rows,
    )
}

/// The result of a future that never waits.
fn at_once<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Ok(result),
        Poll::Pending => Err("memory does not make anybody wait".into()),
    }
}
