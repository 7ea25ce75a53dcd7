//! What cannot be beaten: borrowed slices, copies, and looking for line ends.

use std::hint::black_box;

use memchr::{memchr, memchr_iter};

use crate::contest::Contestant;
use crate::material::{self, Assignments, read_buffers};

const HEADER: usize = 12;

/// Finds where the arguments lie, and checks and owns nothing.
pub(crate) fn slices(work: Assignments) -> Contestant {
    let wire = work.wire();
    Contestant::new(
        "ceiling",
        "borrowed slices",
        move || read_buffers(work.buffers, &wire),
        |buffers| {
            let mut found = 0;
            for buffer in &buffers {
                let mut rest: &[u8] = buffer;
                while let Some((arguments, next)) = cut(rest) {
                    black_box(&arguments);
                    found += 1;
                    rest = next;
                }
            }
            Ok((found, buffers))
        },
        move |(found, _)| *found == work.packets(),
    )
}

/// The four arguments of a JOB_ASSIGN_UNIQ, and what follows it.
fn cut(bytes: &[u8]) -> Option<([&[u8]; 4], &[u8])> {
    let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
    let [_, _, _, _, 0, 0, 0, 31, a, b, c, d] = *header else {
        return None;
    };
    let (body, next) = rest.split_at_checked(u32::from_be_bytes([a, b, c, d]) as usize)?;
    let (handle, body) = until_nul(body)?;
    let (function, body) = until_nul(body)?;
    let (unique, payload) = until_nul(body)?;
    Some(([handle, function, unique, payload], next))
}

fn until_nul(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, rest) = bytes.split_at_checked(memchr(0, bytes)?)?;
    Some((head, rest.get(1..)?))
}

/// Copies finished packets.
pub(crate) fn copy_packets() -> Contestant {
    let (packet, expected) = (material::work_complete(), material::all_work_complete());
    Contestant::new(
        "ceiling",
        "memcpy of whole packets",
        material::write_buffer,
        move |mut wire| {
            for _ in 0..material::RESULTS {
                wire.extend_from_slice(black_box(&packet));
            }
            Ok(wire)
        },
        move |wire| wire == &expected,
    )
}

/// What decoding would cost at least if it copied the payload.
pub(crate) fn copy_payloads(work: Assignments) -> Contestant {
    let wire = work.wire();
    Contestant::new(
        "ceiling",
        "memcpy of the payload",
        move || (read_buffers(work.buffers, &wire), vec![0; work.payload]),
        |(buffers, mut copy)| {
            for buffer in &buffers {
                if let Some(([.., payload], _)) = cut(buffer) {
                    copy.copy_from_slice(payload);
                    black_box(&copy);
                }
            }
            Ok((buffers, copy))
        },
        |(_, copy)| copy.iter().all(|byte| *byte == b'x'),
    )
}

/// Looks for each line end anew, as whoever reads line by line does.
pub(crate) fn line_ends(rows: usize) -> Contestant {
    let reply = material::status(rows);
    Contestant::new(
        "ceiling",
        "memchr for each line",
        || (),
        move |()| {
            let (mut rest, mut found) = (reply.as_slice(), 0);
            while let Some(end) = memchr(b'\n', rest) {
                rest = black_box(&rest[end + 1..]);
                found += 1;
            }
            Ok(found)
        },
        move |found| *found == rows + 1,
    )
}

/// Looks for all line ends at one go.
pub(crate) fn line_ends_iterated(rows: usize) -> Contestant {
    let reply = material::status(rows);
    Contestant::new(
        "iterated",
        "memchr_iter",
        || (),
        move |()| {
            Ok(memchr_iter(b'\n', &reply)
                .map(black_box)
                .fold(0, |found, _| found + 1))
        },
        move |found| *found == rows + 1,
    )
}
