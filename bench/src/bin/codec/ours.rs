//! This project: values that are whole and checked.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use gearman_admin::{Command, ReplyFramer, Rows, StatusRow};
use gearman_proto::{FrameDecoder, JobHandle, Outcome, Request, Response, Work};

use crate::Failure;
use crate::contest::Contestant;
use crate::material::{self, Assignments, read_buffers};

pub(crate) fn decode(work: Assignments) -> Contestant {
    let wire = work.wire();
    Contestant::new(
        "ours",
        "FrameDecoder, Response",
        move || read_buffers(work.buffers, &wire),
        |mut buffers| {
            let (mut decoder, mut found) = (FrameDecoder::default(), 0);
            for buffer in &mut buffers {
                while let Some(packet) = decoder.decode(buffer)? {
                    black_box(&Response::decode(packet?)?);
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
    let packet = FrameDecoder::default().decode(buffer)?.ok_or("no packet")?;
    match Response::decode(packet?)? {
        Response::JobAssign(assignment) => Ok(assignment.into_workload()),
        other => Err(format!("{other:?} is no assignment").into()),
    }
}

/// From a reference: what was encoded is still there, and throwing it away is not in the figure. The peers' encoders
/// use their packets up.
pub(crate) fn encode() -> Result<Contestant, Failure> {
    let (result, expected) = (material::result(), material::all_work_complete());
    let handle = JobHandle::new(material::HANDLE)?;
    Ok(Contestant::new(
        "ours",
        "Request::encode",
        move || {
            let all = (0..material::RESULTS).map(|_| complete(handle, &result));
            (all.collect::<Vec<_>>(), material::write_buffer())
        },
        |(requests, mut wire)| {
            for request in &requests {
                request.encode(&mut wire)?;
            }
            Ok((requests, wire))
        },
        move |(_, wire): &(_, BytesMut)| wire == &expected,
    ))
}

pub(crate) fn make_and_encode() -> Result<Contestant, Failure> {
    let (result, expected) = (material::result(), material::all_work_complete());
    let handle = JobHandle::new(material::HANDLE)?;
    Ok(Contestant::new(
        "ours",
        "Work::end, Request::encode",
        material::write_buffer,
        move |mut wire| {
            for _ in 0..material::RESULTS {
                complete(black_box(handle), &result).encode(&mut wire)?;
            }
            Ok(wire)
        },
        move |wire| wire == &expected,
    ))
}

fn complete(handle: JobHandle, result: &Bytes) -> Request {
    Request::Work(Work::end(handle, Outcome::Complete(result.clone())))
}

pub(crate) fn parse_status(rows: usize) -> Contestant {
    let reply = Bytes::from(material::status(rows));
    Contestant::new(
        "ours",
        "Rows::<StatusRow>",
        move || reply.clone(),
        |reply| count_rows(&reply),
        move |found| *found == rows,
    )
}

/// Parsing, and finding out before where in the stream the reply ends.
pub(crate) fn cut_and_parse_status(rows: usize) -> Contestant {
    let wire = material::status(rows);
    Contestant::new(
        "ours, cut",
        "ReplyFramer, Rows",
        move || BytesMut::from(wire.as_slice()),
        |mut stream| {
            let mut framer = ReplyFramer::new();
            framer.expect(&Command::Status);
            let reply = framer.next_reply(&mut stream)?.ok_or("no whole reply")?;
            Ok((count_rows(&reply)?, reply))
        },
        move |(found, _)| *found == rows,
    )
}

fn count_rows(reply: &Bytes) -> Result<usize, Failure> {
    let mut found = 0;
    for row in &Rows::<StatusRow>::parse(reply)? {
        black_box(&row?);
        found += 1;
    }
    Ok(found)
}
