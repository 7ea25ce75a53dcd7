//! Who competes at what, and what was promised.

use crate::contest::{Contest, Target};
use crate::material::{self, Assignments};
use crate::{Failure, ceiling, ours, peer_gearman, peer_rustygear};

/// A contest by its name. Some hold megabytes, so each is made when it is its turn.
pub(crate) type Named = (&'static str, fn() -> Result<Contest, Failure>);

pub(crate) const ALL: [Named; 6] = [
    ("decode", decode),
    ("decode-reads", decode_reads),
    ("decode-large", decode_large),
    ("encode", encode),
    ("make-encode", make_and_encode),
    ("status", parse_status),
];

/// The contest of that name.
pub(crate) fn named(name: &str) -> Result<Named, Failure> {
    let found = ALL.into_iter().find(|(known, _)| *known == name);
    found.ok_or_else(|| {
        format!(
            "no contest is called {name}; known are {}",
            ALL.map(|(known, _)| known).join(", ")
        )
        .into()
    })
}

const ROWS: usize = 100_000;

const A_THIRD_OF_GEARMAN: Target = Target {
    at_most: 1.0 / 3.0,
    of: "gearman",
};

fn decode() -> Result<Contest, Failure> {
    let assignments = Assignments {
        buffers: 1,
        packets_each: 1_000,
        payload: 100,
    };
    Ok(Contest {
        work: "decode 1,000 JOB_ASSIGN_UNIQ with payloads of 100 bytes, all in one buffer",
        unit: "packet",
        units: assignments.packets(),
        passes: 10,
        contestants: vec![
            ceiling::slices(assignments),
            ours::decode(assignments),
            peer_gearman::decode(assignments),
            peer_rustygear::decode(assignments),
        ],
        target: Some(A_THIRD_OF_GEARMAN),
    })
}

/// rustygear's time for a packet grows with the buffer: this is what it takes in earnest.
fn decode_reads() -> Result<Contest, Failure> {
    let assignments = Assignments {
        buffers: 20,
        packets_each: 50,
        payload: 100,
    };
    Ok(Contest {
        work: "the same in buffers of 50 packets, 8 KiB, about what one read brings",
        units: assignments.packets(),
        contestants: vec![
            ceiling::slices(assignments),
            ours::decode(assignments),
            peer_gearman::decode(assignments),
            peer_rustygear::decode(assignments),
        ],
        ..decode()?
    })
}

fn decode_large() -> Result<Contest, Failure> {
    let assignments = Assignments {
        buffers: 16,
        packets_each: 1,
        payload: 1 << 20,
    };
    Ok(Contest {
        work: "decode a JOB_ASSIGN_UNIQ with a payload of 1 MiB, which nobody has to copy",
        unit: "packet",
        units: assignments.packets(),
        passes: 1,
        contestants: vec![
            ceiling::copy_payloads(assignments),
            ours::decode(assignments),
            peer_gearman::decode(assignments),
            peer_rustygear::decode(assignments),
        ],
        target: None,
    })
}

fn encode() -> Result<Contest, Failure> {
    Ok(Contest {
        work: "encode WORK_COMPLETE with a result of 100 bytes, from values made beforehand",
        unit: "packet",
        units: material::RESULTS,
        passes: 10,
        contestants: vec![
            ceiling::copy_packets(),
            ours::encode()?,
            peer_gearman::encode(),
            peer_rustygear::encode(),
        ],
        target: Some(A_THIRD_OF_GEARMAN),
    })
}

/// With all that comes before and after: the packet is made, its result shared, and both are thrown away.
fn make_and_encode() -> Result<Contest, Failure> {
    Ok(Contest {
        work: "make and encode the same, from a handle and a result",
        contestants: vec![
            ceiling::copy_packets(),
            ours::make_and_encode()?,
            peer_gearman::make_and_encode(),
            peer_rustygear::make_and_encode(),
        ],
        target: None,
        ..encode()?
    })
}

fn parse_status() -> Result<Contest, Failure> {
    Ok(Contest {
        work: "parse a reply to `status` of 100,000 rows (rustygear has no parser for it)",
        unit: "row",
        units: ROWS,
        passes: 1,
        contestants: vec![
            ceiling::line_ends(ROWS),
            ceiling::line_ends_iterated(ROWS),
            ours::parse_status(ROWS),
            ours::cut_and_parse_status(ROWS),
            peer_gearman::parse_status(ROWS),
        ],
        target: Some(Target {
            at_most: 10.0,
            of: "ceiling",
        }),
    })
}
