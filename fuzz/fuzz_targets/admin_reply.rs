//! Replies in pieces are what they are in one piece, none is over the limit, and what was read is written
//! with the same meaning.
#![no_main]

mod pieces;

use std::fmt::Debug;

use bytes::{Bytes, BytesMut};
use gearman_admin::{
    Argument, Command, FramingError, QueueLimits, Reply, ReplyError, ReplyFramer, Row, Rows,
    ServerError,
};
use libfuzzer_sys::fuzz_target;

use crate::pieces::Arrival;

/// How often the command was sent.
const ASKED: usize = 3;

// The input is the command's index, and what arrives.
fuzz_target!(|input: &[u8]| {
    let Some((index, arrival)) = input.split_first() else {
        return;
    };
    let (Some(command), Some(arrival)) = (command(*index), Arrival::new(arrival)) else {
        return;
    };
    let Arrival { limit, pieces } = arrival;
    let stream = pieces.concat();
    if stream.is_empty() {
        return;
    }
    let whole = cut(&command, limit, &[&stream]);
    assert_eq!(cut(&command, limit, &pieces), whole);

    let (replies, _end) = whole;
    assert!(replies.len() <= ASKED);
    assert!(stream.starts_with(&replies.concat()));
    for reply in &replies {
        assert!(reply.len() <= limit as usize);
        check(&command, reply);
    }
});

fn command(index: u8) -> Option<Command> {
    let argument = || Argument::new("f").expect("a good name");
    Some(match index {
        0 => Command::Status,
        1 => Command::PriorityStatus,
        2 => Command::Workers,
        3 => Command::Version,
        4 => Command::LogLevel,
        5 => Command::Pid,
        6 => Command::MaxQueue {
            function: argument(),
            limits: QueueLimits::UNLIMITED,
        },
        7 => Command::CreateFunction(argument()),
        8 => Command::DropFunction(argument()),
        9 => Command::CancelJob(argument()),
        10 => Command::ShowJobs,
        11 => Command::ShowUniqueJobs,
        _ => return None,
    })
}

/// The replies to the command, and how the stream ended.
fn cut(command: &Command, limit: u32, pieces: &[&[u8]]) -> (Vec<Bytes>, Result<(), FramingError>) {
    let limit = limit as usize;
    let mut framer = ReplyFramer::with_limit(limit);
    (0..ASKED).for_each(|_| framer.expect(command));
    let mut buffer = BytesMut::new();
    let mut replies = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match framer.next_reply(&mut buffer) {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(framer.next_reply(&mut buffer), Err(error));
                    return (replies, Err(error));
                }
            }
        }
        // All that may wait for more is a reply within the limit.
        assert!(buffer.len() < limit.max(1));
        assert_eq!(framer.outstanding(), ASKED - replies.len());
    }
    (replies, Ok(()))
}

fn check(command: &Command, reply: &Bytes) {
    match Reply::parse(command, reply) {
        Ok(Reply::Status(rows)) => check_list(&rows, reply),
        Ok(Reply::PriorityStatus(rows)) => check_list(&rows, reply),
        Ok(Reply::Workers(rows)) => check_list(&rows, reply),
        Ok(Reply::Jobs(rows)) => check_list(&rows, reply),
        Ok(Reply::UniqueJobs(rows)) => check_list(&rows, reply),
        // A value that ends with CR loses it.
        Ok(_) if reply.ends_with(b"\r\r\n") => {}
        Ok(single) => {
            let again = written(|out| single.encode(out));
            assert_eq!(Reply::parse(command, &again), Ok(single));
        }
        Err(ReplyError::Server(error)) => {
            let again = written(|out| error.encode(out));
            assert_eq!(ServerError::parse(&again), Some(error.clone()));
            assert_eq!(Reply::parse(command, &again), Err(error.into()));
        }
        Err(error @ ReplyError::Malformed { .. }) => drop(error.to_string()),
    }
}

/// A list is written as it came, but for CRLF at its end, and each row means the same when written anew.
fn check_list<R: Row + PartialEq + Debug>(rows: &Rows<R>, reply: &Bytes) {
    let again = written(|out| rows.encode(out));
    match reply.strip_suffix(b"\r\n") {
        Some(lines) => assert_eq!(again, [lines, b"\n"].concat()),
        None => assert_eq!(again, reply),
    }
    for row in rows {
        match row {
            Ok(row) => {
                let mut line = written(|out| row.encode(out));
                line.truncate(line.len() - 1);
                assert_eq!(R::parse(&line), Ok(row));
            }
            Err(malformed) => drop(malformed.to_string()),
        }
    }
}

fn written(encode: impl FnOnce(&mut BytesMut)) -> Bytes {
    let mut out = BytesMut::new();
    encode(&mut out);
    out.freeze()
}
