//! Lines in pieces are what they are in one piece, what was read as a command is written with the same
//! meaning, and nothing that is put into a command makes another one of it.
#![no_main]

use bytes::{Bytes, BytesMut};
use gearman_admin::{
    Argument, ArgumentError, Command, CommandError, LineSplitter, LineTooLong, MAX_LINE,
    QueueLimits, ServerError,
};
use libfuzzer_sys::fuzz_target;

// The input is what a client sends, and each line of it is tried as an argument too.
fuzz_target!(|input: &[u8]| {
    let (lines, end) = split([input]);
    assert_eq!(split(input.chunks(1)), (lines.clone(), end));
    for line in &lines {
        match Command::parse(line) {
            Ok(command) => assert_means_itself(&command, line.len()),
            Err(CommandError::Refused(error)) => assert_is_one_line(&error),
            Err(CommandError::TooManyWords) => {}
        }
        inject(line);
    }
    inject(input);
});

/// The lines, and how the stream ended.
fn split<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Bytes>, Result<(), LineTooLong>) {
    let mut splitter = LineSplitter::new();
    let mut buffer = BytesMut::new();
    let mut lines = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match splitter.next_line(&mut buffer) {
                Ok(Some(line)) => lines.push(line),
                Ok(None) => break,
                Err(error) => return (lines, Err(error)),
            }
        }
        assert!(buffer.len() < MAX_LINE);
    }
    (lines, Ok(()))
}

fn inject(raw: &[u8]) {
    let argument = match Argument::new(raw) {
        Ok(argument) => argument,
        Err(ArgumentError::Empty) => return assert!(raw.is_empty()),
        Err(ArgumentError::TooLong { length }) => return assert!(length > Argument::MAX_LEN),
        Err(ArgumentError::Forbidden { byte, position }) => {
            return assert_eq!(raw.get(position), Some(&byte));
        }
        Err(error) => panic!("an argument can't be {error}"),
    };
    let limits = QueueLimits::UNLIMITED;
    for command in [
        Command::CreateFunction(argument.clone()),
        Command::DropFunction(argument.clone()),
        Command::CancelJob(argument.clone()),
        Command::MaxQueue {
            function: argument.clone(),
            limits,
        },
    ] {
        assert_means_itself(&command, 0);
    }
}

/// The command is one line, and that line is the command. What was parsed from a line near the limit may
/// be over it when written.
fn assert_means_itself(command: &Command, parsed_from: usize) {
    let mut out = BytesMut::new();
    command.encode(&mut out);
    if out.len() > MAX_LINE {
        return assert!(parsed_from > Argument::MAX_LEN);
    }
    let (lines, _end) = split([&out[..]]);
    assert_eq!(lines.len(), 1);
    assert!(out.ends_with(b"\r\n"));
    assert_eq!(Command::parse(&lines[0]).as_ref(), Ok(command));
    assert!(lines[0].starts_with(command.keyword().as_bytes()));
}

fn assert_is_one_line(error: &ServerError) {
    let mut out = BytesMut::new();
    error.encode(&mut out);
    assert!(out.ends_with(b"\r\n"));
    assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
    assert_eq!(ServerError::parse(&out.freeze()).as_ref(), Some(error));
}
