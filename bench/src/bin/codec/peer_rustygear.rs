//! The crate `rustygear` 0.15, by its public codec and `next_field`, put together as its client does it.
//!
//! Its decoder clones all that the buffer holds for every packet, so its time grows with the buffer.

use std::hint::black_box;

use bytes::{BufMut as _, Bytes, BytesMut};
use rustygear::codec::{Packet, PacketCodec};
use rustygear::constants::WORK_COMPLETE;
use rustygear::job::Job;
use rustygear::util::{new_req, next_field};
use tokio_util::codec::{Decoder as _, Encoder as _};

use crate::Failure;
use crate::contest::Contestant;
use crate::material::{self, Assignments, read_buffers};

pub(crate) fn decode(work: Assignments) -> Contestant {
    let wire = work.wire();
    Contestant::new(
        "rustygear",
        "PacketCodec, next_field",
        move || read_buffers(work.buffers, &wire),
        |mut buffers| {
            let mut found = 0;
            for buffer in &mut buffers {
                while let Some(packet) = PacketCodec.decode(buffer)? {
                    black_box(&job(packet));
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
    let packet = PacketCodec.decode(buffer)?.ok_or("no packet")?;
    Ok(job(packet).data)
}

fn job(packet: Packet) -> Job {
    let mut body = packet.data;
    let handle = next_field(&mut body);
    let function = next_field(&mut body);
    let unique = next_field(&mut body);
    Job::new(function, unique, next_field(&mut body), handle)
}

pub(crate) fn encode() -> Contestant {
    let (result, expected) = (material::result(), material::all_work_complete());
    Contestant::new(
        "rustygear",
        "PacketCodec",
        move || {
            let all: Vec<Packet> = (0..material::RESULTS)
                .map(|_| complete(material::HANDLE, &result))
                .collect();
            (all, material::write_buffer())
        },
        |(packets, mut wire)| {
            for packet in packets {
                PacketCodec.encode(packet, &mut wire)?;
            }
            Ok(wire)
        },
        move |wire: &BytesMut| wire == &expected,
    )
}

pub(crate) fn make_and_encode() -> Contestant {
    let (result, expected) = (material::result(), material::all_work_complete());
    Contestant::new(
        "rustygear",
        "new_req, PacketCodec",
        material::write_buffer,
        move |mut wire| {
            for _ in 0..material::RESULTS {
                PacketCodec.encode(complete(black_box(material::HANDLE), &result), &mut wire)?;
            }
            Ok(wire)
        },
        move |wire| wire == &expected,
    )
}

/// Its packets hold a finished body.
fn complete(handle: &str, result: &Bytes) -> Packet {
    let mut body = BytesMut::with_capacity(handle.len() + 1 + result.len());
    body.put_slice(handle.as_bytes());
    body.put_u8(0);
    body.put_slice(result);
    new_req(WORK_COMPLETE, body.freeze())
}
