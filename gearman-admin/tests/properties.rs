//! What holds for all bytes, all names and all ways that a stream can be cut.

use std::num::NonZeroU32;

use bytes::{Bytes, BytesMut};
use gearman_admin::{
    Argument, Command, FramingError, Functions, JobRow, LineSplitter, LineTooLong, LogLevel,
    PriorityStatusRow, QueueLimits, Reply, ReplyFramer, Row, Rows, ServerError, StatusRow,
    UniqueJobRow, WorkerRow,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

proptest! {
    #[test]
    fn junk_never_panics(junk in junk(), command in command()) {
        let junk = Bytes::from(junk);
        if let Ok(command) = Command::parse(&junk) {
            command.encode(&mut BytesMut::new());
        }
        if let Some(error) = ServerError::parse(&junk) {
            let _ = (error.code(), error.text(), error.to_string());
        }
        match Reply::parse(&command, &junk) {
            Ok(reply) => drop(format!("{reply:?}")),
            Err(error) => drop(error.to_string()),
        }
        walk::<StatusRow>(&junk);
        walk::<PriorityStatusRow>(&junk);
        walk::<WorkerRow>(&junk);
        walk::<JobRow>(&junk);
        walk::<UniqueJobRow>(&junk);
    }

    #[test]
    fn a_reply_to_any_command_is_framed_alone_and_written_back_the_same(
        exchanges in vec(exchange(), 0..6),
        cuts in vec(any::<Index>(), 0..12),
    ) {
        let (commands, replies): (Vec<_>, Vec<_>) = exchanges.into_iter().unzip();
        let (frames, end) = frame(&commands, usize::MAX, &pieces(&replies.concat(), &cuts));
        prop_assert_eq!(end, Ok(()));
        prop_assert_eq!(&frames, &replies);
        for (command, frame) in commands.iter().zip(&frames) {
            if let Ok(reply) = Reply::parse(command, frame) {
                let mut out = BytesMut::new();
                reply.encode(&mut out);
                prop_assert_eq!(&out, frame);
            }
        }
    }

    #[test]
    fn where_a_stream_is_cut_makes_no_difference(
        commands in vec(command(), 0..4),
        stream in junk(),
        limit in select(vec![5_usize, 20, 1000]),
        cuts in vec(any::<Index>(), 0..12),
    ) {
        let whole = frame(&commands, limit, &pieces(&stream, &[]));
        prop_assert_eq!(frame(&commands, limit, &pieces(&stream, &cuts)), whole);
    }

    #[test]
    fn where_a_line_is_cut_makes_no_difference(stream in junk(), cuts in vec(any::<Index>(), 0..12)) {
        prop_assert_eq!(split(&pieces(&stream, &cuts)), split(&[stream]));
    }

    #[test]
    fn a_command_is_one_line_and_means_itself(commands in vec(command(), 0..6)) {
        let mut out = BytesMut::new();
        commands.iter().for_each(|command| command.encode(&mut out));
        let (lines, _) = split(&[out.to_vec()]);
        let parsed: Vec<_> = lines.iter().map(Command::parse).collect::<Result<_, _>>()?;
        prop_assert_eq!(parsed, commands);
    }

    #[test]
    fn what_a_peer_sent_means_the_same_when_sent_on(junk in junk()) {
        let (lines, _) = split(&[junk]);
        for command in lines.iter().flat_map(Command::parse) {
            let mut out = BytesMut::new();
            command.encode(&mut out);
            let (lines, _) = split(&[out.to_vec()]);
            prop_assert_eq!(lines.len(), 1);
            prop_assert_eq!(Command::parse(&lines[0])?, command);
        }
    }

    #[test]
    fn status_rows_come_back(rows in vec(status_row(), 0..5)) {
        prop_assert_eq!(read_back(&rows), rows);
    }

    #[test]
    fn priority_status_rows_come_back(rows in vec(priority_status_row(), 0..5)) {
        prop_assert_eq!(read_back(&rows), rows);
    }

    #[test]
    fn worker_rows_come_back(rows in vec(worker_row(), 0..5)) {
        prop_assert_eq!(read_back(&rows), rows);
    }

    #[test]
    fn job_rows_come_back(rows in vec(job_row(), 0..5)) {
        prop_assert_eq!(read_back(&rows), rows);
    }

    #[test]
    fn unique_job_rows_come_back(rows in vec(unique_job_row(), 0..5)) {
        prop_assert_eq!(read_back(&rows), rows);
    }

    #[test]
    fn a_malformed_row_never_costs_another(rows in vec(status_row(), 0..5), at in any::<Index>(), junk in "[^\t\r\n]{2,9}") {
        let mut reply = BytesMut::new();
        let at = at.index(rows.len() + 1);
        rows[..at].iter().for_each(|row| row.encode(&mut reply));
        reply.extend_from_slice(junk.as_bytes());
        reply.extend_from_slice(b"\n");
        rows[at..].iter().for_each(|row| row.encode(&mut reply));
        reply.extend_from_slice(b".\n");
        let parsed = Rows::<StatusRow>::parse(&reply.freeze())?;
        prop_assert_eq!(parsed.good().collect::<Vec<_>>(), rows);
        prop_assert_eq!(parsed.malformed().map(|row| row.line).collect::<Vec<_>>(), [junk]);
    }
}

#[test]
fn a_reply_that_trickles_in_is_searched_once() {
    // With a search from the front for every byte this would take minutes.
    let mut framer = ReplyFramer::new();
    framer.expect(&Command::Status);
    let mut buffer = BytesMut::new();
    for byte in [b"function\t0\t0\t1\n".repeat(20_000), vec![b'x'; 300_000]].concat() {
        buffer.extend_from_slice(&[byte]);
        assert_eq!(framer.next_reply(&mut buffer), Ok(None));
    }
}

/// Feeds the pieces one after the other; the replies, and how it ended.
fn frame(
    commands: &[Command],
    limit: usize,
    pieces: &[Vec<u8>],
) -> (Vec<Bytes>, Result<(), FramingError>) {
    let mut framer = ReplyFramer::with_limit(limit);
    commands.iter().for_each(|command| framer.expect(command));
    let (mut buffer, mut frames) = (BytesMut::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match framer.next_reply(&mut buffer) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Err(error)),
            }
        }
    }
    (frames, Ok(()))
}

fn split(pieces: &[Vec<u8>]) -> (Vec<Bytes>, Result<(), LineTooLong>) {
    let mut splitter = LineSplitter::new();
    let (mut buffer, mut lines) = (BytesMut::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match splitter.next_line(&mut buffer) {
                Ok(Some(line)) => lines.push(line),
                Ok(None) => break,
                Err(error) => return (lines, Err(error)),
            }
        }
    }
    (lines, Ok(()))
}

fn pieces(stream: &[u8], cuts: &[Index]) -> Vec<Vec<u8>> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
    cuts.extend([0, stream.len()]);
    cuts.sort_unstable();
    cuts.windows(2)
        .map(|cut| stream[cut[0]..cut[1]].to_vec())
        .collect()
}

fn walk<R: Row + std::fmt::Debug>(junk: &Bytes) {
    if let Ok(row) = R::parse(junk) {
        row.encode(&mut BytesMut::new());
        drop(format!("{row:?}"));
    }
    let reply = Bytes::from([junk, &b"\n.\n"[..]].concat());
    for row in Rows::<R>::parse(&reply).expect("it ends with a dot") {
        drop(row.map_err(|malformed| malformed.to_string()));
    }
}

fn read_back<R: Row + Clone>(rows: &[R]) -> Vec<R> {
    let mut reply = BytesMut::new();
    Rows::from_iter(rows.iter().cloned()).encode(&mut reply);
    let rows = Rows::<R>::parse(&reply.freeze()).expect("it is a list");
    rows.into_iter()
        .collect::<Result<_, _>>()
        .expect("every row is good")
}

/// Any bytes, and bytes that are nearly right, which get further.
fn junk() -> impl Strategy<Value = Vec<u8>> {
    const WORDS: &[&[u8]] = &[
        b"status",
        b"create",
        b"function",
        b"maxqueue",
        b"cancel",
        b"job",
        b"show",
        b"unique",
        b"jobs",
        b"OK",
        b"ERR",
        b" ",
        b" ",
        b"\t",
        b"\t",
        b"\n",
        b"\r\n",
        b".\n",
        b".",
        b"\0",
        b":",
        b" :",
        b"0",
        b"7",
        b"-",
        b"x",
        b"H:vm:1",
        b"UNKNOWN_COMMAND Unknown+server+command",
        b"99999999999999999999",
    ];
    prop_oneof![
        vec(any::<u8>(), 0..60),
        vec(select(WORDS), 0..30).prop_map(|words| words.concat()),
    ]
}

/// A name without the bytes that make a row ambiguous.
fn name() -> impl Strategy<Value = Bytes> {
    vec(
        any::<u8>().prop_filter("ambiguous", |byte| !b"\0\t\n\r :".contains(byte)),
        1..9,
    )
    .prop_map(Bytes::from)
}

fn argument() -> impl Strategy<Value = Argument> {
    vec(
        any::<u8>().prop_filter("forbidden", |byte| {
            *byte != b' ' && !byte.is_ascii_control()
        }),
        1..9,
    )
    .prop_map(|raw| Argument::new(raw).expect("nothing forbidden is in it"))
}

fn limits() -> impl Strategy<Value = QueueLimits> {
    // Up to what gearmand can keep.
    let limit = || (0..=0x7fff_ffff_u32).prop_map(NonZeroU32::new);
    prop_oneof![
        (limit(), limit(), limit()).prop_map(|(high, normal, low)| QueueLimits {
            high,
            normal,
            low
        }),
        limit().prop_map(|all| all.map_or(QueueLimits::UNLIMITED, QueueLimits::same)),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        select(vec![
            Command::Status,
            Command::PriorityStatus,
            Command::Workers,
            Command::Version,
            Command::LogLevel,
            Command::Pid,
            Command::ShowJobs,
            Command::ShowUniqueJobs,
        ]),
        (argument(), limits())
            .prop_map(|(function, limits)| Command::MaxQueue { function, limits }),
        argument().prop_map(Command::CreateFunction),
        argument().prop_map(Command::DropFunction),
        argument().prop_map(Command::CancelJob),
    ]
}

/// A command, and what a server could answer.
fn exchange() -> impl Strategy<Value = (Command, Bytes)> {
    let refusal = select(vec![
        ServerError::UnknownJob,
        ServerError::FunctionNotFound,
        ServerError::UnknownCommand {
            word: Bytes::from("bogus"),
        },
        ServerError::Other {
            line: Bytes::from("unknown_args"),
        },
    ]);
    let refused = (command(), refusal).prop_map(|(command, error)| {
        let mut out = BytesMut::new();
        error.encode(&mut out);
        (command, out.freeze())
    });
    let answered = prop_oneof![
        argument().prop_map(|name| (Command::CreateFunction(name), Reply::Done)),
        name().prop_map(|version| (Command::Version, Reply::Version(version))),
        name().prop_map(|level| (Command::LogLevel, Reply::LogLevel(LogLevel::named(&level)))),
        any::<u32>().prop_map(|pid| (Command::Pid, Reply::Pid(pid))),
        vec(status_row(), 0..4)
            .prop_map(|rows| (Command::Status, Reply::Status(Rows::from_iter(rows)))),
        vec(priority_status_row(), 0..4).prop_map(|rows| (
            Command::PriorityStatus,
            Reply::PriorityStatus(Rows::from_iter(rows))
        )),
        vec(worker_row(), 0..4)
            .prop_map(|rows| (Command::Workers, Reply::Workers(Rows::from_iter(rows)))),
        vec(job_row(), 0..4)
            .prop_map(|rows| (Command::ShowJobs, Reply::Jobs(Rows::from_iter(rows)))),
        vec(unique_job_row(), 0..4).prop_map(|rows| (
            Command::ShowUniqueJobs,
            Reply::UniqueJobs(Rows::from_iter(rows))
        )),
    ];
    let answered = answered.prop_map(|(command, reply)| {
        let mut out = BytesMut::new();
        reply.encode(&mut out);
        (command, out.freeze())
    });
    prop_oneof![1 => refused, 4 => answered]
}

fn status_row() -> impl Strategy<Value = StatusRow> {
    (name(), any::<[u64; 3]>()).prop_map(|(function, [total, running, workers])| StatusRow {
        function,
        total,
        running,
        workers,
    })
}

fn priority_status_row() -> impl Strategy<Value = PriorityStatusRow> {
    (name(), any::<[u64; 4]>()).prop_map(|(function, [high, normal, low, workers])| {
        PriorityStatusRow {
            function,
            high,
            normal,
            low,
            workers,
        }
    })
}

fn worker_row() -> impl Strategy<Value = WorkerRow> {
    (any::<i32>(), name(), name(), vec(name(), 0..4)).prop_map(|(fd, address, id, functions)| {
        WorkerRow {
            fd,
            address,
            id,
            functions: Functions::from_iter(functions),
        }
    })
}

fn job_row() -> impl Strategy<Value = JobRow> {
    (name(), any::<u64>(), any::<bool>(), any::<bool>()).prop_map(
        |(handle, retries, ignored, queued)| JobRow {
            handle,
            retries,
            ignored,
            queued,
        },
    )
}

fn unique_job_row() -> impl Strategy<Value = UniqueJobRow> {
    // A single dot is the end of the list.
    let unique = name().prop_filter("end of list", |unique| unique != ".");
    let handle = proptest::option::of((name(), any::<u32>()));
    (handle, unique).prop_map(|(handle, unique)| UniqueJobRow {
        handle: handle.map(|(host, number)| {
            [b"H:", &host[..], format!(":{number}").as_bytes()]
                .concat()
                .into()
        }),
        unique,
    })
}
