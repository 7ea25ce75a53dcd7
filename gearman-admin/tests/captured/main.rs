//! What gearmand 1.1.20 really said: we understand it, and say the same.

use bytes::{Bytes, BytesMut};
use gearman_admin::{
    Command, CommandError, LineSplitter, MAX_LINE, Reply, ReplyError, ReplyFramer, Rows,
    ServerError, StatusRow, WorkerRow,
};

mod exchanges;

#[test]
fn every_line_is_refused_or_taken_as_gearmand_did() {
    for_every_exchange(|parsed, reply, context| match parsed {
        Err(CommandError::Refused(error)) => {
            assert_eq!(written(|out| error.encode(out)), reply, "{context}");
        }
        Err(CommandError::TooManyWords) => assert_eq!(reply, b"", "{context}"),
        Ok(command) => assert_ne!(reply, b"", "{context}: {command:?}"),
    });
}

#[test]
fn every_reply_is_framed_and_written_back_to_the_byte() {
    for_every_exchange(|parsed, reply, context| {
        let Ok(command) = parsed else { return };
        let frame = byte_by_byte(&command, reply);
        assert_eq!(frame, reply, "{context}");
        let again = match Reply::parse(&command, &frame) {
            Ok(reply) => written(|out| reply.encode(out)),
            Err(ReplyError::Server(error)) => written(|out| error.encode(out)),
            Err(error) => panic!("{context}: {error}"),
        };
        assert_eq!(again, reply, "{context}");
    });
}

#[test]
fn no_refusal_of_gearmand_is_unknown_to_us() {
    for_every_exchange(|_, reply, context| {
        let error = ServerError::parse(&Bytes::from_static(reply));
        assert!(
            !matches!(error, Some(ServerError::Other { .. })),
            "{context}: {error:?}"
        );
    });
}

#[test]
fn odd_names_in_status_are_read_and_the_broken_one_costs_only_itself() {
    let rows =
        Rows::<StatusRow>::parse(&captured("admin_odd_function_names", b"status\n")).unwrap();
    let names: Vec<Bytes> = rows.good().map(|row| row.function).collect();
    let expected: [&[u8]; 9] = [
        b"",
        b"ta\tb",
        b"co:lon",
        b"sp ace",
        b"\xff\xfe\x80",
        b"\xc3\xa9",
        b".",
        b"x",
        b"n",
    ];
    assert_eq!(names, expected);
    assert_eq!(
        rows.malformed().map(|row| row.line).collect::<Vec<_>>(),
        ["nl"]
    );
}

#[test]
fn odd_names_in_workers_are_read_and_the_broken_one_costs_only_the_rest_of_its_row() {
    let rows =
        Rows::<WorkerRow>::parse(&captured("admin_odd_function_names", b"workers\n")).unwrap();
    let workers: Vec<WorkerRow> = rows.good().collect();
    assert_eq!(
        workers.iter().map(|row| row.fd).collect::<Vec<_>>(),
        [37, 36]
    );
    let expected: [&[u8]; 7] = [
        b"\xc3\xa9",
        b".",
        b"",
        b"n",
        b"\xff\xfe\x80",
        b"co:lon",
        b"nl",
    ];
    assert_eq!(workers[0].functions.iter().collect::<Vec<_>>(), expected);
    assert_eq!(
        rows.malformed().map(|row| row.line).collect::<Vec<_>>(),
        ["x ta\tb sp ace"]
    );
}

#[test]
fn pipelined_replies_are_told_apart() {
    // Scenario `admin_pipeline`. There the fourth command was "bogus"; any command may be refused
    // like that.
    let cancel = Command::CancelJob("H:vm:1".try_into().unwrap());
    let mut framer = ReplyFramer::new();
    for command in [
        Command::Version,
        Command::Status,
        Command::LogLevel,
        cancel,
        Command::Workers,
    ] {
        framer.expect(&command);
    }
    let mut buffer = BytesMut::from(
        "OK 1.1.20+ds\n.\nOK DEBUG\nERR UNKNOWN_COMMAND Unknown+server+commandbogus\r\n37 127.0.0.1 - :\n.\n",
    );
    let mut frames = Vec::new();
    while let Some(frame) = framer.next_reply(&mut buffer).unwrap() {
        frames.push(frame);
    }
    let expected = [
        "OK 1.1.20+ds\n",
        ".\n",
        "OK DEBUG\n",
        "ERR UNKNOWN_COMMAND Unknown+server+commandbogus\r\n",
        "37 127.0.0.1 - :\n.\n",
    ];
    assert_eq!(frames, expected);
}

#[test]
fn the_longest_line_is_answered_in_full() {
    // Scenario `admin_long_line`: 8192 bytes with the line feed, and 8235 bytes came back.
    let mut line = BytesMut::from(&[b'x'; MAX_LINE - 1][..]);
    line.extend_from_slice(b"\n");
    let line = LineSplitter::new().next_line(&mut line).unwrap().unwrap();
    let Err(CommandError::Refused(error)) = Command::parse(&line) else {
        panic!("no such command")
    };
    assert_eq!(written(|out| error.encode(out)).len(), 8235);
}

fn for_every_exchange(check: impl Fn(Result<Command, CommandError>, &'static [u8], &str)) {
    for (scenario, exchanges) in exchanges::SCENARIOS {
        for (sent, reply) in *exchanges {
            let line = LineSplitter::new()
                .next_line(&mut BytesMut::from(*sent))
                .expect("it is short")
                .expect("it is whole");
            check(
                Command::parse(&line),
                reply,
                &format!("{scenario}, {}", sent.escape_ascii()),
            );
        }
    }
}

fn captured(scenario: &str, sent: &[u8]) -> Bytes {
    let exchanges = exchanges::SCENARIOS
        .iter()
        .filter(|(name, _)| *name == scenario)
        .flat_map(|(_, exchanges)| *exchanges);
    let reply = exchanges
        .filter(|(command, _)| *command == sent)
        .map(|(_, reply)| *reply)
        .next();
    Bytes::from_static(reply.expect("the scenario has this command"))
}

/// Frames a reply that comes one byte at a time, and sees that it is not complete a byte earlier.
fn byte_by_byte(command: &Command, reply: &[u8]) -> Bytes {
    let mut framer = ReplyFramer::new();
    framer.expect(command);
    let mut buffer = BytesMut::new();
    let mut frames = reply.iter().filter_map(|&byte| {
        buffer.extend_from_slice(&[byte]);
        framer
            .next_reply(&mut buffer)
            .expect("it is within the limit")
    });
    let frame = frames.next().expect("it is complete");
    assert_eq!(frames.next(), None);
    frame
}

fn written(encode: impl FnOnce(&mut BytesMut)) -> BytesMut {
    let mut out = BytesMut::new();
    encode(&mut out);
    out
}
